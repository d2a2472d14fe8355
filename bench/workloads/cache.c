/* SPDX-License-Identifier: MIT */
/* cache - a cache of objects as memcached or redis keep them: keys by a skewed law, values of 32 bytes to 8 KiB, an
 * entry and its value allocated apart; the oldest go when 32 MiB are passed. */
#include "workload.h"

#define BUCKETS 32768
#define KEYS    100000
#define BUDGET  ((size_t)32 << 20)

struct entry {
    struct entry *next_in_bucket, *newer;
    uint32_t key;
    size_t size;
    char *value;
};

static struct entry *buckets[BUCKETS], *oldest, *newest;
static size_t used;
static uint64_t calls;

static struct entry **find(uint32_t key)
{
    struct entry **at = &buckets[key % BUCKETS];
    while (*at != NULL && (*at)->key != key)
        at = &(*at)->next_in_bucket;
    return at;
}

static void insert(struct entry **at, uint32_t key, size_t size)
{
    struct entry *entry = (struct entry *)take(sizeof *entry);
    *entry = (struct entry){.key = key, .size = size, .value = take(size)};
    memset(entry->value, (int)key, size);
    *at = entry;
    *(newest != NULL ? &newest->newer : &oldest) = entry;
    newest = entry;
    used += size;
    calls += 2;
}

static void evict(void)
{
    struct entry *entry = oldest;
    *find(entry->key) = entry->next_in_bucket;
    oldest = entry->newer;
    if (oldest == NULL)
        newest = NULL;
    used -= entry->size;
    free(entry->value);
    free(entry);
    calls += 2;
}

int main(int argc, char **argv)
{
    const uint64_t work = workload_amount(argc, argv, 1500000);
    uint64_t rng = 42;
    unsigned long hits = 0;
    for (uint64_t i = 0; i < work; i++) {
        /* The product of two uniform numbers: small keys are asked for most. */
        const uint32_t key = random_below(&rng, 1 + random_below(&rng, KEYS));
        struct entry **at = find(key);
        if (*at != NULL) {
            hits += (unsigned char)(*at)->value[0] == (key & 0xff);
            continue;
        }
        insert(at, key, random_size(&rng, 5, 13));
        while (used > BUDGET)
            evict();
    }
    while (oldest != NULL)
        evict();
    return hits > 0 ? workload_done(calls) : 1;
}
