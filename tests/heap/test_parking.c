/* SPDX-License-Identifier: MIT */
/* How much threads park in their magazines. */
#include "harness.h"

#include "core/cache.h"
#include "core/depot.h"
#include "core/space.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

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

/* Takes and frees many blocks by turns. Return: the largest that their magazine ever was. */
static uint32_t limit_after_turns(size_t size)
{
    const struct np_magazine *magazine = &np_cache->magazine[np_bins_slot(size)];
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 1000; i++)
            blocks[i] = take(size, 0, false);
        for (unsigned i = 0; i < 1000; i++)
            np_heap_free(blocks[i]);
    }
    return magazine->limit;
}

static void magazines_grow_where_threads_wait(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    np_heap_free(take(512, 0, false));
    const struct np_slot *slot = &np_bins.slot[np_bins_slot(512)];
    struct np_depot *depot =
        &np_zone_at(np_cache->magazine[np_bins_slot(512)].zone)->depots[np_bins_slot(512)];
    uint32_t alone = limit_after_turns(512);
    expect(alone == slot->usual, "%u blocks of %u", alone, slot->usual);
    atomic_store(&depot->contention, 255);
    uint32_t among_others = limit_after_turns(512);
    expect(among_others == slot->most, "%u blocks of %u", among_others, slot->most);
    expect(atomic_load(&depot->contention) < 255, "nobody waits, and yet it stays contended");
}

static void *take_once(void *unused)
{
    np_heap_free(take(512, 0, false));
    return unused;
}

static void who_waits_for_a_depot_is_noticed(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    take_once(NULL);
    struct np_depot *depot =
        &np_zone_at(np_cache->magazine[np_bins_slot(512)].zone)->depots[np_bins_slot(512)];
    for (unsigned round = 0; round < 8; round++) {
        pthread_t thread;
        uint32_t before = atomic_load(&depot->contention);
        pthread_mutex_lock(&depot->lock);
        atomic_store(&depot->held, true);
        expect(pthread_create(&thread, NULL, take_once, NULL) == 0, "no thread");
        while (__atomic_load_n(&depot->lock.__data.__lock, __ATOMIC_RELAXED) != 2) /* until somebody waits */
            usleep(100);
        atomic_store(&depot->held, false);
        pthread_mutex_unlock(&depot->lock);
        (void)pthread_join(thread, NULL);
        expect(atomic_load(&depot->contention) > before, "%u waited: %u", round, before);
    }
    expect(np_depot_is_contended(np_zone_at(np_cache->magazine[np_bins_slot(512)].zone), np_bins_slot(512)),
           "eight of eight waited");
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
    heap_test(magazines_grow_where_threads_wait, "magazines are larger where threads wait for the depot");
    heap_test(who_waits_for_a_depot_is_noticed, "who waits for a depot is noticed");
    heap_test(one_thread_holds_a_mebibyte, "a thread parks a mebibyte at most");
    return tap_done();
}
