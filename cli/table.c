/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "cli.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH   10
#define NOTE_INDENT 4

/* ---- Styles ---- */

static bool has_colours(FILE *stream)
{
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR"); /* https://no-color.org */
    return terminal && *terminal && strcmp(terminal, "dumb") != 0 && !(refused && *refused) &&
           isatty(fileno(stream));
}

const char *np_style_on(FILE *stream, enum np_style style)
{
    static const char *const codes[] = {
        [NP_STYLE_PLAIN] = "",        [NP_STYLE_BOLD] = "\033[1m",  [NP_STYLE_DIM] = "\033[2m",
        [NP_STYLE_GOOD] = "\033[32m", [NP_STYLE_WARN] = "\033[33m", [NP_STYLE_BAD] = "\033[31m",
    };
    return has_colours(stream) ? codes[style] : "";
}

const char *np_style_off(FILE *stream, enum np_style style)
{
    return style != NP_STYLE_PLAIN && has_colours(stream) ? "\033[0m" : "";
}

void np_heading(FILE *stream, const char *format, ...)
{
    static bool follows;
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stream, "%s%s", follows ? "\n" : "", np_style_on(stream, NP_STYLE_BOLD));
    (void)vfprintf(stream, format, arguments);
    (void)fprintf(stream, "%s\n", np_style_off(stream, NP_STYLE_BOLD));
    va_end(arguments);
    follows = true;
}

/* ---- Numbers ---- */

const char *np_text_size(uint64_t bytes, char *text)
{
    static const char units[] = "KMGTPE";
    if (bytes < 1024) {
        (void)snprintf(text, NP_TEXT_SIZE, bytes ? "%u B" : "%u", (unsigned)bytes);
        return text;
    }
    unsigned unit = 0;
    double value = (double)bytes / 1024;
    for (; value >= 1023.5; unit++)
        value /= 1024;
    (void)snprintf(text, NP_TEXT_SIZE, value < 99.95 ? "%.1f %ciB" : "%.0f %ciB", value, units[unit]);
    return text;
}

const char *np_text_share(uint64_t part, uint64_t whole, char *text)
{
    double share = whole ? 100.0 * (double)part / (double)whole : 0;
    if (part > 0 && share < 1)
        (void)snprintf(text, NP_TEXT_SIZE, "<1 %%");
    else if (part < whole && share > 99)
        (void)snprintf(text, NP_TEXT_SIZE, ">99 %%");
    else
        (void)snprintf(text, NP_TEXT_SIZE, "%.0f %%", share);
    return text;
}

void np_text_mark_cut(char *text, size_t size, size_t length)
{
    static const char mark[] = "...";
    if (length < size || size < sizeof mark)
        return;
    size_t end = size - sizeof mark;
    while (end > 0 && text[end - 1] != ',')
        end--;
    memcpy(text + end, mark, sizeof mark);
}

const char *np_text_list(char *text, size_t size, int length)
{
    if (length <= 0)
        (void)snprintf(text, size, "-");
    else
        np_text_mark_cut(text, size, (size_t)length);
    return text;
}

const char *np_text_bar(uint64_t part, uint64_t whole, char *text)
{
    const bool blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    unsigned filled = whole ? (unsigned)((double)part * BAR_WIDTH / (double)whole + 0.5) : 0;
    filled = part > 0 && filled == 0 ? 1 : filled > BAR_WIDTH ? BAR_WIDTH : filled;
    *text = '\0';
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        (void)strcat(text, blocks ? (i < filled ? "\u2588" : "\u2591") : (i < filled ? "#" : "."));
    return text;
}

/* ---- Tables ---- */

void np_table_column(struct np_table *table, const char *head, bool right)
{
    if (table->column_count == NP_TABLE_COLUMNS)
        return;
    table->columns[table->column_count].head = head;
    table->columns[table->column_count++].right = right;
}

void np_table_add(struct np_table *table, enum np_style style, const char *format, ...)
{
    enum { STEP = 64 };
    va_list arguments;
    if (table->cell_count % STEP == 0) {
        void *larger = realloc(table->cells, (table->cell_count + STEP) * sizeof *table->cells);
        if (!larger)
            np_cli_out_of_memory();
        table->cells = larger;
    }
    struct np_cell *cell = &table->cells[table->cell_count++];
    va_start(arguments, format);
    cell->style = style;
    cell->note = NULL;
    if (vasprintf(&cell->text, format, arguments) < 0)
        np_cli_out_of_memory();
    va_end(arguments);
}

void np_table_note(struct np_table *table, const char *format, ...)
{
    struct np_cell *cell = table->cell_count > 0 ? &table->cells[table->cell_count - 1] : NULL;
    va_list arguments;
    if (!cell)
        return;
    free(cell->note);
    va_start(arguments, format);
    if (vasprintf(&cell->note, format, arguments) < 0)
        np_cli_out_of_memory();
    va_end(arguments);
}

/* Characters of UTF-8 text: continuation bytes take no place. */
static unsigned width_of(const char *text)
{
    unsigned width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* One row, without blanks at its end. */
static void print_row(const struct np_table *table, FILE *stream, unsigned indent, const unsigned *widths,
                      const struct np_cell *cells)
{
    unsigned last = table->column_count - 1;
    while (last > 0 && !*cells[last].text)
        last--;
    (void)fprintf(stream, "%*s", (int)indent, "");
    for (unsigned i = 0; i <= last; i++) {
        const int gap = (int)(widths[i] - width_of(cells[i].text));
        const bool right = table->columns[i].right;
        (void)fprintf(stream, "%*s%s%s%s%*s%s", right ? gap : 0, "", np_style_on(stream, cells[i].style),
                      cells[i].text, np_style_off(stream, cells[i].style), right || i == last ? 0 : gap, "",
                      i == last ? "\n" : "  ");
    }
    for (unsigned i = 0; i < table->column_count; i++)
        if (cells[i].note)
            (void)fprintf(stream, "%*s%s\n", (int)indent + NOTE_INDENT, "", cells[i].note);
}

static void print_heads(const struct np_table *table, FILE *stream, unsigned indent, const unsigned *widths)
{
    struct np_cell heads[NP_TABLE_COLUMNS];
    bool has_heads = false;
    for (unsigned i = 0; i < table->column_count; i++) {
        heads[i] = (struct np_cell){.text = strdup(table->columns[i].head), .style = NP_STYLE_BOLD};
        if (!heads[i].text)
            np_cli_out_of_memory();
        has_heads = has_heads || *heads[i].text;
    }
    if (has_heads)
        print_row(table, stream, indent, widths, heads);
    for (unsigned i = 0; i < table->column_count; i++)
        free(heads[i].text);
}

void np_table_print(struct np_table *table, FILE *stream, unsigned indent)
{
    unsigned widths[NP_TABLE_COLUMNS];
    if (table->column_count == 0)
        return;
    for (unsigned i = 0; i < table->column_count; i++)
        widths[i] = width_of(table->columns[i].head);
    for (size_t i = 0; i < table->cell_count; i++) {
        const unsigned column = (unsigned)(i % table->column_count), width = width_of(table->cells[i].text);
        widths[column] = width > widths[column] ? width : widths[column];
    }
    if (table->cell_count > 0)
        print_heads(table, stream, indent, widths);
    for (size_t i = 0; i < table->cell_count; i += table->column_count)
        print_row(table, stream, indent, widths, &table->cells[i]);
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i].text);
        free(table->cells[i].note);
    }
    free(table->cells);
    *table = (struct np_table){.column_count = 0};
}
