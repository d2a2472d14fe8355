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

/* What a rule comes to, in a word. Return: is it degraded? */
static bool add_verdict(struct np_table *table, int result, const char *weakness, bool left_alone)
{
    if (result != 0)
        np_table_add(table, NP_STYLE_BAD, "refused");
    else if (*weakness)
        np_table_add(table, NP_STYLE_WARN, "degraded");
    else if (left_alone)
        np_table_add(table, NP_STYLE_DIM, "left alone");
    else
        np_table_add(table, NP_STYLE_GOOD, "holds");
    return result == 0 && *weakness;
}

/* ---- Memory ---- */

/* Columns that are there only when a rule has something to say in them. */
struct columns {
    bool pages, prefault;
};

static struct columns choose_columns(const struct np_effective *effective)
{
    struct columns columns = {false, false};
    for (unsigned i = 0; i < effective->count; i++) {
        columns.pages |= effective->rules[i].placement.huge != NP_HUGE_DEFAULT;
        columns.prefault |= effective->rules[i].placement.prefault != NP_PREFAULT_NONE;
    }
    return columns;
}

static void add_requests(struct np_table *table, const struct np_effective *effective,
                         const struct np_effective_rule *rule)
{
    char requests[NP_REQUESTS_SIZE];
    (void)np_text_requests(&rule->placement, requests);
    if (rule == &effective->process)
        np_table_add(table, NP_STYLE_PLAIN, "what no rule has");
    else if (rule->maps)
        np_table_add(table, NP_STYLE_PLAIN, "%s, %s", np_text_kind(rule->placement.kind), requests);
    else
        np_table_add(table, NP_STYLE_PLAIN, "%s", requests);
}

/* Return: is it degraded? */
static bool add_rule(struct np_table *table, const struct np_effective *effective,
                     const struct np_effective_rule *rule, const struct columns *columns)
{
    const struct np_placement *placement = &rule->placement;
    char nodes[256], text[NP_REASON_SIZE];
    const char *weakness = np_effective_weakness(effective, rule, text);
    np_table_add(table, NP_STYLE_BOLD, "%s", placement->section);
    bool degraded = add_verdict(table, rule->result, weakness, placement->mode == NP_SYSTEM);
    add_requests(table, effective, rule);
    np_table_add(table, NP_STYLE_PLAIN, "%s%s", np_mode_name(placement->mode),
                 placement->hardness == NP_HARD ? ", hard" : "");
    np_table_add(table, NP_STYLE_PLAIN, "%s", np_text_nodes(placement, nodes, sizeof nodes));
    if (columns->pages)
        np_table_add(table, NP_STYLE_PLAIN, "%s", np_text_huge(placement->huge));
    if (columns->prefault)
        np_table_add(table, NP_STYLE_PLAIN, "%s", np_text_prefault(placement->prefault));
    if (*weakness)
        np_table_note(table, "%s", weakness);
    return degraded;
}

static void say_rest(FILE *stream, const struct np_effective *effective)
{
    const bool follows = effective->process.rule && effective->process.placement.mode != NP_SYSTEM;
    if (!has_gaps(effective->config))
        return;
    (void)fprintf(stream, "  %srequests of %s are left to the next malloc%s%s\n",
                  np_style_on(stream, NP_STYLE_DIM),
                  effective->config->class_count > 0 ? "other sizes" : "all sizes",
                  follows ? ", placed by [process]" : "", np_style_off(stream, NP_STYLE_DIM));
}

/* Return: is a rule degraded? */
static bool show_rules(FILE *stream, const struct np_effective *effective)
{
    static const char *const heads[] = {"rule", "here", "requests", "policy", "nodes"};
    const struct columns columns = choose_columns(effective);
    struct np_table table = {.column_count = 0};
    bool degraded = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], false);
    if (columns.pages)
        np_table_column(&table, "pages", false);
    if (columns.prefault)
        np_table_column(&table, "prefault", false);
    for (unsigned i = 0; i < effective->count; i++)
        degraded |= add_rule(&table, effective, &effective->rules[i], &columns);
    if (effective->process.rule)
        degraded |= add_rule(&table, effective, &effective->process, &columns);
    np_table_print(&table, stream, 2);
    say_rest(stream, effective);
    return degraded;
}

/* ---- Threads ---- */

/* Return: is one of them degraded? */
static bool show_pins(FILE *stream, const struct np_effective *effective)
{
    static const char *const heads[] = {"thread rule", "here", "pin", "nodes", "CPUs", "threads"};
    struct np_table table = {.column_count = 0};
    bool degraded = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], false);
    for (unsigned i = 0; i < effective->pin_count; i++) {
        const struct np_effective_pin *pin = &effective->pins[i];
        const struct np_pinning *pinning = &pin->pinning;
        char nodes[256], cpus[256], threads[512];
        const enum np_hardness hardness =
            pin->rule ? pin->rule->hardness : effective->config->process.policy.hardness;
        const enum np_strategy strategy =
            pin->rule ? pin->rule->pin.strategy : effective->config->process.pin.strategy;
        np_table_add(&table, NP_STYLE_BOLD, "%s", pin->rule ? pin->rule->section : "process");
        degraded |= add_verdict(&table, pin->result, pinning->reason, strategy == NP_PIN_NONE);
        np_table_add(&table, NP_STYLE_PLAIN, "%s%s", np_strategy_name(strategy),
                     hardness == NP_HARD ? ", hard" : "");
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_pin_nodes(pinning, nodes, sizeof nodes));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_cpus(pinning, cpus, sizeof cpus));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_matchers(pin->rule, threads, sizeof threads));
        if (*pinning->reason)
            np_table_note(&table, "%s", pinning->reason);
    }
    if (table.cell_count > 0)
        (void)fputc('\n', stream);
    np_table_print(&table, stream, 2);
    return degraded;
}

static void show_file(FILE *stream, const struct np_config *config)
{
    np_heading(stream, "Policy %s", config->path);
    if (*config->summary)
        (void)fprintf(stream, "  %s\n", config->summary);
    (void)fprintf(stream, "  mode %s, report %s, children %s\n", np_text_hardness(config->hardness),
                  *config->report ? config->report : "none", config->scrub ? "scrub" : "inherit");
}

bool np_rules_show(FILE *stream, const struct np_effective *effective)
{
    show_file(stream, effective->config);
    bool degraded = show_rules(stream, effective);
    degraded |= show_pins(stream, effective);
    return degraded;
}
