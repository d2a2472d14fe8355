/* SPDX-License-Identifier: MIT */
#include "bitset.h"

#include "log.h"

#include <errno.h>

#define BIT(id) ((uint64_t)1 << ((unsigned)(id) % 64))

static bool in_range(unsigned words, int id)
{
    return id >= 0 && (unsigned)id < words * 64;
}

int np_bitset_add(uint64_t *bits, unsigned words, int id)
{
    if (!in_range(words, id))
        return -ERANGE;
    bits[id / 64] |= BIT(id);
    return 0;
}

void np_bitset_remove(uint64_t *bits, unsigned words, int id)
{
    if (in_range(words, id))
        bits[id / 64] &= ~BIT(id);
}

bool np_bitset_has(const uint64_t *bits, unsigned words, int id)
{
    return in_range(words, id) && (bits[id / 64] & BIT(id)) != 0;
}

unsigned np_bitset_count(const uint64_t *bits, unsigned words)
{
    unsigned count = 0;
    for (unsigned i = 0; i < words; i++)
        count += (unsigned)__builtin_popcountll(bits[i]);
    return count;
}

int np_bitset_next(const uint64_t *bits, unsigned words, int after)
{
    if (after >= (int)(words * 64) - 1)
        return -1;
    unsigned start = after < 0 ? 0 : (unsigned)after + 1;
    uint64_t word = bits[start / 64] & (~(uint64_t)0 << (start % 64));
    for (unsigned i = start / 64;; word = bits[i]) {
        if (word != 0)
            return (int)(i * 64) + __builtin_ctzll(word);
        if (++i == words)
            return -1;
    }
}

bool np_bitset_equal(const uint64_t *a, const uint64_t *b, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

void np_bitset_and(uint64_t *bits, const uint64_t *other, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        bits[i] &= other[i];
}

void np_bitset_or(uint64_t *bits, const uint64_t *other, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        bits[i] |= other[i];
}

void np_bitset_andnot(uint64_t *bits, const uint64_t *other, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        bits[i] &= ~other[i];
}

/* ---- The list format ---- */

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

/* Reads digits; a number of @limit or more comes back as @limit, however long it is. NULL when there is no
 * digit. */
static const char *read_id(const char *text, unsigned limit, unsigned *ret_id)
{
    unsigned id = 0;
    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++) {
        id = id * 10 + (unsigned)(*text - '0');
        if (id > limit)
            id = limit;
    }
    *ret_id = id;
    return text;
}

/* Reads one item and the comma behind it. NULL for a bad form. */
static const char *read_item(const char *text, unsigned limit, unsigned *ret_first, unsigned *ret_last)
{
    text = read_id(skip_blanks(text), limit, ret_first);
    if (text == NULL)
        return NULL;
    *ret_last = *ret_first;
    if (*text == '-') {
        text = read_id(text + 1, limit, ret_last);
        if (text == NULL || *ret_last < *ret_first)
            return NULL;
    }
    text = skip_blanks(text);
    if (*text == ',')
        return *skip_blanks(text + 1) == '\0' ? NULL : text + 1;
    return *text == '\0' ? text : NULL;
}

int np_bitset_check(const char *text, unsigned words)
{
    const unsigned limit = words * 64;
    int result = 0;
    if (text == NULL)
        return -EINVAL;
    do {
        unsigned first, last;
        text = read_item(text, limit, &first, &last);
        if (text == NULL)
            return -EINVAL;
        if (last == limit)
            result = -ERANGE;
    } while (*text != '\0');
    return result;
}

void np_bitset_read(const char *text, uint64_t *bits, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        bits[i] = 0;
    do {
        unsigned first, last;
        text = read_item(text, words * 64, &first, &last);
        if (text == NULL)
            return;
        for (unsigned id = first; id <= last && id < words * 64; id++)
            bits[id / 64] |= BIT(id);
    } while (*text != '\0');
}

int np_bitset_format(const uint64_t *bits, unsigned words, char *buffer, size_t size)
{
    size_t length = 0;
    if (size > 0)
        buffer[0] = '\0';
    for (int first = np_bitset_next(bits, words, -1), last; first >= 0;
         first = np_bitset_next(bits, words, last)) {
        last = first;
        while (np_bitset_has(bits, words, last + 1))
            last++;
        const size_t used = length < size ? length : size;
        const char *comma = length > 0 ? "," : "";
        length += (size_t)(last == first ? np_format(buffer == NULL ? NULL : buffer + used, size - used,
                                                     "%s%d", comma, first)
                                         : np_format(buffer == NULL ? NULL : buffer + used, size - used,
                                                     "%s%d-%d", comma, first, last));
    }
    return (int)length;
}
