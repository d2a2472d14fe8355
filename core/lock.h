/* SPDX-License-Identifier: MIT */
/* lock - what guards a zone: a lock for a moment, inside one that threads wait for.
 *
 * Who needs a moment only, and makes no call in it, tries the inner half alone: one exchange to take it, a plain store to
 * give it back. All others take both. Context: hook-safe. */
#ifndef NP_CORE_LOCK_H
#define NP_CORE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct np_lock {
    pthread_mutex_t outer;
    _Atomic uint32_t inner; /* 1 while somebody has it */
};

void np_lock_init(struct np_lock *lock);
/** np_lock_take(), np_lock_give() - both halves. */
void np_lock_take(struct np_lock *lock);
void np_lock_give(struct np_lock *lock);

/** np_lock_try() - the inner half. Return: false when somebody else has it; it is not waited for. */
static inline bool np_lock_try(struct np_lock *lock)
{
    return !atomic_load_explicit(&lock->inner, memory_order_relaxed) &&
           !atomic_exchange_explicit(&lock->inner, 1, memory_order_acquire);
}
/** np_lock_leave() - give it back. */
static inline void np_lock_leave(struct np_lock *lock)
{
    atomic_store_explicit(&lock->inner, 0, memory_order_release);
}

#endif
