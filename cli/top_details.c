/* SPDX-License-Identifier: MIT */
/* The part of the live view below the table that is about one program. */
#include "report_view.h"
#include "top_table.h"

#include <string.h>

static const struct np_span rule_span = {2, 24}, live = {26, 9}, peak = {35, 9}, huge = {44, 7},
                            blocks = {51, 9};

static struct np_span rest_from(const struct np_sheet *sheet, unsigned column)
{
    return (struct np_span){.column = column,
                            .width = sheet->columns > column ? sheet->columns + 1 - column : 0};
}

static void put_verdict(struct np_sheet *sheet, const struct np_value *rule)
{
    char text[512];
    const struct np_span span = rest_from(sheet, blocks.column + blocks.width + 1);
    if (strcmp(np_value_text(rule, "policy"), "system") == 0)
        np_sheet_write(sheet, span, NP_STYLE_DIM, "left alone");
    else if (*np_report_rule_trouble(rule, text))
        np_sheet_write(sheet, span, NP_STYLE_BAD, "no: %s", text);
    else if (np_value_count(rule, "spilled_pages") > 0)
        np_sheet_write(sheet, span, NP_STYLE_WARN, "yes, %llu pages spilled",
                       (unsigned long long)np_value_count(rule, "spilled_pages"));
    else
        np_sheet_write(sheet, span, NP_STYLE_GOOD, "yes%s",
                       strcmp(np_value_text(rule, "enforcement"), "strict") == 0 ? ", strictly" : "");
}

static void put_rules(struct np_sheet *sheet, const struct np_sampled *program)
{
    char text[NP_TEXT_SIZE];
    np_sheet_write(sheet, rule_span, NP_STYLE_BOLD, "rule");
    np_sheet_number(sheet, live, NP_STYLE_BOLD, "live");
    np_sheet_number(sheet, peak, NP_STYLE_BOLD, "peak");
    np_sheet_number(sheet, huge, NP_STYLE_BOLD, "huge");
    np_sheet_number(sheet, blocks, NP_STYLE_BOLD, "allocs/s");
    np_sheet_write(sheet, rest_from(sheet, blocks.column + blocks.width + 1), NP_STYLE_BOLD, "as requested");
    sheet->line++;
    for (const struct np_value *rule = np_figures_rules(program); rule; rule = rule->next) {
        const struct np_figures figures = np_figures_rule(program, rule);
        np_sheet_write(sheet, rule_span, NP_STYLE_PLAIN, "%s", np_value_text(rule, "section"));
        np_sheet_number(sheet, live, NP_STYLE_PLAIN, np_text_short(np_value_count(rule, "live_bytes"), text));
        np_sheet_number(sheet, peak, NP_STYLE_PLAIN, np_text_short(np_value_count(rule, "peak_bytes"), text));
        np_sheet_number(
            sheet, huge, NP_STYLE_PLAIN,
            np_text_share(np_value_count(rule, "huge_bytes"), figures.pages * figures.page_bytes, text));
        np_sheet_number(sheet, blocks, NP_STYLE_PLAIN, np_text_rate(figures.allocations, text));
        put_verdict(sheet, rule);
        sheet->line++;
    }
}

static void put_threads(struct np_sheet *sheet, const struct np_value *report)
{
    const struct np_value *threads = np_value_member(report, "threads");
    const struct np_value *rule = threads ? threads->first : NULL;
    sheet->line += rule != NULL;
    for (; rule; rule = rule->next) {
        np_sheet_write(sheet, rule_span, NP_STYLE_PLAIN, "%s", np_value_text(rule, "section"));
        np_sheet_write(sheet, rest_from(sheet, live.column), NP_STYLE_PLAIN,
                       "%llu threads, %llu pinned, %llu skipped",
                       (unsigned long long)np_value_count(rule, "count"),
                       (unsigned long long)np_value_count(rule, "pinned"),
                       (unsigned long long)np_value_count(rule, "skipped"));
        sheet->line++;
    }
}

void np_top_put_details(struct np_sheet *sheet, const struct np_sampled *program)
{
    const struct np_span line = rest_from(sheet, 2);
    const struct np_value *report = program->report;
    if (program->reason)
        return;
    const struct np_value *totals = np_value_member(report, "totals"),
                          *notes = np_value_member(report, "notes");
    sheet->line++;
    np_sheet_write(sheet, line, NP_STYLE_PLAIN, "policy %s, mode %s", np_value_text(report, "config"),
                   np_value_text(report, "mode"));
    sheet->line += 2;
    put_rules(sheet, program);
    put_threads(sheet, report);
    sheet->line++;
    np_sheet_write(sheet, line, NP_STYLE_PLAIN, "since its start: %llu remote frees, %llu changes of node",
                   (unsigned long long)np_value_count(totals, "remote_frees"),
                   (unsigned long long)np_value_count(totals, "node_migrations"));
    sheet->line++;
    for (const struct np_value *note = notes ? notes->first : NULL; note; note = note->next, sheet->line++)
        np_sheet_write(sheet, line, NP_STYLE_WARN, "note: %s", note->string ? note->string : "");
}
