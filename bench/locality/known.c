// SPDX-License-Identifier: MIT
//
// known CPU NODE BYTES TIMES [write]
// known pass NODE BYTES TIMES
//
// Programs with known answers, for the test of the instrument: a CPU reads, or writes, each line of a buffer on a node
// so many times, from its beginning to its end. With `pass`, CPUs 0 and 1 take turns instead: CPU 0 writes each line,
// then CPU 1 reads them.
#include "mark.h"

#include <err.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LINE = 64,
};

static void move_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        err(1, "CPU %d", cpu);
}

static void read_all(const volatile char *buffer, size_t size)
{
    for (size_t at = 0; at < size; at += LINE)
        (void)buffer[at];
}

static void write_all(volatile char *buffer, size_t size)
{
    for (size_t at = 0; at < size; at += LINE)
        buffer[at] = 1;
}

static char *buffer_on(unsigned node, size_t size)
{
    unsigned long mask = 1UL << node;
    char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED || mbind(buffer, size, MPOL_BIND, &mask, 65, 0) != 0)
        err(1, "a buffer on node %u", node);
    memset(buffer, 1, size);
    return buffer;
}

int main(int argc, char **argv)
{
    if (argc != 5 && !(argc == 6 && !strcmp(argv[5], "write")))
        errx(2, "usage: known CPU|pass NODE BYTES TIMES [write]");
    int pass = !strcmp(argv[1], "pass");
    size_t size = strtoul(argv[3], NULL, 10);
    char *buffer = buffer_on((unsigned)strtoul(argv[2], NULL, 10), size);
    move_to(pass ? 0 : atoi(argv[1]));
    mark_open();
    mark_say(MARK_BEGIN, MARK_ALL_CPUS);
    for (int times = atoi(argv[4]); times > 0; times--) {
        if (pass) {
            move_to(0);
            write_all(buffer, size);
            move_to(1);
        }
        if (argc == 6)
            write_all(buffer, size);
        else
            read_all(buffer, size);
    }
    mark_say(MARK_END, 0);
    return 0;
}
