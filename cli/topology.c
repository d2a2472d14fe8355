/* SPDX-License-Identifier: MIT */
/* numaperf topology: the machine as placement sees it. */
#include "cli.h"
#include "machine.h"
#include "table.h"

#include "core/json.h"
#include "core/log.h"
#include "core/thp.h"
#include "core/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char usage[] = "Usage: numaperf topology [--json]\n"
                            "\n"
                            "Show the nodes that this machine has and that this process may use, and what\n"
                            "its kernel supports, which is found out by trying.\n"
                            "\n"
                            "      --json          one JSON object, described in numaperf(1)\n"
                            "      --help          print this text\n"
                            "      --version       print the version\n";

/* Everything that is shown, read once. */
struct view {
    np_topology *topology;
    struct np_machine_node *nodes; /* by position */
    unsigned count;
    np_cpuset cpus; /* that this process may run on */
    struct np_ability abilities[NP_MACHINE_ABILITIES];
    struct utsname kernel;
};

static int read_view(struct view *view)
{
    int result = np_topology_read_sysfs("", &view->topology);
    if (result < 0)
        return result;
    view->count = np_topology_node_count(view->topology);
    view->nodes = calloc(view->count, sizeof *view->nodes);
    if (!view->nodes)
        np_cli_out_of_memory();
    for (unsigned i = 0; i < view->count; i++)
        np_machine_node(np_topology_node_id(view->topology, i), &view->nodes[i]);
    (void)np_kernel_affinity(0, &view->cpus); /* left empty where it cannot be asked */
    np_machine_abilities(view->abilities);
    (void)uname(&view->kernel); /* fails for a bad address only */
    return 0;
}

static bool is_memory_only(const struct view *view, unsigned index)
{
    return !np_topology_has_cpus(view->topology, np_topology_node_id(view->topology, index));
}

/* ---- For people ---- */

static void add_cpus(struct np_table *table, const struct view *view, unsigned index)
{
    char list[NP_TEXT_SIZE];
    const np_cpuset *cpus = np_topology_node_cpus(view->topology, np_topology_node_id(view->topology, index));
    const bool cut = np_cpuset_format(cpus, list, sizeof list) >= (int)sizeof list;
    if (np_cpuset_count(cpus) > 0)
        np_table_add(table, NP_STYLE_PLAIN, "%s%s", list, cut ? "..." : "");
    else
        np_table_add(table, NP_STYLE_DIM,
                     is_memory_only(view, index) ? "none (memory only)" : "none allowed");
}

static void add_bandwidth(struct np_table *table, uint64_t bandwidth, uint64_t latency)
{
    if (bandwidth > 0)
        np_table_add(table, NP_STYLE_PLAIN, "%.1f GB/s", (double)bandwidth / 1000);
    else
        np_table_add(table, NP_STYLE_DIM, "-");
    if (latency > 0)
        np_table_add(table, NP_STYLE_PLAIN, "%llu ns", (unsigned long long)latency);
    else
        np_table_add(table, NP_STYLE_DIM, "-");
}

static void show_nodes(const struct view *view)
{
    struct np_table table = {.column_count = 0};
    char total[NP_TEXT_SIZE], free[NP_TEXT_SIZE], bar[NP_TEXT_SIZE], share[NP_TEXT_SIZE];
    np_table_column(&table, "node", true);
    np_table_column(&table, "CPUs", false);
    np_table_column(&table, "memory", true);
    np_table_column(&table, "free", true);
    np_table_column(&table, "in use", false);
    np_table_column(&table, "", true);
    np_table_column(&table, "bandwidth", true);
    np_table_column(&table, "latency", true);
    np_table_column(&table, "allowed", false);
    for (unsigned i = 0; i < view->count; i++) {
        const struct np_machine_node *node = &view->nodes[i];
        const int id = np_topology_node_id(view->topology, i);
        const bool allowed = np_nodeset_has(np_topology_allowed(view->topology), id);
        const uint64_t used = node->total_bytes - node->free_bytes;
        np_table_add(&table, NP_STYLE_BOLD, "%d", id);
        add_cpus(&table, view, i);
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_size(node->total_bytes, total));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_size(node->free_bytes, free));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_bar(used, node->total_bytes, bar));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_share(used, node->total_bytes, share));
        add_bandwidth(&table, node->read_bandwidth, node->read_latency);
        np_table_add(&table, allowed ? NP_STYLE_GOOD : NP_STYLE_WARN, "%s",
                     allowed                  ? "yes"
                     : node->total_bytes == 0 ? "no memory"
                                              : "no");
    }
    np_heading(stdout, "Nodes");
    np_table_print(&table, stdout, 2);
}

static void show_distances(const struct view *view)
{
    struct np_table table = {.column_count = 0};
    char heads[NP_TABLE_COLUMNS][12];
    if (view->count < 2)
        return;
    np_heading(stdout, "Distances (10 is local)");
    if (view->count >= NP_TABLE_COLUMNS) {
        (void)printf("  of %u nodes: too many for a table, see --json\n", view->count);
        return;
    }
    np_table_column(&table, "node", true);
    for (unsigned i = 0; i < view->count; i++) {
        (void)snprintf(heads[i], sizeof heads[i], "%d", np_topology_node_id(view->topology, i));
        np_table_column(&table, heads[i], true);
    }
    for (unsigned a = 0; a < view->count; a++) {
        np_table_add(&table, NP_STYLE_BOLD, "%s", heads[a]);
        for (unsigned b = 0; b < view->count; b++) {
            const int distance = np_topology_distance(view->topology, np_topology_node_id(view->topology, a),
                                                      np_topology_node_id(view->topology, b));
            if (distance >= 0)
                np_table_add(&table, a == b ? NP_STYLE_GOOD : NP_STYLE_PLAIN, "%d", distance);
            else
                np_table_add(&table, NP_STYLE_DIM, "?");
        }
    }
    np_table_print(&table, stdout, 2);
}

static void show_pools(const struct view *view)
{
    struct np_table table = {.column_count = 0};
    char size[NP_TEXT_SIZE], held[NP_TEXT_SIZE];
    np_table_column(&table, "node", true);
    np_table_column(&table, "page size", true);
    np_table_column(&table, "pages", true);
    np_table_column(&table, "free", true);
    np_table_column(&table, "memory", true);
    for (unsigned i = 0; i < view->count; i++) {
        for (unsigned j = 0; j < view->nodes[i].pool_count; j++) {
            const struct np_pool *pool = &view->nodes[i].pools[j];
            np_table_add(&table, NP_STYLE_BOLD, "%d", np_topology_node_id(view->topology, i));
            np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_size(pool->page_bytes, size));
            np_table_add(&table, NP_STYLE_PLAIN, "%llu", (unsigned long long)pool->total);
            np_table_add(&table, NP_STYLE_PLAIN, "%llu", (unsigned long long)pool->free);
            np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_size(pool->total * pool->page_bytes, held));
        }
    }
    np_heading(stdout, "Pools of explicit huge pages");
    if (table.cell_count == 0)
        (void)puts("  none");
    np_table_print(&table, stdout, 2);
}

static void show_allowed(const struct view *view)
{
    struct np_table table = {.column_count = 0};
    char nodes[256], cpus[256];
    const int nodes_length = np_nodeset_format(np_topology_allowed(view->topology), nodes, sizeof nodes);
    const int cpus_length = np_cpuset_format(&view->cpus, cpus, sizeof cpus);
    np_text_mark_cut(nodes, sizeof nodes, (size_t)nodes_length);
    np_text_mark_cut(cpus, sizeof cpus, (size_t)cpus_length);
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_add(&table, NP_STYLE_PLAIN, "memory of nodes");
    np_table_add(&table, NP_STYLE_BOLD, "%s", nodes);
    np_table_add(&table, NP_STYLE_PLAIN, "CPUs");
    np_table_add(&table, NP_STYLE_BOLD, "%s", cpus);
    np_heading(stdout, "This process may use");
    np_table_print(&table, stdout, 2);
}

static void show_kernel(const struct view *view)
{
    struct np_table table = {.column_count = 0};
    char size[NP_TEXT_SIZE];
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    for (unsigned i = 0; i < NP_MACHINE_ABILITIES; i++) {
        const struct np_ability *ability = &view->abilities[i];
        np_table_add(&table, NP_STYLE_PLAIN, "%s", ability->text);
        np_table_add(&table, ability->has ? NP_STYLE_GOOD : NP_STYLE_WARN, "%s", ability->has ? "yes" : "no");
        np_table_add(&table, NP_STYLE_DIM, "%s%s%s", ability->error ? np_strerror(ability->error) : "",
                     ability->error ? " " : "", ability->has ? "" : ability->effect);
    }
    const size_t huge = np_thp_size();
    np_table_add(&table, NP_STYLE_PLAIN, "transparent huge pages");
    np_table_add(&table, huge ? NP_STYLE_GOOD : NP_STYLE_WARN, "%s", huge ? np_text_size(huge, size) : "no");
    np_table_add(&table, NP_STYLE_DIM, "%s", "");
    np_heading(stdout, "Kernel %s", view->kernel.release);
    np_table_print(&table, stdout, 2);
}

static void show_settings(void)
{
    struct np_table table = {.column_count = 0};
    char text[128];
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    for (const struct np_setting *setting = np_machine_settings(); setting->name; setting++) {
        np_table_add(&table, NP_STYLE_PLAIN, "%s", setting->name);
        (void)np_machine_setting(setting->path, text, sizeof text);
        np_table_add(&table, NP_STYLE_PLAIN, "%s", *text ? text : "-");
        np_table_add(&table, NP_STYLE_DIM, "%s", setting->path);
    }
    np_heading(stdout, "Settings of the kernel");
    np_table_print(&table, stdout, 2);
}

/* ---- JSON ---- */

static void write_cpus(struct np_json *json, const char *key, const np_cpuset *cpus)
{
    np_json_open(json, key, '[');
    for (int cpu = -1; (cpu = np_cpuset_next(cpus, cpu)) >= 0;)
        np_json_number(json, NULL, (uint64_t)cpu);
    np_json_close(json, ']');
}

static void write_known(struct np_json *json, const char *key, uint64_t figure)
{
    if (figure > 0)
        np_json_number(json, key, figure);
    else
        np_json_null(json, key);
}

static void write_node(struct np_json *json, const struct view *view, unsigned index)
{
    const struct np_machine_node *node = &view->nodes[index];
    const int id = np_topology_node_id(view->topology, index);
    np_json_open(json, NULL, '{');
    np_json_number(json, "id", (uint64_t)id);
    write_cpus(json, "cpus", np_topology_node_cpus(view->topology, id));
    np_json_bool(json, "memory_only", is_memory_only(view, index));
    np_json_bool(json, "allowed", np_nodeset_has(np_topology_allowed(view->topology), id));
    np_json_number(json, "total_bytes", node->total_bytes);
    np_json_number(json, "free_bytes", node->free_bytes);
    np_json_open(json, "distances", '{');
    for (unsigned i = 0; i < view->count; i++) {
        char key[12];
        const int other = np_topology_node_id(view->topology, i);
        const int distance = np_topology_distance(view->topology, id, other);
        (void)snprintf(key, sizeof key, "%d", other);
        write_known(json, key, distance > 0 ? (uint64_t)distance : 0);
    }
    np_json_close(json, '}');
    write_known(json, "read_bandwidth_mbps", node->read_bandwidth);
    write_known(json, "write_bandwidth_mbps", node->write_bandwidth);
    write_known(json, "read_latency_ns", node->read_latency);
    write_known(json, "write_latency_ns", node->write_latency);
    np_json_open(json, "huge_pages", '[');
    for (unsigned i = 0; i < node->pool_count; i++) {
        np_json_open(json, NULL, '{');
        np_json_number(json, "page_bytes", node->pools[i].page_bytes);
        np_json_number(json, "total", node->pools[i].total);
        np_json_number(json, "free", node->pools[i].free);
        np_json_close(json, '}');
    }
    np_json_close(json, ']');
    np_json_close(json, '}');
}

static void write_kernel(struct np_json *json, const struct view *view)
{
    char text[128];
    np_json_open(json, "kernel", '{');
    np_json_string(json, "release", view->kernel.release);
    for (unsigned i = 0; i < NP_MACHINE_ABILITIES; i++)
        np_json_bool(json, view->abilities[i].name, view->abilities[i].has);
    np_json_number(json, "page_bytes", np_kernel_page_size());
    np_json_number(json, "transparent_huge_page_bytes", np_thp_size());
    np_json_close(json, '}');
    np_json_open(json, "settings", '{');
    for (const struct np_setting *setting = np_machine_settings(); setting->name; setting++) {
        (void)np_machine_setting(setting->path, text, sizeof text);
        if (*text)
            np_json_string(json, setting->name, text);
        else
            np_json_null(json, setting->name);
    }
    np_json_close(json, '}');
}

static int write_json(const struct view *view)
{
    char buffer[4096];
    struct np_json json = {.buffer = buffer, .size = sizeof buffer, .descriptor = STDOUT_FILENO};
    const np_nodeset *allowed = np_topology_allowed(view->topology);
    np_json_open(&json, NULL, '{');
    np_json_number(&json, "version", 1);
    np_json_open(&json, "nodes", '[');
    for (unsigned i = 0; i < view->count; i++) {
        np_json_break(&json);
        write_node(&json, view, i);
    }
    np_json_close(&json, ']');
    np_json_break(&json);
    np_json_open(&json, "allowed", '{');
    np_json_open(&json, "nodes", '[');
    for (int node = -1; (node = np_nodeset_next(allowed, node)) >= 0;)
        np_json_number(&json, NULL, (uint64_t)node);
    np_json_close(&json, ']');
    write_cpus(&json, "cpus", &view->cpus);
    np_json_close(&json, '}');
    np_json_break(&json);
    write_kernel(&json, view);
    np_json_close(&json, '}');
    json.separate = false;
    np_json_break(&json);
    return np_json_flush(&json);
}

static void show(const struct view *view)
{
    show_nodes(view);
    show_distances(view);
    show_pools(view);
    show_allowed(view);
    show_kernel(view);
    show_settings();
}

int np_cli_topology(int argc, char **argv)
{
    bool json = false;
    const struct np_cli_option options[] = {{.name = "json", .flag = &json}, {.name = NULL}};
    const int status = np_cli_options(argc, argv, usage, options, 0);
    if (status >= 0)
        return status;
    struct view view = {.topology = NULL};
    int result = read_view(&view);
    if (result < 0) {
        np_cli_error("topology: cannot read the topology of this machine: %s", strerror(-result));
        return NP_EXIT_USAGE;
    }
    result = 0;
    if (json)
        result = write_json(&view);
    else
        show(&view);
    np_topology_free(view.topology);
    free(view.nodes);
    return np_cli_finish(result);
}
