/* SPDX-License-Identifier: MIT */
/* Threads that meet in the slow path, or do not come out of it. */
#include "harness.h"

#include "core/cache.h"
#include "core/kernel.h"

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

int main(void)
{
    heap_test(who_waits_sleeps, "who waits for others in the slow path sleeps");
    heap_test(a_child_without_handlers_does_not_wait_for_ever,
              "a child of _Fork does not wait for ever to count");
    return tap_done();
}
