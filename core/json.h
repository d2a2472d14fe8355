/* SPDX-License-Identifier: MIT */
/* json - write JSON to a descriptor through a buffer of the caller's. Commas are the writer's business.
 * Context: hook-safe (no allocation, no stdio). */
#ifndef NP_CORE_JSON_H
#define NP_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Start with all zeroes but buffer, size and descriptor. */
struct np_json {
    char *buffer;
    size_t size, used;
    int descriptor;
    int error;     /* the first -errno of writing; nothing is written after it */
    bool separate; /* a value was written on this level: a comma comes before the next */
};

/** np_json_open(), np_json_close() - begin ('{' or '[') and end ('}' or ']') an object or array; @key is
 * NULL inside an array and for the outermost one. */
void np_json_open(struct np_json *json, const char *key, char bracket);
void np_json_close(struct np_json *json, char bracket);
/** np_json_number(), np_json_string(), np_json_bool() - one value; bytes that are no UTF-8 are written as U+FFFD. */
void np_json_number(struct np_json *json, const char *key, uint64_t value);
void np_json_string(struct np_json *json, const char *key, const char *value);
void np_json_bool(struct np_json *json, const char *key, bool value);
/** np_json_null() - a value that is not known. */
void np_json_null(struct np_json *json, const char *key);
/** np_json_break() - end the line here, for whoever reads the file without tools. */
void np_json_break(struct np_json *json);
/** np_json_flush() - write out what is in the buffer. Return: 0 or the first -errno. */
int np_json_flush(struct np_json *json);

#endif
