/* SPDX-License-Identifier: MIT */
/* [process] and the rules for threads, held against this machine. */
#include "effective.h"

#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct np_processors processors;

static int worse(int result, int worst)
{
    if (result == 0 || worst == -ENODEV)
        return worst;
    return result == -EOPNOTSUPP ? -EOPNOTSUPP : -ENODEV;
}

/* An error without a reason of its own, and what is not tried because of another, still needs one to show. */
static void keep_reason(struct np_effective_pin *entry, const char *reason)
{
    if (!*entry->pinning.reason)
        (void)snprintf(entry->pinning.reason, sizeof entry->pinning.reason, "%s", reason);
}

static void resolve_pin(struct np_effective *effective, struct np_effective_pin *entry)
{
    const struct np_process_rule *process = &effective->config->process;
    const struct np_thread_rule *rule = entry->rule;
    struct np_policy_problem problem;
    entry->result =
        rule ? np_thread_rule_resolve(rule, effective->topology, &processors, &entry->pinning, &problem)
             : np_process_rule_resolve(process, effective->topology, &processors, &entry->pinning, &problem);
    if (entry->result == 0)
        return;
    keep_reason(entry, problem.text);
    np_effective_tell(effective, rule ? rule->section : process->policy.section,
                      rule ? rule->line : process->policy.line, &problem);
}

static int resolve_process(struct np_effective *effective, int worst)
{
    const struct np_process_rule *process = &effective->config->process;
    struct np_effective_rule *policy = &effective->process;
    if (process->policy.line == 0)
        return worst;
    if (process->policy.policy_line != 0)
        worst = worse(np_effective_resolve(effective, &process->policy, true, policy), worst);
    if (process->pin_line == 0)
        return worst;
    struct np_effective_pin *pin = &effective->pins[effective->pin_count++];
    pin->result = policy->result;
    if (policy->result == 0)
        resolve_pin(effective, pin);
    else
        keep_reason(pin, policy->placement.reason);
    return worse(pin->result, worst);
}

int np_effective_threads(struct np_effective *effective, int worst)
{
    const struct np_config *config = effective->config;
    const unsigned details = np_thread_rules_details(config->threads, config->thread_count) |
                             np_strategy_details(config->process.pin.strategy);
    np_processors_read_sysfs("", effective->topology, details, &processors);
    worst = resolve_process(effective, worst);
    for (unsigned i = 0; i < config->thread_count; i++) {
        struct np_effective_pin *entry = &effective->pins[effective->pin_count++];
        entry->rule = &config->threads[i];
        resolve_pin(effective, entry);
        worst = worse(entry->result, worst);
    }
    return worst;
}

/* ---- Words ---- */

/* Appends to a text that may be cut. */
__attribute__((format(printf, 4, 5))) static void append(char *text, size_t size, size_t *used,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = *used < size ? vsnprintf(text + *used, size - *used, format, arguments) : 0;
    va_end(arguments);
    *used += length > 0 ? (size_t)length : 0;
}

const char *np_text_matchers(const struct np_thread_rule *rule, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    if (!rule)
        append(text, size, &used, "the main thread");
    else if (!*rule->name && !*rule->start && rule->index.count == 0)
        append(text, size, &used, "every created thread");
    if (!rule)
        return text;
    if (*rule->name)
        append(text, size, &used, "name %s", rule->name);
    for (unsigned i = 0; i < rule->index.count; i++) {
        const unsigned first = rule->index.ranges[i].first, last = rule->index.ranges[i].last;
        append(text, size, &used, "%s%u", i > 0 ? "," : used ? ", index " : "index ", first);
        if (last > first)
            append(text, size, &used, "-%u", last);
    }
    if (*rule->start)
        append(text, size, &used, "%sstart %s", used ? ", " : "", rule->start);
    return text;
}

const char *np_text_cpus(const struct np_pinning *pinning, char *text, size_t size)
{
    np_cpuset all = {0}, set;
    for (unsigned i = 0; pinning->usable && i < pinning->plan.sets; i++) {
        (void)np_pin_plan_set(&pinning->plan, i, &set);
        np_cpuset_or(&all, &set);
    }
    return np_text_list(text, size, np_cpuset_format(&all, text, size));
}

const char *np_text_pin_nodes(const struct np_pinning *pinning, char *text, size_t size)
{
    np_nodeset nodes = {0};
    for (unsigned i = 0; pinning->usable && i < pinning->plan.sets; i++)
        if (pinning->plan.nodes[i] >= 0)
            (void)np_nodeset_add(&nodes, pinning->plan.nodes[i]);
    return np_text_list(text, size, np_nodeset_format(&nodes, text, size));
}
