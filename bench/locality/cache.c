// SPDX-License-Identifier: MIT
#include "cache.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define LINES (UINT64_C(8) << (30 - CACHE_LINE_SHIFT))

struct entry {
    uint64_t line; // plus 1; 0 is empty
    uint32_t version;
    uint32_t used; // the CPU's clock at the last access
};

struct cache {
    _Alignas(128) struct entry sets[CACHE_SETS][CACHE_WAYS];
    uint32_t clock;
};

static struct cache caches[CACHE_CPUS];

// How often each line of memory was written. An entry is good while it has the line's version: that makes a write
// invalidate all copies without a look into other CPUs' caches, which other threads are using.
static _Atomic uint32_t *versions;

int cache_open(void)
{
    void *table = mmap(NULL, LINES * sizeof *versions, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED)
        return -errno;
    versions = table;
    return 0;
}

enum cache_answer cache_access(unsigned cpu, uint64_t line, bool write)
{
    if (line >= LINES)
        return CACHE_MISS;
    struct cache *cache = &caches[cpu];
    struct entry *set = cache->sets[line % CACHE_SETS], *oldest = set, *entry = NULL;
    for (int way = 0; way < CACHE_WAYS && !entry; way++) {
        if (set[way].line == line + 1)
            entry = &set[way];
        else if (cache->clock - set[way].used > cache->clock - oldest->used)
            oldest = &set[way];
    }
    uint32_t version = write ? atomic_fetch_add(&versions[line], 1) : atomic_load(&versions[line]);
    enum cache_answer answer = !entry ? CACHE_MISS : entry->version == version ? CACHE_HIT : CACHE_STALE;
    if (!entry)
        entry = oldest;
    *entry = (struct entry){.line = line + 1, .version = version + write, .used = ++cache->clock};
    return answer;
}

void cache_clear(void)
{
    memset(caches, 0, sizeof caches);
}
