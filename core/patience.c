/* SPDX-License-Identifier: MIT */
#include "patience.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 100             /* of sched_yield(2) */
#define NAPS  20              /* short ones */
#define LONG  ((long)1000000) /* nanoseconds */
#define SHORT (LONG / NAPS)

/* Under SCHED_FIFO sched_yield(2) lets those of the same priority run and nobody else: who must wait longer sleeps. By
 * futex(2), which every sandbox lets through; nobody wakes us. */
void np_patience_nap(long nanoseconds)
{
    const int saved = errno;
    const struct timespec moment = {.tv_nsec = nanoseconds};
    uint32_t word = 0;
    (void)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &moment, NULL, 0);
    errno = saved;
}

bool np_patience_wait(struct np_patience *patience)
{
    const unsigned turn = patience->turns, most = SPINS + NAPS + patience->milliseconds;
    if (turn < SPINS)
        (void)sched_yield(); /* cannot fail on Linux */
    else
        np_patience_nap(turn < SPINS + NAPS ? SHORT : LONG);
    patience->turns += turn < most;
    return patience->turns < most || patience->milliseconds == 0;
}
