/* SPDX-License-Identifier: MIT */
#include "threads_view.h"

#include "table.h"

#include "core/thread.h"

#include <stdarg.h>
#include <string.h>

#define TEXT_SIZE  512
#define SHOWN_SETS 8 /* a machine can have hundreds */

/* ---- Words ---- */

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t *used, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text + *used, TEXT_SIZE - *used, format, arguments);
    va_end(arguments);
    *used += length > 0 ? (size_t)length : 0;
    if (*used >= TEXT_SIZE)
        *used = TEXT_SIZE - 1;
}

static void append_index(char *text, size_t *used, const struct np_index_list *index)
{
    for (unsigned i = 0; i < index->count; i++) {
        append(text, used, "%s%u", i ? "," : "index ", index->ranges[i].first);
        if (index->ranges[i].last != index->ranges[i].first)
            append(text, used, "-%u", index->ranges[i].last);
    }
}

/* What a thread must have for the rule; @name: that too. */
static const char *text_matchers(const struct np_thread_rule *rule, bool name, char *text)
{
    size_t used = 0;
    *text = '\0';
    if (name && *rule->name)
        append(text, &used, "name %s", rule->name);
    if (used && rule->index.count)
        append(text, &used, ", ");
    append_index(text, &used, &rule->index);
    if (*rule->start)
        append(text, &used, "%sstart %s", used ? ", " : "", rule->start);
    return text;
}

/* All CPUs that a pin hands out. */
static np_cpuset cpus_of(const struct np_pinning *pinning)
{
    np_cpuset cpus = {0};
    const struct np_pin_plan *plan = &pinning->plan;
    for (unsigned i = 0; pinning->usable && i < plan->first[plan->sets]; i++)
        (void)np_cpuset_add(&cpus, plan->cpus[i]);
    return cpus;
}

static const char *text_cpus(const struct np_pinning *pinning, char *text)
{
    const np_cpuset cpus = cpus_of(pinning);
    if (pinning->usable)
        (void)np_cpuset_format(&cpus, text, TEXT_SIZE);
    else
        (void)snprintf(text, TEXT_SIZE, "-");
    return text;
}

static const char *text_nodes(const struct np_pinning *pinning, char *text)
{
    if (np_nodeset_count(&pinning->nodes) > 0)
        (void)np_nodeset_format(&pinning->nodes, text, TEXT_SIZE);
    else
        (void)snprintf(text, TEXT_SIZE, "-");
    return text;
}

/* ---- The table ---- */

static void add_verdict(struct np_table *table, const struct np_effective_pin *pin, bool *ret_degraded)
{
    const char *reason = pin->pinning.reason;
    if (pin->result != 0) {
        np_table_add(table, NP_STYLE_BAD, "refused: %s", reason);
    } else if (*reason) {
        np_table_add(table, NP_STYLE_WARN, "degraded: %s", reason);
        *ret_degraded = true;
    } else if (pin->pinning.strategy == NP_PIN_NONE) {
        np_table_add(table, NP_STYLE_DIM, "left alone");
    } else {
        np_table_add(table, NP_STYLE_GOOD, "holds");
    }
}

static void add_pin(struct np_table *table, const struct np_effective_pin *pin, bool *ret_degraded)
{
    char text[TEXT_SIZE];
    np_table_add(table, NP_STYLE_BOLD, "%s", pin->section);
    if (pin->rule)
        np_table_add(table, NP_STYLE_PLAIN, "%s",
                     *text_matchers(pin->rule, true, text) ? text : "all that are created");
    else
        np_table_add(table, NP_STYLE_PLAIN, "the main thread");
    np_table_add(table, NP_STYLE_PLAIN, "%s", np_strategy_name(pin->pinning.strategy));
    np_table_add(table, NP_STYLE_PLAIN, "%s", text_nodes(&pin->pinning, text));
    np_table_add(table, NP_STYLE_PLAIN, "%s", text_cpus(&pin->pinning, text));
    np_table_add(table, NP_STYLE_PLAIN, "%s", np_text_hardness(pin->hardness));
    add_verdict(table, pin, ret_degraded);
}

bool np_threads_show(FILE *stream, const struct np_effective *effective)
{
    static const char *const heads[] = {"rule", "threads", "pin", "nodes", "CPUs", "mode", "here"};
    const bool process = effective->config->process.pin_line != 0;
    struct np_table table = {.column_count = 0};
    bool degraded = false;
    if (!process && effective->thread_count == 0)
        return false;
    (void)fputc('\n', stream);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], false);
    for (unsigned i = process ? 0 : 1; i <= effective->thread_count; i++)
        add_pin(&table, &effective->pins[i], &degraded);
    np_table_print(&table, stream, 2);
    return degraded;
}

/* ---- One thread ---- */

static void add_sets(struct np_table *table, const struct np_pinning *pinning)
{
    char text[TEXT_SIZE], list[128];
    size_t used = 0;
    const unsigned sets = pinning->plan.sets;
    for (unsigned i = 0; i < sets && i < SHOWN_SETS; i++) {
        np_cpuset cpus;
        const int node = np_pin_plan_set(&pinning->plan, i, &cpus);
        (void)np_cpuset_format(&cpus, list, sizeof list);
        append(text, &used, "%s%s %s", i ? ", then " : "", np_cpuset_count(&cpus) == 1 ? "CPU" : "CPUs",
               list);
        if (node >= 0)
            append(text, &used, " (node %d)", node);
    }
    if (sets > SHOWN_SETS)
        append(text, &used, ", and so on: %u in all", sets);
    else if (sets > 1)
        append(text, &used, ", round robin");
    np_table_add(table, NP_STYLE_PLAIN, "runs on");
    np_table_add(table, NP_STYLE_GOOD, "%s", text);
}

static void add_row(struct np_table *table, enum np_style style, const char *head, const char *text)
{
    np_table_add(table, NP_STYLE_PLAIN, "%s", head);
    np_table_add(table, style, "%s", text);
}

static const char inherited[] = "the CPUs of the thread that creates it";

static void explain_pin(FILE *stream, const struct np_effective *effective,
                        const struct np_effective_pin *pin)
{
    struct np_table table = {.column_count = 0};
    char text[TEXT_SIZE];
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_add(&table, NP_STYLE_PLAIN, "rule");
    np_table_add(&table, NP_STYLE_BOLD, "[%s], line %u of %s", pin->section, pin->line,
                 effective->config->path);
    add_row(&table, NP_STYLE_PLAIN, "threads",
            *text_matchers(pin->rule, true, text) ? text : "all that are created");
    if (*text_matchers(pin->rule, false, text)) {
        np_table_add(&table, NP_STYLE_PLAIN, "only if");
        np_table_add(&table, NP_STYLE_WARN, "%s: the name alone does not tell", text);
    }
    np_table_add(&table, NP_STYLE_PLAIN, "pin");
    np_table_add(&table, NP_STYLE_PLAIN, "%s, %s", np_strategy_name(pin->pinning.strategy),
                 np_text_hardness(pin->hardness));
    if (pin->pinning.usable)
        add_sets(&table, &pin->pinning);
    else
        add_row(&table, NP_STYLE_PLAIN, "runs on", inherited);
    if (pin->pinning.usable && !pin->rule->override)
        add_row(&table, NP_STYLE_PLAIN, "unless", "the program sets its affinity itself");
    if (*pin->pinning.reason)
        add_row(&table, NP_STYLE_WARN, "degraded", pin->pinning.reason);
    np_table_print(&table, stream, 2);
}

/* Can a thread of this name be the rule's? What else the rule asks for is taken to be so. */
static bool may_match(const struct np_thread_rule *rule, const char *name)
{
    const struct np_thread_facts facts = {
        .index = rule->index.count ? rule->index.ranges[0].last : 1, .name = name, .starts = 1};
    return np_thread_rules_find(rule, 1, &facts) == 0;
}

static void explain_inherited(FILE *stream, const struct np_effective *effective, bool others)
{
    const struct np_effective_pin *pin = &effective->pins[0];
    char text[TEXT_SIZE];
    (void)fprintf(stream, "  no %srule of %s has this name:\n  it runs on %s", others ? "other " : "",
                  effective->config->path, inherited);
    if (effective->config->process.pin_line != 0 && pin->pinning.usable)
        (void)fprintf(stream, ";\n  the main thread's are CPUs %s, by [process], line %u",
                      text_cpus(&pin->pinning, text), pin->line);
    (void)fputc('\n', stream);
}

void np_thread_explain(FILE *stream, const struct np_effective *effective, const char *name)
{
    char cut[NP_THREAD_NAME_SIZE];
    unsigned shown = 0;
    (void)snprintf(cut, sizeof cut, "%s", name);
    np_heading(stream, "thread %s", name);
    if (strcmp(cut, name) != 0)
        (void)fprintf(stream, "  the kernel keeps %d bytes of a name: %s\n", NP_THREAD_NAME_SIZE - 1, cut);
    for (unsigned i = 1; i <= effective->thread_count; i++) {
        const struct np_effective_pin *pin = &effective->pins[i];
        if (!may_match(pin->rule, cut))
            continue;
        if (shown++ > 0)
            (void)fputs("  otherwise\n", stream);
        explain_pin(stream, effective, pin);
        if (pin->rule->index.count == 0 && !*pin->rule->start)
            return; /* the first that matches holds */
    }
    explain_inherited(stream, effective, shown > 0);
}
