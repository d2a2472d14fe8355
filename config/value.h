/* SPDX-License-Identifier: MIT */
/* value - the values of keys: words, size ranges, node lists. Pure functions of the text; on an error they leave the
 * field alone and say what is wrong and what is allowed. Context: hook-safe (no locale, no allocation, errno kept). */
#ifndef NP_CONFIG_VALUE_H
#define NP_CONFIG_VALUE_H

#include "../core/policy.h"
#include "../core/thread_rule.h"

#define NP_VALUE_REASON_SIZE 256
#define NP_VALUE_QUOTE_SIZE  64

/** Why a value was refused, as one English sentence. */
struct np_value_reason {
    char text[NP_VALUE_REASON_SIZE];
};

/** A text as it may be printed: cut, and bytes that are not printable ASCII escaped. */
struct np_value_quote {
    char text[NP_VALUE_QUOTE_SIZE];
};

/** A key's parser: read @value into @field, whose type each parser names.
 * Return: 0; -EINVAL with *ret_reason set. */
typedef int np_value_parser(const char *value, void *field, struct np_value_reason *ret_reason);

/** np_value_is_blank() - what inih drops at both ends of keys and values: isspace(3) of the C locale. */
bool np_value_is_blank(char c);
/** np_value_escape() - escape the first @length bytes of @text for a message; "..." stands for what did not fit. */
struct np_value_quote np_value_escape(const char *text, size_t length);
/** np_value_quote() - the same in double quotes, to the text's end. */
struct np_value_quote np_value_quote(const char *text);
/** np_value_fail() - format a reason. Return: -EINVAL. */
int np_value_fail(struct np_value_reason *ret_reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** np_value_number() - read the decimal digits at *text and step over them; more than fits becomes SIZE_MAX.
 * Return: 0; -EINVAL when there is no digit; -ERANGE when it does not fit. */
int np_value_number(const char **text, size_t *ret_number);

/** Bytes, `end` exclusive; SIZE_MAX for no end. */
struct np_size_range {
    size_t start, end;
};

/** np_value_size() - one size: decimal bytes, with an optional K, M, G or T. The field is a size_t. */
int np_value_size(const char *value, void *field, struct np_value_reason *ret_reason);
int np_value_size_range(const char *value, void *field,
                        struct np_value_reason *ret_reason); /* struct np_size_range */
int np_value_mode(const char *value, void *field, struct np_value_reason *ret_reason); /* enum np_mode */
int np_value_huge(const char *value, void *field, struct np_value_reason *ret_reason); /* enum np_huge */
int np_value_prefault(const char *value, void *field,
                      struct np_value_reason *ret_reason); /* enum np_prefault */
int np_value_hardness(const char *value, void *field,
                      struct np_value_reason *ret_reason); /* enum np_hardness */
int np_value_mapping_kind(const char *value, void *field,
                          struct np_value_reason *ret_reason); /* enum np_mapping_kind */
int np_value_nodes(const char *value, void *field,
                   struct np_value_reason *ret_reason); /* struct np_node_list */
int np_value_pin(const char *value, void *field,
                 struct np_value_reason *ret_reason); /* struct np_pin_choice */
int np_value_index(const char *value, void *field,
                   struct np_value_reason *ret_reason); /* struct np_index_list */
int np_value_glob(const char *value, void *field,
                  struct np_value_reason *ret_reason); /* char[NP_GLOB_SIZE] */
int np_value_yes_no(const char *value, void *field, struct np_value_reason *ret_reason); /* bool */
int np_value_version(const char *value, void *field,
                     struct np_value_reason *ret_reason); /* none: only 1 is read */
int np_value_children(const char *value, void *field, struct np_value_reason *ret_reason); /* bool: scrub */

#endif
