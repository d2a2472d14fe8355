/* SPDX-License-Identifier: MIT */
/* calls - what pages cost before they are used, and what is done with them afterwards.
 *
 *   calls prefault HOW BYTES    seconds until all pages are there. HOW: populate (mmap, MADV_POPULATE_WRITE), touch
 *                               (mmap, a store to each page), malloc (a policy file may say that malloc prefaults)
 *   calls verify BYTES          seconds to ask the kernel where each page of a mapping is, by move_pages
 *   calls first                 allocate a block each of 64 bytes to 16 MiB and end; prints nothing
 *   calls hold BYTES            write a block and leave it to the end of the process; prints the seconds of CPU time used before
 *                               that end */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096
#define BATCH 1024

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static char *map(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(memory != MAP_FAILED, "mmap");
    return memory;
}

static void touch(volatile char *memory, size_t size)
{
    for (size_t at = 0; at < size; at += PAGE)
        memory[at] = 1;
}

static void prefault(const char *how, size_t size)
{
    const double start = seconds(CLOCK_MONOTONIC);
    if (how[0] == 'p')
        check(madvise(map(size), size, MADV_POPULATE_WRITE) == 0, "MADV_POPULATE_WRITE");
    else if (how[0] == 't')
        touch(map(size), size);
    else
        check(malloc(size) != NULL, "malloc");
    printf("%.6f\n", seconds(CLOCK_MONOTONIC) - start);
}

static void verify(size_t size)
{
    char *memory = map(size);
    static void *pages[BATCH];
    static int nodes[BATCH];
    check(madvise(memory, size, MADV_POPULATE_WRITE) == 0, "MADV_POPULATE_WRITE");
    const double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t at = 0; at < size; at += (size_t)BATCH * PAGE) {
        for (int i = 0; i < BATCH; i++)
            pages[i] = memory + at + (size_t)i * PAGE;
        check(syscall(SYS_move_pages, 0, (unsigned long)BATCH, pages, NULL, nodes, 0) == 0, "move_pages");
    }
    printf("%.6f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
}

/* Write a byte and keep the block. */
static void hold(size_t size, size_t written)
{
    char *block = malloc(size);
    check(block != NULL, "malloc");
    touch(block, written);
}

int main(int argc, char **argv)
{
    const size_t size = argc > 2 ? strtoull(argv[argc - 1], NULL, 10) : 0;
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "prefault") == 0 && argc == 4)
        prefault(argv[2], size);
    else if (strcmp(what, "verify") == 0 && argc == 3)
        verify(size);
    else if (strcmp(what, "first") == 0)
        for (size_t each = 64; each <= (size_t)16 << 20; each *= 64)
            hold(each, 1);
    else if (strcmp(what, "hold") == 0 && argc == 3) {
        hold(size, size);
        printf("%.6f\n", seconds(CLOCK_PROCESS_CPUTIME_ID));
    } else {
        fputs("usage: calls prefault HOW BYTES | verify BYTES | first | hold BYTES\n", stderr);
        return 2;
    }
    return 0;
}
