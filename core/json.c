/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "kernel.h"
#include "log.h"

#include <string.h>

int np_json_flush(struct np_json *json)
{
    size_t done = 0;
    while (done < json->used && json->error == 0) {
        ssize_t written = np_kernel_write(json->descriptor, json->buffer + done, json->used - done);
        if (written < 0)
            json->error = (int)written;
        else
            done += (size_t)written;
    }
    json->used = 0;
    return json->error;
}

static void put(struct np_json *json, const char *text, size_t length)
{
    while (length > 0) {
        size_t room = json->size - json->used;
        size_t part = length < room ? length : room;
        memcpy(json->buffer + json->used, text, part);
        json->used += part;
        text += part;
        length -= part;
        if (json->used == json->size)
            (void)np_json_flush(json); /* the error is kept for the last flush */
    }
}

/* The length of the UTF-8 sequence at @text (NUL-terminated), or 0 when it is none: RFC 3629, table in
 * section 4. */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high; /* lead bytes, and the range of the second byte */
        unsigned char length;
    } forms[] = {
        {0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (forms[i].length > 1 && (text[1] < forms[i].low || text[1] > forms[i].high))
            return 0;
        for (size_t byte = 2; byte < forms[i].length; byte++) {
            if (text[byte] < 0x80 || text[byte] > 0xbf)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

static void put_string(struct np_json *json, const char *text)
{
    put(json, "\"", 1);
    while (*text) {
        unsigned char byte = (unsigned char)*text;
        size_t length = utf8_length((const unsigned char *)text);
        char escape[8];
        if (byte == '"' || byte == '\\') {
            put(json, "\\", 1);
            put(json, text, 1);
        } else if (byte < 0x20) {
            put(json, escape,
                (size_t)np_format(escape, sizeof escape, "\\u00%c%x", byte < 16 ? '0' : '1', byte % 16));
        } else if (length > 0) {
            put(json, text, length);
        } else {
            put(json, "\xef\xbf\xbd", 3);
        }
        text += length > 0 ? length : 1;
    }
    put(json, "\"", 1);
}

static void begin_value(struct np_json *json, const char *key)
{
    if (json->separate)
        put(json, ", ", 2);
    if (key) {
        put_string(json, key);
        put(json, ": ", 2);
    }
    json->separate = true;
}

void np_json_open(struct np_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    put(json, &bracket, 1);
    json->separate = false;
}

void np_json_close(struct np_json *json, char bracket)
{
    put(json, &bracket, 1);
    json->separate = true;
}

void np_json_number(struct np_json *json, const char *key, uint64_t value)
{
    char digits[24];
    begin_value(json, key);
    put(json, digits, (size_t)np_format(digits, sizeof digits, "%llu", (unsigned long long)value));
}

void np_json_string(struct np_json *json, const char *key, const char *value)
{
    begin_value(json, key);
    put_string(json, value);
}

void np_json_bool(struct np_json *json, const char *key, bool value)
{
    begin_value(json, key);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

void np_json_null(struct np_json *json, const char *key)
{
    begin_value(json, key);
    put(json, "null", 4);
}

void np_json_break(struct np_json *json)
{
    if (json->separate) {
        put(json, ",", 1);
        json->separate = false;
    }
    put(json, "\n", 1);
}
