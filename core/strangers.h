/* SPDX-License-Identifier: MIT */
/* strangers - blocks smaller than a cache line that a thread frees and another one allocated.
 *
 * Small blocks share cache lines. A thread that handed out a stranger would write beside blocks which the other thread still
 * has. Who has as many blocks in its magazine as it ever took from the depot has none outside: what it frees then is a
 * stranger, and goes home. Context: hook-safe, the slow path of the magazine's own thread unless stated. */
#ifndef NP_CORE_STRANGERS_H
#define NP_CORE_STRANGERS_H

#include "magazine.h"

/** Who frees so many strangers one after the other is taken for a thread that only frees, and keeps them until its magazine
 * is full, which is less work. */
#define NP_STRANGERS_ONLY 8

static inline bool np_strangers_minded(const struct np_magazine *magazine)
{
    return magazine->strangers < NP_STRANGERS_ONLY && np_slot_shares_lines(&np_bins.slot[magazine->slot]);
}

/** np_stranger_next() - is what the thread frees next a stranger that should go home? */
static inline bool np_stranger_next(const struct np_magazine *magazine)
{
    return np_strangers_minded(magazine) && magazine->count >= magazine->balance;
}

/** np_magazine_allocations() - how many blocks the thread has got from the magazine. Context: any thread; an older number, while
 * its own uses it. */
static inline uint64_t np_magazine_allocations(const struct np_magazine *magazine)
{
    return (uint64_t)magazine->balance + __atomic_load_n(&magazine->frees, __ATOMIC_RELAXED) -
           __atomic_load_n(&magazine->count, __ATOMIC_RELAXED);
}

/** np_stranger_note() - a stranger is freed. Return: does it go home? Not when the thread only frees. */
static inline bool np_stranger_note(struct np_magazine *magazine)
{
    const uint32_t allocations = (uint32_t)np_magazine_allocations(magazine);
    magazine->strangers = allocations == magazine->seen ? magazine->strangers + 1 : 1;
    magazine->seen = allocations;
    return np_strangers_minded(magazine);
}

/** np_magazine_set_full() - at how many blocks free is to take the slow path, after the magazine's numbers have changed. */
static inline void np_magazine_set_full(struct np_magazine *magazine)
{
    magazine->full = magazine->limit;
    if (np_strangers_minded(magazine) && magazine->balance < magazine->limit)
        magazine->full = magazine->balance > 0 ? (uint32_t)magazine->balance : 0;
}

/** np_strangers_among() - how many of @leaving blocks, the oldest of the magazine, are strangers of a thread that only freed? For
 * its accounts they have never been there. */
static inline uint32_t np_strangers_among(const struct np_magazine *magazine, uint32_t leaving)
{
    int64_t strangers = magazine->count - magazine->balance;
    if (strangers <= 0 || !np_slot_shares_lines(&np_bins.slot[magazine->slot]))
        return 0;
    return strangers < leaving ? (uint32_t)strangers : leaving;
}

#endif
