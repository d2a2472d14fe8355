/* SPDX-License-Identifier: MIT */
#include "top_table.h"

#include "report_view.h"

#include <string.h>

/* Where there is no room for the names of policies. */
static const char *short_policy(const char *policy)
{
    static const char *const names[][2] = {
        {"first-touch", "first"}, {"preferred", "prefer"},           {"preferred-many", "many"},
        {"interleave", "inter"},  {"weighted-interleave", "weight"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(policy, names[i][0]) == 0)
            return names[i][1];
    return policy;
}

static void put_rate(struct np_sheet *sheet, struct np_span span, double rate)
{
    char text[NP_TEXT_SIZE];
    np_sheet_number(sheet, span, rate > 0 ? NP_STYLE_BOLD : NP_STYLE_DIM, np_text_rate(rate, text));
}

static void put_figures(struct np_sheet *sheet, const struct np_layout *layout,
                        const struct np_figures *figures)
{
    char text[NP_TEXT_SIZE];
    const uint64_t away = np_figures_away(figures);
    const enum np_style style = figures->misplaced ? NP_STYLE_BAD : away ? NP_STYLE_WARN : NP_STYLE_DIM;
    np_sheet_number(sheet, layout->total, NP_STYLE_PLAIN,
                    np_text_short(figures->pages * figures->page_bytes, text));
    np_sheet_number(sheet, layout->away, style, np_text_share(away, figures->pages, text));
    put_rate(sheet, layout->frees, figures->frees);
}

/* @all: pages on all nodes. */
static void put_node(struct np_sheet *sheet, const struct np_layout *layout, unsigned n, uint64_t pages,
                     uint64_t all, enum np_style style)
{
    char text[NP_TEXT_SIZE];
    style = pages ? style : NP_STYLE_DIM;
    np_sheet_number(sheet, np_layout_size(layout, n), style, np_text_short(pages * layout->page_bytes, text));
    if (all > 0)
        np_sheet_write(sheet, np_layout_bar(layout, n), style, "%s", np_text_bar(pages, all, text));
}

/* ---- Rules ---- */

static void put_verdict(struct np_sheet *sheet, const struct np_layout *layout, const struct np_value *rule)
{
    char text[512];
    if (strcmp(np_value_text(rule, "policy"), "system") == 0)
        np_sheet_write(sheet, layout->verdict, NP_STYLE_DIM, "left alone");
    else if (*np_report_rule_trouble(rule, text))
        np_sheet_write(sheet, layout->verdict, NP_STYLE_BAD, "no");
    else
        np_sheet_write(sheet, layout->verdict, NP_STYLE_GOOD, "yes");
}

/* Pages where the rule does not want them stand out. */
static enum np_style style_on(const struct np_value *rule, const struct np_figures *figures, int node)
{
    const bool strays = np_figures_away(figures) > 0 && !np_report_asks_for(rule, node);
    return !strays ? NP_STYLE_GOOD : figures->misplaced ? NP_STYLE_BAD : NP_STYLE_WARN;
}

static void put_rule(struct np_sheet *sheet, const struct np_layout *layout, const struct np_sampled *program,
                     const struct np_value *rule)
{
    char text[128];
    const struct np_figures figures = np_figures_rule(program, rule);
    const char *policy = np_value_text(rule, "policy");
    const struct np_span name = {.column = 2, .width = layout->name.width - 2};
    np_sheet_write(sheet, name, NP_STYLE_PLAIN, "%s", np_value_text(rule, "section"));
    np_sheet_write(sheet, layout->policy, NP_STYLE_PLAIN, "%s",
                   layout->long_policy ? policy : short_policy(policy));
    np_sheet_write(sheet, layout->asked, NP_STYLE_PLAIN, "%s", np_report_node_ids(rule, text, sizeof text));
    put_figures(sheet, layout, &figures);
    for (unsigned n = 0; n < layout->shown; n++) {
        const int node = layout->ids[layout->first + n];
        put_node(sheet, layout, n, np_report_pages(rule, node), figures.pages,
                 style_on(rule, &figures, node));
    }
    put_verdict(sheet, layout, rule);
    sheet->line++;
}

/* ---- Programs ---- */

static uint64_t pages_of(const struct np_sampled *program, int node)
{
    uint64_t pages = 0;
    for (const struct np_value *rule = np_figures_rules(program); rule; rule = rule->next)
        pages += np_report_pages(rule, node);
    return pages;
}

static void put_sums(struct np_sheet *sheet, const struct np_layout *layout, const struct np_figures *figures)
{
    put_figures(sheet, layout, figures);
    put_rate(sheet, layout->moves, figures->moves);
}

unsigned np_top_lines(const struct np_sampled *program)
{
    unsigned lines = 1;
    for (const struct np_value *rule = np_figures_rules(program); rule; rule = rule->next)
        lines++;
    return lines;
}

void np_top_put_program(struct np_sheet *sheet, const struct np_layout *layout,
                        const struct np_sampled *program, bool selected)
{
    const struct np_figures figures = np_figures_program(program);
    const struct np_span number = {.width = NP_TOP_PID_WIDTH};
    const struct np_span name = {.column = NP_TOP_PID_WIDTH,
                                 .width = layout->total.column - NP_TOP_PID_WIDTH};
    const struct np_span rest = {.column = NP_TOP_PID_WIDTH, .width = sheet->columns - NP_TOP_PID_WIDTH};
    char text[NP_TEXT_SIZE];
    sheet->selected = selected;
    if (selected)
        np_sheet_blank(sheet);
    (void)snprintf(text, sizeof text, "%d", program->pid);
    np_sheet_number(sheet, number, NP_STYLE_BOLD, text);
    if (program->reason) {
        np_sheet_write(sheet, rest, NP_STYLE_WARN, "%s", program->reason);
    } else {
        np_sheet_write(sheet, name, NP_STYLE_BOLD, "%s", np_value_text(program->report, "program"));
        put_sums(sheet, layout, &figures);
        for (unsigned n = 0; n < layout->shown; n++)
            put_node(sheet, layout, n, pages_of(program, layout->ids[layout->first + n]), figures.pages,
                     NP_STYLE_BOLD);
    }
    sheet->selected = false;
    sheet->line++;
    for (const struct np_value *rule = np_figures_rules(program); rule; rule = rule->next)
        put_rule(sheet, layout, program, rule);
}

void np_top_put_all(struct np_sheet *sheet, const struct np_layout *layout, const struct np_sample *sample)
{
    struct np_figures sum = {.frees = -1, .moves = -1, .allocations = -1};
    const struct np_span name = {.width = layout->total.column};
    for (unsigned i = 0; i < sample->count; i++) {
        const struct np_figures one = np_figures_program(&sample->programs[i]);
        if (!sample->programs[i].reason)
            np_figures_add(&sum, &one);
    }
    np_sheet_write(sheet, name, NP_STYLE_PLAIN, "    all programs");
    put_sums(sheet, layout, &sum);
    for (unsigned n = 0; n < layout->shown; n++) {
        uint64_t pages = 0;
        for (unsigned i = 0; i < sample->count; i++)
            pages += pages_of(&sample->programs[i], layout->ids[layout->first + n]);
        put_node(sheet, layout, n, pages, sum.pages, NP_STYLE_PLAIN);
    }
    sheet->line++;
}

void np_top_put_heads(struct np_sheet *sheet, const struct np_layout *layout)
{
    char text[NP_TEXT_SIZE];
    const struct np_span pid = {.width = NP_TOP_PID_WIDTH};
    const struct np_span name = {.column = NP_TOP_PID_WIDTH, .width = layout->name.width - NP_TOP_PID_WIDTH};
    sheet->selected = true;
    np_sheet_blank(sheet);
    np_sheet_number(sheet, pid, NP_STYLE_PLAIN, "pid");
    np_sheet_write(sheet, name, NP_STYLE_PLAIN, "program");
    np_sheet_write(sheet, layout->policy, NP_STYLE_PLAIN, "policy");
    np_sheet_write(sheet, layout->asked, NP_STYLE_PLAIN, "nodes");
    np_sheet_number(sheet, layout->total, NP_STYLE_PLAIN, "total");
    np_sheet_number(sheet, layout->away, NP_STYLE_PLAIN, "away");
    np_sheet_number(sheet, layout->frees, NP_STYLE_PLAIN, "frees/s");
    np_sheet_number(sheet, layout->moves, NP_STYLE_PLAIN, "moves/s");
    for (unsigned n = 0; n < layout->shown; n++) {
        (void)snprintf(text, sizeof text, "N%d", layout->ids[layout->first + n]);
        np_sheet_number(sheet, np_layout_size(layout, n), NP_STYLE_PLAIN, text);
    }
    np_sheet_write(sheet, layout->verdict, NP_STYLE_PLAIN, "as requested");
    sheet->selected = false;
    sheet->line++;
}
