/* SPDX-License-Identifier: MIT */
/* threads - creates and joins threads, one at a time, and prints the nanoseconds for each by the clock:
 *
 *   threads COUNT [CPU]     CPU: each binds itself to the CPUs from 0 to that one */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static cpu_set_t cpus;

static void *idle(void *argument)
{
    return argument;
}

static void *bind_self(void *argument)
{
    if (pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus) != 0)
        abort();
    return argument;
}

int main(int argc, char **argv)
{
    const long count = argc > 1 ? atol(argv[1]) : 0;
    void *(*start)(void *) = argc > 2 ? bind_self : idle;
    struct timespec begin, end;
    for (long cpu = argc > 2 ? atol(argv[2]) : -1; cpu >= 0; cpu--)
        CPU_SET(cpu, &cpus);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, start, NULL) != 0 || pthread_join(thread, NULL) != 0)
            return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (count > 0)
        printf("%.1f\n", ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
                             (double)count);
    return 0;
}
