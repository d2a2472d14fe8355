/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include "class.h"
#include "depot.h"
#include "heap.h"
#include "patience.h"
#include "retain.h"
#include "space.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ELSEWHERE_EVERY 16 /* seconds */

static struct np_cache no_cache;
__thread struct np_cache *np_cache __attribute__((tls_model("initial-exec"))) = &no_cache;

static __thread struct {
    struct np_cache *cache; /* this thread's, while np_cache may be no_cache */
    bool ended;             /* its destructors run: what it allocates now goes without a cache */
    bool forking;           /* it has closed the gate itself */
} own __attribute__((tls_model("initial-exec")));

static struct {
    pthread_mutex_t
        lock; /* of the lists; in the hands of threads without a cache while they use the depots */
    pthread_mutex_t gate; /* held while it is closed */
    _Atomic bool closed, several;
    struct np_cache *all, *idle;
    void (*end)(void *); /* the destructor of: */
    pthread_key_t key;
    bool has_key;
    _Atomic uint32_t trims;
    _Atomic uint32_t collected; /* second when what other nodes gave back was last collected everywhere */
    size_t size;                /* of a cache with what lies behind it */
    /* Bytes that all caches may hold: written often, while the others are read on each slow path. */
    _Alignas(64) _Atomic size_t granted;
} caches = {.lock = PTHREAD_MUTEX_INITIALIZER, .gate = PTHREAD_MUTEX_INITIALIZER, .end = np_heap_end_thread};

static _Atomic uint32_t threads_at[NP_MAX_NODES]; /* each position among the nodes of `local` */

uint32_t np_caches_at(unsigned position)
{
    return atomic_load_explicit(&threads_at[position], memory_order_relaxed);
}

void np_cache_leave_node(struct np_cache *cache)
{
    if (cache->cpu != -1)
        atomic_fetch_sub_explicit(&threads_at[cache->position], 1, memory_order_relaxed);
    cache->cpu = -1;
}

void np_cache_enter_node(struct np_cache *cache, unsigned position)
{
    np_cache_leave_node(cache);
    cache->position = position;
    atomic_fetch_add_explicit(&threads_at[position], 1, memory_order_relaxed);
}

static void lock_list(void)
{
    if (!own.forking)
        pthread_mutex_lock(&caches.lock);
}

static void unlock_list(void)
{
    if (!own.forking)
        pthread_mutex_unlock(&caches.lock);
}

/* ---- Bounds ---- */

bool np_caches_charge(size_t bytes)
{
    size_t before = atomic_fetch_add_explicit(&caches.granted, bytes, memory_order_relaxed);
    if (before + bytes <= NP_CACHES_LEAST || before + bytes <= np_class_bytes_in_use() / 16)
        return true;
    np_caches_discharge(bytes);
    return false;
}

bool np_caches_are_several(void)
{
    return atomic_load_explicit(&caches.several, memory_order_relaxed);
}

void np_caches_discharge(size_t bytes)
{
    atomic_fetch_sub_explicit(&caches.granted, bytes, memory_order_relaxed);
}

/* ---- A thread's first and last allocation ---- */

static size_t counted_offset(void)
{
    return offsetof(struct np_cache, magazine) + (np_bins.slots + 1) * sizeof(struct np_magazine);
}

static size_t pointers_offset(void)
{
    return counted_offset() + (np_bins.slots + 1) * sizeof(struct np_counted);
}

static size_t outboxes_offset(void)
{
    return pointers_offset() + np_bins.pointers * sizeof(void *);
}

static void lay_out(struct np_cache *cache)
{
    cache->counted = (struct np_counted *)(void *)((char *)cache + counted_offset());
    cache->pointers = (void **)(void *)((char *)cache + pointers_offset());
    cache->outboxes = (struct np_outbox *)(void *)((char *)cache + outboxes_offset());
    for (unsigned i = 1; i <= np_bins.slots; i++) {
        const struct np_slot *slot = &np_bins.slot[i];
        struct np_magazine *magazine = &cache->magazine[i];
        magazine->slab_mask = slot->slab_bytes - 1;
        magazine->reciprocal = slot->reciprocal;
        magazine->last = (slot->blocks - 1) * slot->size;
        magazine->slot = (uint16_t)i;
        magazine->zone = np_class_small_zone(slot->class, 0);
    }
}

static struct np_cache *new_cache(void)
{
    void *memory;
    size_t size = outboxes_offset() + np_zones_count() * sizeof(struct np_outbox);
    if (!np_zones_reserved() || np_kernel_map(NULL, size, PROT_READ | PROT_WRITE, 0, &memory) < 0)
        return NULL;
    /* Under THP=always a thread must not cost a huge page. */
    (void)np_kernel_advise(memory, size, MADV_NOHUGEPAGE);
    struct np_cache *cache = memory;
    lay_out(cache);
    cache->cpu = -1;
    atomic_store_explicit(&caches.several, caches.all != NULL, memory_order_relaxed);
    cache->next = caches.all;
    caches.all = cache;
    return cache;
}

static struct np_cache *adopt(void)
{
    lock_list();
    struct np_cache *cache = caches.idle;
    if (cache) {
        caches.idle = cache->next_idle;
        np_cache_forget(cache);
    } else {
        cache = new_cache();
    }
    if (cache) {
        cache->in_use = true;
        const volatile int32_t *now = np_class_local_zones() > 1 ? np_kernel_rseq_cpu() : NULL;
        cache->cpu_now = now ? now : &cache->cpu;
        own.cache = cache;
    }
    unlock_list();
    if (cache && caches.has_key)
        (void)pthread_setspecific(caches.key, cache); /* if it fails the cache is lost when the thread ends */
    return cache;
}

void np_heap_end_thread(void *argument)
{
    struct np_cache *cache = np_cache_enter();
    (void)argument;
    if (!cache) {
        np_cache_leave(cache);
        return;
    }
    np_cache_empty(cache);
    own.cache = NULL;
    own.ended = true;
    np_cache = &no_cache;
    /* Who closes the gate has the lock while it waits for the threads in the slow path. */
    atomic_store_explicit(&cache->busy, false, memory_order_release);
    lock_list();
    np_cache_leave_node(cache);
    cache->in_use = false;
    cache->next_idle = caches.idle;
    caches.idle = cache;
    unlock_list();
}

void np_heap_on_thread_end(void (*end)(void *cache))
{
    caches.end = end;
}

int np_caches_setup(void)
{
    caches.has_key = pthread_key_create(&caches.key, caches.end) == 0;
    return 0;
}

/* ---- The slow path and the gate ---- */

/* Threads in the slow path say so and then look at the gate; who closes it does so and then looks at the threads. One
 * of them sees the other. */
static void pass_gate(struct np_cache *cache)
{
    atomic_exchange(&cache->busy, true);
    while (atomic_load(&caches.closed) && !own.forking) {
        atomic_store(&cache->busy, false);
        pthread_mutex_lock(&caches.gate);
        pthread_mutex_unlock(&caches.gate);
        atomic_exchange(&cache->busy, true);
    }
}

static bool has_depots(uint32_t zone)
{
    return atomic_load_explicit(&np_zone_at(zone)->started, memory_order_acquire) &&
           np_zone_at(zone)->has_depots;
}

/* Once in a while for all nodes: on some of them no thread may run any more. */
static void collect_everywhere(uint32_t now)
{
    uint32_t last = atomic_load_explicit(&caches.collected, memory_order_relaxed);
    if (now - last < ELSEWHERE_EVERY ||
        !atomic_compare_exchange_strong_explicit(&caches.collected, &last, now, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    for (unsigned i = 0; i < np_zones_count(); i++)
        for (unsigned slot = 1; has_depots(i) && slot <= np_bins.slots; slot++)
            if (np_bins.slot[slot].class == np_zone_at(i)->class_index)
                np_depot_collect(np_zone_at(i), slot);
}

/* What outboxes gave back is collected by whoever allocates there next. Once a second each thread collects the rest for
 * its own node, or blocks of sizes that nobody asks for any more would keep their slabs for ever. */
static void collect_posted(struct np_cache *cache)
{
    uint32_t now = np_retain_now();
    if (cache->collected == now)
        return;
    cache->collected = now;
    for (unsigned slot = 1; slot <= np_bins.slots; slot++)
        if (has_depots(cache->magazine[slot].zone))
            np_depot_collect(np_zone_at(cache->magazine[slot].zone), slot);
    collect_everywhere(now);
}

void np_cache_tick(struct np_cache *cache)
{
    if (++cache->calls % 256)
        return;
    np_cache_age(cache);
    collect_posted(cache);
}

struct np_cache *np_cache_enter(void)
{
    struct np_cache *cache = own.cache;
    if (!cache && !own.ended)
        cache = adopt();
    if (!cache) {
        lock_list();
        return NULL;
    }
    np_cache = &no_cache;
    pass_gate(cache);
    uint32_t trims = atomic_load_explicit(&caches.trims, memory_order_relaxed);
    if (cache->trims != trims) {
        cache->trims = trims;
        np_cache_empty(cache);
    }
    return cache;
}

void np_cache_leave(struct np_cache *cache)
{
    if (!cache) {
        unlock_list();
        return;
    }
    atomic_store_explicit(&cache->busy, false, memory_order_release);
    np_cache = cache;
}

static void open_gate(void)
{
    own.forking = false;
    pthread_mutex_unlock(&caches.lock);
    atomic_store(&caches.closed, false);
    pthread_mutex_unlock(&caches.gate);
}

static bool lock_in_time(pthread_mutex_t *lock, struct np_patience *patience)
{
    if (patience->milliseconds == 0)
        return pthread_mutex_lock(lock) == 0;
    while (pthread_mutex_trylock(lock) != 0)
        if (!np_patience_wait(patience))
            return false;
    return true;
}

static bool slow_paths_end(struct np_patience *patience)
{
    for (struct np_cache *cache = caches.all; cache; cache = cache->next)
        while (cache != own.cache && atomic_load(&cache->busy))
            if (!np_patience_wait(patience))
                return false;
    return true;
}

/* Return: false when patience was over; it is open then. */
static bool close_gate(unsigned milliseconds)
{
    struct np_patience patience = {.milliseconds = milliseconds};
    if (!lock_in_time(&caches.gate, &patience))
        return false;
    atomic_store(&caches.closed, true);
    if (!lock_in_time(&caches.lock, &patience)) {
        atomic_store(&caches.closed, false);
        pthread_mutex_unlock(&caches.gate);
        return false;
    }
    own.forking = true;
    if (slow_paths_end(&patience))
        return true;
    open_gate();
    return false;
}

void np_caches_before_fork(void)
{
    (void)close_gate(0);
}

void np_caches_after_fork_parent(void)
{
    open_gate();
}

/* The other threads are gone. What their magazines hold serves the threads that the child starts, or goes back when
 * malloc_trim is called. */
void np_caches_after_fork_child(void)
{
    for (struct np_cache *cache = caches.all; cache; cache = cache->next) {
        if (cache == own.cache || !cache->in_use)
            continue;
        /* Its thread may just have come to the closed gate. */
        atomic_store_explicit(&cache->busy, false, memory_order_relaxed);
        np_cache_leave_node(cache);
        cache->in_use = false;
        cache->next_idle = caches.idle;
        caches.idle = cache;
    }
    open_gate();
}

void np_caches_trim(void)
{
    atomic_fetch_add_explicit(&caches.trims, 1, memory_order_relaxed);
    np_cache_leave(np_cache_enter());
    lock_list();
    for (struct np_cache *cache = caches.idle; cache; cache = cache->next_idle)
        np_cache_empty(cache);
    unlock_list();
}

bool np_caches_count(unsigned milliseconds)
{
    if (!np_zones_reserved())
        return true;
    if (!close_gate(milliseconds))
        return false;
    for (struct np_cache *cache = caches.all; cache; cache = cache->next) {
        np_outboxes_count(cache);
        for (unsigned slot = 1; slot <= np_bins.slots; slot++)
            np_cache_count(cache, slot);
    }
    open_gate();
    return true;
}
