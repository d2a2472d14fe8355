// SPDX-License-Identifier: MIT
//
// A small model of the CPUs' private caches: one level each, set associative, least recently used out first, lines of
// 64 bytes by physical address, allocated by reads and writes alike. A write makes the copies in all other caches
// stale, so data that CPUs hand to each other miss as they do on a real machine. There is no shared cache.
#ifndef NUMAPERF_BENCH_CACHE_H
#define NUMAPERF_BENCH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CACHE_CPUS = 64,
    CACHE_LINE_SHIFT = 6,
    CACHE_WAYS = 8,
    CACHE_SETS = 512, // 256 KiB
};

enum cache_answer {
    CACHE_HIT,
    CACHE_MISS,
    CACHE_STALE, // a miss, because another CPU wrote to the line
};

// Must be called first. Returns 0 or a negative errno.
int cache_open(void);

// The access of a CPU to a line (address >> CACHE_LINE_SHIFT). Threads may call it at the same time for different
// CPUs. Lines beyond the model's 8 GiB always miss.
enum cache_answer cache_access(unsigned cpu, uint64_t line, bool write);

// Empties the cache of every CPU.
void cache_clear(void);

#endif
