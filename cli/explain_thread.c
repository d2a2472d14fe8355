/* SPDX-License-Identifier: MIT */
/* Which rule takes a thread, and where it runs then. */
#include "explain.h"
#include "table.h"

#include <fnmatch.h>
#include <stdio.h>

static void add(struct np_table *table, const char *what, enum np_style style, const char *text)
{
    np_table_add(table, NP_STYLE_PLAIN, "%s", what);
    np_table_add(table, style, "%s", text);
}

/* The CPUs, their nodes and the stack of a thread that a pinning takes. */
static void add_place(struct np_table *table, const struct np_pinning *pinning, bool with_stack)
{
    static const char *const places[] = {
        [NP_PIN_NONE] = "the CPUs that its creator may use",
        [NP_PIN_COMPACT] = "one of the CPUs, the next for each thread, filling node after node",
        [NP_PIN_SCATTER] = "one of the CPUs, the next for each thread, round the nodes",
        [NP_PIN_NODE] = "all CPUs of one node, the next for each thread",
        [NP_PIN_CORE] = "all CPUs of one core, the next for each thread",
        [NP_PIN_CACHE] = "all CPUs of one last-level cache, the next for each thread",
        [NP_PIN_LIST] = "all CPUs of the list",
    };
    char text[256];
    bool has_node = true;
    if (!pinning->usable) {
        add(table, "goes to", pinning->strategy == NP_PIN_NONE ? NP_STYLE_GOOD : NP_STYLE_WARN,
            places[NP_PIN_NONE]);
        return;
    }
    for (unsigned i = 0; i < pinning->plan.sets; i++)
        has_node &= pinning->plan.nodes[i] >= 0;
    add(table, "goes to", NP_STYLE_GOOD, places[pinning->strategy]);
    add(table, "CPUs", NP_STYLE_GOOD, np_text_cpus(pinning, text, sizeof text));
    if (has_node)
        add(table, "nodes", NP_STYLE_GOOD, np_text_pin_nodes(pinning, text, sizeof text));
    if (with_stack)
        add(table, "stack", NP_STYLE_PLAIN,
            has_node ? "on the node of its CPUs" : "each page where it is first written");
}

static void add_degraded(struct np_table *table, const struct np_pinning *pinning)
{
    if (*pinning->reason)
        add(table, "degraded", NP_STYLE_WARN, pinning->reason);
}

static void explain_rule(const struct np_effective *effective, const struct np_effective_pin *pin)
{
    const struct np_thread_rule *rule = pin->rule;
    struct np_table table = {.column_count = 0};
    char threads[512];
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_add(&table, NP_STYLE_PLAIN, "rule");
    np_table_add(&table, NP_STYLE_BOLD, "[%s], line %u of %s", rule->section, rule->line,
                 effective->config->path);
    add(&table, "threads", NP_STYLE_PLAIN, np_text_matchers(rule, threads, sizeof threads));
    np_table_add(&table, NP_STYLE_PLAIN, "pin");
    np_table_add(&table, NP_STYLE_PLAIN, "%s, %s", np_strategy_name(rule->pin.strategy),
                 np_text_hardness(rule->hardness));
    add_place(&table, &pin->pinning, true);
    if (rule->pin.strategy != NP_PIN_NONE)
        add(&table, "override", NP_STYLE_PLAIN,
            rule->override ? "yes: also when the program binds it to CPUs itself"
                           : "no: left alone when the program binds it to CPUs itself");
    add_degraded(&table, &pin->pinning);
    np_table_print(&table, stdout, 2);
}

/* It has the CPUs of its creator, which for the first of them are those of [process]. */
static void explain_rest(const struct np_effective *effective, bool follows)
{
    const struct np_effective_pin *pin =
        effective->pin_count > 0 && !effective->pins[0].rule ? effective->pins : NULL;
    struct np_table table = {.column_count = 0};
    (void)printf("%s  no rule%s of %s: left alone, with the CPUs of its creator\n", follows ? "\n" : "",
                 follows ? " more" : "", effective->config->path);
    if (!pin || pin->pinning.strategy == NP_PIN_NONE)
        return;
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_add(&table, NP_STYLE_PLAIN, "main thread");
    np_table_add(&table, NP_STYLE_BOLD, "[process], line %u of %s", effective->config->process.policy.line,
                 effective->config->path);
    add_place(&table, &pin->pinning, false);
    add_degraded(&table, &pin->pinning);
    np_table_print(&table, stdout, 2);
}

void np_explain_thread(const struct np_effective *effective, const char *name)
{
    bool follows = false;
    np_heading(stdout, "thread %s", name);
    for (unsigned i = 0; i < effective->pin_count; i++) {
        const struct np_thread_rule *rule = effective->pins[i].rule;
        if (!rule || (*rule->name && fnmatch(rule->name, name, 0) != 0))
            continue;
        /* What comes behind a rule that asks for a name alone is never reached. */
        const bool more = rule->index.count > 0 || *rule->start;
        (void)printf("%s", follows ? "\n" : "");
        if (more)
            (void)printf("  if it is one of these threads:\n");
        else if (follows)
            (void)printf("  otherwise:\n");
        explain_rule(effective, &effective->pins[i]);
        follows = true;
        if (!more)
            return;
    }
    explain_rest(effective, follows);
}
