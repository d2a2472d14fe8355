/* SPDX-License-Identifier: MIT */
#include "report_view.h"

#include "table.h"

#include "core/kernel.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NODES_IN_A_ROW 8

const char *np_report_check(const struct np_value *report)
{
    if (report->kind != NP_VALUE_OBJECT || np_value_count(report, "version") == 0)
        return "no report of numaperf";
    if (np_value_count(report, "version") != 1)
        return "a report of another version of numaperf";
    const struct np_value *rules = np_value_member(report, "rules");
    if (!rules || rules->kind != NP_VALUE_ARRAY)
        return "a report without rules";
    for (const struct np_value *rule = rules->first; rule; rule = rule->next)
        if (rule->kind != NP_VALUE_OBJECT || !*np_value_text(rule, "section"))
            return "a report with a rule without a section";
    return NULL;
}

/* ---- What it says ---- */

uint64_t np_report_page_bytes(const struct np_value *report)
{
    const uint64_t bytes = np_value_count(report, "page_bytes");
    return bytes ? bytes : np_kernel_page_size();
}

/* The id that a key of "pages" is, or -1. */
static int node_of(const char *key)
{
    char *end;
    const long id = strtol(key, &end, 10);
    return *key >= '0' && *key <= '9' && !*end && id < NP_MAX_NODES ? (int)id : -1;
}

uint64_t np_report_pages(const struct np_value *rule, int node)
{
    const struct np_value *pages = np_value_member(rule, "pages");
    uint64_t sum = 0;
    for (const struct np_value *entry = pages ? pages->first : NULL; entry; entry = entry->next) {
        const int id = entry->key ? node_of(entry->key) : -1;
        if (id >= 0 && (node < 0 || id == node))
            sum += np_value_count(pages, entry->key);
    }
    return sum;
}

static void add_ids(const struct np_value *list, np_nodeset *nodes)
{
    for (const struct np_value *id = list ? list->first : NULL; id; id = id->next) {
        const bool keyed = id->key != NULL; /* "pages" has them as keys, "nodes" as values */
        const double number = keyed ? node_of(id->key) : id->number;
        if ((keyed || id->kind == NP_VALUE_NUMBER) && number >= 0 && number < NP_MAX_NODES)
            (void)np_nodeset_add(nodes, (int)number);
    }
}

unsigned np_report_nodes(const struct np_value *report, int *ret_ids, unsigned room)
{
    np_nodeset nodes = {0};
    const struct np_value *rules = np_value_member(report, "rules");
    add_ids(np_value_member(report, "nodes"), &nodes);
    for (const struct np_value *rule = rules ? rules->first : NULL; rule; rule = rule->next)
        add_ids(np_value_member(rule, "pages"), &nodes);
    unsigned count = 0;
    for (int id = -1; (id = np_nodeset_next(&nodes, id)) >= 0 && count < room;)
        ret_ids[count++] = id;
    return count;
}

/* ---- How it is judged ---- */

static bool is_left_alone(const struct np_value *rule)
{
    return strcmp(np_value_text(rule, "policy"), "system") == 0;
}

const char *np_report_rule_trouble(const struct np_value *rule, char *text)
{
    enum { SIZE = 512 };
    const char *reason = np_value_text(rule, "reason");
    const uint64_t misplaced = np_value_count(rule, "misplaced_pages");
    const bool normal = !*reason || strcmp(reason, "the kernel may spill") == 0;
    *text = '\0';
    if (is_left_alone(rule))
        return text;
    if (misplaced > 0)
        (void)snprintf(text, SIZE, "%llu page%s misplaced%s%s", (unsigned long long)misplaced,
                       misplaced == 1 ? "" : "s", normal ? "" : "; ", normal ? "" : reason);
    else if (!normal)
        (void)snprintf(text, SIZE, "%s", reason);
    else if (strcmp(np_value_text(rule, "enforcement"), "none") == 0)
        (void)snprintf(text, SIZE, "not placed");
    return text;
}

/* Threads that the program binds itself are left to it on purpose. */
static bool is_own_affair(const char *reason)
{
    return strcmp(reason, "the program or its runtime binds threads itself") == 0;
}

const char *np_report_thread_trouble(const struct np_value *rule)
{
    const char *reason = np_value_text(rule, "reason");
    return strcmp(np_value_text(rule, "pin"), "none") == 0 || is_own_affair(reason) ? "" : reason;
}

bool np_report_holds(const struct np_value *report)
{
    char text[512];
    const struct np_value *rules = np_value_member(report, "rules");
    const struct np_value *threads = np_value_member(report, "threads");
    const struct np_value *process = np_value_member(report, "process");
    bool holds = !process || !*np_report_rule_trouble(process, text);
    for (const struct np_value *rule = rules ? rules->first : NULL; rule && holds; rule = rule->next)
        holds = !*np_report_rule_trouble(rule, text);
    for (const struct np_value *rule = threads ? threads->first : NULL; rule && holds; rule = rule->next)
        holds = !*np_report_thread_trouble(rule);
    return holds;
}

/* ---- How it is shown ---- */

const char *np_report_node_ids(const struct np_value *rule, char *text, size_t size)
{
    np_nodeset nodes = {0};
    add_ids(np_value_member(rule, "nodes"), &nodes);
    return np_text_list(text, size, np_nodeset_format(&nodes, text, size));
}

bool np_report_asks_for(const struct np_value *rule, int node)
{
    np_nodeset nodes = {0};
    add_ids(np_value_member(rule, "nodes"), &nodes);
    return np_nodeset_has(&nodes, node) || np_nodeset_count(&nodes) == 0;
}

static void add_size(struct np_table *table, uint64_t bytes)
{
    char text[NP_TEXT_SIZE];
    np_table_add(table, bytes ? NP_STYLE_PLAIN : NP_STYLE_DIM, "%s", np_text_size(bytes, text));
}

static void add_pages(struct np_table *table, uint64_t pages, enum np_style style)
{
    np_table_add(table, pages ? style : NP_STYLE_DIM, "%llu", (unsigned long long)pages);
}

static void add_verdict(struct np_table *table, const struct np_value *rule, bool trouble, bool left_alone)
{
    if (left_alone)
        np_table_add(table, NP_STYLE_DIM, "-");
    else if (trouble)
        np_table_add(table, NP_STYLE_BAD, "no");
    else if (strcmp(np_value_text(rule, "enforcement"), "strict") == 0)
        np_table_add(table, NP_STYLE_GOOD, "strict");
    else
        np_table_add(table, NP_STYLE_GOOD, "yes");
}

/* Columns that are there only when a rule has more than 0 in them. */
struct columns {
    bool huge, misplaced, spilled;
};

static struct columns choose_columns(const struct np_value *report)
{
    struct columns columns = {false, false, false};
    for (const struct np_value *rule = np_value_member(report, "rules")->first; rule; rule = rule->next) {
        columns.huge |= np_value_count(rule, "huge_bytes") > 0;
        columns.misplaced |= np_value_count(rule, "misplaced_pages") > 0;
        columns.spilled |= np_value_count(rule, "spilled_pages") > 0;
    }
    return columns;
}

/* What a rule asked for, and whether it holds. */
static void add_rule(struct np_table *table, const char *section, const struct np_value *rule)
{
    char ids[128], text[512];
    const bool trouble = *np_report_rule_trouble(rule, text) != '\0';
    np_table_add(table, NP_STYLE_BOLD, "%s", section);
    add_verdict(table, rule, trouble, is_left_alone(rule));
    np_table_add(table, NP_STYLE_PLAIN, "%.40s%s", np_value_text(rule, "policy"),
                 strcmp(np_value_text(rule, "mode"), "hard") == 0 ? ", hard" : "");
    np_table_add(table, NP_STYLE_PLAIN, "%s", np_report_node_ids(rule, ids, sizeof ids));
}

static void add_note(struct np_table *table, const struct np_value *rule, uint64_t resident)
{
    char text[512];
    const bool idle = np_value_member(rule, "live_bytes") && np_value_count(rule, "live_bytes") == 0;
    if (*np_report_rule_trouble(rule, text))
        np_table_note(table, "%s", text);
    else if (idle && resident > 0 && strncmp(np_value_text(rule, "section"), "malloc.", 7) == 0)
        np_table_note(table, "nothing is in use: what is resident is kept for the next requests");
}

static void add_figures(struct np_table *table, const struct np_value *rule, uint64_t page,
                        const struct columns *columns)
{
    char share[NP_TEXT_SIZE];
    const uint64_t resident = np_report_pages(rule, -1) * page;
    add_size(table, np_value_count(rule, "live_bytes"));
    add_size(table, np_value_count(rule, "peak_bytes"));
    add_size(table, resident);
    if (columns->huge)
        np_table_add(table, NP_STYLE_PLAIN, "%s",
                     np_text_share(np_value_count(rule, "huge_bytes"), resident, share));
    if (columns->misplaced)
        add_pages(table, np_value_count(rule, "misplaced_pages"), NP_STYLE_BAD);
    if (columns->spilled)
        add_pages(table, np_value_count(rule, "spilled_pages"), NP_STYLE_WARN);
    add_note(table, rule, resident);
}

static void show_rules(FILE *stream, const struct np_value *report)
{
    static const char *const heads[] = {"rule", "holds", "policy", "nodes", "live", "peak", "resident"};
    const struct np_value *process = np_value_member(report, "process");
    const struct columns columns = choose_columns(report);
    struct np_table table = {.column_count = 0};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], i >= 4);
    if (columns.huge)
        np_table_column(&table, "huge", true);
    if (columns.misplaced)
        np_table_column(&table, "misplaced", true);
    if (columns.spilled)
        np_table_column(&table, "spilled", true);
    for (const struct np_value *rule = np_value_member(report, "rules")->first; rule; rule = rule->next) {
        add_rule(&table, np_value_text(rule, "section"), rule);
        add_figures(&table, rule, np_report_page_bytes(report), &columns);
    }
    if (process && process->kind == NP_VALUE_OBJECT) {
        add_rule(&table, "process", process);
        for (unsigned i = 4; i < table.column_count; i++)
            np_table_add(&table, NP_STYLE_DIM, "-"); /* memory that no rule covers is not counted */
        add_note(&table, process, 0);
    }
    np_table_print(&table, stream, 2);
}

/* For each rule a line of sizes, and under it bars for the share of each node. */
static void show_nodes(FILE *stream, const struct np_value *report, const int *ids, unsigned count)
{
    struct np_table table = {.column_count = 0};
    char heads[NODES_IN_A_ROW][16];
    const uint64_t page = np_report_page_bytes(report);
    np_table_column(&table, "rule", false);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(heads[i], sizeof heads[i], "node %d", ids[i]);
        np_table_column(&table, heads[i], true);
    }
    for (const struct np_value *rule = np_value_member(report, "rules")->first; rule; rule = rule->next) {
        const uint64_t all = np_report_pages(rule, -1);
        char text[NP_TEXT_SIZE];
        if (all == 0)
            continue;
        np_table_add(&table, NP_STYLE_BOLD, "%s", np_value_text(rule, "section"));
        for (unsigned i = 0; i < count; i++)
            add_size(&table, np_report_pages(rule, ids[i]) * page);
        np_table_add(&table, NP_STYLE_DIM, "%s", "");
        for (unsigned i = 0; i < count; i++)
            np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_bar(np_report_pages(rule, ids[i]), all, text));
    }
    if (table.cell_count > 0)
        (void)fputc('\n', stream);
    np_table_print(&table, stream, 2);
}

static void add_threads(struct np_table *table, const struct np_value *rule)
{
    char ids[128];
    const char *pin = np_value_text(rule, "pin"), *reason = np_value_text(rule, "reason");
    const bool left_alone = strcmp(pin, "none") == 0, trouble = *np_report_thread_trouble(rule) != '\0';
    np_table_add(table, NP_STYLE_BOLD, "%s", np_value_text(rule, "section"));
    add_verdict(table, rule, trouble, left_alone);
    np_table_add(table, NP_STYLE_PLAIN, "%.20s%s", *pin ? pin : "-",
                 strcmp(np_value_text(rule, "mode"), "hard") == 0 ? ", hard" : "");
    np_table_add(table, NP_STYLE_PLAIN, "%s", np_report_node_ids(rule, ids, sizeof ids));
    add_pages(table, np_value_count(rule, "count"), NP_STYLE_PLAIN);
    add_pages(table, np_value_count(rule, "pinned"), NP_STYLE_PLAIN);
    add_pages(table, np_value_count(rule, "skipped"), NP_STYLE_WARN);
    if (*reason && !left_alone)
        np_table_note(table, "%s", reason);
}

static void show_threads(FILE *stream, const struct np_value *report)
{
    static const char *const heads[] = {"thread rule", "holds",  "pin",    "nodes",
                                        "threads",     "pinned", "skipped"};
    const struct np_value *threads = np_value_member(report, "threads");
    struct np_table table = {.column_count = 0};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], i >= 4);
    for (const struct np_value *rule = threads ? threads->first : NULL; rule; rule = rule->next)
        add_threads(&table, rule);
    if (table.cell_count > 0)
        (void)fputc('\n', stream);
    np_table_print(&table, stream, 2);
}

static void show_rest(FILE *stream, const struct np_value *report)
{
    const struct np_value *totals = np_value_member(report, "totals");
    const struct np_value *notes = np_value_member(report, "notes");
    const uint64_t frees = np_value_count(totals, "remote_frees");
    const uint64_t moves = np_value_count(totals, "node_migrations");
    (void)fputs(frees > 0 || moves > 0 ? "\n " : "", stream);
    if (frees > 0)
        (void)fprintf(stream, " %llu remote free%s%s", (unsigned long long)frees, frees == 1 ? "" : "s",
                      moves > 0 ? "," : "");
    if (moves > 0)
        (void)fprintf(stream, " %llu change%s of node", (unsigned long long)moves, moves == 1 ? "" : "s");
    if (frees > 0 || moves > 0 || (notes && notes->first))
        (void)fputc('\n', stream);
    for (const struct np_value *note = notes ? notes->first : NULL; note; note = note->next)
        if (note->string)
            (void)fprintf(stream, "  %snote: %s%s\n", np_style_on(stream, NP_STYLE_WARN), note->string,
                          np_style_off(stream, NP_STYLE_WARN));
}

void np_report_show(FILE *stream, const struct np_value *report)
{
    static int ids[NP_MAX_NODES];
    const unsigned count = np_report_nodes(report, ids, NP_MAX_NODES);
    np_heading(stream, "%s (%llu)", np_value_text(report, "program"),
               (unsigned long long)np_value_count(report, "pid"));
    (void)fprintf(stream, "  policy %s, mode %s\n", np_value_text(report, "config"),
                  np_value_text(report, "mode"));
    show_rules(stream, report);
    for (unsigned i = 0; i < count; i += NODES_IN_A_ROW)
        show_nodes(stream, report, ids + i, count - i < NODES_IN_A_ROW ? count - i : NODES_IN_A_ROW);
    show_threads(stream, report);
    show_rest(stream, report);
}
