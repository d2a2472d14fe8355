/* SPDX-License-Identifier: MIT */
#include "json_read.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

struct reader {
    const char *at, *end;
    const char *reason;
    unsigned line, depth;
};

static struct np_value *read_value(struct reader *reader);

static void *fail(struct reader *reader, const char *reason)
{
    if (!reader->reason)
        reader->reason = reason;
    return NULL;
}

static void skip_blanks(struct reader *reader)
{
    for (; reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at; reader->at++)
        reader->line += *reader->at == '\n';
}

static bool take(struct reader *reader, char wanted)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static struct np_value *new_value(enum np_value_kind kind)
{
    struct np_value *value = calloc(1, sizeof *value);
    if (!value)
        np_cli_out_of_memory();
    value->kind = kind;
    return value;
}

/* Appends a code point as UTF-8. A half of a surrogate pair becomes U+FFFD: names in reports are bytes, not UTF-16. */
static char *put_code_point(char *to, unsigned code)
{
    if (code >= 0xd800 && code <= 0xdfff)
        code = 0xfffd;
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

static bool read_hex(struct reader *reader, unsigned *ret_code)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = reader->at < reader->end && *reader->at ? strchr(digits, *reader->at) : NULL;
        if (!digit)
            return false;
        code = code * 16 + (unsigned)(digit - digits) % 16;
    }
    *ret_code = code;
    return true;
}

/* What stands behind a backslash. Return: where the text goes on, or NULL. */
static char *read_escape(struct reader *reader, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = reader->at < reader->end && *reader->at ? strchr(letters, *reader->at) : NULL;
    if (letter) {
        reader->at++;
        *to++ = meanings[letter - letters];
        return to;
    }
    unsigned code;
    if (reader->at == reader->end || *reader->at++ != 'u' || !read_hex(reader, &code))
        return NULL;
    return put_code_point(to, code ? code : 0xfffd); /* the tree's strings end with a NUL */
}

/* Behind the opening quote. A string never grows by being read: an escape of six bytes makes three at most. */
static char *read_string(struct reader *reader)
{
    const char *end = reader->at;
    while (end < reader->end && *end != '"')
        end += *end == '\\' && end + 1 < reader->end ? 2 : 1;
    char *text = malloc((size_t)(end - reader->at) + 4), *to = text;
    if (!text)
        np_cli_out_of_memory();
    while (to && reader->at < reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < 0x20) {
            to = NULL;
        } else if (*reader->at == '\\') {
            reader->at++;
            to = read_escape(reader, to);
        } else {
            *to++ = *reader->at++;
        }
    }
    if (!to || reader->at >= reader->end) {
        free(text);
        return fail(reader, "a string without its end, or with a byte that it may not have");
    }
    reader->at++;
    *to = '\0';
    return text;
}

static struct np_value *read_number(struct reader *reader)
{
    char digits[64], *end;
    size_t length = 0;
    while (reader->at + length < reader->end && reader->at[length] &&
           strchr("+-.0123456789Ee", reader->at[length]) && length < sizeof digits - 1)
        length++;
    memcpy(digits, reader->at, length);
    digits[length] = '\0';
    const double number = strtod(digits, &end); /* LC_NUMERIC is C's */
    if (length == 0 || *end || *digits == '+' || *digits == '.')
        return fail(reader, "no value where one must be");
    reader->at += length;
    struct np_value *value = new_value(NP_VALUE_NUMBER);
    value->number = number;
    return value;
}

static struct np_value *read_word(struct reader *reader)
{
    static const struct {
        const char *word;
        enum np_value_kind kind;
        double number;
    } words[] = {{"null", NP_VALUE_NULL, 0}, {"true", NP_VALUE_BOOL, 1}, {"false", NP_VALUE_BOOL, 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t length = strlen(words[i].word);
        if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, words[i].word, length) != 0)
            continue;
        reader->at += length;
        struct np_value *value = new_value(words[i].kind);
        value->number = words[i].number;
        return value;
    }
    return read_number(reader);
}

static struct np_value *read_member(struct reader *reader, bool keyed)
{
    if (!keyed)
        return read_value(reader);
    char *key = take(reader, '"') ? read_string(reader) : fail(reader, "an object's key must be a string");
    if (key && !take(reader, ':'))
        (void)fail(reader, "a colon is missing");
    struct np_value *value = reader->reason ? NULL : read_value(reader);
    if (value)
        value->key = key;
    else
        free(key);
    return value;
}

static struct np_value *read_members(struct reader *reader, enum np_value_kind kind, char close)
{
    struct np_value *parent = new_value(kind), **last = &parent->first;
    if (take(reader, close))
        return parent;
    do {
        struct np_value *member = read_member(reader, kind == NP_VALUE_OBJECT);
        if (!member)
            break;
        *last = member;
        last = &member->next;
    } while (take(reader, ','));
    if (!reader->reason && take(reader, close))
        return parent;
    np_value_free(parent);
    return fail(reader, "a comma or a closing bracket is missing");
}

static struct np_value *read_value(struct reader *reader)
{
    struct np_value *value;
    if (++reader->depth > MAX_DEPTH)
        return fail(reader, "nested too deeply");
    if (take(reader, '{')) {
        value = read_members(reader, NP_VALUE_OBJECT, '}');
    } else if (take(reader, '[')) {
        value = read_members(reader, NP_VALUE_ARRAY, ']');
    } else if (take(reader, '"')) {
        char *text = read_string(reader);
        value = text ? new_value(NP_VALUE_STRING) : NULL;
        if (value)
            value->string = text;
    } else {
        value = read_word(reader);
    }
    reader->depth--;
    return value;
}

struct np_value *np_value_read(const char *text, size_t length, const char **ret_reason, unsigned *ret_line)
{
    struct reader reader = {.at = text, .end = text + length, .line = 1};
    struct np_value *value = read_value(&reader);
    skip_blanks(&reader);
    if (value && reader.at == reader.end)
        return value;
    np_value_free(value);
    *ret_reason = reader.reason ? reader.reason : "something follows the value";
    *ret_line = reader.line;
    return NULL;
}

void np_value_free(struct np_value *value)
{
    while (value) {
        struct np_value *next = value->next;
        np_value_free(value->first); /* no deeper than reading allowed */
        free(value->key);
        free(value->string);
        free(value);
        value = next;
    }
}

const struct np_value *np_value_member(const struct np_value *value, const char *key)
{
    if (!value || value->kind != NP_VALUE_OBJECT)
        return NULL;
    for (const struct np_value *member = value->first; member; member = member->next)
        if (strcmp(member->key, key) == 0)
            return member;
    return NULL;
}

const char *np_value_text(const struct np_value *value, const char *key)
{
    const struct np_value *member = np_value_member(value, key);
    return member && member->string ? member->string : "";
}

uint64_t np_value_count(const struct np_value *value, const char *key)
{
    const struct np_value *member = np_value_member(value, key);
    return member && member->number >= 0 && member->number < 0x1p63 ? (uint64_t)member->number : 0;
}
