/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include "kernel.h"
#include "log.h"
#include "topology_lazy.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define BUFFER_SIZE                                                                                          \
    ((size_t)64 << 10) /* a list of every second one of 8192 CPUs has 20 KB; untouched pages cost nothing */
#define PATH_SIZE (NP_TOPOLOGY_ROOT_SIZE + 64)

/* What the small files say. */
struct facts {
    bool partial;
    np_nodeset online, with_memory, with_cpus, allowed;
    np_cpuset usable_cpus;
};

/* ---- Reading ---- */

/* Reads ROOT/PREFIX[NUMBER]/NAME into a buffer of BUFFER_SIZE and cuts the newline at the end; @number
 * below 0: none. */
static int read_text(const char *root, const char *prefix, int number, const char *name, char *buffer)
{
    char path[PATH_SIZE], digits[12] = "";
    if (number >= 0)
        (void)np_format(digits, sizeof digits, "%d", number);
    (void)np_format(path, sizeof path, "%s%s%s%s", root, prefix, digits, name);
    ssize_t length = np_kernel_read_file(path, buffer, BUFFER_SIZE);
    if (length < 0)
        return (int)length;
    while (length > 0 && (buffer[length - 1] == '\n' || buffer[length - 1] == ' '))
        buffer[--length] = '\0';
    return 0;
}

static int read_nodes(const char *root, const char *name, char *buffer, np_nodeset *ret_nodes)
{
    int result = read_text(root, "/sys/devices/system/node/", -1, name, buffer);
    if (result < 0)
        return result;
    if (*buffer == '\0') {
        np_nodeset_zero(ret_nodes);
        return 0;
    }
    return np_nodeset_parse(buffer, ret_nodes) < 0 ? -EINVAL : 0;
}

/* The text behind "KEY:" at the start of a line, cut at the line's end; NULL when there is no such line. */
static char *find_line(char *text, const char *key)
{
    const size_t length = strlen(key);
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) != 0)
            continue;
        line += length;
        line += strspn(line, " \t");
        line[strcspn(line, "\n")] = '\0';
        return line;
    }
    return NULL;
}

/* A decimal number behind @key anywhere in the text, such as "Node 0 MemTotal:  123 kB"; 0 when there is
 * none. */
static uint64_t find_kilobytes(const char *text, const char *key)
{
    uint64_t number = 0;
    text = strstr(text, key);
    if (text == NULL)
        return 0;
    text += strlen(key);
    for (text += strspn(text, " \t"); *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return number * 1024;
}

/* ---- Which nodes there are and which may be used ---- */

/* A copy of a machine has no system calls to answer for it: its status file does. */
static bool read_mems_allowed(const char *root, char *buffer, np_nodeset *ret_nodes)
{
    if (*root == '\0' && np_kernel_mems_allowed(ret_nodes) == 0)
        return true;
    if (read_text(root, "/proc/self/status", -1, "", buffer) < 0)
        return false;
    const char *list = find_line(buffer, "Mems_allowed_list:");
    return list != NULL && np_nodeset_parse(list, ret_nodes) == 0;
}

static void read_affinity(const char *root, char *buffer, np_cpuset *ret_cpus)
{
    if (*root == '\0' && np_kernel_affinity(0, ret_cpus) == 0)
        return;
    if (read_text(root, "/proc/self/status", -1, "", buffer) == 0) {
        const char *list = find_line(buffer, "Cpus_allowed_list:");
        if (list != NULL && np_cpuset_parse(list, ret_cpus) == 0)
            return;
    }
    memset(ret_cpus, 0xff, sizeof *ret_cpus);
}

static int read_facts(const char *root, char *buffer, struct facts *ret_facts)
{
    np_nodeset mems;
    const bool mems_known = read_mems_allowed(root, buffer, &mems);
    read_affinity(root, buffer, &ret_facts->usable_cpus);

    int result = read_nodes(root, "online", buffer, &ret_facts->online);
    if (result == -EINVAL)
        return result;
    if (result < 0 || np_nodeset_count(&ret_facts->online) == 0) { /* no /sys, or a kernel without NUMA */
        np_nodeset_zero(&ret_facts->online);
        if (mems_known)
            ret_facts->online = mems;
        else
            (void)np_nodeset_add(&ret_facts->online, 0);
        ret_facts->with_cpus = ret_facts->allowed = ret_facts->online;
        ret_facts->partial = true;
        return 0;
    }
    if ((result = read_nodes(root, "has_memory", buffer, &ret_facts->with_memory)) == -EINVAL)
        return result;
    if (result < 0)
        ret_facts->with_memory = ret_facts->online;
    if ((result = read_nodes(root, "has_cpu", buffer, &ret_facts->with_cpus)) == -EINVAL)
        return result;
    if (result < 0)
        ret_facts->with_cpus = ret_facts->online;
    ret_facts->allowed = ret_facts->with_memory;
    np_nodeset_and(&ret_facts->allowed, &ret_facts->online);
    if (mems_known)
        np_nodeset_and(&ret_facts->allowed, &mems);
    return 0;
}

/* ---- Late reading: a file of a node costs 17 microseconds, and most rules never ask ---- */

/* Out of line: inlined, gcc 12 takes the mapping for the pointer variable and warns of a dangling one. */
__attribute__((noinline)) static char *map_memory(size_t length)
{
    void *memory = NULL;
    (void)np_kernel_map(NULL, length, PROT_READ | PROT_WRITE, 0, &memory);
    return memory;
}

/* Hangs a finished mapping on its place, or throws it away when another thread was first. Returns the one
 * that stays. */
static void *publish(_Atomic(void *) *place, void *fresh, size_t length)
{
    void *first = NULL;
    if (atomic_compare_exchange_strong_explicit(place, &first, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    (void)np_kernel_unmap(fresh, length);
    return first;
}

int np_topology_read_node_cpus(int id, np_cpuset *ret_cpus)
{
    np_cpuset cpus = {0};
    char *buffer = map_memory(BUFFER_SIZE);
    if (buffer == NULL)
        return -ENOMEM;
    int result = read_text("", "/sys/devices/system/node/node", id, "/cpulist", buffer);
    if (result == 0 && *buffer != '\0')
        result = np_cpuset_parse(buffer, &cpus);
    (void)np_kernel_unmap(buffer, BUFFER_SIZE);
    if (result == 0)
        *ret_cpus = cpus;
    return result;
}

static void fill_cpus(const np_topology *topology, int id, char *buffer, np_cpuset *cpus)
{
    if (read_text(topology->root, "/sys/devices/system/node/node", id, "/cpulist", buffer) == 0) {
        if (np_cpuset_parse(buffer, cpus) == 0)
            np_cpuset_and(cpus, &topology->usable_cpus);
    } else if (topology->partial && topology->count == 1) {
        *cpus = topology->usable_cpus;
    }
}

static const np_cpuset *late_cpus(const np_topology *topology, unsigned index)
{
    struct np_topology_slot *slot = &topology->self->slots[index];
    void *cpus = atomic_load_explicit(&slot->late_cpus, memory_order_acquire);
    char *buffer;
    if (cpus != NULL)
        return cpus;
    if ((cpus = map_memory(sizeof(np_cpuset))) == NULL)
        return NULL;
    if ((buffer = map_memory(BUFFER_SIZE)) != NULL) {
        fill_cpus(topology, slot->node.id, buffer, cpus);
        (void)np_kernel_unmap(buffer, BUFFER_SIZE);
    }
    return publish(&slot->late_cpus, cpus, sizeof(np_cpuset));
}

static uint64_t late_memory(const np_topology *topology, unsigned index)
{
    struct np_topology_slot *slot = &topology->self->slots[index];
    uint64_t memory = atomic_load_explicit(&slot->late_memory, memory_order_relaxed);
    char *buffer;
    if (memory != 0)
        return memory - 1;
    if ((buffer = map_memory(BUFFER_SIZE)) == NULL)
        return 0;
    if (read_text(topology->root, "/sys/devices/system/node/node", slot->node.id, "/meminfo", buffer) == 0)
        memory = find_kilobytes(buffer, "MemTotal:");
    else if (topology->partial && read_text(topology->root, "/proc/meminfo", -1, "", buffer) == 0)
        memory = find_kilobytes(buffer, "MemTotal:") / topology->count; /* the best guess there is */
    (void)np_kernel_unmap(buffer, BUFFER_SIZE);
    atomic_store_explicit(&slot->late_memory, memory + 1, memory_order_relaxed);
    return memory;
}

uint64_t np_topology_read_bandwidth(const char *root, int id)
{
    char path[PATH_SIZE];
    uint64_t figure = 0;
    (void)np_format(path, sizeof path, "%s/sys/devices/system/node/node%d/access0/initiators/read_bandwidth",
                    root, id);
    (void)np_kernel_read_figure(path, &figure); /* most machines have none */
    return figure;
}

static uint64_t late_bandwidth(const np_topology *topology, unsigned index)
{
    struct np_topology_slot *slot = &topology->self->slots[index];
    uint64_t bandwidth = atomic_load_explicit(&slot->late_bandwidth, memory_order_relaxed);
    if (bandwidth != 0)
        return bandwidth - 1;
    bandwidth = np_topology_read_bandwidth(topology->root, slot->node.id);
    atomic_store_explicit(&slot->late_bandwidth, bandwidth + 1, memory_order_relaxed);
    return bandwidth;
}

/* The file has one figure for each online node in the order of ids, not one for each id. A different
 * number of figures means that a node came or went: then nothing is known. */
static void parse_distances(const char *text, unsigned count, int16_t *row)
{
    unsigned found = 0;
    for (; *text != '\0'; text += strspn(text, " \t\n")) {
        unsigned distance = 0;
        if (*text < '0' || *text > '9')
            break;
        for (; *text >= '0' && *text <= '9'; text++)
            if (distance < 1000)
                distance = distance * 10 + (unsigned)(*text - '0');
        if (found < count)
            row[found] = (int16_t)distance;
        found++;
    }
    if (found != count || *text != '\0')
        memset(row, 0, count * sizeof *row);
}

static const int16_t *late_distances(const np_topology *topology, unsigned index)
{
    struct np_topology_slot *slot = &topology->self->slots[index];
    void *row = atomic_load_explicit(&slot->late_distances, memory_order_acquire);
    const size_t length = topology->count * sizeof(int16_t);
    char *buffer;
    if (row != NULL)
        return row;
    if ((row = map_memory(length)) == NULL)
        return NULL;
    if ((buffer = map_memory(BUFFER_SIZE)) != NULL) {
        if (read_text(topology->root, "/sys/devices/system/node/node", slot->node.id, "/distance", buffer) ==
            0)
            parse_distances(buffer, topology->count, row);
        (void)np_kernel_unmap(buffer, BUFFER_SIZE);
    }
    return publish(&slot->late_distances, row, length);
}

static void release(np_topology *topology)
{
    for (unsigned i = 0; i < topology->count; i++) {
        void *cpus = atomic_load(&topology->slots[i].late_cpus);
        void *row = atomic_load(&topology->slots[i].late_distances);
        if (cpus != NULL)
            (void)np_kernel_unmap(cpus, sizeof(np_cpuset));
        if (row != NULL)
            (void)np_kernel_unmap(row, topology->count * sizeof(int16_t));
    }
}

static const struct np_topology_reader late_reader = {late_cpus, late_memory, late_bandwidth, late_distances,
                                                      release};

/* ---- The snapshot ---- */

static int build(const char *root, const struct facts *facts, np_topology **ret_topology)
{
    np_topology *topology;
    int result = np_topology_new(np_nodeset_count(&facts->online), &topology);
    if (result < 0)
        return result;
    unsigned index = 0;
    for (int id = -1; (id = np_nodeset_next(&facts->online, id)) >= 0;)
        np_topology_node_at(topology, index++)->id = id;
    np_topology_set_allowed(topology, &facts->allowed);
    np_topology_set_has_cpus(topology, &facts->with_cpus);
    topology->partial = facts->partial;
    topology->usable_cpus = facts->usable_cpus;
    memcpy(topology->root, root, strlen(root) + 1);
    topology->reader = &late_reader;
    *ret_topology = topology;
    return 0;
}

int np_topology_read_sysfs(const char *root, np_topology **ret_topology)
{
    struct facts facts = {0};
    if (strlen(root) >= NP_TOPOLOGY_ROOT_SIZE)
        return -ENAMETOOLONG;
    char *buffer = map_memory(BUFFER_SIZE);
    if (buffer == NULL)
        return -ENOMEM;
    int result = read_facts(root, buffer, &facts);
    (void)np_kernel_unmap(buffer, BUFFER_SIZE);
    return result < 0 ? result : build(root, &facts, ret_topology);
}
