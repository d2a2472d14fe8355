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
