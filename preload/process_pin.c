/* SPDX-License-Identifier: MIT */
/* [process] and the rules for threads, held against this machine. */
#include "core/kernel.h"
#include "init.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* For start-up; pages that no rule needs are never touched. */
static struct np_processors processors;
static struct np_placement task_placement;
static struct np_pinning task_pinning;

static int pin_threads(struct np_process *process, const np_topology *topology)
{
    const struct np_config *config = process->config;
    void *memory;
    if (config->thread_count == 0)
        return 0;
    int result = np_kernel_map(NULL, config->thread_count * sizeof *process->pinnings, PROT_READ | PROT_WRITE,
                               MAP_NORESERVE, &memory);
    if (result < 0)
        return result;
    process->pinnings = memory;
    for (unsigned i = 0; i < config->thread_count; i++) {
        const struct np_thread_rule *rule = &config->threads[i];
        struct np_policy_problem problem;
        result = np_thread_rule_resolve(rule, topology, &processors, &process->pinnings[i], &problem);
        if (result == 0)
            continue;
        np_process_tell(process, rule->section, rule->line, &problem, result == -EOPNOTSUPP);
        if (result != -EOPNOTSUPP) /* refused by hard mode: its threads run unpinned */
            return result;
    }
    return 0;
}

static int resolve_task(struct np_process *process, const np_topology *topology)
{
    const struct np_process_rule *rule = &process->config->process;
    struct np_policy_problem problem = {.key = "policy"};
    if (rule->policy.line == 0)
        return 0;
    process->task_placement = &task_placement;
    process->task_pinning = &task_pinning;
    int result = np_policy_resolve(&rule->policy, topology, &task_placement, &problem);
    if (result == 0)
        result = np_process_rule_resolve(rule, topology, &processors, &task_pinning, &problem);
    if (result < 0)
        np_process_tell(process, rule->policy.section, rule->policy.line, &problem, result == -EOPNOTSUPP);
    return result == -EOPNOTSUPP ? 0 : result;
}

int np_process_pin(struct np_process *process, const np_topology *topology)
{
    const struct np_config *config = process->config;
    const unsigned details = np_thread_rules_details(config->threads, config->thread_count) |
                             np_strategy_details(config->process.pin.strategy);
    /* Where a sandbox forbids the question, the kernel itself cuts what is set down to what may be used. */
    if (np_kernel_affinity(0, &process->cpus) < 0)
        memset(&process->cpus, 0xff, sizeof process->cpus);
    np_processors_read_sysfs("", topology, details, &processors);
    const int result = resolve_task(process, topology);
    return result < 0 ? result : pin_threads(process, topology);
}
