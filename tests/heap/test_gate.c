/* SPDX-License-Identifier: MIT */
/* Threads that meet in the slow path, or do not come out of it; what is done there without magazines. */
#include "../unit/fixture.h"
#include "harness.h"

#include "core/cache.h"
#include "core/space.h"
#include "core/topology.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t barrier;
static _Atomic bool may_leave;

/* How often the main thread has gone to sleep. */
static long sleeps(void)
{
    char path[64], line[128];
    long found = -1;
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/status", getpid());
    FILE *file = fopen(path, "r");
    while (file && found < 0 && fgets(line, sizeof line, file))
        (void)sscanf(line, "voluntary_ctxt_switches: %ld", &found);
    if (file)
        (void)fclose(file);
    return found;
}

/* In the slow path until it may leave, or the main thread sleeps, as it does when it waits, or for some seconds. Its result
 * is NULL when it was not the main thread's sleep. */
static void *stay_inside(void *slept)
{
    np_heap_free(take(100, 0, false));
    struct np_cache *cache = np_cache_enter();
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    const long before = sleeps();
    const uint64_t since = np_kernel_milliseconds();
    while (!may_leave && sleeps() == before)
        if (np_kernel_milliseconds() - since > 5000) {
            slept = NULL;
            break;
        }
    np_cache_leave(cache);
    return slept;
}

static pthread_t start_inside(void)
{
    pthread_t thread;
    heap_start();
    (void)pthread_barrier_init(&barrier, NULL, 2);
    expect(pthread_create(&thread, NULL, stay_inside, &barrier) == 0, "no thread");
    (void)pthread_barrier_wait(&barrier);
    return thread;
}

/* Under SCHED_FIFO on the same CPU the other thread runs only while this one sleeps. */
static void who_waits_sleeps(void)
{
    pthread_t thread = start_inside();
    (void)pthread_barrier_wait(&barrier);
    void *slept = NULL;
    np_heap_before_fork();
    np_heap_after_fork_parent();
    (void)pthread_join(thread, &slept);
    expect(slept, "it has not slept");
}

static void count_in_child(void)
{
    void *block = take(100, 0, false);
    expect(!np_heap_count(20), "the thread that is gone was not waited for");
    np_heap_free(block);
    np_heap_free(take(40, 0, false));
}

/* _Fork(3) runs no handlers: who was in the slow path stays there for ever, as far as the child can see. */
static void a_child_without_handlers_does_not_wait_for_ever(void)
{
    int status = -1;
    pthread_t thread = start_inside();
    np_heap_free(take(100, 0, false));
    pid_t child = _Fork();
    if (child == 0) {
        (void)alarm(30);
        count_in_child();
        _exit(expect_failures > 0);
    }
    expect(waitpid(child, &status, 0) == child && status == 0, "wait status %#x", (unsigned)status);
    may_leave = true;
    (void)pthread_barrier_wait(&barrier);
    expect(np_heap_count(0), "the parent's threads are there");
    (void)pthread_join(thread, NULL);
}

static void a_thread_without_magazines_goes_to_another_node(void)
{
    heap_start();
    void *block = take(100, 0, false);
    np_heap_end_thread(NULL);
    faults.only_node = 1;
    on_node = 1;
    void *other = take(100, 0, false);
    expect(other && np_zone_of(other)->node == 0, "on the node that is gone");
    np_heap_free(other);
    np_heap_free(block);
}

/* CPUs of nodes 0 and 3 run where no memory is allowed. */
static void cpus_without_memory_use_the_nearest_node(void)
{
    static const int nearest[] = {1, 1, 2, 2, 1}; /* 4: it came later */
    struct np_placement local = {.section = "malloc.all", .max_size = SIZE_MAX, .mode = NP_LOCAL};
    np_topology *topology;
    expect(np_topology_read_sysfs(fixture("narrowed"), &topology) == 0, "no topology");
    local.nodes = *np_topology_allowed(topology);
    np_heap_learn_nodes(topology);
    np_topology_free(topology);
    heap_stats = np_stats_create();
    expect(np_heap_configure(&local, 1, heap_stats) == 0, "heap not configured");
    for (int node = 0; node < 5; node++) {
        on_node = node;
        void *small = take(100, 0, false), *large = take(MIB, 0, false);
        expect(np_zone_of(small)->node == nearest[node], "small: node %d serves %d", np_zone_of(small)->node,
               node);
        expect(np_zone_of(large)->node == nearest[node], "large: node %d serves %d", np_zone_of(large)->node,
               node);
        np_heap_free(small);
        np_heap_free(large);
    }
}

int main(void)
{
    heap_test(who_waits_sleeps, "who waits for others in the slow path sleeps");
    heap_test(a_child_without_handlers_does_not_wait_for_ever,
              "a child of _Fork does not wait for ever to count");
    heap_test(a_thread_without_magazines_goes_to_another_node,
              "a thread without magazines goes to another node");
    heap_test(cpus_without_memory_use_the_nearest_node, "CPUs without memory use the nearest node");
    return tap_done();
}
