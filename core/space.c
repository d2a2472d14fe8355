/* SPDX-License-Identifier: MIT */
#include "space.h"

#include "tables.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* An eighth of the user's half of the address space: 16 TiB where it has 47 bits. */
#define BUDGET        ((size_t)1 << 44)
#define SMALLEST      ((size_t)64 << 20)
#define SMALLEST_ZONE ((size_t)4 << 20)

/* A line of its own: all threads read it, and next to nobody writes. */
_Alignas(64) struct np_space np_space NP_TOGETHER;
struct np_view np_view = {.base = (uintptr_t)1 << 63};
unsigned np_page_shift = 12;

static pthread_mutex_t space_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool holds_all_locks __attribute__((tls_model("initial-exec")));

static size_t power_of_two_from(uint64_t value)
{
    size_t power = SMALLEST_ZONE;
    while (power < value)
        power <<= 1;
    return power;
}

/* Bytes of address space in use, from the first figure of /proc/self/statm. */
static size_t address_space_in_use(void)
{
    uint64_t pages = 0;
    (void)np_kernel_read_figure("/proc/self/statm", &pages); /* without /proc nothing is known of it */
    return np_bytes((size_t)pages);
}

/* Return: bytes of addresses that the process may have, or RLIM_INFINITY. */
static rlim_t address_limit(void)
{
    struct rlimit all, data;
    if (getrlimit(RLIMIT_AS, &all) != 0)
        all.rlim_cur = RLIM_INFINITY;
    if (getrlimit(RLIMIT_DATA, &data) != 0)
        data.rlim_cur = RLIM_INFINITY;
    return all.rlim_cur < data.rlim_cur ? all.rlim_cur : data.rlim_cur;
}

bool np_space_is_limited(void)
{
    return address_limit() != RLIM_INFINITY;
}

/* How much may be reserved. Under a limit, others need the address space too: a program with `ulimit -v
 * 400000` that maps 200 MiB of its own must still succeed. */
static size_t address_budget(void)
{
    const rlim_t limit = address_limit();
    if (limit == RLIM_INFINITY)
        return BUDGET;
    const size_t used = address_space_in_use(), left = limit > used ? (size_t)limit - used : 0;
    return left / 8 < BUDGET ? left / 8 : BUDGET;
}

/* Maps @length bytes of closed address space whose start is a multiple of @alignment. Not MAP_NORESERVE:
 * the kernel shall count what is opened, and refuse a request beyond all memory, as it does elsewhere. */
static int reserve(size_t length, size_t alignment, char **ret_start)
{
    void *mapped;
    int error = np_kernel_map(NULL, length + alignment, PROT_NONE, 0, &mapped);
    if (error)
        return error;
    char *raw = mapped, *raw_end = raw + length + alignment;
    char *start = (char *)(((uintptr_t)raw + alignment - 1) & ~(uintptr_t)(alignment - 1));
    if (start > raw)
        (void)np_kernel_unmap(raw, (size_t)(start - raw));
    if (start + length < raw_end)
        (void)np_kernel_unmap(start + length, (size_t)(raw_end - start - length));
    *ret_start = start;
    return 0;
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + np_bytes(1) - 1) & ~(np_bytes(1) - 1);
}

/* Readable everywhere, so that a free needs no test: what is closed reads as zeroes and costs nothing. */
static int reserve_kinds(size_t span)
{
    void *mapped;
    np_space.kinds_span = whole_pages(span >> NP_UNIT_SHIFT);
    int error = np_kernel_map(NULL, np_space.kinds_span, PROT_READ, 0, &mapped);
    if (error)
        return error;
    (void)np_kernel_advise(mapped, np_space.kinds_span, MADV_NOHUGEPAGE);
    np_view.kinds = mapped;
    return 0;
}

static int reserve_tables(unsigned count, size_t zone_size)
{
    size_t pages = zone_size >> np_page_shift;
    np_space.contents_offset = whole_pages(np_space_runs_bytes(pages));
    np_space.slabs_offset = np_space.contents_offset + whole_pages(pages);
    size_t units = zone_size >> NP_UNIT_SHIFT;
    np_space.remotes_offset = np_space.slabs_offset + whole_pages(units * NP_SLAB_STRIDE);
    np_space.depots_offset = np_space.remotes_offset + whole_pages(np_space_remote_bytes(units));
    np_space.table_span = np_space.depots_offset + whole_pages(np_space_depots_bytes());
    int error = reserve_kinds(zone_size * count);
    if (error)
        return error;
    error = reserve(np_space.table_span * count, np_bytes(1), &np_space.tables);
    if (!error)
        (void)np_kernel_advise(np_space.tables, np_space.table_span * count, MADV_NOHUGEPAGE);
    else
        (void)np_kernel_unmap(np_view.kinds, np_space.kinds_span);
    return error;
}

_Static_assert(sizeof(struct np_zone) + NP_ZONE_AHEAD <= 4096, "a page has a zone");

static int make_zones(unsigned count)
{
    void *mapped;
    int error = np_kernel_map(NULL, np_bytes(count), PROT_READ | PROT_WRITE, 0, &mapped);
    if (error)
        return error;
    (void)np_kernel_advise(mapped, np_bytes(count), MADV_NOHUGEPAGE);
    np_space.zones = mapped;
    return 0;
}

static char *base_of(unsigned index)
{
    return (char *)np_space.base + ((size_t)index << np_space.shift);
}

void np_zone_lay_out(struct np_zone *zone)
{
    const size_t size = (size_t)1 << np_space.shift;
    np_lock_init(&zone->lock);
    zone->base = base_of(np_zone_index(zone));
    zone->capacity = size - np_space.gap;
    zone->reserved_end = np_space.released ? 0 : size;
    zone->tables_reserved = np_space.released ? 0 : size >> np_page_shift;
    zone->node = -1;
    zone->slabs = np_space_slabs(zone);
    zone->remotes = np_space_remotes(zone);
    zone->depots = np_space_depots(zone);
    zone->posted = np_space_posted(zone);
}

/* Lets np_zone_of() see the zones. */
static void publish(char *base, unsigned count, size_t zone_size, size_t gap)
{
    np_space.count = count;
    np_space.shift = (unsigned)__builtin_ctzll(zone_size);
    np_space.span = zone_size * count;
    np_space.gap = gap;
    np_view.shift = np_space.shift;
    atomic_store_explicit(&np_view.base, (uintptr_t)base, memory_order_relaxed);
    atomic_store_explicit(&np_view.span, np_space.span, memory_order_release);
    atomic_store_explicit(&np_space.base, (uintptr_t)base, memory_order_release);
}

int np_zones_reserve(unsigned count, uint64_t memory, size_t alignment)
{
    size_t budget = address_budget(), zone_size = power_of_two_from(4 * memory);
    if (budget < SMALLEST || !count)
        return -ENOMEM;
    int error = make_zones(count);
    if (error)
        return error;
    for (; zone_size >= SMALLEST_ZONE && zone_size >= 2 * alignment; zone_size /= 2) {
        char *base = NULL;
        if (zone_size > budget / count || zone_size * count < SMALLEST)
            continue;
        /* A block's alignment is that of its offset, so zones begin at multiples of the largest one there
         * can be. */
        if (reserve(zone_size * count, zone_size, &base) < 0)
            continue;
        if (reserve_tables(count, zone_size) == 0) {
            publish(base, count, zone_size, alignment);
            return 0;
        }
        (void)np_kernel_unmap(base, zone_size * count);
    }
    (void)np_kernel_unmap(np_space.zones, np_bytes(count));
    return -ENOMEM;
}

unsigned np_zones_count(void)
{
    return np_zones_reserved() ? np_space.count : 0;
}

bool np_zones_hold(const void *address)
{
    uintptr_t base = atomic_load_explicit(&np_space.base, memory_order_acquire);
    return base && (uintptr_t)address - base < np_space.span;
}

bool np_space_nodes_with_cpus(np_nodeset *ret_nodes)
{
    char text[512];
    ssize_t length = np_kernel_read_file("/sys/devices/system/node/has_cpu", text, sizeof text);
    if (length <= 0)
        return false;
    if (text[length - 1] == '\n')
        text[length - 1] = '\0';
    return np_nodeset_parse(text, ret_nodes) == 0;
}

static void release_closed(char *start, size_t from, size_t to)
{
    size_t page = np_bytes(1);
    from = (from + page - 1) / page * page;
    if (from < to)
        (void)np_kernel_unmap(start + from, to - from);
}

/* Of the kinds go the pages that are about units of this zone alone which no table has yet: what was open before and has
 * been closed will be opened with the tables that there are. */
static void release_kinds(const struct np_zone *zone)
{
    size_t first = ((size_t)np_zone_index(zone) << np_space.shift) >> NP_UNIT_SHIFT;
    size_t from = whole_pages(first + np_space_units(zone->tables_open));
    size_t to = (first + (((size_t)1 << np_space.shift) >> NP_UNIT_SHIFT)) & ~(np_bytes(1) - 1);
    if (from < to)
        (void)np_kernel_unmap(np_view.kinds + from, to - from);
}

/* Unmaps what is not open of a zone and its tables. Return: bytes that are open. */
static size_t release_zone(const struct np_zone *zone)
{
    const size_t open = atomic_load_explicit(&zone->open, memory_order_relaxed);
    const size_t units = np_space_units(zone->tables_open);
    release_closed(base_of(np_zone_index(zone)), open, (size_t)1 << np_space.shift);
    release_closed(np_space_tables(zone), np_space_runs_bytes(zone->tables_open), np_space.contents_offset);
    release_closed((char *)np_space_contents(zone), zone->tables_open,
                   np_space.slabs_offset - np_space.contents_offset);
    release_closed(np_space_slabs(zone), units * NP_SLAB_STRIDE,
                   np_space.remotes_offset - np_space.slabs_offset);
    release_closed((char *)np_space_remotes(zone), np_space_remote_bytes(units),
                   np_space.depots_offset - np_space.remotes_offset);
    release_kinds(zone);
    return open;
}

void np_zones_release_reserve(void)
{
    np_space_lock();
    np_space.small_steps = true;
    if (!np_zones_reserved()) {
        np_space_unlock();
        return;
    }
    /* Before the first address is given up: somebody else may have it at once, and then it is not ours to
     * free. */
    bool again = atomic_exchange(&np_space.released, true);
    np_view.span = 0; /* from now on frees look whether an address is open */
    for (unsigned i = 0; i < np_space.count && !again; i++) {
        struct np_zone *zone = np_zone_at(i);
        if (!atomic_load_explicit(&zone->started, memory_order_relaxed)) {
            (void)release_zone(zone);
            continue;
        }
        np_zone_lock(zone);
        zone->reserved_end = release_zone(zone);
        zone->tables_reserved = zone->tables_open;
        np_zone_unlock(zone);
    }
    np_space_unlock();
}

void np_zone_lock(struct np_zone *zone)
{
    if (!holds_all_locks)
        np_lock_take(&zone->lock);
}

void np_zone_unlock(struct np_zone *zone)
{
    if (!holds_all_locks)
        np_lock_give(&zone->lock);
}

void np_space_lock(void)
{
    if (!holds_all_locks)
        pthread_mutex_lock(&space_lock);
}

void np_space_unlock(void)
{
    if (!holds_all_locks)
        pthread_mutex_unlock(&space_lock);
}

/* Zones are started under the space's lock, so those not started now cannot be in use before
 * np_zones_unlock_all(). */
void np_zones_lock_all(void)
{
    np_space_lock();
    for (unsigned i = 0; i < np_zones_count(); i++) {
        struct np_zone *zone = np_zone_at(i);
        if (!atomic_load_explicit(&zone->started, memory_order_relaxed))
            continue;
        np_zone_lock(zone);
        zone->held_for_fork = true;
    }
    holds_all_locks = true;
}

bool np_zones_are_held(void)
{
    return holds_all_locks;
}

void np_zones_unlock_all(void)
{
    holds_all_locks = false;
    for (unsigned i = np_zones_count(); i-- > 0;) {
        struct np_zone *zone = np_zone_at(i);
        if (!zone->held_for_fork)
            continue;
        zone->held_for_fork = false;
        np_zone_unlock(zone);
    }
    np_space_unlock();
}
