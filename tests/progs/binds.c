/* SPDX-License-Identifier: MIT */
/* Threads that are bound to CPU 1 by their creator, whether they have begun or not; threads that get the handles of others
 * which ended by the system call alone; and what children of vfork(2) do to themselves, under rules that pin threads to CPU 0 and those with the name io_* to CPU 1. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t begun, go;

static cpu_set_t one;

static void check_bound(int cpu, const char *when)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    check(pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus) == 0, "no affinity");
    check(CPU_COUNT(&cpus) == 1 && CPU_ISSET(cpu, &cpus), "%s: %d CPUs, not CPU %d alone", when,
          CPU_COUNT(&cpus), cpu);
}

static void *look(void *nothing)
{
    sem_post(&begun);
    sem_wait(&go);
    check_bound(1, "bound or named by its creator");
    return nothing;
}

static void *have_children(void *nothing)
{
    int status = -1;
    pid_t child = vfork();
    if (child == 0) {
        prctl(PR_SET_NAME, "io_child");
        sched_setaffinity(0, sizeof one, &one);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0, "the child's status is %d", status);
    check_bound(0, "after a child");
    check(pthread_setname_np(pthread_self(), "io_thread") == 0, "no name");
    check_bound(1, "with a name");
    return nothing;
}

static pthread_t start(void *(*routine)(void *))
{
    pthread_t thread = 0;
    check(pthread_create(&thread, NULL, routine, NULL) == 0, "no thread");
    return thread;
}

static void test_vfork(void)
{
    check(pthread_join(start(have_children), NULL) == 0, "not joined");
}

/* No destructor runs, and nobody but the kernel learns of it. */
static void *vanish(void *nothing)
{
    syscall(SYS_exit, 0);
    return nothing;
}

/* libc's stacks are used again, so a later thread has the handle of an earlier one. */
static void test_successor(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t gone = start(vanish), thread;
        check(pthread_join(gone, NULL) == 0, "not joined");
        thread = start(look);
        check(thread == gone, "another handle");
        sem_wait(&begun);
        check(pthread_setname_np(thread, "io_named") == 0, "no name");
        sem_post(&go);
        check(pthread_join(thread, NULL) == 0, "not joined");
    }
}

int main(void)
{
    CPU_ZERO(&one);
    CPU_SET(1, &one);
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    test_vfork();
    test_successor();
    for (int i = 0; i < 100; i++) {
        pthread_t thread = start(look);
        for (int turns = i % 4; turns > 0; turns--)
            sched_yield();
        check(pthread_setaffinity_np(thread, sizeof one, &one) == 0, "not bound");
        sem_post(&go);
        check(pthread_join(thread, NULL) == 0, "not joined");
    }
    return check_status();
}
