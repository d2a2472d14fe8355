/* SPDX-License-Identifier: MIT */
#include "thread_rule.h"

#include <assert.h>
#include <fnmatch.h>

static_assert(NP_MAX_THREAD_RULES <= 64, "one bit for each rule");

static bool has_index(const struct np_index_list *list, uint64_t index)
{
    for (unsigned i = 0; i < list->count; i++)
        if (index >= list->ranges[i].first && index <= list->ranges[i].last)
            return true;
    return false;
}

static bool matches(const char *glob, const char *text)
{
    return text != NULL && fnmatch(glob, text, 0) == 0;
}

uint64_t np_thread_rules_starts(const struct np_thread_rule *rules, unsigned count, const char *object,
                                const char *symbol)
{
    uint64_t starts = 0;
    for (unsigned i = 0; i < count; i++)
        if (*rules[i].start != '\0' && (matches(rules[i].start, object) || matches(rules[i].start, symbol)))
            starts |= (uint64_t)1 << i;
    return starts;
}

int np_thread_rules_find(const struct np_thread_rule *rules, unsigned count,
                         const struct np_thread_facts *facts)
{
    for (unsigned i = 0; i < count; i++) {
        const struct np_thread_rule *rule = &rules[i];
        if (rule->index.count == 0 ? facts->index == 0 : !has_index(&rule->index, facts->index))
            continue;
        if (*rule->name != '\0' && !matches(rule->name, facts->name))
            continue;
        if (*rule->start == '\0' || (facts->starts >> i & 1))
            return (int)i;
    }
    return -1;
}
