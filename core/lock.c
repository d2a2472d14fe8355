/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "patience.h"

#define MOST_TRIES 200   /* before a thread sleeps */
#define NAP        20000 /* nanoseconds */

void np_lock_init(struct np_lock *lock)
{
    pthread_mutex_init(&lock->outer, NULL);
    atomic_init(&lock->inner, 0);
}

void np_lock_take(struct np_lock *lock)
{
    pthread_mutex_lock(&lock->outer);
    /* Who has the inner half alone gives it back in a moment, unless the kernel takes its CPU away. */
    for (unsigned tries = 0; !np_lock_try(lock); tries++)
        if (tries >= MOST_TRIES)
            np_patience_nap(NAP);
}

void np_lock_give(struct np_lock *lock)
{
    np_lock_leave(lock);
    pthread_mutex_unlock(&lock->outer);
}
