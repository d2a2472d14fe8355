// SPDX-License-Identifier: MIT
//
// instrument calibrate | begin [CPUS] | end
//
// Speaks to the plugin from a shell: tells it the nodes, or when to count. CPUS is a mask in hexadecimal. `calibrate`
// wants root, because only root may know physical addresses.
#include "mark.h"

#include <err.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PROBES = 64, // pages shown of each node
};

// What the kernel says of a node: the first page and the one behind the last, of all its zones together.
struct span {
    uint64_t from, till;
};

static uint64_t physical_address(void *page)
{
    int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t entry;
    off_t offset = (off_t)((uintptr_t)page / MARK_PAGE * sizeof entry);
    if (map < 0 || pread(map, &entry, sizeof entry, offset) != sizeof entry)
        err(1, "/proc/self/pagemap");
    close(map);
    uint64_t number = entry & ((UINT64_C(1) << 55) - 1);
    if (!(entry >> 63) || number == 0)
        errx(1, "no physical address: not root?");
    return number * MARK_PAGE;
}

static void add_zone(struct span *span, uint64_t start, uint64_t length)
{
    if (length == 0)
        return;
    if (span->till == 0 || start < span->from)
        span->from = start;
    if (start + length > span->till)
        span->till = start + length;
}

static bool read_span(unsigned node, struct span *ret_span)
{
    FILE *file = fopen("/proc/zoneinfo", "re");
    char line[256];
    unsigned current = 0;
    uint64_t start, length = 0;
    struct span span = {0, 0};
    if (!file)
        err(1, "/proc/zoneinfo");
    while (fgets(line, sizeof line, file)) {
        (void)sscanf(line, "Node %u, zone", &current);
        (void)sscanf(line, " spanned %lu", &length);
        if (sscanf(line, " start_pfn: %lu", &start) == 1 && current == node)
            add_zone(&span, start, length);
    }
    fclose(file);
    *ret_span = span;
    return span.till != 0;
}

// A page on the node in the place for probes. The kernel fills it: a store of ours would already be a probe.
static void *renew(unsigned node)
{
    unsigned long mask = 1UL << node;
    void *page = mmap(mark_place(MARK_PROBE), MARK_PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
    if (page == MAP_FAILED ||
        mbind(page, MARK_PAGE, MPOL_BIND, &mask, 65, MPOL_MF_MOVE | MPOL_MF_STRICT) != 0)
        err(1, "a page on node %u", node);
    return page;
}

static void show_node(unsigned node)
{
    struct span span;
    void *kept[PROBES];
    if (!read_span(node, &span))
        return;
    for (int i = 0; i < PROBES; i++) {
        // The old page stays in use elsewhere, so that the next one is another.
        void *page = renew(node);
        mark_push(physical_address(page));
        mark_say(MARK_PROBE, node);
        kept[i] = mremap(page, MARK_PAGE, MARK_PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
        if (kept[i] == MAP_FAILED)
            err(1, "mremap");
    }
    for (int i = 0; i < PROBES; i++)
        munmap(kept[i], MARK_PAGE);
    mark_push(span.from * MARK_PAGE);
    mark_say(MARK_FROM, node);
    mark_push(span.till * MARK_PAGE);
    mark_say(MARK_TILL, node);
}

static void calibrate(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    for (int cpu = 0; cpu < cpus; cpu++) {
        cpu_set_t set;
        unsigned where, node;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0 || getcpu(&where, &node) != 0)
            err(1, "CPU %d", cpu);
        mark_say(MARK_CPU, node);
    }
    for (unsigned node = 0; node < 64; node++)
        show_node(node);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    mark_open();
    if (!strcmp(command, "calibrate") && argc == 2)
        calibrate();
    else if (!strcmp(command, "begin") && argc <= 3)
        mark_say(MARK_BEGIN, argc == 3 ? (unsigned)strtoul(argv[2], NULL, 16) : MARK_ALL_CPUS);
    else if (!strcmp(command, "end") && argc == 2)
        mark_say(MARK_END, 0);
    else
        errx(2, "usage: instrument calibrate | begin [CPUS] | end");
    return 0;
}
