/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include "explicit.h"
#include "extent.h"
#include "log.h"
#include "retain.h"
#include "space.h"
#include "stripes.h"
#include "topology.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

struct np_heap_class {
    const struct np_placement *placement;
    struct np_stats_rule *stats;
    unsigned first_zone, zone_count; /* local: one for each node of the placement, in id order; else one */
};

static struct {
    unsigned class_count, zone_count;
    size_t smallest;                       /* no class below */
    struct np_heap_class classes[NP_MAX_RULES];
    struct np_stats *stats;
    size_t alignment;                      /* of zones: the largest page that any class asks for */
    bool reserve_failed;
    _Atomic int16_t local_slot[NP_MAX_NODES]; /* CPU's node -> position in local's nodes + 1, 0: not known yet */
} heap;

static bool has_zone(const struct np_placement *placement)
{
    return placement->mode != NP_SYSTEM && !placement->refused;
}

static size_t explicit_size(const struct np_placement *placement)
{
    switch (placement->huge) {
    case NP_HUGE_2M:
        return (size_t)2 << 20;
    case NP_HUGE_1G:
        return (size_t)1 << 30;
    case NP_HUGE_DEFAULT:
    case NP_HUGE_NEVER:
    case NP_HUGE_THP:
        break;
    }
    return 0;
}

static void describe_rule(struct np_stats_rule *rule, const struct np_placement *placement)
{
    memcpy(rule->section, placement->section, sizeof rule->section);
    rule->mode = placement->mode;
    rule->hardness = placement->hardness;
    rule->huge = placement->huge;
    rule->prefault = placement->prefault;
    rule->nodes = placement->nodes;
    atomic_store_explicit(&rule->enforcement, has_zone(placement) ? NP_BEST_EFFORT : NP_NONE, memory_order_relaxed);
    if (placement->reason[0])
        np_stats_degrade(rule, has_zone(placement) ? NP_BEST_EFFORT : NP_NONE, placement->reason);
}

int np_heap_configure(const struct np_placement *placements, unsigned count, struct np_stats *stats)
{
    if (count > NP_MAX_RULES)
        return -E2BIG;
    np_pages_setup();
    heap.stats = stats;
    heap.smallest = SIZE_MAX;
    heap.alignment = (size_t)2 << 20;
    stats->rule_count = count;
    for (unsigned i = 0; i < count; i++) {
        const struct np_placement *placement = &placements[i];
        struct np_heap_class *class = &heap.classes[i];
        unsigned zones = !has_zone(placement) ? 0 : placement->mode == NP_LOCAL ? np_nodeset_count(&placement->nodes) : 1;
        if (heap.zone_count + zones > NP_STATS_ZONES)
            return -E2BIG;
        *class = (struct np_heap_class){placement, &stats->rules[i], heap.zone_count, zones};
        heap.zone_count += zones;
        describe_rule(class->stats, placement);
        if (placement->mode != NP_SYSTEM && placement->min_size < heap.smallest)
            heap.smallest = placement->min_size;
        if (zones && explicit_size(placement) > heap.alignment)
            heap.alignment = explicit_size(placement);
    }
    heap.class_count = count;
    return 0;
}

struct np_heap_class *np_heap_class(size_t size)
{
    if (size < heap.smallest)
        return NULL;
    for (unsigned i = 0; i < heap.class_count; i++) {
        struct np_heap_class *class = &heap.classes[i];
        if (size >= class->placement->min_size && size < class->placement->max_size)
            return class->placement->mode == NP_SYSTEM ? NULL : class;
    }
    return NULL;
}

/* The advice of a whole zone. khugepaged ignores policies, so interleaved pages, and those promised to stay, must not be
 * joined behind our back (all eight of a file's huge pages ended on one node). */
static enum np_zone_advice advice_of(const struct np_placement *placement, bool hard)
{
    switch (placement->huge) {
    case NP_HUGE_NEVER:
        return NP_ADVICE_BASE_PAGES;
    case NP_HUGE_THP:
    case NP_HUGE_2M:
    case NP_HUGE_1G:
        return NP_ADVICE_HUGE_PAGES;
    case NP_HUGE_DEFAULT:
        break;
    }
    bool spread = placement->mode == NP_INTERLEAVE || placement->mode == NP_WEIGHTED_INTERLEAVE;
    return spread || hard ? NP_ADVICE_BASE_PAGES : NP_ADVICE_NONE;
}

/* Chooses how the kernel is told: its own mode where it has it, else stripes that prefer the nodes one after another. */
static void choose_policy(struct np_zone *zone)
{
    const struct np_placement *placement = zone->placement;
    bool several = np_nodeset_count(&placement->nodes) > 1, striped = false;
    zone->policy.nodes = placement->nodes;
    switch (placement->mode) {
    case NP_SYSTEM:
    case NP_FIRST_TOUCH:
        zone->policy = (struct np_mpol){.mode = NP_MPOL_DEFAULT};
        break;
    case NP_LOCAL:
        zone->policy = (struct np_mpol){.mode = NP_MPOL_PREFERRED};
        np_nodeset_add(&zone->policy.nodes, zone->node);
        break;
    case NP_BIND:
    case NP_PREFERRED:
    case NP_PREFERRED_MANY:
        zone->policy.mode = several ? NP_MPOL_PREFERRED_MANY : NP_MPOL_PREFERRED;
        striped = several && !np_kernel_support()->preferred_many && !zone->hard;
        break;
    case NP_INTERLEAVE:
        zone->policy.mode = NP_MPOL_INTERLEAVE;
        break;
    case NP_WEIGHTED_INTERLEAVE:
        zone->policy.mode = NP_MPOL_WEIGHTED_INTERLEAVE;
        striped = !np_policy_kernel_weights_equal(&placement->nodes, placement->weights);
        break;
    }
    if (zone->hard && several && !np_kernel_support()->preferred_many) {
        zone->policy = (struct np_mpol){.mode = NP_MPOL_PREFERRED};
        np_nodeset_add(&zone->policy.nodes, np_nodeset_next(&placement->nodes, -1));
    }
    if (striped) {
        size_t unit = zone->explicit_size ? zone->explicit_size
                      : zone->advice == NP_ADVICE_HUGE_PAGES ? np_kernel_huge_size()
                                                             : 0;
        const uint8_t *weights = placement->mode == NP_WEIGHTED_INTERLEAVE ? placement->weights : NULL;
        zone->stripes = np_stripes_new(&placement->nodes, weights, unit, zone->capacity);
    }
}

static void prepare_zone(struct np_heap_class *class, unsigned index)
{
    struct np_zone *zone = np_zone_at(index);
    const struct np_placement *placement = class->placement;
    zone->placement = placement;
    zone->stats = class->stats;
    if (placement->mode == NP_LOCAL) {
        zone->node = np_nodeset_next(&placement->nodes, -1);
        for (unsigned skip = index - class->first_zone; skip; skip--)
            zone->node = np_nodeset_next(&placement->nodes, zone->node);
    }
    zone->hard = placement->hardness == NP_HARD && (placement->mode == NP_BIND || placement->mode == NP_LOCAL);
    zone->keeps_owner = placement->mode == NP_FIRST_TOUCH;
    zone->explicit_size = explicit_size(placement);
    zone->advice = advice_of(placement, zone->hard);
    choose_policy(zone);
    zone->bound = (struct np_mpol){NP_MPOL_BIND, placement->mode == NP_LOCAL ? zone->policy.nodes : placement->nodes};
    unsigned slot = atomic_load_explicit(&heap.stats->zone_count, memory_order_relaxed);
    zone->published = &heap.stats->zones[slot];
    zone->published->rule = (uint32_t)(class - heap.classes);
    zone->published->node = zone->node;
    zone->published->start = (uintptr_t)zone->base;
    atomic_store_explicit(&heap.stats->zone_count, slot + 1, memory_order_release);
}

/* The machine's memory, whichever nodes serve: zones are of one size, and unused address space costs nothing. */
static uint64_t total_memory(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : (uint64_t)1 << 30;
}

static int start_zone(struct np_heap_class *class, unsigned index)
{
    int error = 0;
    np_space_lock();
    if (!np_zones_reserved())
        error = heap.reserve_failed ? -ENOMEM : np_zones_reserve(heap.zone_count, total_memory(), heap.alignment);
    if (error) {
        heap.reserve_failed = true;
        np_stats_degrade(class->stats, NP_NONE, "no address space could be reserved: left to the next malloc");
    } else if (!atomic_load_explicit(&np_zone_at(index)->started, memory_order_relaxed)) {
        prepare_zone(class, index);
        error = np_zone_start(np_zone_at(index));
        atomic_store_explicit(&np_zone_at(index)->started, true, memory_order_release);
    }
    np_space_unlock();
    return error;
}

static int zone_ready(struct np_heap_class *class, unsigned index)
{
    if (np_zones_reserved() && atomic_load_explicit(&np_zone_at(index)->started, memory_order_acquire))
        return 0;
    return start_zone(class, index);
}

/* The position in local's nodes for a CPU's node that is not itself among them (it has no memory): the nearest one. */
static int find_local_slot(const struct np_placement *placement, int node)
{
    int nearest = node;
    np_topology *topology;
    if (!np_nodeset_has(&placement->nodes, node)) {
        nearest = np_nodeset_next(&placement->nodes, -1);
        if (np_topology_read_sysfs("", &topology) == 0) {
            nearest = np_topology_nearest(topology, node, &placement->nodes);
            np_topology_free(topology);
        }
    }
    int slot = 0;
    for (int id = np_nodeset_next(&placement->nodes, -1); id >= 0 && id != nearest; id = np_nodeset_next(&placement->nodes, id))
        slot++;
    return slot;
}

static unsigned local_slot(const struct np_heap_class *class)
{
    int node = np_kernel_cpu_node();
    if (node < 0 || node >= NP_MAX_NODES)
        return 0;
    int known = atomic_load_explicit(&heap.local_slot[node], memory_order_relaxed);
    if (!known) {
        known = find_local_slot(class->placement, node) + 1;
        atomic_store_explicit(&heap.local_slot[node], (int16_t)known, memory_order_relaxed);
    }
    return (unsigned)known - 1 < class->zone_count ? (unsigned)known - 1 : 0;
}

static int allocate_in(struct np_heap_class *class, unsigned index, size_t size, size_t alignment, bool zero,
                       void **ret_block)
{
    int error = zone_ready(class, index);
    if (error)
        return error;
    struct np_zone *zone = np_zone_at(index);
    for (bool trimmed = false;; trimmed = true) {
        error = np_extent_take(zone, size, alignment, false, ret_block);
        if (error)
            return error;
        error = np_extent_prepare(zone, *ret_block, 0, zero);
        if (!error)
            return 0;
        np_extent_untake(zone, *ret_block);
        /* The nodes of a hard zone are full: what its own free blocks hold may be just what is missing. */
        if (trimmed || !np_retain_trim_zone(zone))
            return error;
    }
}

/* A class that cannot serve a request: the program's malloc fails in hard mode, the next malloc serves it in soft mode. */
static int refuse(struct np_heap_class *class, int error)
{
    np_stats_error(class->stats, error);
    if (class->placement->hardness == NP_HARD)
        return -ENOMEM;
    atomic_fetch_add_explicit(&class->stats->passed_on, 1, memory_order_relaxed);
    np_stats_degrade(class->stats, NP_BEST_EFFORT,
                     error == -ENOSPC   ? "its zone is full: the next malloc served some requests"
                     : error == -ENODEV ? "its nodes are no longer allowed: the next malloc served some requests"
                                        : "address space or memory was refused: the next malloc served some requests");
    return -EAGAIN;
}

int np_heap_allocate(struct np_heap_class *class, size_t size, size_t alignment, bool zero, void **ret_block)
{
    if (!class->zone_count)
        return refuse(class, -ENOMEM);
    unsigned slot = class->placement->mode == NP_LOCAL ? local_slot(class) : 0;
    int error = allocate_in(class, class->first_zone + slot, size, alignment, zero, ret_block);
    if (!error)
        return 0;
    for (unsigned other = 0; error == -ENODEV && other < class->zone_count; other++)
        if (other != slot)
            error = allocate_in(class, class->first_zone + other, size, alignment, zero, ret_block);
    return error ? refuse(class, error) : 0;
}

bool np_heap_owns(const void *block)
{
    return np_zone_of(block) || (np_zones_hold(block) && !np_space.released);
}

static struct np_zone *zone_of_block(const void *block, const char *what)
{
    struct np_zone *zone = np_zone_of(block);
    if (!zone)
        np_fatal("%s of %p: no block begins there", what, block);
    return zone;
}

void np_heap_free(void *block)
{
    np_extent_free(zone_of_block(block, "free"), block);
}

size_t np_heap_usable_size(const void *block)
{
    return np_extent_size(zone_of_block(block, "malloc_usable_size"), block);
}

/* A larger block of the same class, with room to grow, and the contents carried over. */
static int resize_by_move(struct np_heap_class *class, struct np_zone *zone, void *block, size_t size, void **ret_block)
{
    void *larger;
    int error = np_extent_take(zone, size, 0, true, &larger);
    if (error)
        return -EAGAIN;
    error = np_extent_move(zone, block, larger);
    if (error) {
        np_extent_untake(zone, larger);
        np_stats_error(class->stats, error);
        return -EAGAIN;
    }
    *ret_block = larger;
    return 0;
}

int np_heap_resize(void *block, size_t size, void **ret_block)
{
    struct np_zone *zone = zone_of_block(block, "realloc");
    size_t old = np_extent_size(zone, block);
    struct np_heap_class *class = np_heap_class(size);
    if (!class || class->placement != zone->placement)
        return -EAGAIN;
    if (np_extent_resize(zone, block, size) == 0) {
        *ret_block = block;
        return 0;
    }
    return size > old ? resize_by_move(class, zone, block, size, ret_block) : -EAGAIN;
}

bool np_heap_trim(void)
{
    return np_retain_trim();
}

void np_heap_note_custom(const void *address, size_t length)
{
    struct np_zone *zone = np_zone_of(address);
    if (zone)
        np_extent_note_custom(zone, address, length);
}

void np_heap_release_reserve(void)
{
    np_zones_release_reserve();
}

void np_heap_before_fork(void)
{
    np_zones_lock_all();
}

/* Pages that parent and child share are copied when one of them writes: under bind, with the nodes full, that copy would be
 * the OOM killer's. So both go on under the preferred policy; what is committed later is bound again. */
static void loosen_hard_zones(void)
{
    for (unsigned i = 0; i < np_zones_count(); i++) {
        struct np_zone *zone = np_zone_at(i);
        size_t open = atomic_load_explicit(&zone->open, memory_order_relaxed);
        if (zone->hard && open)
            (void)np_kernel_mbind(zone->base, open, &zone->policy);
    }
}

void np_heap_after_fork_parent(void)
{
    loosen_hard_zones();
    for (unsigned i = 0; i < np_zones_count(); i++)
        np_explicit_warn_fork(np_zone_at(i));
    np_zones_unlock_all();
}

void np_heap_after_fork_child(void)
{
    loosen_hard_zones();
    np_zones_unlock_all();
}

unsigned np_heap_zone_count(void)
{
    return heap.stats ? atomic_load_explicit(&heap.stats->zone_count, memory_order_acquire) : 0;
}

void np_heap_zone_range(unsigned index, unsigned *ret_rule, int *ret_node, const void **ret_start, size_t *ret_length)
{
    const struct np_stats_zone *zone = &heap.stats->zones[index];
    *ret_rule = zone->rule;
    *ret_node = zone->node;
    *ret_start = (const void *)(uintptr_t)zone->start;
    *ret_length = atomic_load_explicit(&zone->open, memory_order_relaxed);
}
