/* SPDX-License-Identifier: MIT */
/* table - aligned columns for people to read: numbers to the right, units that fit, colour on terminals only. */
#ifndef NP_CLI_TABLE_H
#define NP_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum np_style { NP_STYLE_PLAIN = 0, NP_STYLE_BOLD, NP_STYLE_DIM, NP_STYLE_GOOD, NP_STYLE_WARN, NP_STYLE_BAD };

#define NP_TABLE_COLUMNS 24
#define NP_TEXT_SIZE     40 /* room for what the functions below write */

struct np_cell {
    char *text;
    char *note; /* a line below the row, or NULL */
    enum np_style style;
};

/** Start with all zeroes. Cells fill rows from left to right. */
struct np_table {
    struct {
        const char *head;
        bool right;
    } columns[NP_TABLE_COLUMNS];
    unsigned column_count;
    struct np_cell *cells;
    size_t cell_count;
};

/** np_table_column() - add a column; @head (constant) is "" for none. @right: it holds numbers. */
void np_table_column(struct np_table *table, const char *head, bool right);
/** np_table_add() - the next cell. */
void np_table_add(struct np_table *table, enum np_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** np_table_note() - a line of its own below the row of the last cell, for what is too long for a column. */
void np_table_note(struct np_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** np_table_print() - write the table, each line indented by @indent blanks, and empty it, columns too. */
void np_table_print(struct np_table *table, FILE *stream, unsigned indent);

/** np_style_on(), np_style_off() - what switches a style on and off on this stream: "" unless it is a terminal that
 * knows colours (TERM is set and not dumb, NO_COLOR is not set). */
const char *np_style_on(FILE *stream, enum np_style style);
const char *np_style_off(FILE *stream, enum np_style style);
/** np_heading() - a line in bold, with a blank line before it unless it is the stream's first. */
void np_heading(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** np_text_size() - bytes with a unit: "0", "512 B", "4.0 KiB", "448 MiB", "1.9 GiB". @text has NP_TEXT_SIZE bytes and
 * is returned. */
const char *np_text_size(uint64_t bytes, char *text);
/** np_text_share() - "37 %"; a share that is not 0 or 1 is never rounded to 0 % or 100 %: "<1 %", ">99 %". */
const char *np_text_share(uint64_t part, uint64_t whole, char *text);
/** np_text_mark_cut() - end a list that its buffer of @size bytes cut with "...", behind the last whole item that leaves
 * room for it. @length: what the whole list would have taken; nothing happens when that fits. */
void np_text_mark_cut(char *text, size_t size, size_t length);
/** np_text_list() - the same for a list that np_nodeset_format() or np_cpuset_format() wrote and answered @length for; "-" when
 * there is nothing in it. Return: @text. */
const char *np_text_list(char *text, size_t size, int length);
/** np_text_bar() - ten characters, filled by the share; of block characters where the locale's are UTF-8. */
const char *np_text_bar(uint64_t part, uint64_t whole, char *text);

#endif
