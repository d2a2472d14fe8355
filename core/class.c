/* SPDX-License-Identifier: MIT */
#include "class.h"

#include "bins.h"
#include "cache.h"
#include "extent.h"
#include "space.h"
#include "stripes.h"
#include "tally.h"
#include "thp.h"
#include "topology.h"

#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

/* No kernel makes smaller huge pages of all memory; asking for the size costs each start. */
#define LEAST_HUGE ((size_t)2 << 20)

static struct {
    unsigned class_count, zone_count, local_zones;
    const struct np_placement *local; /* that of any local class: all have the same nodes */
    size_t smallest;                  /* no class below */
    struct np_heap_class table[NP_MAX_RULES];
    struct np_stats *stats;
    size_t alignment; /* of zones: the largest page that any class asks for */
    bool reserve_failed;
} classes NP_TOGETHER;

/* For nodes without memory for this process: one that has some + 1, 0: unknown. */
static int16_t nearest[NP_MAX_NODES];
/* CPU's node -> position in local's nodes + 1, 0: not known yet */
static _Atomic int16_t local_slot[NP_MAX_NODES];

/* Is it the next malloc's? */
static bool is_left(const struct np_placement *placement)
{
    return placement->mode == NP_SYSTEM || placement->left;
}

static bool has_zone(const struct np_placement *placement)
{
    return !is_left(placement) && !placement->refused;
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

static bool is_spread(const struct np_placement *placement)
{
    return placement->mode == NP_INTERLEAVE || placement->mode == NP_WEIGHTED_INTERLEAVE;
}

static bool is_hard(const struct np_placement *placement)
{
    return placement->hardness == NP_HARD && (placement->mode == NP_BIND || placement->mode == NP_LOCAL);
}

/* Slabs have zones of their own where the class's large blocks are made of huge pages, which small blocks shall not
 * mix with, and where they are spread by stripes, which grow with a zone. */
static bool needs_small_zones(const struct np_placement *placement)
{
    if (placement->min_size > NP_SMALL_MOST || placement->max_size <= NP_SMALL_MOST + 1)
        return false;
    if (placement->huge == NP_HUGE_DEFAULT && !is_spread(placement))
        return placement->max_size > LEAST_HUGE && !is_hard(placement) && np_thp_always() &&
               !np_space_is_limited();
    return placement->huge == NP_HUGE_THP || explicit_size(placement) ||
           placement->mode == NP_WEIGHTED_INTERLEAVE;
}

/* Takes the zones' numbers. Return: false when there are too many zones or slots. */
static bool add_class(struct np_heap_class *class, const struct np_placement *placement,
                      struct np_stats_rule *rule)
{
    uint16_t index = (uint16_t)(class - classes.table);
    unsigned zones = !has_zone(placement)          ? 0
                     : placement->mode == NP_LOCAL ? np_nodeset_count(&placement->nodes)
                                                   : 1;
    bool apart = zones && needs_small_zones(placement);
    *class = (struct np_heap_class){.placement = placement,
                                    .least = placement->min_size,
                                    .below = is_left(placement) ? 0 : placement->max_size,
                                    .stats = rule,
                                    .first_zone = classes.zone_count,
                                    .zone_count = zones,
                                    .first_small = classes.zone_count + (apart ? zones : 0)};
    classes.zone_count += apart ? 2 * zones : zones;
    if (zones > classes.local_zones)
        classes.local_zones = zones;
    if (placement->mode == NP_LOCAL)
        classes.local = placement;
    return classes.zone_count <= NP_STATS_ZONES &&
           (!zones || np_bins_add(index, placement->min_size, placement->max_size));
}

int np_heap_configure(const struct np_placement *placements, unsigned count, struct np_stats *stats)
{
    if (count > NP_MAX_RULES)
        return -E2BIG;
    np_pages_setup();
    classes.stats = stats;
    classes.smallest = SIZE_MAX;
    classes.alignment = LEAST_HUGE;
    stats->rule_count = count;
    for (unsigned i = 0; i < count; i++) {
        const struct np_placement *placement = &placements[i];
        struct np_heap_class *class = &classes.table[i];
        if (!add_class(class, placement, &stats->rules[i]))
            return -E2BIG;
        np_stats_describe(class->stats, placement, has_zone(placement));
        if (!is_left(placement) && placement->min_size < classes.smallest)
            classes.smallest = placement->min_size;
        if (class->zone_count && explicit_size(placement) > classes.alignment)
            classes.alignment = explicit_size(placement);
    }
    classes.class_count = count;
    return np_caches_setup();
}

struct np_heap_class *np_heap_class(size_t size)
{
    if (size < classes.smallest)
        return NULL;
    /* From the largest on: small blocks know their class by their slot. */
    struct np_heap_class *class = classes.table + classes.class_count;
    while (size < (--class)->least)
        ;
    return size < class->below ? class : NULL;
}

/* What no stripe cuts. The last pages of a slab may be used by no block: cut into stripes it would have them on the same
 * node as all others of its size. */
static size_t stripe_unit(const struct np_zone *zone)
{
    if (zone->explicit_size)
        return zone->explicit_size;
    if (zone->advice == NP_ADVICE_HUGE_PAGES)
        return np_thp_size();
    return zone->small || zone->placement->max_size <= NP_SMALL_MOST + 1 ? NP_SLAB_MOST : 0;
}

/* How the zone is told to the kernel. */
static void choose_policy(struct np_zone *zone, bool has_slabs)
{
    const struct np_placement *placement = zone->placement;
    struct np_plan plan;
    np_plan_make(placement, zone->node, zone->hard, &plan);
    zone->policy = plan.policy;
    zone->bound = plan.bound;
    zone->advice = plan.advice;
    if (zone->small && plan.advice == NP_ADVICE_HUGE_PAGES)
        zone->advice = is_spread(placement) || zone->hard ? NP_ADVICE_BASE_PAGES : NP_ADVICE_NONE;
    /* Huge pages that nobody asked for would keep what is free between small blocks (measured under THP = always: 1.5 of
     * glibc's memory with sizes up to 16 KiB, 1.1 without). */
    else if (has_slabs && plan.advice == NP_ADVICE_NONE && np_thp_always())
        zone->advice = NP_ADVICE_BASE_PAGES;
    /* Explicit pages are given their nodes by us, so the kernel's own weights do not help them. */
    if (plan.striped || (zone->explicit_size && placement->mode == NP_WEIGHTED_INTERLEAVE)) {
        const uint8_t *weights = placement->mode == NP_WEIGHTED_INTERLEAVE ? placement->weights : NULL;
        zone->stripes = np_stripes_new(&placement->nodes, weights, stripe_unit(zone), zone->capacity);
    }
}

/* Where a zone of the class stands among the nodes of `local`, whichever of its two kinds it is of. */
static unsigned position_of(const struct np_heap_class *class, unsigned index)
{
    return (index - class->first_zone) % class->zone_count;
}

static void prepare_zone(struct np_heap_class *class, unsigned index)
{
    struct np_zone *zone = np_zone_at(index);
    const struct np_placement *placement = class->placement;
    zone->placement = placement;
    zone->stats = class->stats;
    if (placement->mode == NP_LOCAL) {
        zone->node = np_nodeset_next(&placement->nodes, -1);
        for (unsigned skip = position_of(class, index); skip; skip--)
            zone->node = np_nodeset_next(&placement->nodes, zone->node);
    }
    zone->hard = is_hard(placement);
    zone->keeps_owner = placement->mode == NP_FIRST_TOUCH;
    zone->class_index = (uint16_t)(class - classes.table);
    const bool apart = class->first_small != class->first_zone;
    zone->small = apart && index >= class->first_small;
    zone->explicit_size = zone->small ? 0 : explicit_size(placement);
    zone->alone = class->zone_count == 1 && !apart;
    zone->slack = class->zone_count > 1 ? NP_TALLY_SLACK : 0;
    choose_policy(zone, apart ? zone->small : placement->min_size <= NP_SMALL_MOST);
    /* Blocks of huge pages, and those that begin where one begins, have sizes and addresses of their own. */
    zone->parked.below =
        zone->explicit_size || zone->advice == NP_ADVICE_HUGE_PAGES ? 0 : NP_EXTENT_REMAP_FROM;
    unsigned slot = atomic_load_explicit(&classes.stats->zone_count, memory_order_relaxed);
    zone->published = &classes.stats->zones[slot];
    zone->published->rule = (uint32_t)(class - classes.table);
    zone->published->node = zone->node;
    zone->published->start = (uintptr_t)zone->base;
    atomic_store_explicit(&classes.stats->zone_count, slot + 1, memory_order_release);
}

/* The machine's memory, whichever nodes serve: zones are of one size, and unused address space costs
 * nothing. */
static uint64_t total_memory(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : (uint64_t)1 << 30;
}

/* Zones begin where the largest page that they may consist of begins. */
static size_t zone_alignment(void)
{
    size_t huge = np_thp_size();
    return huge > classes.alignment ? huge : classes.alignment;
}

static int start_zone(struct np_heap_class *class, unsigned index)
{
    int error = 0;
    np_space_lock();
    if (!np_zones_reserved())
        error = classes.reserve_failed
                    ? -ENOMEM
                    : np_zones_reserve(classes.zone_count, total_memory(), zone_alignment());
    if (error) {
        classes.reserve_failed = true;
        np_stats_degrade(class->stats, NP_NONE,
                         "no address space could be reserved: left to the next malloc");
    } else if (!atomic_load_explicit(&np_zone_at(index)->started, memory_order_relaxed)) {
        np_zone_lay_out(np_zone_at(index));
        prepare_zone(class, index);
        error = np_zone_start(np_zone_at(index));
        atomic_store_explicit(&np_zone_at(index)->started, true, memory_order_release);
    }
    np_space_unlock();
    return error;
}

int np_class_zone_ready(struct np_heap_class *class, unsigned zone)
{
    if (np_zones_reserved() && atomic_load_explicit(&np_zone_at(zone)->started, memory_order_acquire))
        return 0;
    return start_zone(class, zone);
}

void np_heap_learn_nodes(const np_topology *topology)
{
    const np_nodeset *allowed = np_topology_allowed(topology);
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int node = np_topology_node_id(topology, i);
        if (!np_nodeset_has(allowed, node))
            nearest[node] = (int16_t)(np_topology_nearest(topology, node, allowed) + 1);
    }
}

/* The position in local's nodes for a CPU's node, or for the nearest one when that is not itself among them: it has no
 * memory, or none for this process. */
static int find_local_slot(const np_nodeset *nodes, int node)
{
    int slot = 0;
    if (!np_nodeset_has(nodes, node))
        node = nearest[node] - 1; /* -1 for one that has come since the start */
    for (int id = np_nodeset_next(nodes, -1); id >= 0; id = np_nodeset_next(nodes, id), slot++)
        if (id == node)
            return slot;
    return 0;
}

unsigned np_class_position(unsigned *ret_cpu)
{
    if (ret_cpu)
        *ret_cpu = 0;
    if (!classes.local || classes.local_zones < 2)
        return 0;
    int node = np_kernel_cpu_node(ret_cpu);
    if (node < 0 || node >= NP_MAX_NODES)
        return 0;
    int known = atomic_load_explicit(&local_slot[node], memory_order_relaxed);
    if (!known) {
        known = find_local_slot(&classes.local->nodes, node) + 1;
        atomic_store_explicit(&local_slot[node], (int16_t)known, memory_order_relaxed);
    }
    return (unsigned)known - 1;
}

__thread struct np_class_here np_class_here __attribute__((tls_model("initial-exec")));

unsigned np_class_slot(const struct np_heap_class *class)
{
    if (class->zone_count < 2)
        return 0;
    int at_hand = np_class_slot_at_hand(class);
    if (at_hand >= 0)
        return (unsigned)at_hand;
    unsigned cpu, position = np_class_position(&cpu);
    np_class_here = (struct np_class_here){np_kernel_rseq_cpu(), (int32_t)cpu, position};
    return position < class->zone_count ? position : 0;
}

struct np_heap_class *np_class_at(unsigned index)
{
    return &classes.table[index];
}

uint32_t np_class_small_zone(unsigned index, unsigned position)
{
    const struct np_heap_class *class = &classes.table[index];
    return class->first_small + (position < class->zone_count ? position : 0);
}

bool np_class_zone_is_left(const struct np_zone *zone)
{
    const struct np_heap_class *class = &classes.table[zone->class_index];
    return class->zone_count > 1 && np_caches_at(position_of(class, np_zone_index(zone))) == 0;
}

unsigned np_class_local_zones(void)
{
    return classes.local_zones;
}

uint64_t np_class_bytes_in_use(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < classes.class_count; i++)
        sum += atomic_load_explicit(&classes.table[i].stats->in_use_bytes, memory_order_relaxed);
    return sum;
}

struct np_stats *np_class_stats(void)
{
    return classes.stats;
}
