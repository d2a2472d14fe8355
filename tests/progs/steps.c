/* SPDX-License-Identifier: MIT */
/* Threads that end one instruction at a time: a signal handler allocates after each instruction of the shim (whose file is
 * argv[1]), as a handler might that comes just then. The processor's trap flag brings the signals. */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)

#define TRAP_FLAG 0x100

static uintptr_t low, high; /* the shim's code */
static unsigned long steps;
static pthread_key_t key;

static void find_code(const char *path)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && high == 0 && fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        if (strstr(line, path) && sscanf(line, "%lx-%lx r-xp", &start, &end) == 2 && strstr(line, " r-xp "))
            low = start, high = end;
    }
    if (maps)
        fclose(maps);
}

static void allocate(int number, siginfo_t *info, void *context)
{
    static const size_t sizes[] = {24, 700, 5000, 40000, 200000};
    const uintptr_t here = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    (void)number, (void)info;
    if (here < low || here >= high)
        return;
    const size_t size = sizes[steps++ % (sizeof sizes / sizeof *sizes)];
    char *block = malloc(size);
    memset(block, 1, size);
    free(block);
}

static void set_trap_flag(void)
{
    __asm__ volatile(
        "lea -128(%%rsp), %%rsp; pushfq; orq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::"i"(TRAP_FLAG)
        : "memory", "cc");
}

static void clear_trap_flag(void *unused)
{
    (void)unused;
    __asm__ volatile(
        "lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::"i"(~TRAP_FLAG)
        : "memory", "cc");
}

/* The shim's own key is older than this one, so that its destructor comes first. */
static void *allocate_and_end(void *unused)
{
    void *blocks[300];
    for (int i = 0; i < 300; i++)
        blocks[i] = malloc((size_t)i * 20);
    for (int i = 0; i < 300; i++)
        free(blocks[i]);
    pthread_setspecific(key, &key);
    set_trap_flag();
    return unused;
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_sigaction = allocate, .sa_flags = SA_SIGINFO};
    if (argc < 2)
        return 2;
    find_code(argv[1]);
    sigaction(SIGTRAP, &action, NULL);
    pthread_key_create(&key, clear_trap_flag);
    alarm(300);
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        check(pthread_create(&thread, NULL, allocate_and_end, NULL) == 0, "no thread");
        check(pthread_join(thread, NULL) == 0, "not joined");
    }
    check(steps > 1000, "%lu steps", steps);
    return check_status();
}

#else

int main(void)
{
    return check_status();
}

#endif
