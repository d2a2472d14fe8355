/* SPDX-License-Identifier: MIT */
/* json_read - a JSON text (RFC 8259) as a tree. Files may be broken or absurd: depth and size have limits. */
#ifndef NP_CLI_JSON_READ_H
#define NP_CLI_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum np_value_kind {
    NP_VALUE_NULL,
    NP_VALUE_BOOL,
    NP_VALUE_NUMBER,
    NP_VALUE_STRING,
    NP_VALUE_ARRAY,
    NP_VALUE_OBJECT
};

struct np_value {
    enum np_value_kind kind;
    char *key;              /* in an object, else NULL */
    char *string;           /* UTF-8; of a string, else NULL */
    double number;          /* of a number; 0 or 1 for a bool */
    struct np_value *first; /* of an array or object: its members, in order */
    struct np_value *next;  /* the next one of the same array or object */
};

/** np_value_read() - parse a text that is one value.
 * Return: the tree, or NULL with *ret_reason (constant) and *ret_line (1-based) set. */
struct np_value *np_value_read(const char *text, size_t length, const char **ret_reason, unsigned *ret_line);
/** np_value_free() - NULL is fine. */
void np_value_free(struct np_value *value);

/** np_value_member() - a member of an object, or NULL, also for a @value that is NULL or no object. */
const struct np_value *np_value_member(const struct np_value *value, const char *key);
/** np_value_text(), np_value_count() - a member's string, or ""; a member's number as an integer, or 0 (also for one
 * that is negative or above 2^63). */
const char *np_value_text(const struct np_value *value, const char *key);
uint64_t np_value_count(const struct np_value *value, const char *key);

#endif
