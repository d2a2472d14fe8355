/* SPDX-License-Identifier: MIT */
#include "value.h"

#include "../core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

bool np_value_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct np_value_quote np_value_escape(const char *text, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    struct np_value_quote quote;
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool plain = byte >= 0x20 && byte < 0x7f;
        if (used + (plain ? 1 : 4) + sizeof "..." > sizeof quote.text) {
            memcpy(quote.text + used, "...", 3);
            used += 3;
            break;
        }
        if (plain) {
            quote.text[used++] = (char)byte;
        } else {
            quote.text[used++] = '\\';
            quote.text[used++] = 'x';
            quote.text[used++] = hex[byte >> 4];
            quote.text[used++] = hex[byte & 15];
        }
    }
    quote.text[used] = '\0';
    return quote;
}

struct np_value_quote np_value_quote(const char *text)
{
    struct np_value_quote inner = np_value_escape(text, strlen(text));
    size_t length = strlen(inner.text);
    if (length + 3 > sizeof inner.text) { /* make room for the quotation marks */
        length = sizeof inner.text - 3;
        memcpy(inner.text + length - 3, "...", 3);
    }
    struct np_value_quote quote;
    quote.text[0] = '"';
    memcpy(quote.text + 1, inner.text, length);
    quote.text[length + 1] = '"';
    quote.text[length + 2] = '\0';
    return quote;
}

int np_value_fail(struct np_value_reason *ret_reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)np_format_list(ret_reason->text, sizeof ret_reason->text, format,
                         arguments); /* a cut reason is one too */
    va_end(arguments);
    return -EINVAL;
}

int np_value_number(const char **text, size_t *ret_number)
{
    const char *c = *text;
    if (*c < '0' || *c > '9')
        return -EINVAL;
    size_t number = 0;
    bool fits = true;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(number, (size_t)10, &number) ||
            __builtin_add_overflow(number, (size_t)(*c - '0'), &number))
            fits = false;
    *text = c;
    *ret_number = fits ? number : SIZE_MAX;
    return fits ? 0 : -ERANGE;
}

static const char *skip_blanks(const char *c)
{
    while (np_value_is_blank(*c))
        c++;
    return c;
}

/* A number with an optional K, M, G or T. Return: 0, -EINVAL for another form, -ERANGE. */
static int read_size(const char **text, size_t *ret_size)
{
    static const struct {
        char letters[2];
        unsigned shift;
    } units[] = {{{'K', 'k'}, 10}, {{'M', 'm'}, 20}, {{'G', 'g'}, 30}, {{'T', 't'}, 40}};
    size_t size;
    int error = np_value_number(text, &size);
    if (error == -EINVAL)
        return error;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (**text != units[i].letters[0] && **text != units[i].letters[1])
            continue;
        ++*text;
        if (__builtin_mul_overflow(size, (size_t)1 << units[i].shift, &size))
            error = -ERANGE;
        break;
    }
    *ret_size = size;
    return error;
}

int np_value_size(const char *value, void *field, struct np_value_reason *ret_reason)
{
    size_t size;
    const char *c = value;
    int error = read_size(&c, &size);
    if (error == -EINVAL || *c != '\0')
        return np_value_fail(ret_reason,
                             "%s is no size; write bytes, with an optional K, M, G or T, such as 64K",
                             np_value_quote(value).text);
    if (error == -ERANGE)
        return np_value_fail(ret_reason, "%s is too large: sizes end at %zu bytes",
                             np_value_quote(value).text, SIZE_MAX);
    *(size_t *)field = size;
    return 0;
}

static int refuse_range(const char *value, struct np_value_reason *ret_reason)
{
    return np_value_fail(ret_reason,
                         "%s is no size range; write MIN-MAX or MIN- in bytes, with K, M, G or T after a "
                         "number, such as 32K-1M",
                         np_value_quote(value).text);
}

int np_value_size_range(const char *value, void *field, struct np_value_reason *ret_reason)
{
    struct np_size_range range = {.end = SIZE_MAX};
    const char *c = value;
    int start_error = read_size(&c, &range.start);
    c = skip_blanks(c);
    if (start_error != -EINVAL && *c == '\0')
        return np_value_fail(ret_reason, "%s is a single number; write MIN-MAX, or MIN- for no upper end",
                             np_value_quote(value).text);
    if (start_error == -EINVAL || *c != '-')
        return refuse_range(value, ret_reason);
    c = skip_blanks(c + 1);
    int end_error = *c == '\0' ? 0 : read_size(&c, &range.end);
    if (end_error == -EINVAL || *c != '\0')
        return refuse_range(value, ret_reason);
    if (start_error != 0 || end_error != 0)
        return np_value_fail(ret_reason, "%s is too large: sizes end at %zu bytes",
                             np_value_quote(value).text, SIZE_MAX);
    if (range.start >= range.end)
        return np_value_fail(ret_reason, "%s is empty: MIN must be less than MAX, which is exclusive",
                             np_value_quote(value).text);
    *(struct np_size_range *)field = range;
    return 0;
}

/* The index of a word in a list; the reason names them all. */
static int find_word(const char *value, const char *const *words, unsigned count, unsigned *ret_index,
                     struct np_value_reason *ret_reason)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    char list[128] = "";
    size_t used = 0;
    for (unsigned i = 0; i < count && used < sizeof list; i++) {
        const char *separator = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        used += (size_t)np_format(list + used, sizeof list - used, "%s%s", separator, words[i]);
    }
    return np_value_fail(ret_reason, "%s is not known; use %s", np_value_quote(value).text, list);
}

int np_value_mode(const char *value, void *field, struct np_value_reason *ret_reason)
{
    const char *words[NP_WEIGHTED_INTERLEAVE + 1];
    for (unsigned mode = NP_SYSTEM; mode <= NP_WEIGHTED_INTERLEAVE; mode++)
        words[mode] = np_mode_name((enum np_mode)mode);
    unsigned index = 0;
    int error = find_word(value, words, NP_WEIGHTED_INTERLEAVE + 1, &index, ret_reason);
    if (error == 0)
        *(enum np_mode *)field = (enum np_mode)index;
    return error;
}

int np_value_huge(const char *value, void *field, struct np_value_reason *ret_reason)
{
    static const char *const words[] = {
        [NP_HUGE_DEFAULT] = "default", [NP_HUGE_NEVER] = "never", [NP_HUGE_THP] = "thp",
        [NP_HUGE_2M] = "2M",           [NP_HUGE_1G] = "1G",
    };
    unsigned index = 0;
    int error = find_word(value, words, sizeof words / sizeof *words, &index, ret_reason);
    if (error == 0)
        *(enum np_huge *)field = (enum np_huge)index;
    return error;
}

int np_value_prefault(const char *value, void *field, struct np_value_reason *ret_reason)
{
    static const char *const words[] = {
        [NP_PREFAULT_NONE] = "no",
        [NP_PREFAULT_TOUCH] = "touch",
        [NP_PREFAULT_PARALLEL] = "parallel",
    };
    unsigned index = 0;
    int error = find_word(value, words, sizeof words / sizeof *words, &index, ret_reason);
    if (error == 0)
        *(enum np_prefault *)field = (enum np_prefault)index;
    return error;
}

int np_value_mapping_kind(const char *value, void *field, struct np_value_reason *ret_reason)
{
    static const char *const words[] = {
        [NP_MAPPING_ANY] = "any",   [NP_MAPPING_PRIVATE] = "private", [NP_MAPPING_SHARED] = "shared",
        [NP_MAPPING_FILE] = "file", [NP_MAPPING_STACK] = "stack",
    };
    unsigned index = 0;
    int error = find_word(value, words, sizeof words / sizeof *words, &index, ret_reason);
    if (error == 0)
        *(enum np_mapping_kind *)field = (enum np_mapping_kind)index;
    return error;
}

int np_value_hardness(const char *value, void *field, struct np_value_reason *ret_reason)
{
    static const char *const words[] = {[NP_SOFT] = "soft", [NP_HARD] = "hard"};
    unsigned index = 0;
    int error = find_word(value, words, sizeof words / sizeof *words, &index, ret_reason);
    if (error == 0)
        *(enum np_hardness *)field = (enum np_hardness)index;
    return error;
}

int np_value_version(const char *value, void *field, struct np_value_reason *ret_reason)
{
    (void)field;
    if (strcmp(value, "1") == 0)
        return 0;
    return np_value_fail(ret_reason, "%s is not known; the only version is 1", np_value_quote(value).text);
}

int np_value_children(const char *value, void *field, struct np_value_reason *ret_reason)
{
    static const char *const words[] = {"inherit", "scrub"};
    unsigned index = 0;
    int error = find_word(value, words, sizeof words / sizeof *words, &index, ret_reason);
    if (error == 0)
        *(bool *)field = index == 1;
    return error;
}
