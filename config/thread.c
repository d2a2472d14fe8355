/* SPDX-License-Identifier: MIT */
/* The values of [thread.NAME] and of `pin =`, and what only a whole section shows. */
#include "builder.h"

#include <errno.h>
#include <string.h>

int np_value_pin(const char *value, void *field, struct np_value_reason *ret_reason)
{
    struct np_pin_choice *choice = field;
    np_cpuset list;
    for (enum np_strategy strategy = NP_PIN_NONE; strategy < NP_PIN_LIST; strategy++) {
        if (strcmp(value, np_strategy_name(strategy)) != 0)
            continue;
        choice->strategy = strategy;
        return 0;
    }
    int error = np_cpuset_parse(value, &list);
    if (error == -ERANGE)
        return np_value_fail(ret_reason, "%s: CPU ids end at %d", np_value_quote(value).text,
                             NP_MAX_CPUS - 1);
    if (error != 0)
        return np_value_fail(ret_reason,
                             "%s is not known; use none, compact, scatter, node, core, cache or a list of "
                             "CPUs such as 0-3,8",
                             np_value_quote(value).text);
    choice->strategy = NP_PIN_LIST;
    choice->list = list;
    return 0;
}

static const char *skip_blanks(const char *c)
{
    while (np_value_is_blank(*c))
        c++;
    return c;
}

/* Reads N or N-M up to the comma behind it or the list's end. */
static int read_range(const char **text, size_t *ret_first, size_t *ret_last)
{
    const char *c = skip_blanks(*text);
    int error = np_value_number(&c, ret_first);
    if (error != 0)
        return error;
    *ret_last = *ret_first;
    c = skip_blanks(c);
    if (*c == '-') {
        c = skip_blanks(c + 1);
        error = np_value_number(&c, ret_last);
        if (error != 0)
            return error;
        c = skip_blanks(c);
    }
    if ((*c != '\0' && *c != ',') || *ret_first > *ret_last)
        return -EINVAL;
    *text = c;
    return *ret_last > UINT32_MAX ? -ERANGE : 0;
}

int np_value_index(const char *value, void *field, struct np_value_reason *ret_reason)
{
    struct np_index_list list = {0};
    const char *c = value;
    for (;;) {
        size_t first, last;
        int error = list.count < NP_INDEX_RANGES ? read_range(&c, &first, &last) : -EINVAL;
        if (error == -ERANGE)
            return np_value_fail(ret_reason, "%s is too large: indexes end at %u", np_value_quote(value).text,
                                 UINT32_MAX);
        if (error != 0)
            return np_value_fail(ret_reason,
                                 "%s is no list of indexes; use numbers and rising ranges such as 1-4,8",
                                 np_value_quote(value).text);
        list.ranges[list.count].first = (uint32_t)first;
        list.ranges[list.count++].last = (uint32_t)last;
        if (*c == '\0')
            break;
        c++;
    }
    *(struct np_index_list *)field = list;
    return 0;
}

int np_value_glob(const char *value, void *field, struct np_value_reason *ret_reason)
{
    size_t length = strlen(value);
    if (length >= NP_GLOB_SIZE)
        return np_value_fail(ret_reason, "more than %d bytes", NP_GLOB_SIZE - 1);
    memcpy(field, value, length + 1);
    return 0;
}

int np_value_yes_no(const char *value, void *field, struct np_value_reason *ret_reason)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return np_value_fail(ret_reason, "%s is not known; use no or yes", np_value_quote(value).text);
    *(bool *)field = yes;
    return 0;
}

void np_thread_check(struct np_builder *builder)
{
    const struct np_thread_rule *rule = builder->target;
    const struct np_schema_key *key = &np_schema_thread.keys[NP_THREAD_NODES];
    unsigned line = builder->key_lines[NP_THREAD_NODES];
    struct np_value_reason reason;
    if (line == 0 || !builder->key_valid[NP_THREAD_PIN])
        return;
    if (!np_pin_choice_takes_nodes(&rule->pin))
        (void)np_value_fail(&reason, "pin %s takes no nodes",
                            rule->pin.strategy == NP_PIN_NONE ? "none" : "to a list of CPUs");
    else if (builder->key_valid[NP_THREAD_NODES] && rule->nodes.weighted)
        (void)np_value_fail(&reason, "weights need policy weighted-interleave, not pin");
    else
        return;
    np_problems_add(&builder->problems, line, builder->where, key->name, reason.text);
}

void np_process_check(struct np_builder *builder)
{
    const struct np_process_rule *rule = builder->target;
    const bool policy = builder->key_lines[NP_PROCESS_POLICY] == 0 || builder->key_valid[NP_PROCESS_POLICY];
    const bool pin = builder->key_lines[NP_PROCESS_PIN] == 0 || builder->key_valid[NP_PROCESS_PIN];
    if (policy && pin)
        np_class_check_nodes(builder, &rule->policy, NP_PROCESS_NODES, np_pin_choice_takes_nodes(&rule->pin));
}
