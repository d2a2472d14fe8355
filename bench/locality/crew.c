// SPDX-License-Identifier: MIT
#include "crew.h"

#include "mark.h"

#include <err.h>
#include <numaif.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

static pthread_barrier_t barrier;
static struct member members[CREW] = {
    {.index = 0, .random = 11},
    {.index = 1, .random = 22},
    {.index = 2, .random = 33},
    {.index = 3, .random = 44},
};
static void (*task)(struct member *);

static void *start(void *member)
{
    // On the thread's own stack: beside each other the members would share lines, which all of them write.
    struct member mine = *(const struct member *)member;
    task(&mine);
    return NULL;
}

void crew_run(void (*work)(struct member *), bool pinned)
{
    pthread_t threads[CREW];
    mark_open();
    task = work;
    pthread_barrier_init(&barrier, NULL, CREW);
    for (unsigned i = 0; i < CREW; i++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(i, &set);
        if (pinned)
            pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
        if (pthread_create(&threads[i], &attributes, start, &members[i]) != 0)
            errx(1, "cannot start a thread");
        pthread_attr_destroy(&attributes);
    }
    for (unsigned i = 0; i < CREW; i++)
        pthread_join(threads[i], NULL);
}

void crew_meet(void)
{
    pthread_barrier_wait(&barrier);
}

void crew_begin(const struct member *member)
{
    crew_meet();
    if (member->index == 0)
        mark_say(MARK_BEGIN, MARK_ALL_CPUS);
    crew_meet();
}

void crew_end(const struct member *member)
{
    crew_meet();
    if (member->index == 0)
        mark_say(MARK_END, 0);
    crew_meet();
}

void crew_move(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        err(1, "CPU %u", cpu);
}

size_t crew_random(struct member *member, size_t from, size_t till)
{
    uint64_t x = member->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    member->random = x;
    return from + x % (till - from);
}

void *crew_place(size_t size, unsigned node)
{
    unsigned long mask = 1UL << node;
    void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED || mbind(place, size, MPOL_BIND, &mask, 65, 0) != 0)
        err(1, "memory on node %u", node);
    memset(place, 0, size);
    return place;
}
