/* SPDX-License-Identifier: MIT */
#include "bitset.h"
#include "numaperf.h"

#define WORDS (NP_MAX_CPUS / 64)

void np_cpuset_zero(np_cpuset *set)
{
    *set = (np_cpuset){0};
}

int np_cpuset_add(np_cpuset *set, int id)
{
    return np_bitset_add(set->bits, WORDS, id);
}

void np_cpuset_remove(np_cpuset *set, int id)
{
    np_bitset_remove(set->bits, WORDS, id);
}

bool np_cpuset_has(const np_cpuset *set, int id)
{
    return np_bitset_has(set->bits, WORDS, id);
}

unsigned np_cpuset_count(const np_cpuset *set)
{
    return np_bitset_count(set->bits, WORDS);
}

int np_cpuset_next(const np_cpuset *set, int after)
{
    return np_bitset_next(set->bits, WORDS, after);
}

bool np_cpuset_equal(const np_cpuset *a, const np_cpuset *b)
{
    return np_bitset_equal(a->bits, b->bits, WORDS);
}

void np_cpuset_and(np_cpuset *set, const np_cpuset *other)
{
    np_bitset_and(set->bits, other->bits, WORDS);
}

void np_cpuset_or(np_cpuset *set, const np_cpuset *other)
{
    np_bitset_or(set->bits, other->bits, WORDS);
}

void np_cpuset_andnot(np_cpuset *set, const np_cpuset *other)
{
    np_bitset_andnot(set->bits, other->bits, WORDS);
}

int np_cpuset_parse(const char *text, np_cpuset *ret_set)
{
    int result = np_bitset_check(text, WORDS);
    if (result == 0)
        np_bitset_read(text, ret_set->bits, WORDS);
    return result;
}

int np_cpuset_format(const np_cpuset *set, char *buffer, size_t size)
{
    return np_bitset_format(set->bits, WORDS, buffer, size);
}
