/* SPDX-License-Identifier: MIT */
#include "workers.h"

#include "current.h"
#include "kernel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* A multiple of every transparent huge page of x86-64 and of most elsewhere; a thread costs as much as faulting in some
 * fifty pages. */
#define PIECE        ((size_t)8 << 20)
#define MOST_THREADS 64 /* more do not make the kernel's zeroing faster on any machine of today */

struct work {
    char *start, *end;
    size_t piece;
    const np_cpuset *cpus;
    bool must_pin; /* pages go to whom touches them first */
    _Atomic size_t next;
    _Atomic int error;
};

/* ---- Where ---- */

/* The CPUs that the process was started on (taskset, a cpuset), before anybody pinned himself. */
static np_cpuset initial;

__attribute__((constructor)) static void remember_affinity(void)
{
    (void)np_kernel_affinity(0, &initial); /* none, then: the caller's own remain */
}

/* Does it depend on the toucher where a page goes? */
static bool follows_toucher(const struct np_placement *placement)
{
    return !np_mode_has_nodes(placement->mode) || np_nodeset_count(&placement->nodes) == 0;
}

/* The nodes whose CPUs shall work. */
static void find_nodes(const struct np_placement *placement, const np_topology *topology,
                       np_nodeset *ret_nodes)
{
    np_nodeset with_cpus = {0};
    np_nodeset_zero(ret_nodes);
    const int here = np_kernel_cpu_node(NULL);
    if (follows_toucher(placement)) {
        if (here >= 0)
            (void)np_nodeset_add(ret_nodes, here);
        return;
    }
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        if (np_topology_has_cpus(topology, id))
            (void)np_nodeset_add(&with_cpus, id);
    }
    for (int id = -1; (id = np_nodeset_next(&placement->nodes, id)) >= 0;) {
        const int nearest = np_topology_nearest(topology, id, &with_cpus);
        if (nearest >= 0)
            (void)np_nodeset_add(ret_nodes, nearest);
    }
}

void np_workers_cpus(const struct np_placement *placement, np_cpuset *ret_cpus)
{
    struct np_current *current;
    np_nodeset nodes;
    np_cpuset cpus, usable;
    np_cpuset_zero(ret_cpus);
    if (np_current_take(&current) < 0)
        return;
    find_nodes(placement, current->topology, &nodes);
    np_current_give(current);
    for (int id = -1; (id = np_nodeset_next(&nodes, id)) >= 0;)
        if (np_topology_read_node_cpus(id, &cpus) == 0)
            np_cpuset_or(ret_cpus, &cpus);
    if (np_kernel_affinity(0, &usable) < 0)
        return;
    np_cpuset_or(&usable, &initial);
    np_cpuset_and(ret_cpus, &usable);
}

/* ---- The work ---- */

/* Pieces begin at multiples of their size, so that no two threads meet in a page, however huge. */
static void do_pieces(struct work *work)
{
    char *base = work->start - ((uintptr_t)work->start & (work->piece - 1));
    const size_t count = ((size_t)(work->end - base) + work->piece - 1) / work->piece;
    for (;;) {
        const size_t number = atomic_fetch_add(&work->next, 1);
        if (number >= count || atomic_load(&work->error))
            return;
        char *from = base + number * work->piece, *to = from + work->piece;
        from = from > work->start ? from : work->start;
        to = to < work->end ? to : work->end;
        const int error = np_kernel_populate(from, (size_t)(to - from));
        int none = 0;
        if (error)
            (void)atomic_compare_exchange_strong(&work->error, &none, error);
    }
}

static void *run(void *argument)
{
    struct work *work = argument;
    const int error = np_kernel_set_affinity(0, work->cpus);
    if (!error || !work->must_pin)
        do_pieces(work);
    return NULL;
}

/* The program's signals are none of these threads' business. Return: how many could be started. */
static unsigned start_threads(struct work *work, unsigned wanted, pthread_t *threads)
{
    sigset_t all, before;
    unsigned started = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted && pthread_create(&threads[started], NULL, run, work) == 0)
        started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int np_workers_populate(char *start, size_t length, size_t page_size, const struct np_placement *placement)
{
    np_cpuset cpus;
    pthread_t threads[MOST_THREADS];
    struct work work = {.start = start,
                        .end = start + length,
                        .piece = page_size > PIECE ? page_size : PIECE,
                        .cpus = &cpus,
                        .must_pin = follows_toucher(placement)};
    const size_t pieces = length / work.piece;
    int cancel;
    unsigned wanted = MOST_THREADS;
    np_workers_cpus(placement, &cpus);
    wanted = np_cpuset_count(&cpus) < wanted ? np_cpuset_count(&cpus) : wanted;
    wanted = pieces < wanted ? (unsigned)pieces : wanted;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel); /* threads work on this stack */
    const unsigned started = start_threads(&work, wanted, threads);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    do_pieces(&work);
    (void)pthread_setcancelstate(cancel, NULL);
    return atomic_load(&work.error);
}
