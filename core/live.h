/* SPDX-License-Identifier: MIT */
/* live - the table of mappings that rules have placed and that are still there.
 *
 * It lies in the stats, sorted by address, so that a report can be made of it, in this process or for
 * another. Writers hold a lock that gives up after a while: they may be called by an allocator that holds
 * locks of its own, and in a child of clone(2) nobody would ever release it. Readers go by a version.
 * Context: hook-safe. */
#ifndef NP_CORE_LIVE_H
#define NP_CORE_LIVE_H

#include "stats.h"

/** One piece, as a reader sees it. */
struct np_live_piece {
    uintptr_t start, end;
    uint32_t rule, kind, origin;
};

/** How many pieces a call that fails puts back: more are hardly ever unmapped together, and stacks may be small. */
#define NP_LIVE_PIECES 16

/** What is in the table lies between these addresses; low is above high while it is empty. */
struct np_live_bounds {
    _Atomic uintptr_t low, high;
    _Atomic uint32_t changes; /* of the table, counted */
};

/** A stretch of addresses without any piece, as of a state of the table. */
struct np_live_gap {
    uintptr_t low, high;
    uint32_t changes;
};
extern struct np_live_bounds np_live_bounds;

/** np_live_near() - can anything of [start, start + length) be in the table? Two loads. */
static inline bool np_live_near(uintptr_t start, size_t length)
{
    return start < atomic_load_explicit(&np_live_bounds.high, memory_order_relaxed) &&
           start + length > atomic_load_explicit(&np_live_bounds.low, memory_order_relaxed);
}

/** np_live_in_gap() - is [start, start + length) still known to be free of pieces? What wraps around no mapping has. */
static inline bool np_live_in_gap(const struct np_live_gap *gap, uintptr_t start, size_t length)
{
    return start >= gap->low && start + length <= gap->high &&
           gap->changes == atomic_load_explicit(&np_live_bounds.changes, memory_order_relaxed);
}
/** np_live_gap_at() - the gap between two pieces that holds @address; an empty one when a piece does. No lock. */
void np_live_gap_at(uintptr_t address, struct np_live_gap *ret_gap);

/** np_live_setup() - use the table of @stats. Context: start-up. */
void np_live_setup(struct np_stats *stats);
/** np_live_add() - a rule has placed a piece; what was known of its addresses is gone. Its origin is that of the
 * mapping that it continues, or 0 for a new one, which is counted.
 * Return: false when the table is full or cannot be had; the mapping is then placed but not known. */
bool np_live_add(struct np_live_piece piece);
/** np_live_cut() - take [start, end) out; pieces that reach beyond it are shortened. @gone: mappings of
 * which nothing is left count as unmapped. */
void np_live_cut(uintptr_t start, uintptr_t end, bool gone);
/** np_live_take() - the same with what a call is about to unmap, of the mapping @origin or, for 0, of all. @room: of
 * @ret_pieces, which get what was there; pieces for which there is no room are forgotten. Return: how many. */
unsigned np_live_take(uintptr_t start, uintptr_t end, uint32_t origin, struct np_live_piece *ret_pieces,
                      unsigned room);
/** np_live_put_back() - the call has failed: they are still there. */
void np_live_put_back(const struct np_live_piece *pieces, unsigned count);
/** np_live_at() - the piece with the lowest address that ends behind @address. No lock. Return: false when
 * there is none. */
bool np_live_at(const struct np_stats *stats, uintptr_t address, struct np_live_piece *ret_piece);
/** np_live_overlap() - is any of [start, end) in the table? *ret_piece is the first such piece. No lock. */
bool np_live_overlap(uintptr_t start, uintptr_t end, struct np_live_piece *ret_piece);

/** For fork(2): the table is whole in the child. The forking thread may go on in between. */
void np_live_before_fork(void);
void np_live_after_fork(void);

#endif
