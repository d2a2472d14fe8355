/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* What has been written, and how long the whole text is. */
struct sink {
    char *buffer;
    size_t size;
    size_t length;
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->buffer[sink->length] = c;
    sink->length++;
}

static void put_string(struct sink *sink, const char *text)
{
    for (text = text != NULL ? text : "(null)"; *text != '\0'; text++)
        put(sink, *text);
}

static void put_number(struct sink *sink, uint64_t number, unsigned base)
{
    char digits[20]; /* 2^64 has 20 decimal digits */
    unsigned count = 0;
    do
        digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0)
        put(sink, digits[--count]);
}

/* A va_list is an array type on some machines; inside a structure it can be handed on by pointer
 * everywhere. */
struct arguments {
    va_list list;
};

/* The integer that stands next, by the number of `l` before the conversion ('z' counts as one: size_t is a
 * long). */
static uint64_t next_integer(struct arguments *arguments, unsigned longs, bool is_signed)
{
    if (is_signed)
        return (uint64_t)(longs == 0   ? va_arg(arguments->list, int)
                          : longs == 1 ? va_arg(arguments->list, long)
                                       : va_arg(arguments->list, long long));
    return longs == 0   ? va_arg(arguments->list, unsigned)
           : longs == 1 ? va_arg(arguments->list, unsigned long)
                        : va_arg(arguments->list, unsigned long long);
}

static void put_signed(struct sink *sink, int64_t number)
{
    if (number < 0)
        put(sink, '-');
    put_number(sink, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

/* Writes one conversion, @format behind its '%'. Returns the rest, or NULL for one that is not known: the
 * arguments behind it cannot be found. */
static const char *convert(struct sink *sink, const char *format, struct arguments *arguments)
{
    unsigned longs = 0;
    for (; *format == 'l' || *format == 'z'; format++)
        longs++;
    switch (*format) {
    case 'd':
    case 'i':
        put_signed(sink, (int64_t)next_integer(arguments, longs, true));
        break;
    case 'u':
        put_number(sink, next_integer(arguments, longs, false), 10);
        break;
    case 'x':
        put_number(sink, next_integer(arguments, longs, false), 16);
        break;
    case 'p':
        put_string(sink, "0x");
        put_number(sink, (uintptr_t)va_arg(arguments->list, void *), 16);
        break;
    case 's':
        put_string(sink, va_arg(arguments->list, const char *));
        break;
    case 'c':
        put(sink, (char)va_arg(arguments->list, int));
        break;
    case '%':
        put(sink, '%');
        break;
    default:
        return NULL;
    }
    return format + 1;
}

int np_format_list(char *buffer, size_t size, const char *format, va_list list)
{
    struct sink sink = {.buffer = buffer, .size = size};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (format != NULL && *format != '\0') {
        if (*format != '%')
            put(&sink, *format++);
        else
            format = convert(&sink, format + 1, &arguments);
    }
    va_end(arguments.list);
    if (size > 0)
        buffer[sink.length < size ? sink.length : size - 1] = '\0';
    return sink.length > INT_MAX ? INT_MAX : (int)sink.length;
}

int np_format(char *buffer, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = np_format_list(buffer, size, format, list);
    va_end(list);
    return length;
}
