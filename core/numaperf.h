/* SPDX-License-Identifier: MIT */
/* numaperf.h - the public interface of libnumaperf: placing memory on NUMA nodes and proving it.
 *
 * Functions return 0 or a negative errno unless said otherwise, set ret_ arguments on success only, and
 * accept NULL where a free function is called. "Context:" says where a function may be called: "start-up"
 * functions may allocate and read /sys, "hook-safe" ones neither allocate nor lock nor change errno. */
#ifndef NUMAPERF_H
#define NUMAPERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NP_PUBLIC __attribute__((visibility("default")))
#else
#define NP_PUBLIC
#endif

/** The kernel's limit for node ids (MAX_NUMNODES of Linux for CONFIG_NODES_SHIFT=10). */
#define NP_MAX_NODES 1024
/** The kernel's limit for CPU ids (CONFIG_NR_CPUS with MAXSMP on x86-64). */
#define NP_MAX_CPUS 8192

/** A set of NUMA node ids, 0 to NP_MAX_NODES - 1. A value: copy it by assignment; all zeroes is the empty
 * set. */
typedef struct np_nodeset {
    uint64_t bits[NP_MAX_NODES / 64];
} np_nodeset;

/** A set of CPU ids, 0 to NP_MAX_CPUS - 1. A value like np_nodeset, but large: pass it by pointer. */
typedef struct np_cpuset {
    uint64_t bits[NP_MAX_CPUS / 64];
} np_cpuset;

/** What this process may use of the machine: an immutable snapshot. */
typedef struct np_topology np_topology;

/** The ways memory can be placed, in the words of numactl, systemd and the kernel (set_mempolicy(2)). */
enum np_mode {
    NP_SYSTEM = 0,          /**< left alone */
    NP_FIRST_TOUCH,         /**< on the node of the CPU that writes a page first; no policy is set */
    NP_LOCAL,               /**< on the node of the CPU that allocates */
    NP_BIND,                /**< only on the nodes given (in soft mode: spills when they are full) */
    NP_PREFERRED,           /**< on one node, elsewhere when it is full */
    NP_PREFERRED_MANY,      /**< on the nodes given, elsewhere when they are full */
    NP_INTERLEAVE,          /**< page by page round the nodes */
    NP_WEIGHTED_INTERLEAVE, /**< round the nodes by weight */
};

/** Which page size memory shall have. */
enum np_huge {
    NP_HUGE_DEFAULT = 0, /**< as the system is configured */
    NP_HUGE_NEVER,       /**< base pages */
    NP_HUGE_THP,         /**< transparent huge pages, madvise(2) MADV_HUGEPAGE */
    NP_HUGE_2M,          /**< explicit 2 MiB pages, MAP_HUGETLB */
    NP_HUGE_1G,          /**< explicit 1 GiB pages, MAP_HUGETLB */
};

/** Whether pages are faulted in when memory is handed out. */
enum np_prefault {
    NP_PREFAULT_NONE = 0,
    NP_PREFAULT_TOUCH,
    NP_PREFAULT_PARALLEL,
};

/** Soft mode degrades and says so, hard mode refuses. */
enum np_hardness {
    NP_SOFT = 0,
    NP_HARD,
};

/** How far a requested placement holds. */
enum np_enforcement {
    NP_STRICT = 0,
    NP_BEST_EFFORT,
    NP_NONE,
};

/** What memory is asked for: a mode, and what belongs to it. Start from `{.mode = ...}`, so that the rest is
 * zero. */
typedef struct np_policy {
    enum np_mode mode;
    np_nodeset nodes;              /**< for NP_BIND and the modes below it; the others ignore it */
    uint8_t weights[NP_MAX_NODES]; /**< by node id, for NP_WEIGHTED_INTERLEAVE: 1 to 255, 0 is 1; all 0: the
                                      kernel's, else in the ratio of the nodes' bandwidth, else equal */
} np_policy;

/** One mapping with one policy, owned by who created it. One thread at a time may move, verify or destroy it; the
 * memory itself is anybody's. */
typedef struct np_region np_region;

/** A pin that is in force, see np_pin_begin(). It belongs to the thread that began it. */
typedef struct np_pin {
    struct np_pin_state *state; /**< NULL when there is nothing to end */
} np_pin;

/* ---- Node sets. Context: hook-safe. ---- */

/** np_nodeset_zero() - make a set empty. */
NP_PUBLIC void np_nodeset_zero(np_nodeset *set);
/** np_nodeset_add() - add one node id. Return: 0; -ERANGE for an id below 0 or above 1023 (set unchanged). */
NP_PUBLIC int np_nodeset_add(np_nodeset *set, int id);
/** np_nodeset_remove() - take one node id out; ids out of range are in no set, so nothing happens. */
NP_PUBLIC void np_nodeset_remove(np_nodeset *set, int id);
/** np_nodeset_has() - is the id in the set? False for ids out of range. */
NP_PUBLIC bool np_nodeset_has(const np_nodeset *set, int id);
/** np_nodeset_count() - how many ids the set has. */
NP_PUBLIC unsigned np_nodeset_count(const np_nodeset *set);
/** np_nodeset_next() - the smallest id in the set above @after (-1 to start), or -1 when there is none. */
NP_PUBLIC int np_nodeset_next(const np_nodeset *set, int after);
/** np_nodeset_equal() - do both sets hold the same ids? */
NP_PUBLIC bool np_nodeset_equal(const np_nodeset *a, const np_nodeset *b);
/** np_nodeset_and() - keep in @set only what @other has too. */
NP_PUBLIC void np_nodeset_and(np_nodeset *set, const np_nodeset *other);
/** np_nodeset_or() - add to @set all that @other has. */
NP_PUBLIC void np_nodeset_or(np_nodeset *set, const np_nodeset *other);
/** np_nodeset_andnot() - take out of @set all that @other has. */
NP_PUBLIC void np_nodeset_andnot(np_nodeset *set, const np_nodeset *other);

/** np_nodeset_parse() - read a list such as "0-2,5" (the List Format of cpuset(7); blanks round items
 * allowed).
 * Return: 0; -EINVAL for a bad form, an empty string or item, or a range that falls; -ERANGE for an id
 * above 1023. */
NP_PUBLIC int np_nodeset_parse(const char *text, np_nodeset *ret_set);
/** np_nodeset_format() - write a set as a list such as "0-2,5" ("" for the empty set).
 * Return: the length of the whole text without its NUL, as snprintf(3) does: a result of @size or more was
 * cut. */
NP_PUBLIC int np_nodeset_format(const np_nodeset *set, char *buffer, size_t size);

/* ---- CPU sets: the same functions for CPUs. Context: hook-safe. ---- */

NP_PUBLIC void np_cpuset_zero(np_cpuset *set);
/** np_cpuset_add() - add one CPU id. Return: 0; -ERANGE for an id below 0 or above NP_MAX_CPUS - 1. */
NP_PUBLIC int np_cpuset_add(np_cpuset *set, int id);
NP_PUBLIC void np_cpuset_remove(np_cpuset *set, int id);
NP_PUBLIC bool np_cpuset_has(const np_cpuset *set, int id);
NP_PUBLIC unsigned np_cpuset_count(const np_cpuset *set);
NP_PUBLIC int np_cpuset_next(const np_cpuset *set, int after);
NP_PUBLIC bool np_cpuset_equal(const np_cpuset *a, const np_cpuset *b);
NP_PUBLIC void np_cpuset_and(np_cpuset *set, const np_cpuset *other);
NP_PUBLIC void np_cpuset_or(np_cpuset *set, const np_cpuset *other);
NP_PUBLIC void np_cpuset_andnot(np_cpuset *set, const np_cpuset *other);
/** np_cpuset_parse() - as np_nodeset_parse(); -ERANGE above NP_MAX_CPUS - 1. */
NP_PUBLIC int np_cpuset_parse(const char *text, np_cpuset *ret_set);
/** np_cpuset_format() - as np_nodeset_format(). */
NP_PUBLIC int np_cpuset_format(const np_cpuset *set, char *buffer, size_t size);

/* ---- Topology. Context: start-up for load and free, the rest hook-safe. ---- */

/** np_topology_load() - take a snapshot of the nodes that this process may use (cpuset, affinity).
 * Return: 0; -ENOMEM; -ENOENT when neither sysfs nor hwloc knows any node; another negative errno of
 * reading. */
NP_PUBLIC int np_topology_load(np_topology **ret_topology);
/** np_topology_free() - give a snapshot back; NULL is fine. */
NP_PUBLIC void np_topology_free(np_topology *topology);
/** np_topology_node_count() - how many nodes there are, in id order; ids may be sparse. */
NP_PUBLIC unsigned np_topology_node_count(const np_topology *topology);
/** np_topology_node_id() - the id of the node at position @index, or -1 beyond the last. */
NP_PUBLIC int np_topology_node_id(const np_topology *topology, unsigned index);
/** np_topology_node_cpus() - the CPUs of a node that this process may run on; empty for a memory-only or
 * unknown node. Lives as long as the snapshot. */
NP_PUBLIC const np_cpuset *np_topology_node_cpus(const np_topology *topology, int id);
/** np_topology_node_memory() - bytes of memory that a node has in all; 0 for an unknown node. */
NP_PUBLIC uint64_t np_topology_node_memory(const np_topology *topology, int id);
/** np_topology_distance() - the firmware's distance between two nodes (10 is local), or -1 when it is
 * unknown. */
NP_PUBLIC int np_topology_distance(const np_topology *topology, int id_a, int id_b);
/** np_topology_allowed() - the nodes with memory that this process may allocate on (Mems_allowed of
 * cpuset(7)). */
NP_PUBLIC const np_nodeset *np_topology_allowed(const np_topology *topology);
/** np_topology_nearest() - the node out of @candidates nearest to @id by distance (itself first, then the
 * lowest id), or -1 when @candidates is empty. */
NP_PUBLIC int np_topology_nearest(const np_topology *topology, int id, const np_nodeset *candidates);

/** np_topology_near_cpus() - the CPUs of a node, or, where this process may use none of them (a memory-only node), those
 * of the nearest node that has some. Empty when there are none at all. Lives as long as the snapshot. */
NP_PUBLIC const np_cpuset *np_topology_near_cpus(const np_topology *topology, int id);

/* ---- Regions. Context: start-up, unless stated. ---- */

/** np_region_create() - map memory, give it its policy before anybody can touch it, and fault it in if wanted.
 *
 * @size: bytes, at least 1; rounded up to whole pages of the kind obtained (np_region_page_size()).
 * @huge: NP_HUGE_THP aligns to huge pages. Explicit pages that cannot be had become transparent ones, these base pages;
 *   hard mode refuses. Under NP_HUGE_DEFAULT what is interleaved or hard bound has base pages, because the kernel joins
 *   pages into huge ones without regard to policies.
 * @prefault: NP_PREFAULT_PARALLEL has threads do it on the CPUs of the policy's nodes (memory-only: of the nearest
 *   node). Where no policy could be had and pages may end up on any of several nodes, nothing is faulted in.
 * @hardness: NP_SOFT takes what can be had, see np_region_enforcement(). NP_HARD refuses what this machine cannot give;
 *   NP_BIND is then committed whole, whatever @prefault: every page is faulted in, its node is asked of the kernel, and
 *   the range is bound, so that it never meets the out-of-memory killer.
 *
 * Return: 0; or, with *ret_region as it was:
 * -EINVAL: @size is 0, @policy is NULL, a constant is out of range, the mode needs nodes and has none; hard:
 *   NP_PREFERRED with several nodes.
 * -ENOMEM: no address space or memory; hard: the nodes cannot hold it (found before anything is touched, unless others
 *   take the memory meanwhile), the pool of explicit pages is empty, the pages could not be faulted in.
 * -ENODEV: hard: a node does not exist, has no memory, or is not allowed.
 * -EPERM, -ENOSYS: hard: a sandbox or kernel refuses mbind(2) or move_pages(2).
 * -EOPNOTSUPP: hard: the kernel does not have the mode or the page size, or transparent huge pages are off. */
NP_PUBLIC int np_region_create(np_region **ret_region, size_t size, const np_policy *policy,
                               enum np_huge huge, enum np_prefault prefault, enum np_hardness hardness);
/** np_region_destroy() - unmap a region; NULL is fine. Return: 0; -ENOMEM when the kernel is out of mappings: the memory
 * is given back, its addresses are not. */
NP_PUBLIC int np_region_destroy(np_region *region);
/** np_region_data() - the first byte, aligned to the page size. NULL for NULL. Context: hook-safe. */
NP_PUBLIC void *np_region_data(const np_region *region);
/** np_region_size() - usable bytes. 0 for NULL. Context: hook-safe. */
NP_PUBLIC size_t np_region_size(const np_region *region);
/** np_region_page_size() - bytes of a page of the kind obtained: explicit or transparent huge pages, or base pages.
 * 0 for NULL. Context: hook-safe. */
NP_PUBLIC size_t np_region_page_size(const np_region *region);
/** np_region_huge_bytes() - how much lies in huge pages now, transparent or explicit (/proc/self/smaps). Return: 0;
 * -EINVAL for NULL; -errno of reading it. */
NP_PUBLIC int np_region_huge_bytes(const np_region *region, uint64_t *ret_bytes);
/** np_region_typed(), np_region_units() - what np_region_as() and np_region_count() are made of: the data if it is aligned
 * to @alignment, else NULL; how many units of @size bytes fit (0 for size 0). Context: hook-safe. */
NP_PUBLIC void *np_region_typed(const np_region *region, size_t alignment);
NP_PUBLIC size_t np_region_units(const np_region *region, size_t size);

/** np_region_as() - the data as a pointer to @type; NULL when the type wants more than page alignment and the region has
 * less. */
#ifdef __cplusplus
#define np_region_as(region, type) (static_cast<type *>(np_region_typed((region), __alignof__(type))))
#else
#define np_region_as(region, type) ((type *)np_region_typed((region), __alignof__(type)))
#endif
/** np_region_count() - how many whole objects of @type fit. */
#define np_region_count(region, type) (np_region_units((region), sizeof(type)))

/** np_region_enforcement() - how far the policy holds.
 *
 * NP_STRICT: hard NP_BIND, and every page was found on its nodes. NP_BEST_EFFORT: anything else that works, since the
 * kernel may spill, or less was obtained than asked for. NP_NONE: no policy is in force: all nodes are absent, the
 * kernel refuses, or none was asked for (NP_SYSTEM).
 * A fork makes strict best-effort, because a page that is written to is then copied; np_region_move() to the same policy
 * makes it strict again.
 * @ret_reason: may be NULL. Never set to NULL; empty when strict. The text names nodes that were dropped, what came
 *   instead of huge pages, and the last verification. It lives until the region is next verified, moved or destroyed. */
NP_PUBLIC enum np_enforcement np_region_enforcement(const np_region *region, const char **ret_reason);
/** np_region_verify() - ask the kernel where each base page is now, and let the enforcement say it.
 * @pages: an entry for each node id, all of them set; pages on nodes from @count on are in no entry. May be NULL when
 *   @count is 0.
 * Return: how many pages are present (pages never written are not); -EINVAL for NULL; -errno of move_pages(2) (EPERM,
 * ENOSYS) with nothing set. */
NP_PUBLIC ptrdiff_t np_region_verify(np_region *region, size_t *pages, size_t count);
/** np_region_move() - give a region another policy, and re-place every present page as if it were touched now by the
 * caller. Contents stay, and may be used meanwhile. Soft: pages for which there is no room stay where they are, and the
 * enforcement says so. Hard: all or nothing.
 * Return: 0; an error as np_region_create(), with the old policy in force; -EBUSY: hard: pages are in use by the kernel or
 * shared with a forked process. */
NP_PUBLIC int np_region_move(np_region *region, const np_policy *policy);

#if defined(__GNUC__)
static inline void np_region_cleanup(np_region **region)
{
    (void)np_region_destroy(*region);
}

/** Frees at the end of the scope: NP_AUTO_REGION np_region *region = NULL; */
#define NP_AUTO_REGION __attribute__((__cleanup__(np_region_cleanup)))
/** Ends at the end of the scope: NP_AUTO_PIN np_pin pin; with np_pin_begin() right behind it. */
#define NP_AUTO_PIN __attribute__((__cleanup__(np_pin_cleanup)))
#endif

/* ---- Pins. Context: start-up. ---- */

/** np_pin_begin() - let the calling thread run on these CPUs only, until np_pin_end(). Pins nest, and end in any order.
 * Soft: takes what can be had, none included; np_pin_enforcement() tells. Hard: all of the CPUs or nothing.
 * Return: 0; or, with nothing changed and nothing to end: -EINVAL for NULL, or hard: no CPUs, or some cannot be used;
 * -ENOMEM; hard: -EPERM, -ENOSYS when a sandbox or kernel refuses. */
NP_PUBLIC int np_pin_begin(np_pin *pin, const np_cpuset *cpus, enum np_hardness hardness);
/** np_pin_end() - restore the CPUs that np_pin_begin() found; while a pin that began later is in force, that one will.
 * NULL, and a pin that has ended or could not begin, are fine.
 * Return: 0; the pin is over also with -EBUSY: others have changed the thread's CPUs meanwhile, which stand; with
 * -EAGAIN: a cpuset has taken CPUs away, and what is left of them is restored; with -EPERM, -ENOSYS: the kernel refuses.
 * -ESRCH: the pin is another thread's, and goes on. */
NP_PUBLIC int np_pin_end(np_pin *pin);
/** np_pin_enforcement() - NP_STRICT: on exactly these CPUs; NP_BEST_EFFORT: on some of them; NP_NONE: not pinned.
 * @ret_reason: may be NULL; as np_region_enforcement(), and lives as long as the pin. */
NP_PUBLIC enum np_enforcement np_pin_enforcement(const np_pin *pin, const char **ret_reason);
/** np_pin_cpus() - where np_pin_begin() has put the thread; empty when it could not or the pin has ended. */
NP_PUBLIC const np_cpuset *np_pin_cpus(const np_pin *pin);
/** np_pin_previous() - what np_pin_end() will restore; empty as above. */
NP_PUBLIC const np_cpuset *np_pin_previous(const np_pin *pin);

#if defined(__GNUC__)
static inline void np_pin_cleanup(np_pin *pin)
{
    (void)np_pin_end(pin);
}
#endif

/* ---- The rest ---- */

/** np_strerror() - one English sentence for a (negative or positive) errno that a function of this library
 * returned.
 * Context: hook-safe; the text is constant. */
NP_PUBLIC const char *np_strerror(int code);
/** numaperf_version() - the version of the library, such as "0.1.0". Context: hook-safe. */
NP_PUBLIC const char *numaperf_version(void);

#ifdef __cplusplus
}
#endif
#endif
