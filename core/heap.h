/* SPDX-License-Identifier: MIT */
/* heap - size classes and their zones: what malloc's hooks call. Small requests are blocks of slabs, larger
 * ones extents.
 *
 * Context: hook-safe unless stated. Locks are taken, errno is kept, nothing is allocated from anybody's
 * malloc. */
#ifndef NP_CORE_HEAP_H
#define NP_CORE_HEAP_H

#include "policy.h"
#include "stats.h"

#define NP_BLOCK_ALIGNMENT ((size_t)16) /* of any block */

struct np_heap_class; /* one size class of the policy */

/** np_heap_configure() - take over the placements of the [malloc.*] classes, sorted by size and disjoint.
 * Nothing is reserved yet: address space is taken at the first allocation of a class. Context: start-up,
 * once, before any other.
 * @stats: rules[i] belongs to placements[i] and is filled here.
 * Return: 0; -E2BIG for more than NP_MAX_RULES; -ENOMEM. */
int np_heap_configure(const struct np_placement *placements, unsigned count, struct np_stats *stats);

/** np_heap_learn_nodes() - find out which nodes are nearest to those that have no memory for this process; later nothing
 * may read files. Context: start-up. */
void np_heap_learn_nodes(const np_topology *topology);

/** np_heap_on_thread_end() - from np_heap_configure() on call @end, instead of np_heap_end_thread(), when a thread ends
 * that has allocated; it calls that in its turn, where nothing may interrupt it by allocating. Context: start-up. */
void np_heap_on_thread_end(void (*end)(void *cache));
/** np_heap_end_thread() - give back what the calling thread has kept for itself. */
void np_heap_end_thread(void *argument);

/** np_heap_class() - the class that a request of @size bytes belongs to, or NULL for the next malloc's
 * (`system` and gaps). */
struct np_heap_class *np_heap_class(size_t size);

/** np_heap_allocate() - @size bytes at a multiple of @alignment (a power of two; 0 or 1 for the usual one).
 * @zero: the block reads as zeroes.
 * Return: 0 and *ret_block; -EAGAIN when a soft class cannot serve it and the next malloc shall; -ENOMEM
 * when a hard class cannot. */
int np_heap_allocate(struct np_heap_class *class, size_t size, size_t alignment, bool zero, void **ret_block);

/** np_heap_owns() - is this address inside a zone? Two loads and a compare for addresses outside of all
 * zones. */
bool np_heap_owns(const void *block);

/** np_heap_free() - give a block back. Aborts with one line when it is not the start of a live block. */
void np_heap_free(void *block);
/** np_heap_usable_size() - the bytes that may be written at @block. */
size_t np_heap_usable_size(const void *block);
/** np_heap_resize() - realloc(3) inside the block's own class, in place or moved.
 * Return: 0 and *ret_block; -EAGAIN when @size belongs to another class or the class cannot serve it: the
 * caller allocates elsewhere, copies and frees. The block is unchanged then. */
int np_heap_resize(void *block, size_t size, void **ret_block);

/** np_heap_trim() - give every free page back to the kernel. Return: true when there was any. */
bool np_heap_trim(void);
/** np_heap_count() - let the stats know of all allocations and frees so far, for which all threads wait.
 * @milliseconds: how long for those that are just allocating, 0: for ever. A child of _Fork(3) may wait for threads that
 * are not there. Return: false when that was not enough; the stats are not up to date then. */
bool np_heap_count(unsigned milliseconds);
/** np_heap_note_mapping(), np_heap_note_advice() - the program itself has changed the mapping of [address,
 * address + length) (policy, protection, locks), or only whether it gets huge pages: the blocks there are
 * put right when they are freed. */
void np_heap_note_mapping(const void *address, size_t length);
void np_heap_note_advice(const void *address, size_t length);
/** np_heap_release_reserve() - unmap all address space that is not open, before RLIMIT_AS falls or mlockall
 * counts it; zones go on growing by 2 MiB steps where the addresses are still free. */
void np_heap_release_reserve(void);

/** For pthread_atfork: every zone in use is held across the fork; the forking thread may still allocate. */
void np_heap_before_fork(void);
void np_heap_after_fork_parent(void);
void np_heap_after_fork_child(void);

/** np_heap_zone_count(), np_heap_zone_range() - for the report: the ranges that may hold pages of rule
 * @ret_rule. */
unsigned np_heap_zone_count(void);
void np_heap_zone_range(unsigned index, unsigned *ret_rule, int *ret_node, const void **ret_start,
                        size_t *ret_length);

#endif
