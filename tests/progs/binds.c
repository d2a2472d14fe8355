/* SPDX-License-Identifier: MIT */
/* Threads that are bound to CPU 1 by their creator, whether they have begun or not. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

static sem_t go;

static void *look(void *nothing)
{
    cpu_set_t cpus;
    sem_wait(&go);
    CPU_ZERO(&cpus);
    check(pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus) == 0, "no affinity");
    check(CPU_COUNT(&cpus) == 1 && CPU_ISSET(1, &cpus), "%d CPUs", CPU_COUNT(&cpus));
    return nothing;
}

int main(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(1, &one);
    sem_init(&go, 0, 0);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        check(pthread_create(&thread, NULL, look, NULL) == 0, "no thread");
        for (int turns = i % 4; turns > 0; turns--)
            sched_yield();
        check(pthread_setaffinity_np(thread, sizeof one, &one) == 0, "not bound");
        sem_post(&go);
        check(pthread_join(thread, NULL) == 0, "not joined");
    }
    return check_status();
}
