/* SPDX-License-Identifier: MIT */
#include "rules_view.h"

#include "table.h"

/* Is any request left to no class? Classes are sorted and disjoint. */
static bool has_gaps(const struct np_config *config)
{
    size_t covered = 0;
    for (unsigned i = 0; i < config->class_count; i++) {
        if (config->classes[i].min_size > covered)
            return true;
        covered = config->classes[i].max_size;
    }
    return covered != SIZE_MAX;
}

static void add_verdict(struct np_table *table, const struct np_effective *effective,
                        const struct np_effective_rule *rule, bool *ret_degraded)
{
    char text[NP_REASON_SIZE];
    const char *weakness = np_effective_weakness(effective, rule, text);
    if (rule->result != 0) {
        np_table_add(table, NP_STYLE_BAD, "refused: %s", weakness);
    } else if (*weakness) {
        np_table_add(table, NP_STYLE_WARN, "degraded: %s", weakness);
        *ret_degraded = true;
    } else if (rule->placement.mode != NP_SYSTEM) {
        np_table_add(table, NP_STYLE_GOOD, "holds");
    } else {
        np_table_add(table, NP_STYLE_DIM, rule->maps ? "left alone" : "left to the next malloc");
    }
}

static void add_requests(struct np_table *table, const struct np_effective_rule *rule)
{
    char requests[NP_REQUESTS_SIZE];
    const char *kind = np_text_kind(rule->placement.kind);
    (void)np_text_requests(&rule->placement, requests);
    np_table_add(table, NP_STYLE_PLAIN, "%s%s%s", rule->maps ? kind : "", rule->maps ? ", " : "", requests);
}

/* Return: is a rule degraded? */
static bool show_rules(FILE *stream, const struct np_effective *effective)
{
    static const char *const heads[] = {"rule",  "requests", "policy", "nodes",
                                        "pages", "prefault", "mode",   "here"};
    struct np_table table = {.column_count = 0};
    bool degraded = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], false);
    for (unsigned i = 0; i < effective->count; i++) {
        const struct np_placement *placement = &effective->rules[i].placement;
        char nodes[256];
        np_table_add(&table, NP_STYLE_BOLD, "%s", placement->section);
        add_requests(&table, &effective->rules[i]);
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_mode_name(placement->mode));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_nodes(placement, nodes, sizeof nodes));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_huge(placement->huge));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_prefault(placement->prefault));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_hardness(placement->hardness));
        add_verdict(&table, effective, &effective->rules[i], &degraded);
    }
    np_table_print(&table, stream, 2);
    if (has_gaps(effective->config))
        (void)fprintf(stream, "  %s%s%s\n", np_style_on(stream, NP_STYLE_DIM),
                      "requests of other sizes are left to the next malloc",
                      np_style_off(stream, NP_STYLE_DIM));
    return degraded;
}

static void show_file(FILE *stream, const struct np_config *config)
{
    np_heading(stream, "Policy %s", config->path);
    if (*config->summary)
        (void)fprintf(stream, "  %s\n", config->summary);
    (void)fprintf(stream, "  mode %s, report %s\n", np_text_hardness(config->hardness),
                  *config->report ? config->report : "none");
}

bool np_rules_show(FILE *stream, const struct np_effective *effective)
{
    show_file(stream, effective->config);
    return show_rules(stream, effective);
}
