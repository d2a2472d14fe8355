/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "report_view.h"
#include "table.h"

#include <string.h>

const struct np_value *np_figures_rules(const struct np_sampled *program)
{
    const struct np_value *rules = program->reason ? NULL : np_value_member(program->report, "rules");
    return rules ? rules->first : NULL;
}

/* ---- Rates ---- */

/* A program that has executed another one begins to count anew. */
static double rate(const struct np_value *now, const struct np_value *before, const char *key, double seconds)
{
    const uint64_t from = np_value_count(before, key), to = np_value_count(now, key);
    return !before || seconds <= 0 || to < from ? -1 : (double)(to - from) / seconds;
}

static const struct np_value *rule_before(const struct np_sampled *program, const char *section)
{
    const struct np_value *rules = np_value_member(program->before, "rules");
    const struct np_value *rule = rules ? rules->first : NULL;
    while (rule && strcmp(np_value_text(rule, "section"), section) != 0)
        rule = rule->next;
    return rule;
}

static void add_rate(double *sum, double one)
{
    if (one >= 0)
        *sum = *sum < 0 ? one : *sum + one;
}

/* ---- Figures ---- */

struct np_figures np_figures_rule(const struct np_sampled *program, const struct np_value *rule)
{
    const struct np_value *before = rule_before(program, np_value_text(rule, "section"));
    return (struct np_figures){
        .page_bytes = np_report_page_bytes(program->report),
        .pages = np_report_pages(rule, -1),
        .misplaced = np_value_count(rule, "misplaced_pages"),
        .spilled = np_value_count(rule, "spilled_pages"),
        .frees = rate(rule, before, "remote_frees", program->seconds),
        .moves = -1,
        .allocations = rate(rule, before, "allocations", program->seconds),
    };
}

struct np_figures np_figures_program(const struct np_sampled *program)
{
    struct np_figures sum = {
        .page_bytes = np_report_page_bytes(program->report), .frees = -1, .moves = -1, .allocations = -1};
    for (const struct np_value *rule = np_figures_rules(program); rule; rule = rule->next) {
        const struct np_figures one = np_figures_rule(program, rule);
        np_figures_add(&sum, &one);
    }
    if (!program->reason)
        sum.moves = rate(np_value_member(program->report, "totals"),
                         np_value_member(program->before, "totals"), "node_migrations", program->seconds);
    return sum;
}

void np_figures_add(struct np_figures *sum, const struct np_figures *one)
{
    sum->page_bytes = one->page_bytes;
    sum->pages += one->pages;
    sum->misplaced += one->misplaced;
    sum->spilled += one->spilled;
    add_rate(&sum->frees, one->frees);
    add_rate(&sum->moves, one->moves);
    add_rate(&sum->allocations, one->allocations);
}

uint64_t np_figures_away(const struct np_figures *figures)
{
    return figures->misplaced + figures->spilled;
}

/* ---- As text ---- */

const char *np_text_short(uint64_t bytes, char *text)
{
    (void)np_text_size(bytes, text);
    char *blank = strchr(text, ' ');
    if (blank) {
        blank[0] = blank[1];
        blank[1] = '\0';
    }
    return text;
}

const char *np_text_rate(double value, char *text)
{
    static const char units[] = "kMGT";
    unsigned unit = 0;
    if (value < 0) {
        (void)snprintf(text, NP_TEXT_SIZE, "-");
    } else if (value < 999.5) {
        (void)snprintf(text, NP_TEXT_SIZE, value > 0 && value < 9.95 ? "%.1f" : "%.0f", value);
    } else {
        for (value /= 1000; value >= 999.5 && unit < sizeof units - 2; unit++)
            value /= 1000;
        (void)snprintf(text, NP_TEXT_SIZE, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    }
    return text;
}
