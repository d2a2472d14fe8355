/* SPDX-License-Identifier: MIT */
/* What pthread_create and thrd_create promise, whoever stands before them. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#define CROWD        200
#define CHECK(holds) check(holds, "%s:%d: %s", __FILE__, __LINE__, #holds)

static _Atomic int ran;
static pthread_key_t key;
static sem_t go;

static void *count(void *argument)
{
    atomic_fetch_add(&ran, 1);
    return argument;
}

static int count_c11(void *argument)
{
    atomic_fetch_add(&ran, 1);
    return (int)(long)argument;
}

static void *leave(void *argument)
{
    pthread_exit(argument);
}

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void *wait_to_go(void *argument)
{
    sem_wait(&go);
    return count(argument);
}

/* Runs after other destructors, in which the thread may still be named and create others. */
static void destructor(void *round)
{
    pthread_t thread;
    CHECK(pthread_setname_np(pthread_self(), "io_late") == 0);
    CHECK(pthread_create(&thread, NULL, count, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    if ((long)round > 1)
        pthread_setspecific(key, (void *)((long)round - 1));
}

static void *use_key(void *argument)
{
    pthread_setspecific(key, (void *)3);
    return argument;
}

static void test_results(void)
{
    pthread_t thread;
    thrd_t other;
    void *result;
    int code;
    CHECK(pthread_create(&thread, NULL, count, (void *)5) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == (void *)5);
    CHECK(pthread_create(&thread, NULL, leave, (void *)6) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == (void *)6);
    CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(thrd_create(&other, count_c11, (void *)-7) == thrd_success);
    CHECK(thrd_join(other, &code) == thrd_success && code == -7);
    pthread_key_create(&key, destructor);
    CHECK(pthread_create(&thread, NULL, use_key, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* The smallest stacks, odd ones, the program's own. */
static void test_stacks(void)
{
    static const size_t sizes[] = {16 << 10, (16 << 10) + 1, 20000, 64 << 10, 1 << 20, 3 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int guard = 0; guard < 3; guard++) {
            pthread_attr_t attributes;
            pthread_t thread;
            pthread_attr_init(&attributes);
            CHECK(pthread_attr_setstacksize(&attributes, sizes[i]) == 0);
            CHECK(pthread_attr_setguardsize(&attributes, (size_t)guard * 5000) == 0);
            CHECK(pthread_create(&thread, &attributes, count, NULL) == 0);
            CHECK(pthread_join(thread, NULL) == 0);
            pthread_attr_destroy(&attributes);
        }
    }
    char *own = mmap(NULL, 128 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstack(&attributes, own + 4096, (128 << 10) - 8192) == 0);
    CHECK(pthread_create(&thread, &attributes, count, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void test_crowds(void)
{
    pthread_t crowd[CROWD];
    pthread_attr_t detached;
    atomic_store(&ran, 0);
    sem_init(&go, 0, 0);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 64 << 10);
    for (int i = 0; i < CROWD; i++)
        CHECK(pthread_create(&crowd[i], i % 2 ? &detached : NULL, wait_to_go, NULL) == 0);
    for (int i = 0; i < CROWD; i++)
        sem_post(&go);
    for (int i = 0; i < CROWD; i += 2)
        CHECK(pthread_join(crowd[i], NULL) == 0);
    for (int tries = 0; atomic_load(&ran) < CROWD && tries < 100000; tries++)
        sched_yield();
    CHECK(atomic_load(&ran) == CROWD);
}

/* Without room for a stack creation fails as it did, and later ones succeed. */
static void test_failures(void)
{
    pthread_attr_t attributes;
    pthread_t thread = 0;
    errno = 77;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, (size_t)1 << 46) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&thread, &attributes, count, NULL) == EAGAIN);
    CHECK(pthread_create(&thread, NULL, count, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(pthread_setname_np(pthread_self(), "a name that is too long") == ERANGE);
}

static void test_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, count, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        _exit(check_failures > 0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    test_results();
    test_stacks();
    test_crowds();
    test_failures();
    test_fork();
    return check_status();
}
