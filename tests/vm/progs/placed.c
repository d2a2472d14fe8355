/* SPDX-License-Identifier: MIT */
/* placed - where each page of another process is, as move_pages(2) tells it to this one.
 *
 * usage: placed PID PERIOD START LENGTH [START LENGTH]...
 *
 * For each range a line: the pages on node 0, on node 1, and so on up to the highest possible node, then those on none.
 * Exit status 3 when the pages' numbers (address / page size) modulo PERIOD do not tell their nodes: with interleaving
 * over N nodes and a period of N, every remainder has a node of its own. A period of 1 asks for nothing. */
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH   512
#define NODES   64
#define PERIODS 1024

static size_t page, period;
static int node_of[PERIODS]; /* of pages with this remainder; -1 not seen yet, -2 several */

static void note(uintptr_t address, int node, size_t *counts)
{
    if (node < 0 || node >= NODES) {
        counts[NODES]++;
        return;
    }
    counts[node]++;
    int *known = &node_of[address / page % period];
    *known = *known == -1 || *known == node ? node : -2;
}

static void count(int pid, uintptr_t start, uintptr_t end, size_t *counts)
{
    for (uintptr_t at = start / page * page; at < end;) {
        void *pages[BATCH];
        int status[BATCH];
        size_t used = 0;
        for (; used < BATCH && at < end; at += page)
            pages[used++] = (void *)at; /* NOLINT(performance-no-int-to-ptr): addresses of another process */
        if (move_pages(pid, used, pages, NULL, status, 0) < 0) {
            perror("placed: move_pages");
            exit(1);
        }
        for (size_t i = 0; i < used; i++)
            note((uintptr_t)pages[i], status[i], counts);
    }
}

static int in_turn(void)
{
    for (size_t i = 0; i < period; i++)
        for (size_t other = 0; other <= i; other++)
            if (node_of[i] == -2 || (other < i && node_of[i] >= 0 && node_of[i] == node_of[other]))
                return 0;
    return 1;
}

int main(int argc, char **argv)
{
    period = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    if (argc < 5 || argc % 2 == 0 || period < 1 || period > PERIODS) {
        fputs("usage: placed PID PERIOD START LENGTH [START LENGTH]...\n", stderr);
        return 2;
    }
    page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < period; i++)
        node_of[i] = -1;
    for (int i = 3; i < argc; i += 2) {
        size_t counts[NODES + 1] = {0};
        uintptr_t start = strtoull(argv[i], NULL, 0);
        count(atoi(argv[1]), start, start + strtoull(argv[i + 1], NULL, 0), counts);
        for (int node = 0; node <= numa_max_node(); node++)
            printf("%zu ", counts[node]);
        printf("%zu\n", counts[NODES]);
    }
    return period > 1 && !in_turn() ? 3 : 0;
}
