/* SPDX-License-Identifier: MIT */
/* [process] and the rules for threads, held against this machine. */
#include "effective.h"

#include "core/log.h"

#include <errno.h>

static struct np_processors processors;

static int worse(int result, int worst)
{
    return result == 0 || worst == -ENODEV ? worst : result;
}

/* Keeps what became of a pin, and prints what is wrong with it. Return: its result. */
static int judge(const struct np_effective *effective, struct np_effective_pin *pin, int result,
                 const struct np_policy_problem *problem)
{
    if (result == 0)
        return 0;
    np_effective_tell(effective, pin->section, pin->line, problem);
    (void)np_format(pin->pinning.reason, sizeof pin->pinning.reason, "%s", problem->text);
    pin->result = result == -EOPNOTSUPP ? -EOPNOTSUPP : -ENODEV;
    return pin->result;
}

static int resolve_process(struct np_effective *effective)
{
    const struct np_process_rule *rule = &effective->config->process;
    struct np_effective_pin *pin = &effective->pins[0];
    struct np_policy_problem problem;
    int result = 0;
    *pin = (struct np_effective_pin){.section = rule->policy.section,
                                     .line = rule->policy.line,
                                     .hardness = rule->policy.hardness,
                                     .pinning.strategy = rule->pin.strategy};
    if (rule->policy.policy_line != 0)
        result = np_effective_resolve(effective, &rule->policy, true, &effective->process);
    if (result == 0)
        return judge(effective, pin,
                     np_process_rule_resolve(rule, effective->topology, &processors, &pin->pinning, &problem),
                     &problem);
    /* The section is refused as a whole, and that has been said. */
    pin->result = result;
    (void)np_format(pin->pinning.reason, sizeof pin->pinning.reason, "%s",
                    effective->process.placement.reason);
    return result;
}

int np_effective_threads(struct np_effective *effective, int worst)
{
    const struct np_config *config = effective->config;
    const unsigned details = np_thread_rules_details(config->threads, config->thread_count) |
                             np_strategy_details(config->process.pin.strategy);
    np_processors_read_sysfs("", effective->topology, details, &processors);
    if (config->process.policy.line != 0)
        worst = worse(resolve_process(effective), worst);
    for (unsigned i = 0; i < config->thread_count; i++) {
        const struct np_thread_rule *rule = &config->threads[i];
        struct np_effective_pin *pin = &effective->pins[1 + effective->thread_count++];
        struct np_policy_problem problem;
        pin->rule = rule;
        pin->section = rule->section;
        pin->line = rule->line;
        pin->hardness = rule->hardness;
        int result = np_thread_rule_resolve(rule, effective->topology, &processors, &pin->pinning, &problem);
        worst = worse(judge(effective, pin, result, &problem), worst);
    }
    return worst;
}
