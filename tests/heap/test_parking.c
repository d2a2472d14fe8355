/* SPDX-License-Identifier: MIT */
/* How much threads park in their magazines. */
#include "harness.h"

#include "core/cache.h"

#include <string.h>

#define BLOCKS 20000

static void *blocks[BLOCKS];

static size_t parked_bytes(void)
{
    size_t parked = 0;
    for (unsigned slot = 1; slot <= np_bins.slots; slot++)
        parked += (size_t)np_cache->magazine[slot].count * np_bins.slot[slot].size;
    return parked;
}

static void who_only_frees_parks_little(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = take(512, 0, false);
    expect(parked_bytes() <= 4 * KIB, "%zu bytes in the magazine of who allocates", parked_bytes());
    for (unsigned i = 0; i < BLOCKS; i++) {
        np_heap_free(blocks[i]);
        /* Twice as much where it turns from the one to the other. */
        expect(parked_bytes() <= 8 * KIB, "%zu bytes after %u frees", parked_bytes(), i + 1);
    }
}

static void one_thread_holds_a_mebibyte(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    for (size_t size = 16; size <= 32 * KIB; size += size / 5 / 16 * 16 + 16) {
        size_t count = 2 * MIB / size < BLOCKS ? 2 * MIB / size : BLOCKS;
        for (size_t i = 0; i < count; i++)
            memset(blocks[i] = take(size, 0, false), 1, size);
        for (size_t i = 0; i < count; i++)
            np_heap_free(blocks[i]);
    }
    expect(parked_bytes() <= NP_CACHE_MOST, "%zu bytes in magazines", parked_bytes());
    expect(np_cache->granted <= NP_CACHE_MOST, "%zu bytes granted", np_cache->granted);
}

int main(void)
{
    heap_test(who_only_frees_parks_little, "a thread that only allocates, or only frees, parks little");
    heap_test(one_thread_holds_a_mebibyte, "a thread parks a mebibyte at most");
    return tap_done();
}
