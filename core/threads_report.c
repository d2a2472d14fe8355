/* SPDX-License-Identifier: MIT */
/* The part of the report about rules for threads. */
#include "report_parts.h"
#include "strategy.h"

static const char *judge(const struct np_stats_thread *stats, const char **ret_reason)
{
    const uint64_t pinned = atomic_load(&stats->pinned), skipped = atomic_load(&stats->skipped);
    const char *reason = atomic_load(&stats->reason_state) == 2 ? stats->reason : "";
    enum np_enforcement enforcement = NP_STRICT;
    if (stats->strategy == NP_PIN_NONE) {
        enforcement = NP_NONE;
        reason = "left alone";
    } else if (pinned == 0 && (skipped > 0 || *reason != '\0')) {
        enforcement = NP_NONE;
    } else if (skipped > 0 || *reason != '\0') {
        enforcement = NP_BEST_EFFORT;
    }
    if (*reason == '\0' && skipped > 0)
        reason = "the program or its runtime binds threads itself";
    *ret_reason = reason;
    return np_enforcement_name(enforcement);
}

static void write_rule(struct np_json *json, const struct np_stats_thread *stats)
{
    const char *reason;
    const char *enforcement = judge(stats, &reason);
    np_json_open(json, NULL, '{');
    np_json_string(json, "section", stats->section);
    np_json_string(json, "pin", np_strategy_name((enum np_strategy)stats->strategy));
    np_report_node_list(json, &stats->nodes);
    np_json_string(json, "mode", stats->hardness == NP_HARD ? "hard" : "soft");
    np_json_string(json, "enforcement", enforcement);
    np_json_string(json, "reason", reason);
    np_json_number(json, "count", atomic_load(&stats->count));
    np_json_number(json, "pinned", atomic_load(&stats->pinned));
    np_json_number(json, "skipped", atomic_load(&stats->skipped));
    np_json_close(json, '}');
}

void np_report_process(struct np_json *json, const struct np_stats *stats)
{
    const struct np_stats_rule *rule = &stats->task;
    if (*rule->section == '\0')
        return;
    const bool system = rule->mode == NP_SYSTEM, known = atomic_load(&rule->reason_state) == 2;
    const enum np_enforcement enforcement =
        system ? NP_NONE : (enum np_enforcement)atomic_load(&rule->enforcement);
    const char *reason = system ? "left alone" : known ? rule->reason : "the kernel may spill";
    np_json_open(json, "process", '{');
    np_json_string(json, "policy", np_mode_name((enum np_mode)rule->mode));
    np_report_node_list(json, &rule->nodes);
    np_json_string(json, "mode", rule->hardness == NP_HARD ? "hard" : "soft");
    np_json_string(json, "enforcement", np_enforcement_name(enforcement));
    np_json_string(json, "reason", reason);
    np_json_close(json, '}');
    np_json_break(json);
}

void np_report_threads(struct np_json *json, const struct np_stats *stats)
{
    np_json_open(json, "threads", '[');
    for (uint32_t i = 0; i < stats->thread_count && i < NP_STATS_THREADS; i++) {
        np_json_break(json);
        write_rule(json, &stats->threads[i]);
    }
    np_json_close(json, ']');
}
