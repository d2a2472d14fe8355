/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_FOLDER "/sys/devices/system/node/node%d"

const char *np_machine_setting(const char *path, char *text, size_t size)
{
    if (np_kernel_read_file(path, text, size) < 0)
        *text = '\0';
    text[strcspn(text, "\n")] = '\0';
    char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
    if (close) {
        *close = '\0';
        memmove(text, open + 1, (size_t)(close - open));
    }
    return text;
}

static uint64_t node_figure(int id, const char *rest)
{
    char path[128];
    uint64_t figure = 0;
    (void)snprintf(path, sizeof path, NODE_FOLDER "/%s", id, rest);
    return np_kernel_read_figure(path, &figure) == 0 ? figure : 0;
}

/* "Node 0 MemFree:   123 kB" */
static void read_memory(int id, struct np_machine_node *node)
{
    char path[128], text[4096];
    (void)snprintf(path, sizeof path, NODE_FOLDER "/meminfo", id);
    if (np_kernel_read_file(path, text, sizeof text) < 0)
        return;
    const char *total = strstr(text, "MemTotal:"), *free = strstr(text, "MemFree:");
    node->total_bytes = total ? strtoull(total + strlen("MemTotal:"), NULL, 10) * 1024 : 0;
    node->free_bytes = free ? strtoull(free + strlen("MemFree:"), NULL, 10) * 1024 : 0;
}

static int by_page_size(const void *a, const void *b)
{
    const struct np_pool *left = a, *right = b;
    return (left->page_bytes > right->page_bytes) - (left->page_bytes < right->page_bytes);
}

static void read_pools(int id, struct np_machine_node *node)
{
    static const char prefix[] = "hugepages-";
    char path[128], rest[96];
    (void)snprintf(path, sizeof path, NODE_FOLDER "/hugepages", id);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)) && node->pool_count < NP_MACHINE_POOLS) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0 || strlen(entry->d_name) > 32)
            continue;
        struct np_pool *pool = &node->pools[node->pool_count++];
        pool->page_bytes = strtoull(entry->d_name + sizeof prefix - 1, NULL, 10) * 1024;
        (void)snprintf(rest, sizeof rest, "hugepages/%.32s/nr_hugepages", entry->d_name);
        pool->total = node_figure(id, rest);
        (void)snprintf(rest, sizeof rest, "hugepages/%.32s/free_hugepages", entry->d_name);
        pool->free = node_figure(id, rest);
    }
    if (folder)
        (void)closedir(folder);
    qsort(node->pools, node->pool_count, sizeof *node->pools, by_page_size);
}

void np_machine_node(int id, struct np_machine_node *ret_node)
{
    *ret_node = (struct np_machine_node){0};
    read_memory(id, ret_node);
    read_pools(id, ret_node);
    ret_node->read_bandwidth = node_figure(id, "access0/initiators/read_bandwidth");
    ret_node->write_bandwidth = node_figure(id, "access0/initiators/write_bandwidth");
    ret_node->read_latency = node_figure(id, "access0/initiators/read_latency");
    ret_node->write_latency = node_figure(id, "access0/initiators/write_latency");
}

void np_machine_abilities(struct np_ability *ret_abilities)
{
    const struct np_kernel_support *support = np_kernel_support();
    const struct np_ability abilities[NP_MACHINE_ABILITIES] = {
        {"mbind", "memory policies (mbind)", support->mbind_error == 0, support->mbind_error,
         "nothing can be placed"},
        {"move_pages", "asking where pages are (move_pages)", support->move_pages_error == 0,
         support->move_pages_error, "nothing can be verified, and hard mode is refused"},
        {"preferred_many", "preferred-many (Linux 5.15)", support->preferred_many, 0,
         "soft bind on several nodes uses stripes"},
        {"weighted_interleave", "weighted-interleave (Linux 6.9)", support->weighted_interleave, 0,
         "weights are made with stripes"},
        {"populate_write", "prefault by MADV_POPULATE_WRITE (Linux 5.14)", support->populate_write, 0,
         "pages are written to one by one"},
        {"remap_keeps_source", "moving pages by MREMAP_DONTUNMAP (Linux 5.7)", support->remap_keeps_source, 0,
         "large blocks that grow are copied"},
        {"dontneed_clears", "MADV_DONTNEED gives zeroes", support->dontneed_clears, 0,
         "calloc clears pages itself"},
    };
    memcpy(ret_abilities, abilities, sizeof abilities);
}

const struct np_setting *np_machine_settings(void)
{
    static const struct np_setting settings[] = {
        {"numa_balancing", "/proc/sys/kernel/numa_balancing"},
        {"transparent_hugepage", "/sys/kernel/mm/transparent_hugepage/enabled"},
        {"demotion", "/sys/kernel/mm/numa/demotion_enabled"},
        {"overcommit_memory", "/proc/sys/vm/overcommit_memory"},
        {"max_map_count", "/proc/sys/vm/max_map_count"},
        {"zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode"},
        {NULL, NULL},
    };
    return settings;
}
