/* SPDX-License-Identifier: MIT */
/* sheet - lines written one after the other, of which the screen shows a part. */
#ifndef NP_CLI_SHEET_H
#define NP_CLI_SHEET_H

#include "table.h"

/** A part of a line. Text leaves its last column empty. Zero wide: it is not shown. */
struct np_span {
    unsigned column, width;
};

struct np_sheet {
    unsigned top, rows; /* of the screen: where lines are shown, and how many */
    unsigned columns;
    unsigned scroll; /* lines above what is shown */
    unsigned line;   /* the one that is written now */
    bool selected;   /* in reverse */
};

/** np_sheet_write(), np_sheet_number() - text into a span of the line, to the left or to the right of it. */
void np_sheet_write(const struct np_sheet *sheet, struct np_span span, enum np_style style,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
void np_sheet_number(const struct np_sheet *sheet, struct np_span span, enum np_style style,
                     const char *text);
/** np_sheet_blank() - the whole line, which shows when it is selected. */
void np_sheet_blank(const struct np_sheet *sheet);

#endif
