/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "census.h"
#include "json.h"
#include "log.h"
#include "report_parts.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Mapped for the time of writing: the thread that calls exit() may have a small stack. */
struct workspace {
    char buffer[16 << 10];
    char settings[256];
    struct np_page_count pages;
    struct np_census census[]; /* of each rule */
};

/* ---- How far the rule holds ---- */

static bool can_be_strict(const struct np_stats_rule *rule)
{
    return rule->hardness == NP_HARD && (rule->mode == NP_BIND || (rule->mode == NP_LOCAL && !rule->maps));
}

static const char *own_reason(const struct np_stats_rule *rule)
{
    return atomic_load(&rule->reason_state) == 2 ? rule->reason : "";
}

static enum np_enforcement judge(const struct np_stats_rule *rule, const struct np_census *census,
                                 char *reason)
{
    enum np_enforcement enforcement = (enum np_enforcement)atomic_load(&rule->enforcement);
    const char *why = own_reason(rule);
    const char *fallback = "the kernel may spill";
    const char *unknown = "";
    if (rule->mode == NP_SYSTEM) {
        enforcement = NP_NONE;
        fallback = rule->maps ? "left alone" : "left to the next malloc";
    } else if (enforcement == NP_NONE) {
        fallback = "not placed";
    } else if (census->error < 0) {
        enforcement = NP_BEST_EFFORT;
        fallback = "the kernel does not say where the pages are: ";
        unknown = np_strerror(census->error);
    } else if (can_be_strict(rule) && !*why && census->elsewhere == 0) {
        enforcement = NP_STRICT;
        fallback = "";
    } else {
        enforcement = NP_BEST_EFFORT;
    }
    (void)np_format(reason, NP_REASON_SIZE, "%s%s%s%s", why, *why && *unknown ? "; " : "",
                    *why && !*unknown ? "" : fallback, unknown);
    return enforcement;
}

/* ---- The parts of the report ---- */

void np_report_node_list(struct np_json *json, const np_nodeset *nodes)
{
    np_json_open(json, "nodes", '[');
    for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node))
        np_json_number(json, NULL, (uint64_t)node);
    np_json_close(json, ']');
}

static void write_counters(struct np_json *json, const struct np_stats *stats,
                           const struct np_stats_rule *rule)
{
    const struct np_stats_sum sum = np_stats_fold(stats, (unsigned)(rule - stats->rules));
    np_json_number(json, "allocations", sum.allocations);
    np_json_number(json, "frees", sum.frees);
    np_json_number(json, "live_bytes", sum.live_bytes);
    np_json_number(json, "peak_bytes", atomic_load(&rule->peak_bytes));
    np_json_number(json, "remote_frees", sum.remote_frees);
    np_json_number(json, "passed_on", atomic_load(&rule->passed_on));
    np_json_open(json, "errors", '{');
    for (int error = 0; error < NP_ERR_COUNT; error++)
        np_json_number(json, np_stats_error_name((enum np_stats_error)error),
                       atomic_load(&rule->errors[error]));
    np_json_close(json, '}');
}

static void write_pages(struct np_json *json, const struct np_stats_rule *rule,
                        const struct np_census *census)
{
    np_json_open(json, "pages", '{');
    for (int node = 0; node < NP_MAX_NODES && census->error == 0; node++) {
        char id[8];
        (void)np_format(id, sizeof id, "%d", node);
        if (census->on_node[node] > 0)
            np_json_number(json, id, census->on_node[node]);
    }
    np_json_close(json, '}');
    bool spills = rule->mode == NP_PREFERRED || rule->mode == NP_PREFERRED_MANY;
    np_json_number(json, "misplaced_pages", spills ? 0 : census->elsewhere);
    np_json_number(json, "spilled_pages", spills ? census->elsewhere : 0);
    np_json_number(json, "huge_bytes", census->huge_bytes);
}

static void write_rule(struct np_json *json, const struct np_stats *stats, const struct np_stats_rule *rule,
                       const struct np_census *census)
{
    char reason[NP_REASON_SIZE];
    enum np_enforcement enforcement = judge(rule, census, reason);
    np_json_open(json, NULL, '{');
    np_json_string(json, "section", rule->section);
    np_json_string(json, "policy", np_mode_name((enum np_mode)rule->mode));
    np_report_node_list(json, &rule->nodes);
    np_json_string(json, "mode", rule->hardness == NP_HARD ? "hard" : "soft");
    np_json_string(json, "enforcement", np_enforcement_name(enforcement));
    np_json_string(json, "reason", reason);
    write_counters(json, stats, rule);
    write_pages(json, rule, census);
    np_json_close(json, '}');
}

static void write_rules(struct np_json *json, pid_t pid, const struct np_stats *stats, struct workspace *work)
{
    np_json_open(json, "rules", '[');
    np_census_take(pid, stats, &work->pages, work->census);
    for (unsigned i = 0; i < stats->rule_count; i++) {
        np_json_break(json);
        write_rule(json, stats, &stats->rules[i], &work->census[i]);
    }
    np_json_close(json, ']');
}

/* Settings of this machine that may move pages after they were placed. */
static void write_notes(struct np_json *json, struct workspace *work)
{
    static const struct {
        const char *path, *mark, *note;
    } settings[] = {
        {"/proc/sys/kernel/numa_balancing", "1",
         "numa_balancing is on: the kernel moves pages that have no policy"},
        {"/proc/sys/kernel/numa_balancing", "2",
         "numa_balancing is on: the kernel moves pages between memory tiers"},
        {"/sys/kernel/mm/numa/demotion_enabled", "true",
         "demotion is on: cold pages move to slower nodes, whatever the policy"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "[always]",
         "transparent huge pages are always on: khugepaged ignores policies when it merges pages"},
    };
    np_json_open(json, "notes", '[');
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (np_kernel_read_file(settings[i].path, work->settings, sizeof work->settings) > 0 &&
            strstr(work->settings, settings[i].mark))
            np_json_string(json, NULL, settings[i].note);
    }
    np_json_close(json, ']');
}

static int write_report(const struct np_report_info *info, const struct np_stats *stats, int descriptor,
                        struct workspace *work)
{
    struct np_json json = {.buffer = work->buffer, .size = sizeof work->buffer, .descriptor = descriptor};
    np_json_open(&json, NULL, '{');
    np_json_number(&json, "version", 1);
    np_json_number(&json, "pid", (uint64_t)(info->pid > 0 ? info->pid : getpid()));
    np_json_number(&json, "page_bytes", np_kernel_page_size());
    np_json_string(&json, "program", info->program);
    np_json_string(&json, "config", info->config);
    np_json_string(&json, "mode", info->mode == NP_HARD ? "hard" : "soft");
    np_report_node_list(&json, &info->nodes);
    np_json_break(&json);
    write_rules(&json, info->pid, stats, work);
    np_json_break(&json);
    np_report_process(&json, stats);
    np_report_threads(&json, stats);
    np_json_open(&json, "totals", '{');
    np_json_number(&json, "remote_frees", np_stats_remote_frees(stats));
    np_json_number(&json, "node_migrations", atomic_load(&stats->node_migrations));
    np_json_close(&json, '}');
    write_notes(&json, work);
    np_json_close(&json, '}');
    json.separate = false;
    np_json_break(&json);
    return np_json_flush(&json);
}

int np_report_emit(const struct np_report_info *info, const struct np_stats *stats, int descriptor)
{
    void *work;
    const size_t size = sizeof(struct workspace) + stats->rule_count * sizeof(struct np_census);
    int result = np_kernel_map(NULL, size, PROT_READ | PROT_WRITE, 0, &work);
    if (result < 0)
        return result;
    result = write_report(info, stats, descriptor, work);
    (void)np_kernel_unmap(work, size);
    return result;
}
