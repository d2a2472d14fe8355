/* SPDX-License-Identifier: MIT */
#include "device.h"

#include "folder.h"
#include "kernel.h"
#include "log.h"

#include <errno.h>
#include <string.h>

#define PATH_SIZE 512
/* A disk lies six folders below its controller; a bridge or two may follow. */
#define MOST_LEVELS 16
/* A volume on an encrypted one on a RAID of partitions. */
#define MOST_DEPTH 6

static const char *const buses[] = {"/sys/bus/pci/devices/", "/sys/class/net/", "/sys/class/block/"};

static bool matches(const char *name, const char *pattern)
{
    for (; *pattern != '\0'; pattern++, name++) {
        const bool hex = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'f');
        if (*pattern == 'h' ? !hex : *name != *pattern)
            return false;
    }
    return *name == '\0';
}

/* As sysfs writes a PCI address: in lower case, with the domain. Names of another form are left as they are. */
static void complete(const char *name, char *ret_name, size_t size)
{
    char lower[32] = "";
    for (size_t i = 0; name[i] != '\0' && i < sizeof lower - 1; i++) {
        lower[i] = name[i];
        if (name[i] >= 'A' && name[i] <= 'F')
            lower[i] = (char)(name[i] - 'A' + 'a');
    }
    if (matches(lower, "hh:hh.h"))
        (void)np_format(ret_name, size, "0000:%s", lower);
    else
        (void)np_format(ret_name, size, "%s", matches(lower, "hhhh:hh:hh.h") ? lower : name);
}

static bool exists(const char *device)
{
    char path[PATH_SIZE], text[64];
    (void)np_format(path, sizeof path, "%s/uevent", device);
    const ssize_t length = np_kernel_read_file(path, text, sizeof text);
    return length >= 0 || length == -E2BIG;
}

/* What is behind the link is in the tree of all devices, where disks and interfaces lie below the PCI device that they
 * belong to: the nearest folder above that tells a node counts. -1 is the kernel's word for none. */
static int find_node(const char *device)
{
    char path[PATH_SIZE];
    size_t used = (size_t)np_format(path, sizeof path, "%s", device);
    for (int level = 0; level < MOST_LEVELS && used < sizeof path - 32; level++) {
        uint64_t node;
        (void)np_format(path + used, sizeof path - used, "/numa_node");
        if (np_kernel_read_figure(path, &node) == 0 && node < NP_MAX_NODES)
            return (int)node;
        used += (size_t)np_format(path + used, sizeof path - used, "/..");
    }
    return -ENODATA;
}

/* A disk that may have several paths is a virtual device; its number is that of the first controller which leads to it
 * (drivers/nvme/host/core.c). */
static int find_controller(const char *root, const char *disk)
{
    char controller[PATH_SIZE];
    const size_t prefix = strlen("nvme");
    const size_t length =
        strncmp(disk, "nvme", prefix) == 0 ? prefix + strspn(disk + prefix, "0123456789") : 0;
    if (length <= prefix || disk[length] != 'n')
        return -ENODATA;
    size_t used = (size_t)np_format(controller, sizeof controller, "%s/sys/class/nvme/", root);
    if (used + length >= sizeof controller)
        return -ENODATA;
    memcpy(controller + used, disk, length);
    controller[used + length] = '\0';
    return find_node(controller);
}

/* ---- Devices that are made of others ---- */

struct made {
    const char *root, *device; /* its folder */
    int depth;
    np_nodeset *nodes;
};

static void add_nodes(const char *root, const char *device, const char *name, int depth, np_nodeset *nodes);

/* A bond, a bridge or a VLAN has a link lower_NAME to each interface that it goes by. */
static void visit_lower(void *context, const char *name)
{
    const struct made *made = context;
    char path[PATH_SIZE];
    const size_t prefix = strlen("lower_");
    if (strncmp(name, "lower_", prefix) == 0 &&
        np_format(path, sizeof path, "%s/%s", made->device, name) < (int)sizeof path)
        add_nodes(made->root, path, name + prefix, made->depth + 1, made->nodes);
}

/* RAIDs and volumes (md, dm) have a link in the folder slaves to each disk or partition that they are made of. */
static void visit_slave(void *context, const char *name)
{
    const struct made *made = context;
    char path[PATH_SIZE];
    if (np_format(path, sizeof path, "%s/%s", made->device, name) < (int)sizeof path)
        add_nodes(made->root, path, name, made->depth + 1, made->nodes);
}

static void add_nodes(const char *root, const char *device, const char *name, int depth, np_nodeset *nodes)
{
    /* The folder of a partition lies in that of the volume. */
    static const char *const slaves[] = {"slaves", "../slaves"};
    char path[PATH_SIZE];
    int node = find_node(device);
    if (node == -ENODATA)
        node = find_controller(root, name);
    if (node >= 0)
        (void)np_nodeset_add(nodes, node);
    if (node >= 0 || depth == MOST_DEPTH)
        return;
    struct made made = {root, device, depth, nodes};
    (void)np_folder_each(device, visit_lower, &made);
    made.device = path;
    for (size_t i = 0; i < sizeof slaves / sizeof *slaves; i++)
        if (np_format(path, sizeof path, "%s/%s", device, slaves[i]) < (int)sizeof path &&
            np_folder_each(path, visit_slave, &made) == 0)
            return;
}

int np_device_nodes(const char *root, const char *name, np_nodeset *ret_nodes)
{
    char full[64], device[PATH_SIZE];
    complete(name, full, sizeof full);
    for (size_t i = 0; i < sizeof buses / sizeof buses[0]; i++) {
        if (np_format(device, sizeof device, "%s%s%s", root, buses[i], full) >= (int)sizeof device ||
            !exists(device))
            continue;
        np_nodeset nodes;
        np_nodeset_zero(&nodes);
        add_nodes(root, device, full, 0, &nodes);
        if (np_nodeset_count(&nodes) == 0)
            return -ENODATA;
        *ret_nodes = nodes;
        return 0;
    }
    return -ENOENT;
}
