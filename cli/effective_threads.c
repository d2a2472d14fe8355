/* SPDX-License-Identifier: MIT */
/* [process] and the rules for threads, held against this machine. */
#include "effective.h"

#include <errno.h>

static struct np_processors processors;
static struct np_pinning pinning;
static struct np_placement placement;

/* Prints what is wrong with a section. Return: the worse of two results. */
static int judge(struct np_effective *effective, const char *section, unsigned line,
                 const struct np_policy_problem *problem, int result, int worst)
{
    if (result == 0)
        return worst;
    np_effective_tell(effective, section, line, problem);
    if (worst == -ENODEV)
        return worst;
    return result == -EOPNOTSUPP ? -EOPNOTSUPP : -ENODEV;
}

static int resolve_process(struct np_effective *effective, int worst)
{
    const struct np_process_rule *rule = &effective->config->process;
    struct np_policy_problem problem = {.key = "policy"};
    int result = np_policy_resolve(&rule->policy, effective->topology, &placement, &problem);
    if (result == 0)
        result = np_process_rule_resolve(rule, effective->topology, &processors, &pinning, &problem);
    effective->threads_degraded |= *placement.reason != '\0' || *pinning.reason != '\0';
    return judge(effective, rule->policy.section, rule->policy.line, &problem, result, worst);
}

int np_effective_threads(struct np_effective *effective, int worst)
{
    const struct np_config *config = effective->config;
    const unsigned details = np_thread_rules_details(config->threads, config->thread_count) |
                             np_strategy_details(config->process.pin.strategy);
    np_processors_read_sysfs("", effective->topology, details, &processors);
    if (config->process.policy.line != 0)
        worst = resolve_process(effective, worst);
    for (unsigned i = 0; i < config->thread_count; i++) {
        const struct np_thread_rule *rule = &config->threads[i];
        struct np_policy_problem problem;
        int result = np_thread_rule_resolve(rule, effective->topology, &processors, &pinning, &problem);
        effective->threads_degraded |= *pinning.reason != '\0';
        worst = judge(effective, rule->section, rule->line, &problem, result, worst);
    }
    return worst;
}
