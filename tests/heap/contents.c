/* SPDX-License-Identifier: MIT */
#include "contents.h"

#include "expect.h"

/* The words that carry the pattern: all of the first 128 KiB, then some of each page, wherever the block ends. */
static size_t next_word(size_t at)
{
    return at < 16384 ? at + 1 : at + 64;
}

void fill(void *block, size_t size, uint64_t seed)
{
    uint64_t *word = block;
    for (size_t at = 0, words = size / sizeof *word; at < words; at = next_word(at))
        word[at] = seed ^ (at * UINT64_C(0x9e3779b97f4a7c15)) ^ 1;
}

void check_filled(const void *block, size_t size, uint64_t seed, const char *when)
{
    const uint64_t *word = block;
    for (size_t at = 0, words = size / sizeof *word; at < words; at = next_word(at))
        if (!expect(word[at] == (seed ^ (at * UINT64_C(0x9e3779b97f4a7c15)) ^ 1),
                    "%s: %p of %zu bytes changed at %zu: %lx", when, block, size, at * sizeof *word,
                    (unsigned long)word[at]))
            return;
}

void check_zero(const void *block, size_t size, const char *when)
{
    const uint64_t *word = block;
    for (size_t at = 0, words = size / sizeof *word; at < words; at = next_word(at))
        if (!expect(word[at] == 0, "%s: %p of %zu bytes is dirty at %zu", when, block, size,
                    at * sizeof *word))
            return;
}
