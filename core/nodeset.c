/* SPDX-License-Identifier: MIT */
#include "bitset.h"
#include "numaperf.h"

#define WORDS (NP_MAX_NODES / 64)

void np_nodeset_zero(np_nodeset *set)
{
    *set = (np_nodeset){0};
}

int np_nodeset_add(np_nodeset *set, int id)
{
    return np_bitset_add(set->bits, WORDS, id);
}

void np_nodeset_remove(np_nodeset *set, int id)
{
    np_bitset_remove(set->bits, WORDS, id);
}

bool np_nodeset_has(const np_nodeset *set, int id)
{
    return np_bitset_has(set->bits, WORDS, id);
}

unsigned np_nodeset_count(const np_nodeset *set)
{
    return np_bitset_count(set->bits, WORDS);
}

int np_nodeset_next(const np_nodeset *set, int after)
{
    return np_bitset_next(set->bits, WORDS, after);
}

bool np_nodeset_equal(const np_nodeset *a, const np_nodeset *b)
{
    return np_bitset_equal(a->bits, b->bits, WORDS);
}

void np_nodeset_and(np_nodeset *set, const np_nodeset *other)
{
    np_bitset_and(set->bits, other->bits, WORDS);
}

void np_nodeset_or(np_nodeset *set, const np_nodeset *other)
{
    np_bitset_or(set->bits, other->bits, WORDS);
}

void np_nodeset_andnot(np_nodeset *set, const np_nodeset *other)
{
    np_bitset_andnot(set->bits, other->bits, WORDS);
}

int np_nodeset_parse(const char *text, np_nodeset *ret_set)
{
    int result = np_bitset_check(text, WORDS);
    if (result == 0)
        np_bitset_read(text, ret_set->bits, WORDS);
    return result;
}

int np_nodeset_format(const np_nodeset *set, char *buffer, size_t size)
{
    return np_bitset_format(set->bits, WORDS, buffer, size);
}
