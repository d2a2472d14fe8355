/* SPDX-License-Identifier: MIT */
#include "processors.h"

#include "kernel.h"
#include "log.h"

#include <string.h>

#define CPU_FOLDER  "/sys/devices/system/cpu/"
#define PATH_SIZE   384
#define MAX_CACHES  16 /* indexN folders of a CPU: four on today's processors */
#define LIST_LENGTH 2048

void np_processors_begin(const np_topology *topology, struct np_processors *ret_processors)
{
    np_cpuset seen = {0};
    ret_processors->count = 0;
    ret_processors->cores_known = ret_processors->caches_known = false;
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int node = np_topology_node_id(topology, i);
        const np_cpuset *cpus = np_topology_node_cpus(topology, node);
        const int first = np_cpuset_next(cpus, -1);
        for (int cpu = first; cpu >= 0; cpu = np_cpuset_next(cpus, cpu)) {
            if (np_cpuset_has(&seen, cpu))
                continue;
            (void)np_cpuset_add(&seen, cpu);
            ret_processors->cpus[ret_processors->count++] = (struct np_processors_cpu){
                .cpu = (uint16_t)cpu,
                .node = (uint16_t)node,
                .core = (uint16_t)cpu,
                .cache = (uint16_t)first,
            };
        }
    }
}

static bool comes_before(const struct np_processors_cpu *a, const struct np_processors_cpu *b)
{
    if (a->node != b->node)
        return a->node < b->node;
    if (a->core != b->core)
        return a->core < b->core;
    return a->cpu < b->cpu;
}

/* A heap sort: qsort(3) may allocate, and 8192 CPUs are too many for a simple one. */
static void sift(struct np_processors_cpu *cpus, unsigned root, unsigned count)
{
    for (;;) {
        unsigned child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && comes_before(&cpus[child], &cpus[child + 1]))
            child++;
        if (!comes_before(&cpus[root], &cpus[child]))
            return;
        struct np_processors_cpu swapped = cpus[root];
        cpus[root] = cpus[child];
        cpus[child] = swapped;
        root = child;
    }
}

void np_processors_finish(struct np_processors *processors)
{
    for (unsigned i = processors->count / 2; i-- > 0;)
        sift(processors->cpus, i, processors->count);
    for (unsigned last = processors->count; last-- > 1;) {
        struct np_processors_cpu largest = processors->cpus[0];
        processors->cpus[0] = processors->cpus[last];
        processors->cpus[last] = largest;
        sift(processors->cpus, 0, last);
    }
}

/* ---- sysfs ---- */

/* Reads ROOT/sys/devices/system/cpu/cpuN/NAME as a list of CPUs. */
static bool read_list(const char *root, unsigned cpu, const char *name, np_cpuset *ret_cpus)
{
    char path[PATH_SIZE], text[LIST_LENGTH];
    (void)np_format(path, sizeof path, "%s" CPU_FOLDER "cpu%u/%s", root, cpu, name);
    ssize_t length = np_kernel_read_file(path, text, sizeof text);
    if (length <= 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return np_cpuset_parse(text, ret_cpus) == 0;
}

/* Labels the CPUs that share something with one of them. The labels are fields of np_processors_cpu. */
static void label(struct np_processors *processors, const np_cpuset *shared, size_t field, np_cpuset *done)
{
    const uint16_t lowest = (uint16_t)np_cpuset_next(shared, -1);
    for (unsigned i = 0; i < processors->count; i++) {
        struct np_processors_cpu *cpu = &processors->cpus[i];
        if (np_cpuset_has(shared, cpu->cpu))
            memcpy((char *)cpu + field, &lowest, sizeof lowest);
    }
    np_cpuset_or(done, shared);
}

/* core_cpus_list has been the name since Linux 5.3. */
static bool read_core(const char *root, unsigned cpu, np_cpuset *ret_shared)
{
    return read_list(root, cpu, "topology/core_cpus_list", ret_shared) ||
           read_list(root, cpu, "topology/thread_siblings_list", ret_shared);
}

/* The kernel numbers a CPU's caches from the first level up, so the last is the last-level cache. */
static bool read_cache(const char *root, unsigned cpu, np_cpuset *ret_shared)
{
    char name[40];
    unsigned found = 0;
    while (found < MAX_CACHES) {
        (void)np_format(name, sizeof name, "cache/index%u/shared_cpu_list", found);
        if (!read_list(root, cpu, name, ret_shared))
            break;
        found++;
    }
    return found > 0;
}

/* One file for each group of CPUs, not for each CPU. Return: was every CPU's read? */
static bool read_labels(const char *root, struct np_processors *processors, size_t field,
                        bool (*read)(const char *root, unsigned cpu, np_cpuset *ret_shared))
{
    np_cpuset done = {0};
    bool all = processors->count > 0;
    for (unsigned i = 0; i < processors->count; i++) {
        const int cpu = processors->cpus[i].cpu;
        np_cpuset shared;
        if (np_cpuset_has(&done, cpu))
            continue;
        if (read(root, (unsigned)cpu, &shared) && np_cpuset_has(&shared, cpu))
            label(processors, &shared, field, &done);
        else
            all = false;
    }
    return all;
}

/* Without simultaneous multithreading each CPU is a core: one file tells it for all of them. */
static bool has_threads(const char *root)
{
    char path[PATH_SIZE], text[16];
    (void)np_format(path, sizeof path, "%s" CPU_FOLDER "smt/active", root);
    return np_kernel_read_file(path, text, sizeof text) <= 0 || *text != '0';
}

void np_processors_read_sysfs(const char *root, const np_topology *topology, unsigned details,
                              struct np_processors *ret_processors)
{
    np_processors_begin(topology, ret_processors);
    if (details & NP_PROCESSORS_CORES)
        ret_processors->cores_known =
            !has_threads(root) ||
            read_labels(root, ret_processors, offsetof(struct np_processors_cpu, core), read_core);
    if (details & NP_PROCESSORS_CACHES)
        ret_processors->caches_known =
            read_labels(root, ret_processors, offsetof(struct np_processors_cpu, cache), read_cache);
    np_processors_finish(ret_processors);
}
