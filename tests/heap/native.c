/* SPDX-License-Identifier: MIT */
/* A program for the shim to serve: native WAY, where each way is hard on an allocator in its own manner. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

extern char **environ;
static _Atomic bool stop, failed;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s\n", what);
    failed = true;
}

static void fill(char *block, size_t from, size_t to, char seed)
{
    for (size_t at = from; at < to; at += 512)
        block[at] = (char)(seed + (char)(at >> 12));
}

static bool is_filled(const char *block, size_t to, char seed)
{
    for (size_t at = 0; at < to; at += 512)
        if (block[at] != (char)(seed + (char)(at >> 12)))
            return false;
    return true;
}

/* Sizes from 32 KiB to 32 MiB. */
static size_t nth_size(unsigned n)
{
    return (((size_t)32 << 10) << (n % 11)) + n % 7;
}

/* Takes a block of each size, grows it, checks and frees it. */
static void churn(unsigned sizes, char seed)
{
    for (unsigned n = 0; n < sizes; n++) {
        size_t size = nth_size(n);
        char *block = n & 1 ? calloc(1, size) : malloc(size);
        require(block != NULL, "no memory");
        if (!block)
            return;
        require(!(n & 1) || (block[0] == 0 && block[size - 1] == 0), "calloc gave a dirty block");
        fill(block, 0, size, seed);
        char *grown = realloc(block, size + size / 2);
        require(grown && is_filled(grown, size, seed), "realloc lost the contents");
        free(grown);
    }
}

/* Two arrays that grow side by side to 512 MiB. */
static void arrays(void)
{
    char *array[2] = {NULL, NULL};
    for (size_t size = 0; size < 512 * MIB; size += MIB)
        for (int i = 0; i < 2; i++) {
            array[i] = realloc(array[i], size + MIB);
            require(array[i] != NULL, "no memory");
            if (!array[i])
                return;
            fill(array[i], size, size + MIB, (char)i);
            if (size % (64 * MIB) == 0)
                require(is_filled(array[i], size + MIB, (char)i), "an array lost its contents");
        }
    require(is_filled(array[0], 512 * MIB, 0) && is_filled(array[1], 512 * MIB, 1),
            "an array lost its contents");
    free(array[0]);
    free(array[1]);
}

static void *churn_until_stopped(void *seed)
{
    while (!stop)
        churn(6, (char)(uintptr_t)seed);
    return NULL;
}

static void storm(void)
{
    pthread_t threads[4];
    (void)alarm(200);
    for (size_t i = 0; i < 4; i++)
        require(pthread_create(&threads[i], NULL, churn_until_stopped, (void *)i) == 0, "no thread");
    for (unsigned round = 0; round < 300; round++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            (void)alarm(30);
            churn(4, 9);
            _exit(failed);
        }
        require(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a child failed");
    }
    stop = true;
    for (size_t i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
}

static void spawn(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL};
    for (unsigned round = 0; round < 30; round++) {
        int status = -1;
        pid_t child;
        require(posix_spawnp(&child, name, NULL, NULL, arguments, environ) == 0 &&
                    waitpid(child, &status, 0) == child && status == 0,
                "posix_spawn");
        child = vfork();
        if (child == 0) {
            (void)execvp(name, arguments);
            _exit(9);
        }
        status = -1;
        require(waitpid(child, &status, 0) == child && status == 0, "vfork");
        churn(11, 4);
    }
}

static void *churn_once(void *seed)
{
    churn(22, (char)(uintptr_t)seed);
    return NULL;
}

/* Threads with the least stack there can be. */
static void stacks(void)
{
    pthread_attr_t attributes;
    require(pthread_attr_init(&attributes) == 0 &&
                pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN) == 0,
            "no attributes");
    for (unsigned round = 0; round < 10; round++) {
        pthread_t threads[4];
        for (size_t i = 0; i < 4; i++)
            require(pthread_create(&threads[i], &attributes, churn_once, (void *)i) == 0, "no thread");
        for (size_t i = 0; i < 4; i++)
            (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_attr_destroy(&attributes);
}

static pthread_key_t key;
static unsigned _Atomic destructions;

/* Allocates once more in each of the rounds that the implementation grants. */
static void destroy(void *block)
{
    free(block);
    churn(6, 5);
    if (destructions++ % 3 != 2)
        (void)pthread_setspecific(key, malloc(nth_size(3)));
}

static void *leave_to_destructors(void *unused)
{
    (void)pthread_setspecific(key, malloc(nth_size(5)));
    return unused;
}

static void exits(void)
{
    require(pthread_key_create(&key, destroy) == 0, "no key");
    for (unsigned round = 0; round < 20; round++) {
        pthread_t thread;
        require(pthread_create(&thread, NULL, leave_to_destructors, NULL) == 0, "no thread");
        (void)pthread_join(thread, NULL);
    }
    require(destructions >= 40, "destructors did not run");
}

static _Atomic unsigned interruptions;

static void interrupt(int number)
{
    (void)number;
    interruptions++;
}

/* Small blocks, of which some live through many interruptions. */
static void churn_small(char seed)
{
    static __thread char *kept[256];
    for (unsigned i = 0; i < 20000; i++) {
        unsigned at = i * 31 % 256;
        size_t size = 1 + i * 7 % 3000;
        require(!kept[at] || (kept[at][0] == seed && kept[at][1] == (char)at),
                "a block has lost its contents");
        kept[at] = realloc(kept[at], size + 1);
        require(kept[at] != NULL, "no memory");
        kept[at][0] = seed;
        kept[at][1] = (char)at;
        if (i % 3 == 0) {
            free(kept[at]);
            kept[at] = NULL;
        }
    }
    for (unsigned at = 0; at < 256; at++) {
        free(kept[at]);
        kept[at] = NULL;
    }
}

static void *churn_interrupted(void *seed)
{
    while (interruptions < 3000 && !failed) {
        churn_small((char)(uintptr_t)seed);
        churn(8, (char)(uintptr_t)seed);
    }
    return NULL;
}

/* Signals without SA_RESTART, wherever the threads are: calls of the kernel end with EINTR. */
static void signals(void)
{
    const struct itimerval often = {{0, 150}, {0, 150}};
    const struct sigaction action = {.sa_handler = interrupt};
    pthread_t thread;
    require(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0, "no timer");
    require(pthread_create(&thread, NULL, churn_interrupted, (void *)2) == 0, "no thread");
    (void)churn_interrupted((void *)1);
    (void)pthread_join(thread, NULL);
    (void)setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

/* A mapping of its own that has to fit beside the heap. */
static void mapping(void)
{
    churn(6, 1);
    void *mapped = mmap(NULL, 200 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(mapped != MAP_FAILED, "200 MiB cannot be mapped");
    churn(6, 2);
}

static void some(void)
{
    churn(11, 1);
    churn(11, 2);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {{"arrays", arrays}, {"storm", storm}, {"spawn", spawn},     {"stacks", stacks},
                {"exits", exits},   {"some", some},   {"mapping", mapping}, {"signals", signals}};
    for (unsigned i = 0; argc == 2 && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            return failed ? EXIT_FAILURE : EXIT_SUCCESS;
        }
    (void)fprintf(stderr, "usage: native arrays|storm|spawn|stacks|exits|some|mapping|signals\n");
    return 2;
}
