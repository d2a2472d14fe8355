/* SPDX-License-Identifier: MIT */
#include "diagnosis.h"

#include "machine.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct diagnosis {
    struct np_table table;
    bool whole;    /* show also what is as it should be */
    unsigned fine; /* how much was not shown */
};

/* One line of the table. */
static void say(struct diagnosis *diagnosis, const char *what, enum np_style style, const char *value,
                const char *effect)
{
    struct np_table *table = &diagnosis->table;
    if (style == NP_STYLE_GOOD && !diagnosis->whole) {
        diagnosis->fine++;
        return;
    }
    np_table_add(table, NP_STYLE_PLAIN, "%s", what);
    np_table_add(table, style, "%s", value);
    np_table_add(table, style == NP_STYLE_WARN ? NP_STYLE_PLAIN : NP_STYLE_DIM, "%s", effect);
}

static void check_abilities(struct diagnosis *diagnosis)
{
    struct np_ability abilities[NP_MACHINE_ABILITIES];
    np_machine_abilities(abilities);
    for (unsigned i = 0; i < NP_MACHINE_ABILITIES; i++) {
        const struct np_ability *ability = &abilities[i];
        char effect[256] = "";
        if (!ability->has)
            (void)snprintf(effect, sizeof effect, "%s%s%s", ability->error ? np_strerror(ability->error) : "",
                           ability->error ? " " : "", ability->effect);
        say(diagnosis, ability->text, ability->has ? NP_STYLE_GOOD : NP_STYLE_WARN,
            ability->has ? "works" : "no", effect);
    }
}

/* Settings under which the kernel does something with placed memory. A value that is not listed needs no word. */
static void check_settings(struct diagnosis *diagnosis)
{
    static const struct {
        const char *name, *value, *effect;
    } effects[] = {
        {"numa_balancing", "1", "the kernel moves pages of first-touch and system classes between nodes"},
        {"numa_balancing", "2", "the kernel moves pages between memory tiers"},
        {"transparent_hugepage", "always",
         "khugepaged merges pages whatever their policy; interleaved classes and small blocks are kept on "
         "base pages"},
        {"transparent_hugepage", "never", "huge-pages = thp has no effect"},
        {"demotion", "true", "cold pages move to slower nodes, whatever the policy"},
        {"overcommit_memory", "2", "each step of a zone is charged: malloc may fail earlier"},
        {"zone_reclaim_mode", "1", "a full node gives up its page cache before another node is used"},
    };
    for (const struct np_setting *setting = np_machine_settings(); setting->name; setting++) {
        char value[128];
        const char *effect = "";
        if (!*np_machine_setting(setting->path, value, sizeof value))
            continue;
        for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
            if (strcmp(effects[i].name, setting->name) == 0 && strcmp(effects[i].value, value) == 0)
                effect = effects[i].effect;
        say(diagnosis, setting->name, *effect ? NP_STYLE_WARN : NP_STYLE_GOOD, value, effect);
    }
}

/* A node with memory, or a CPU, that a cpuset or an affinity takes away. */
static void check_allowed(struct diagnosis *diagnosis, const np_topology *topology)
{
    char list[128];
    np_nodeset all = {0};
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        if (np_topology_node_memory(topology, id) > 0)
            (void)np_nodeset_add(&all, id);
    }
    const np_nodeset *allowed = np_topology_allowed(topology);
    const bool whole = np_nodeset_equal(&all, allowed);
    np_text_mark_cut(list, sizeof list, (size_t)np_nodeset_format(allowed, list, sizeof list));
    say(diagnosis, "nodes that may be used", whole ? NP_STYLE_GOOD : NP_STYLE_WARN, list,
        whole ? "" : "a cpuset keeps the others away");
}

static void check_seccomp(struct diagnosis *diagnosis)
{
    char status[8192];
    const char *mode = np_kernel_read_file("/proc/self/status", status, sizeof status) > 0
                           ? strstr(status, "\nSeccomp:")
                           : NULL;
    if (!mode)
        return;
    const bool filtered = strtol(mode + strlen("\nSeccomp:"), NULL, 10) != 0;
    say(diagnosis, "seccomp filter", filtered ? NP_STYLE_WARN : NP_STYLE_GOOD, filtered ? "yes" : "no",
        filtered ? "mbind, move_pages and set_mempolicy must be among the calls that it allows" : "");
}

static void check_limits(struct diagnosis *diagnosis)
{
    static const struct {
        const char *name;
        int resource;
        const char *effect;
    } limits[] = {
        {"ulimit -v (address space)", RLIMIT_AS,
         "zones get an eighth of it, or none when that is below 64 MiB"},
        {"ulimit -d (data)", RLIMIT_DATA, "zones get an eighth of it, or none when that is below 64 MiB"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        char text[NP_TEXT_SIZE];
        if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
            continue;
        const bool finite = limit.rlim_cur != RLIM_INFINITY;
        say(diagnosis, limits[i].name, finite ? NP_STYLE_WARN : NP_STYLE_GOOD,
            finite ? np_text_size(limit.rlim_cur, text) : "unlimited", finite ? limits[i].effect : "");
    }
}

static bool wants_explicit_pages(const struct np_effective *effective)
{
    for (unsigned i = 0; i < effective->count; i++) {
        const enum np_huge huge = effective->rules[i].placement.huge;
        if (huge == NP_HUGE_2M || huge == NP_HUGE_1G)
            return true;
    }
    return false;
}

static void check_pools(struct diagnosis *diagnosis, const np_topology *topology)
{
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        struct np_machine_node node;
        const int id = np_topology_node_id(topology, i);
        np_machine_node(id, &node);
        for (unsigned j = 0; j < node.pool_count; j++) {
            const struct np_pool *pool = &node.pools[j];
            char what[64], value[64], size[NP_TEXT_SIZE];
            (void)snprintf(what, sizeof what, "%s pages of node %d", np_text_size(pool->page_bytes, size),
                           id);
            (void)snprintf(value, sizeof value, "%llu free of %llu", (unsigned long long)pool->free,
                           (unsigned long long)pool->total);
            say(diagnosis, what, pool->free ? NP_STYLE_GOOD : NP_STYLE_WARN, value,
                pool->free ? "" : "an empty pool: thp instead");
        }
    }
}

void np_diagnose(const struct np_effective *effective, const struct np_program *program, bool whole)
{
    struct diagnosis diagnosis = {.whole = whole};
    for (unsigned i = 0; i < 3; i++)
        np_table_column(&diagnosis.table, "", false);
    check_abilities(&diagnosis);
    check_allowed(&diagnosis, effective->topology);
    check_seccomp(&diagnosis);
    check_limits(&diagnosis);
    check_settings(&diagnosis);
    if (wants_explicit_pages(effective)) {
        check_pools(&diagnosis, effective->topology);
        if (program && program->forks)
            say(&diagnosis, "the program forks", NP_STYLE_WARN, "yes",
                "a child that writes to explicit huge pages dies (SIGBUS) when the pool is empty");
    }
    np_heading(stdout, "Machine");
    const bool hinders = diagnosis.table.cell_count > 0;
    np_table_print(&diagnosis.table, stdout, 2);
    if (!whole)
        (void)printf(hinders ? "  %s%u more are as they should be; --verbose shows them%s\n"
                             : "  %snothing hinders; --verbose shows the %u things that were looked at%s\n",
                     np_style_on(stdout, NP_STYLE_DIM), diagnosis.fine, np_style_off(stdout, NP_STYLE_DIM));
}
