/* SPDX-License-Identifier: MIT */
#include "top_view.h"

#include "screen.h"
#include "top_table.h"

#include <string.h>

const char np_top_keys[NP_TOP_ORDERS + 1] = "mxfni";

/* ---- Above and below the table ---- */

/* Processes that could not be read are rows, but not programs under the shim. */
static unsigned count_readable(const struct np_sample *sample)
{
    unsigned count = 0;
    for (unsigned i = 0; sample && i < sample->count; i++)
        count += !sample->programs[i].reason;
    return count;
}

static void put_title(const struct np_top_view *view, struct np_sheet *sheet)
{
    char text[160], clock[16] = "";
    struct tm local;
    const unsigned count = count_readable(view->sample);
    const struct np_span all = {.width = sheet->columns + 1};
    if (view->sample && localtime_r(&view->taken, &local))
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &local);
    (void)snprintf(text, sizeof text, "%severy %g s   %s", view->paused ? "PAUSED   " : "", view->interval,
                   clock);
    np_sheet_write(sheet, all, NP_STYLE_BOLD, "numaperf top   %u program%s under the shim", count,
                   count == 1 ? "" : "s");
    np_sheet_number(sheet, all, view->paused ? NP_STYLE_WARN : NP_STYLE_PLAIN, text);
    sheet->line++;
}

/* The keys, as many as there is room for; what the programs are sorted by is in bold. */
static void put_keys(const struct np_top_view *view, struct np_sheet *sheet)
{
    static const struct {
        const char *text;
        enum np_top_order order; /* or NP_TOP_ORDERS */
    } keys[] = {
        {"q quit", NP_TOP_ORDERS},      {"enter one", NP_TOP_ORDERS}, {"p pause", NP_TOP_ORDERS},
        {"+- interval", NP_TOP_ORDERS}, {"sort:", NP_TOP_ORDERS},     {"m memory", NP_TOP_MEMORY},
        {"x away", NP_TOP_AWAY},        {"f frees", NP_TOP_FREES},    {"n moves", NP_TOP_MOVES},
        {"i pid", NP_TOP_PID},
    };
    unsigned column = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = i == 1 && view->alone ? "esc all" : keys[i].text;
        const struct np_span span = {.column = column, .width = (unsigned)strlen(text) + 1};
        const bool by = keys[i].order == view->order;
        if (view->alone && i >= 4)
            break;
        if (column + strlen(text) <= sheet->columns)
            np_sheet_write(sheet, span, by ? NP_STYLE_BOLD : NP_STYLE_DIM, "%s", text);
        column += span.width + (i < 4);
    }
}

/* ---- The programs ---- */

static const struct np_sampled *selected_of(const struct np_top_view *view)
{
    for (unsigned i = 0; view->sample && i < view->sample->count; i++)
        if (view->sample->programs[i].pid == view->selected)
            return &view->sample->programs[i];
    return NULL;
}

/* So that the selected program shows, with its rules if they fit. */
static void scroll_to_selected(struct np_top_view *view, unsigned rows)
{
    unsigned line = 0;
    for (unsigned i = 0; i < view->sample->count; i++) {
        const unsigned lines = np_top_lines(view->sorted[i]), most = lines < rows ? lines : rows;
        if (view->sorted[i]->pid == view->selected) {
            if (line < view->scroll)
                view->scroll = line;
            if (line + most > view->scroll + rows)
                view->scroll = line + most - rows;
        }
        line += lines;
    }
    if (view->scroll > 0 && line <= rows)
        view->scroll = 0;
}

static void put_programs(struct np_top_view *view, const struct np_layout *layout, struct np_sheet *sheet)
{
    if (view->sample->count > 1) {
        np_top_put_all(sheet, layout, view->sample);
        sheet->top++;
        sheet->rows -= sheet->rows > 0;
        sheet->line = 0;
    }
    scroll_to_selected(view, sheet->rows);
    sheet->scroll = view->scroll;
    for (unsigned i = 0; i < view->sample->count; i++)
        np_top_put_program(sheet, layout, view->sorted[i],
                           view->sample->count > 1 && view->sorted[i]->pid == view->selected);
}

static void put_one(struct np_top_view *view, const struct np_layout *layout, struct np_sheet *sheet)
{
    const struct np_sampled *program = selected_of(view);
    const struct np_span line = {.column = 2, .width = sheet->columns};
    if (!program) {
        np_sheet_write(sheet, line, NP_STYLE_WARN, "process %d has ended", view->selected);
        return;
    }
    sheet->scroll = view->scroll;
    np_top_put_program(sheet, layout, program, false);
    np_top_put_details(sheet, program);
    if (sheet->line <= sheet->rows)
        view->scroll = 0;
    else if (view->scroll > sheet->line - sheet->rows)
        view->scroll = sheet->line - sheet->rows;
}

static void put_body(struct np_top_view *view, const struct np_layout *layout, struct np_sheet *sheet)
{
    const struct np_span line = {.column = 2, .width = sheet->columns};
    if (!view->sample)
        np_sheet_write(sheet, line, NP_STYLE_DIM, "reading ...");
    else if (view->alone)
        put_one(view, layout, sheet);
    else if (view->sample->count > 0)
        put_programs(view, layout, sheet);
    else
        np_sheet_write(sheet, line, NP_STYLE_DIM, "no process that may be inspected runs under the shim");
}

void np_top_draw(struct np_top_view *view)
{
    static struct np_layout layout; /* 4 KiB */
    unsigned rows, columns;
    np_screen_size(&rows, &columns);
    np_layout_make(view, columns, &layout);
    view->first_node = layout.first;
    struct np_sheet frame = {.rows = rows, .columns = columns};
    np_screen_clear();
    put_title(view, &frame);
    np_top_put_heads(&frame, &layout);
    struct np_sheet body = {.top = frame.line, .rows = rows > 3 ? rows - 3 : 0, .columns = columns};
    put_body(view, &layout, &body);
    frame.line = rows > 3 ? rows - 1 : rows;
    put_keys(view, &frame);
    np_screen_show();
}
