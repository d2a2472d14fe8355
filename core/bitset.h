/* SPDX-License-Identifier: MIT */
/* bitset - what node sets and CPU sets have in common: an array of 64-bit words and its list format.
 * Context: hook-safe. */
#ifndef NP_CORE_BITSET_H
#define NP_CORE_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int np_bitset_add(uint64_t *bits, unsigned words, int id);
void np_bitset_remove(uint64_t *bits, unsigned words, int id);
bool np_bitset_has(const uint64_t *bits, unsigned words, int id);
unsigned np_bitset_count(const uint64_t *bits, unsigned words);
int np_bitset_next(const uint64_t *bits, unsigned words, int after);
bool np_bitset_equal(const uint64_t *a, const uint64_t *b, unsigned words);
void np_bitset_and(uint64_t *bits, const uint64_t *other, unsigned words);
void np_bitset_or(uint64_t *bits, const uint64_t *other, unsigned words);
void np_bitset_andnot(uint64_t *bits, const uint64_t *other, unsigned words);

/** np_bitset_check() - is @text a list of ids below @words * 64? Return: 0; -EINVAL; -ERANGE, as
 * np_nodeset_parse(). */
int np_bitset_check(const char *text, unsigned words);
/** np_bitset_read() - fill @bits from a list that np_bitset_check() has accepted. */
void np_bitset_read(const char *text, uint64_t *bits, unsigned words);
int np_bitset_format(const uint64_t *bits, unsigned words, char *buffer, size_t size);

#endif
