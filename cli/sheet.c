/* SPDX-License-Identifier: MIT */
#include "sheet.h"

#include "screen.h"

#include <stdarg.h>

static void put(const struct np_sheet *sheet, struct np_span span, bool right, enum np_style style,
                const char *text)
{
    if (span.width < 2 || sheet->line < sheet->scroll || sheet->line - sheet->scroll >= sheet->rows)
        return;
    const struct np_place place = {
        .row = sheet->top + sheet->line - sheet->scroll,
        .column = span.column,
        .width = span.width - 1,
        .right = right,
        .selected = sheet->selected,
    };
    np_screen_put(place, style, text);
}

void np_sheet_write(const struct np_sheet *sheet, struct np_span span, enum np_style style,
                    const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(sheet, span, false, style, text);
}

void np_sheet_number(const struct np_sheet *sheet, struct np_span span, enum np_style style, const char *text)
{
    put(sheet, span, true, style, text);
}

void np_sheet_blank(const struct np_sheet *sheet)
{
    put(sheet, (struct np_span){.width = sheet->columns + 1}, true, NP_STYLE_PLAIN, "");
}
