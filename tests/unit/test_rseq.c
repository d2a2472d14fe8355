/* SPDX-License-Identifier: MIT */
/* Where the kernel notes the CPU of a thread, if it was told to: run with GLIBC_TUNABLES=glibc.pthread.rseq=0 too. */
#include "core/kernel.h"

#include "tap.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* The place where it would be reads as CPU 0 then. */
static void without_rseq_nothing_is_known(void)
{
    tap_ok(np_kernel_rseq_cpu() == NULL, "without rseq the kernel notes no CPU");
}

static void the_noted_cpu_is_that_of_the_thread(void)
{
    const volatile int32_t *noted = np_kernel_rseq_cpu();
    int before, read, after;
    do {
        before = sched_getcpu();
        read = noted ? *noted : -1;
        after = sched_getcpu();
    } while (before != after);
    tap_ok(read == after, "the noted CPU is that of the thread");
}

int main(void)
{
    const char *tunables = getenv("GLIBC_TUNABLES");
    if (tunables && strstr(tunables, "glibc.pthread.rseq=0"))
        without_rseq_nothing_is_known();
    else
        the_noted_cpu_is_that_of_the_thread();
    return tap_done();
}
