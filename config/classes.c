/* SPDX-License-Identifier: MIT */
#include "builder.h"

enum nodes_use { NODES_NONE, NODES_NEEDED, NODES_ONE };

static const enum nodes_use nodes_use[] = {
    [NP_SYSTEM] = NODES_NONE,       [NP_FIRST_TOUCH] = NODES_NONE,
    [NP_LOCAL] = NODES_NONE,        [NP_BIND] = NODES_NEEDED,
    [NP_PREFERRED] = NODES_ONE,     [NP_PREFERRED_MANY] = NODES_NEEDED,
    [NP_INTERLEAVE] = NODES_NEEDED, [NP_WEIGHTED_INTERLEAVE] = NODES_NEEDED,
};

static void add(struct np_builder *builder, unsigned line, enum np_schema_class_key key,
                const struct np_value_reason *reason)
{
    np_problems_add(&builder->problems, line, builder->where, np_schema_malloc.keys[key].name, reason->text);
}

/* How many nodes the list names by their ids; 0 when words choose, on the machine. */
static unsigned explicit_nodes(const struct np_node_list *list)
{
    np_nodeset named = {0}, excluded = {0};
    for (unsigned i = 0; i < list->count; i++) {
        const struct np_node_item *item = &list->items[i];
        if (item->word != NP_NODES_IDS && !item->excluded)
            return 0;
        for (int id = item->first; item->word == NP_NODES_IDS && id <= item->last; id++)
            (void)np_nodeset_add(item->excluded ? &excluded : &named, id);
    }
    np_nodeset_andnot(&named, &excluded);
    return np_nodeset_count(&named);
}

void np_class_check_nodes(struct np_builder *builder, const struct np_rule *rule, unsigned key, bool pins)
{
    struct np_value_reason reason;
    const char *policy = np_mode_name(rule->mode);
    enum nodes_use use = nodes_use[rule->mode];
    unsigned line = builder->key_lines[key];
    if (use == NODES_NONE && line != 0 && !pins) {
        (void)np_value_fail(&reason, "policy %s takes no nodes", policy);
    } else if (use != NODES_NONE && line == 0) {
        (void)np_value_fail(&reason, "the key is missing; policy %s needs it", policy);
        line = builder->section_line;
    } else if (!builder->key_valid[key]) {
        return;
    } else if (rule->nodes.weighted && rule->mode != NP_WEIGHTED_INTERLEAVE) {
        (void)np_value_fail(&reason, "weights need policy weighted-interleave, not %s", policy);
    } else if (use == NODES_ONE && explicit_nodes(&rule->nodes) > 1) {
        (void)np_value_fail(&reason, "policy %s takes one node, not %u; preferred-many takes several", policy,
                            explicit_nodes(&rule->nodes));
    } else {
        return;
    }
    np_problems_add(&builder->problems, line, builder->where, builder->section->keys[key].name, reason.text);
}

/* What is left alone cannot be given pages by us: a wish for them would be ignored. */
static void check_system(struct np_builder *builder, const struct np_rule *rule)
{
    struct np_value_reason reason;
    if (builder->key_valid[NP_CLASS_HUGE] && rule->huge != NP_HUGE_DEFAULT) {
        (void)np_value_fail(&reason, "policy system takes no huge pages");
        add(builder, builder->key_lines[NP_CLASS_HUGE], NP_CLASS_HUGE, &reason);
    }
    if (builder->key_valid[NP_CLASS_PREFAULT] && rule->prefault != NP_PREFAULT_NONE) {
        (void)np_value_fail(&reason, "policy system takes no prefault");
        add(builder, builder->key_lines[NP_CLASS_PREFAULT], NP_CLASS_PREFAULT, &reason);
    }
}

/* Against the classes whose size was read; max_size is 0 in the others. */
static void check_overlap(struct np_builder *builder, const struct np_rule *rule)
{
    for (const struct np_rule *other = builder->config->classes; other < rule; other++) {
        if (rule->min_size >= other->max_size || other->min_size >= rule->max_size)
            continue;
        struct np_value_reason reason;
        (void)np_value_fail(&reason, "overlaps the size of [%s] on line %u", other->section,
                            builder->size_lines[other - builder->config->classes]);
        add(builder, builder->key_lines[NP_CLASS_SIZE], NP_CLASS_SIZE, &reason);
        return;
    }
}

void np_mapping_check(struct np_builder *builder)
{
    const struct np_rule *rule = builder->target;
    if (!builder->key_valid[NP_CLASS_POLICY])
        return;
    np_class_check_nodes(builder, rule, NP_CLASS_NODES, false);
    if (rule->mode == NP_SYSTEM)
        check_system(builder, rule);
}

void np_class_check(struct np_builder *builder)
{
    const struct np_rule *rule = builder->target;
    bool policy = builder->key_valid[NP_CLASS_POLICY], size = builder->key_valid[NP_CLASS_SIZE];
    builder->size_lines[rule - builder->config->classes] = builder->key_lines[NP_CLASS_SIZE];
    if (policy)
        np_class_check_nodes(builder, rule, NP_CLASS_NODES, false);
    if (policy && rule->mode == NP_SYSTEM)
        check_system(builder, rule);
    if (size)
        check_overlap(builder, rule);
}
