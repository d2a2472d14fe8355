/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_TRIES 200 /* before a thread sleeps */

void np_lock_init(struct np_lock *lock)
{
    pthread_mutex_init(&lock->outer, NULL);
    atomic_init(&lock->inner, 0);
}

/* Not sched_yield(2): a thread of a real-time priority would keep the CPU from the one that it waits for. futex(2) is what
 * mutexes call, so every sandbox lets it through; nobody wakes us. */
static void sleep_a_moment(struct np_lock *lock)
{
    const int saved = errno;
    const struct timespec moment = {.tv_nsec = 20000};
    (void)syscall(SYS_futex, &lock->inner, FUTEX_WAIT_PRIVATE, 1, &moment, NULL, 0);
    errno = saved;
}

void np_lock_take(struct np_lock *lock)
{
    pthread_mutex_lock(&lock->outer);
    /* Who has the inner half alone gives it back in a moment, unless the kernel takes its CPU away. */
    for (unsigned tries = 0; !np_lock_try(lock); tries++)
        if (tries >= MOST_TRIES)
            sleep_a_moment(lock);
}

void np_lock_give(struct np_lock *lock)
{
    np_lock_leave(lock);
    pthread_mutex_unlock(&lock->outer);
}
