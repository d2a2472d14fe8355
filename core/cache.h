/* SPDX-License-Identifier: MIT */
/* cache - the magazines of threads: made at a thread's first allocation, emptied at its end and passed on to the next
 * thread; how many bytes they may hold; and the gate that keeps all threads out of the depots while one forks.
 * Context: hook-safe unless stated. */
#ifndef NP_CORE_CACHE_H
#define NP_CORE_CACHE_H

#include "magazine.h"
#include "zone.h"

#include <pthread.h>

/** Bytes that one thread may hold, and what all threads may in any case. */
#define NP_CACHE_MOST   ((size_t)1 << 20)
#define NP_CACHES_LEAST ((size_t)32 << 20)

/** np_caches_setup() - prepare for threads that end. Context: start-up, after the bins are made. Return: 0 or -errno. */
int np_caches_setup(void);

/** np_cache_enter() - the calling thread's cache, for the slow path: nobody forks before np_cache_leave(), and signal
 * handlers find an empty cache. Return: NULL when the thread has ended or there is no memory; np_cache_leave() all the
 * same. */
struct np_cache *np_cache_enter(void);
void np_cache_leave(struct np_cache *cache);

/** np_cache_enter_node() - the thread is now at the node at @position; np_cache_leave_node() - it is at none any more. */
void np_cache_enter_node(struct np_cache *cache, unsigned position);
void np_cache_leave_node(struct np_cache *cache);
/** np_cache_follow() - when the thread has moved to another node, send the old node's blocks home and use the new one's
 * from now on. */
void np_cache_follow(struct np_cache *cache);
/** np_cache_flush() - give all but @keep of a magazine's blocks, the oldest first, back to their depot. */
void np_cache_flush(struct np_cache *cache, unsigned slot, uint32_t keep);
/** np_cache_empty() - flush all magazines and outboxes and take their room away. */
void np_cache_empty(struct np_cache *cache);
/** np_cache_forget() - make the blocks that the last thread of a cache has left outside nobody's. */
void np_cache_forget(struct np_cache *cache);
/** np_cache_count() - tell the stats what a magazine's thread has allocated and freed. */
void np_cache_count(struct np_cache *cache, unsigned slot);
/** np_cache_age() - once in a while: halve the magazines that have not been used since the last time. */
void np_cache_age(struct np_cache *cache);
/** np_cache_tick() - something was done to a magazine or an outbox: count it, and do now and then what age asks for. */
void np_cache_tick(struct np_cache *cache);

/** np_outbox_put() - put a block that is not for a magazine into its zone's outbox, which is emptied when it is full. */
void np_outbox_put(struct np_cache *cache, uint32_t zone, unsigned slot, void *block);
/** np_outboxes_count() - tell the stats what has gone home. */
void np_outboxes_count(struct np_cache *cache);
/** np_outboxes_flush() - send everything home. */
void np_outboxes_flush(struct np_cache *cache);

/** np_caches_trim() - empty this thread's cache and those of threads that are gone, and have the others emptied when they
 * next come by. */
void np_caches_trim(void);
/** np_caches_count() - let the stats know all that has happened so far. The other threads wait meanwhile.
 * @milliseconds: how long they are waited for, 0: for ever. Return: false when that was not enough. */
bool np_caches_count(unsigned milliseconds);
/** np_caches_before_fork(), ... - close and open the gate. */
void np_caches_before_fork(void);
void np_caches_after_fork_parent(void);
void np_caches_after_fork_child(void);

/** np_caches_at() - how many threads had this position among the nodes of `local` when they last took the slow path of small
 * blocks. */
uint32_t np_caches_at(unsigned position);
/** np_caches_are_several() - has there ever been a second thread that allocates? */
bool np_caches_are_several(void);
/** np_caches_charge() - count bytes that a cache may hold towards the bound of all. Return: false when it is reached. */
bool np_caches_charge(size_t bytes);
void np_caches_discharge(size_t bytes);

#endif
