/* SPDX-License-Identifier: MIT */
#include "zone.h"

#include "explicit.h"
#include "log.h"
#include "retain.h"
#include "stripes.h"
#include "tables.h"

#include <errno.h>
#include <sys/mman.h>

#define STEP_SMALLEST    ((size_t)2 << 20)
#define STEP_LARGEST     ((size_t)256 << 20)
#define TABLE_STEP_PAGES ((size_t)16 << 10)

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What the zone is opened and closed in multiples of. */
static size_t zone_unit(const struct np_zone *zone)
{
    return zone->explicit_size ? zone->explicit_size : STEP_SMALLEST;
}

static int apply_advice(struct np_zone *zone, char *start, size_t length)
{
    switch (zone->advice) {
    case NP_ADVICE_BASE_PAGES:
        return np_kernel_advise(start, length, MADV_NOHUGEPAGE);
    case NP_ADVICE_HUGE_PAGES:
        return np_kernel_advise(start, length, MADV_HUGEPAGE);
    case NP_ADVICE_NONE:
        break;
    }
    size_t offset = (size_t)(start - zone->base);
    if (offset >= NP_ZONE_SMALL_PAGES_FIRST)
        return 0;
    return np_kernel_advise(start, smaller(length, NP_ZONE_SMALL_PAGES_FIRST - offset), MADV_NOHUGEPAGE);
}

static void name_range(struct np_zone *zone, char *start, size_t length)
{
    char name[NP_SECTION_SIZE + 32];
    if (zone->node >= 0)
        np_format(name, sizeof name, "numaperf:%s:%d", zone->placement->section, zone->node);
    else
        np_format(name, sizeof name, "numaperf:%s", zone->placement->section);
    (void)np_kernel_name_range(start, length, name); /* a label: kernels without it lose nothing */
}

static int apply_policy(struct np_zone *zone, char *start, size_t length)
{
    if (zone->stripes) {
        uint64_t offset = (uint64_t)(start - zone->base);
        return np_stripes_apply(zone->stripes, zone->base, offset, offset + length);
    }
    return zone->policy.mode == NP_MPOL_DEFAULT ? 0 : np_kernel_mbind(start, length, &zone->policy);
}

/* Lays policy, advice and name over a fresh mapping. */
static int dress(struct np_zone *zone, char *start, size_t length)
{
    /* A kernel without transparent huge pages answers EINVAL to advice about them, which is as good as
     * following it. */
    (void)apply_advice(zone, start, length);
    name_range(zone, start, length);
    int error = apply_policy(zone, start, length);
    if (!error)
        return 0;
    zone->policy_failed = true;
    np_stats_error(zone->stats, error);
    char reason[NP_REASON_SIZE];
    np_format(reason, sizeof reason, "mbind failed: %s", np_strerror(error));
    np_stats_degrade(zone->stats, NP_NONE, reason);
    return zone->placement->hardness == NP_HARD ? error : 0;
}

/* Side tables are read and written by the CPUs of the zone's node. Memory-only nodes have none: first
 * touch puts their tables next to whoever works on them. */
static void place_tables(struct np_zone *zone)
{
    int node = zone->node >= 0 ? zone->node : np_nodeset_next(&zone->policy.nodes, -1);
    np_nodeset with_cpus;
    if (node < 0 || !np_space_nodes_with_cpus(&with_cpus) || !np_nodeset_has(&with_cpus, node))
        return;
    struct np_mpol near = {.mode = NP_MPOL_PREFERRED};
    np_nodeset_add(&near.nodes, node);
    (void)np_kernel_mbind(np_space_tables(zone), np_space.table_span, &near);
}

static int open_depots(struct np_zone *zone)
{
    size_t bytes = round_up(np_space_depots_bytes(), np_bytes(1));
    int error = np_kernel_protect(zone->depots, bytes, PROT_READ | PROT_WRITE);
    if (error)
        return error;
    zone->has_depots = true;
    return 0;
}

int np_zone_start(struct np_zone *zone)
{
    np_runs_init(&zone->runs, np_space_entries(zone), np_space_contents(zone));
    if (zone->tables_reserved)
        place_tables(zone);
    int error = open_depots(zone);
    if (error) {
        zone->failed = true;
        return error;
    }
    if (zone->reserved_end && !zone->stripes) {
        error = dress(zone, zone->base, zone->reserved_end);
        if (error) {
            zone->failed = true;
            return error;
        }
    }
    return 0;
}

/* Maps [address, address + length), whose reservation was released, if it is still free. */
static int map_again(char *address, size_t length, int protection)
{
    void *mapped;
    int error = np_kernel_map(address, length, protection, MAP_FIXED_NOREPLACE, &mapped);
    if (error || mapped == address)
        return error;
    (void)np_kernel_unmap(mapped, length); /* kernels before 4.17 take the address for a hint */
    return -EEXIST;
}

/* Makes [address, address + length) usable: opened where it is reserved, mapped where the reservation was
 * released. */
static int open_memory(char *address, size_t length, bool reserved)
{
    return reserved ? np_kernel_protect(address, length, PROT_READ | PROT_WRITE)
                    : map_again(address, length, PROT_READ | PROT_WRITE);
}

/* Lengthens one table from @old_bytes to @new_bytes, in whole pages. */
static int open_table(char *table, size_t old_bytes, size_t new_bytes, size_t reserved_bytes)
{
    size_t page = np_bytes(1);
    size_t from = round_up(old_bytes, page), to = round_up(new_bytes, page);
    if (from >= to)
        return 0;
    bool reserved = to <= round_up(reserved_bytes, page);
    int error = open_memory(table + from, to - from, reserved);
    if (!error && !reserved)
        (void)np_kernel_advise(table + from, to - from, MADV_NOHUGEPAGE);
    return error;
}

/* Undoes open_table() where nothing is reserved: what stayed mapped could not be mapped again. */
static void close_table(char *table, size_t old_bytes, size_t new_bytes)
{
    size_t from = round_up(old_bytes, np_bytes(1)), to = round_up(new_bytes, np_bytes(1));
    if (from < to)
        (void)np_kernel_unmap(table + from, to - from);
}

/* The kinds of units [from, to) of the zone become writable. Neighbouring zones may share a page of them. */
static int open_kinds(const struct np_zone *zone, size_t from, size_t to)
{
    size_t page = np_bytes(1), first = (size_t)(np_space_kinds(zone) - np_view.kinds);
    size_t start = (first + from) / page * page, end = round_up(first + to, page);
    int error = np_kernel_protect(np_view.kinds + start, end - start, PROT_READ | PROT_WRITE);
    if (error != -ENOMEM || !np_space.released)
        return error;
    error = 0;
    for (size_t at = start; !error && at < end; at += page) {
        error = np_kernel_protect(np_view.kinds + at, page, PROT_READ | PROT_WRITE);
        if (error == -ENOMEM)
            error = map_again((char *)np_view.kinds + at, page, PROT_READ | PROT_WRITE);
    }
    return error;
}

/* A side table that is lengthened. */
struct table {
    char *start;
    size_t old_bytes, new_bytes, reserved_bytes;
};

static int open_tables(struct np_zone *zone, size_t pages)
{
    if (pages <= zone->tables_open)
        return 0;
    size_t old = zone->tables_open, reserved = zone->tables_reserved;
    size_t wanted = smaller(np_space_zone_pages(), larger(pages, old + TABLE_STEP_PAGES));
    const struct table tables[] = {
        {np_space_tables(zone), np_space_runs_bytes(old), np_space_runs_bytes(wanted),
         np_space_runs_bytes(reserved)},
        {(char *)np_space_contents(zone), old, wanted, reserved},
        {np_space_slabs(zone), np_space_units(old) * NP_SLAB_STRIDE, np_space_units(wanted) * NP_SLAB_STRIDE,
         np_space_units(reserved) * NP_SLAB_STRIDE},
        {(char *)np_space_remotes(zone), np_space_remote_bytes(np_space_units(old)),
         np_space_remote_bytes(np_space_units(wanted)), np_space_remote_bytes(np_space_units(reserved))},
    };
    int error = open_kinds(zone, np_space_units(old), np_space_units(wanted));
    unsigned opened = 0;
    for (; !error && opened < sizeof tables / sizeof *tables; opened += !error)
        error = open_table(tables[opened].start, tables[opened].old_bytes, tables[opened].new_bytes,
                           tables[opened].reserved_bytes);
    if (!error)
        zone->tables_open = wanted;
    while (error && reserved < wanted && opened-- > 0)
        close_table(tables[opened].start, tables[opened].old_bytes, tables[opened].new_bytes);
    return error;
}

static int open_ordinary(struct np_zone *zone, size_t offset, size_t length)
{
    bool reserved = offset + length <= zone->reserved_end;
    char *start = zone->base + offset;
    int error = reserved ? 0 : map_again(start, length, PROT_NONE);
    if (error)
        return error;
    /* Dressed while it is closed: after mlockall(MCL_FUTURE) opening fills it with pages at once. */
    if (!reserved || zone->stripes)
        error = dress(zone, start, length);
    if (!error)
        error = np_kernel_protect(start, length, PROT_READ | PROT_WRITE);
    if (error && !reserved)
        (void)np_kernel_unmap(start, length);
    return error;
}

/* The same for stripes, each of which is a mapping more. */
static int open_striped(struct np_zone *zone, size_t offset, size_t length)
{
    unsigned mappings = np_stripes_count(zone->stripes, offset, offset + length);
    if (!np_vma_take(mappings))
        return -ENOMEM;
    int error = open_ordinary(zone, offset, length);
    if (error)
        np_vma_give(mappings);
    return error;
}

/* Opens [open, open + length) and hands it to the runs. */
static int open_step(struct np_zone *zone, size_t length)
{
    size_t offset = atomic_load_explicit(&zone->open, memory_order_relaxed);
    int error = open_tables(zone, (offset + length) >> np_page_shift);
    if (error)
        return error;
    enum np_page_state state = NP_PAGE_ABSENT;
    if (zone->explicit_size && zone->explicit_end == offset && np_explicit_open(zone, offset, length) == 0) {
        zone->explicit_end = offset + length;
        state = NP_PAGE_ZERO;
    } else {
        if (zone->failed) /* by what has just been tried: these addresses are nobody's to open */
            return -ENOMEM;
        error = zone->stripes ? open_striped(zone, offset, length) : open_ordinary(zone, offset, length);
        if (error)
            return error;
    }
    atomic_store_explicit(&zone->open, offset + length, memory_order_release);
    atomic_store_explicit(&zone->published->open, offset + length, memory_order_relaxed);
    np_runs_append(&zone->runs, np_pages(length), state, np_retain_now());
    return 0;
}

/* Has a cpuset taken every node of the zone away since it was made? */
static bool nodes_gone(const struct np_zone *zone)
{
    np_nodeset allowed;
    if (zone->policy.mode == NP_MPOL_DEFAULT || np_kernel_mems_allowed(&allowed) < 0)
        return false;
    np_nodeset_and(&allowed, zone->node >= 0 ? &zone->policy.nodes : &zone->placement->nodes);
    return np_nodeset_count(&allowed) == 0;
}

int np_zone_grow(struct np_zone *zone, size_t bytes)
{
    if (zone->failed)
        return -ENOMEM;
    size_t open = atomic_load_explicit(&zone->open, memory_order_relaxed);
    size_t left = zone->capacity - open, unit = zone_unit(zone);
    if (bytes > left)
        return -ENOSPC;
    if (nodes_gone(zone))
        return -ENODEV;
    size_t least = smaller(round_up(bytes, unit), left), step = least;
    if (!np_space.small_steps && !zone->explicit_size) /* pages of a pool are taken as they are needed */
        step = smaller(larger(least, smaller(round_up(open / 8, unit), STEP_LARGEST)), left);
    int error = open_step(zone, step);
    while (error && step > least) {
        step = larger(step / 2 / unit * unit, least);
        error = open_step(zone, step);
    }
    if (error && bytes < least && !zone->explicit_size)
        error = open_step(zone, bytes);
    return error;
}

size_t np_zone_close_tail(struct np_zone *zone)
{
    size_t open = atomic_load_explicit(&zone->open, memory_order_relaxed);
    size_t keep = round_up(open - np_bytes(np_runs_tail(&zone->runs)), zone_unit(zone));
    if (keep >= open)
        return 0;
    char *start = zone->base + keep;
    size_t length = open - keep;
    np_runs_chop(&zone->runs, np_pages(length));
    atomic_store_explicit(&zone->open, keep, memory_order_release);
    atomic_store_explicit(&zone->published->open, keep, memory_order_relaxed);
    if (zone->explicit_end > keep)
        zone->explicit_end = keep;
    void *mapped;
    bool released = zone->reserved_end < zone->capacity;
    if (released) {
        (void)np_kernel_unmap(start, length);
        zone->reserved_end = keep;
    }
    if (released || np_kernel_map(start, length, PROT_NONE, MAP_FIXED, &mapped) == 0) {
        if (zone->stripes)
            np_vma_give(np_stripes_count(zone->stripes, keep, open));
        else if (!released)
            (void)dress(zone, start, length);
        return length;
    }
    /* Out of VMAs: what cannot be closed stays open, with whatever it holds. */
    atomic_store_explicit(&zone->open, open, memory_order_release);
    atomic_store_explicit(&zone->published->open, open, memory_order_relaxed);
    np_runs_append(&zone->runs, np_pages(length), NP_PAGE_USED, np_retain_now());
    return 0;
}

int np_zone_renew(struct np_zone *zone, void *start, size_t length)
{
    /* After mlockall what is mapped open is filled at once: closed until it has its policy. */
    int protection = np_space.small_steps ? PROT_NONE : PROT_READ | PROT_WRITE;
    void *mapped;
    int error = np_kernel_map(start, length, protection, MAP_FIXED, &mapped);
    if (error)
        return error;
    error = dress(zone, start, length);
    if (protection == PROT_NONE && np_kernel_protect(start, length, PROT_READ | PROT_WRITE) < 0)
        zone->failed = true; /* no memory can be had even for what was there: nobody gets these addresses */
    return error;
}

/* Advice that changes nothing finds a hole, on kernels and in sandboxes without NUMA calls too. */
static bool has_hole(char *start, size_t length)
{
    return np_kernel_advise(start, length, MADV_NORMAL) == -ENOMEM;
}

/* Without a hole the range may be as it was, or somebody's who mapped exactly as much in between: then it has not the
 * policy that all of the zone has. */
static bool is_foreign(const struct np_zone *zone, const char *start)
{
    struct np_mpol now;
    return zone->policy.mode != NP_MPOL_DEFAULT && !zone->policy_failed && !zone->stripes &&
           np_kernel_policy_at(start, &now) == 0 && now.mode == NP_MPOL_DEFAULT;
}

int np_zone_close_hole(struct np_zone *zone, void *start, size_t length)
{
    int error = -EEXIST;
    if (has_hole(start, length)) {
        error = map_again(start, length, PROT_READ | PROT_WRITE);
        if (!error)
            return dress(zone, start, length);
    } else if (!is_foreign(zone, start)) {
        return 0;
    }
    zone->failed = true;
    np_stats_error(zone->stats, error);
    np_stats_degrade(zone->stats, NP_NONE, "another mapping has taken addresses of the zone");
    return error;
}
