/* SPDX-License-Identifier: MIT */
/* numaperf explain: which rule applies, and where the bytes or the thread will go. */
#include "explain.h"
#include "cli.h"
#include "effective.h"
#include "table.h"

#include "config/value.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: numaperf explain [-c FILE] [--size N] [--kind KIND] [--thread NAME]\n"
    "                        [PROGRAM]\n"
    "\n"
    "Say which rule of the policy file applies to a request or a thread, and where\n"
    "its bytes or the thread will go. Without --size, --kind and --thread: every\n"
    "rule for memory.\n"
    "\n"
    "  -c, --config FILE   explain this policy file; an empty name: the built-in\n"
    "                      default. Without it: the file that applies to PROGRAM\n"
    "      --size N        a request of N bytes; K, M, G or T may follow\n"
    "      --kind KIND     malloc (default), or a mapping: private, shared, file or\n"
    "                      stack\n"
    "      --thread NAME   a thread of this name\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: 0; 2 for an invalid file, refused hard mode, a PROGRAM that is not\n"
    "found, or wrong usage.\n";

struct question {
    const char *config, *size_text, *kind_text, *thread;
    size_t size;
    int kind; /* enum np_mapping_kind; NP_MAPPING_ANY for malloc */
};

/* ---- Where memory of a rule goes ---- */

/* The policy of [process], which memory without a policy of its own follows; NULL without one. */
static const struct np_effective_rule *task_policy(const struct np_effective *effective)
{
    const enum np_mode mode = effective->process.rule ? effective->process.placement.mode : NP_SYSTEM;
    return mode > NP_LOCAL ? &effective->process : NULL;
}

/* Does memory of this rule have no policy of its own? */
static bool follows_task(const struct np_effective *effective, const struct np_effective_rule *rule)
{
    const enum np_mode mode = rule->placement.mode;
    return rule != &effective->process && task_policy(effective) &&
           (mode == NP_SYSTEM || (mode == NP_FIRST_TOUCH && !rule->maps));
}

static void describe_place(const struct np_effective_rule *rule, char *text, size_t size)
{
    static const char *const places[] = {
        [NP_SYSTEM] = "by the kernel's default, where each page is first written",
        [NP_FIRST_TOUCH] = "each page to the node of the CPU that writes to it first",
        [NP_LOCAL] = "the node of the CPU that calls malloc",
        [NP_BIND] = "any of nodes ",
        [NP_PREFERRED] = "node ",
        [NP_PREFERRED_MANY] = "any of nodes ",
        [NP_INTERLEAVE] = "page by page in turn to nodes ",
        [NP_WEIGHTED_INTERLEAVE] = "page by page in turn, by weight, to nodes ",
    };
    const np_nodeset *chosen = &rule->placement.nodes;
    char nodes[512] = "";
    enum np_mode mode = rule->placement.mode;
    if (mode == NP_LOCAL && rule->maps)
        mode = NP_FIRST_TOUCH;
    if (mode > NP_LOCAL && np_nodeset_count(chosen) == 1) {
        mode = NP_PREFERRED;
        (void)np_nodeset_format(chosen, nodes, sizeof nodes);
    } else if (mode > NP_LOCAL) {
        (void)np_text_nodes(&rule->placement, nodes, sizeof nodes);
    }
    (void)snprintf(text, size, "%s%s", places[mode], nodes);
}

static const char *describe_full(const struct np_effective *effective, const struct np_effective_rule *rule)
{
    const enum np_mode mode = rule->placement.mode;
    const bool held = mode == NP_BIND || (mode == NP_LOCAL && !rule->maps);
    if (held && rule->placement.hardness == NP_HARD && rule == &effective->process)
        return "the kernel has to kill a process (OOM)";
    if (held && rule->placement.hardness == NP_HARD)
        return rule->maps ? "mmap fails with ENOMEM" : "malloc fails with ENOMEM";
    if (mode > NP_LOCAL && rule == &effective->process)
        return "the kernel takes other nodes";
    return mode > NP_LOCAL ? "the kernel takes other nodes, and the report counts the pages"
                           : "the kernel takes the nearest node that has room";
}

static void add(struct np_table *table, const char *what, const char *text)
{
    np_table_add(table, NP_STYLE_PLAIN, "%s", what);
    np_table_add(table, NP_STYLE_PLAIN, "%s", text);
}

static void add_place(struct np_table *table, const struct np_effective *effective,
                      const struct np_effective_rule *entry)
{
    const bool follows = follows_task(effective, entry), left = entry->placement.mode == NP_SYSTEM;
    const struct np_effective_rule *decides = follows ? task_policy(effective) : entry;
    char place[640];
    describe_place(decides, place, sizeof place);
    np_table_add(table, NP_STYLE_PLAIN, "goes to");
    np_table_add(table, NP_STYLE_GOOD, "%s%s",
                 !left || entry == &effective->process ? ""
                 : entry->maps                         ? "left alone: "
                                                       : "the next malloc: ",
                 place);
    if (follows)
        add(table, "decided by", "the policy of [process], which memory without one of its own follows");
    add(table, "when full", describe_full(effective, decides));
}

static void explain_rule(const struct np_effective *effective, const struct np_effective_rule *entry)
{
    const struct np_placement *placement = &entry->placement;
    struct np_table table = {.column_count = 0};
    char requests[NP_REQUESTS_SIZE], weakness[NP_REASON_SIZE];
    np_table_column(&table, "", false);
    np_table_column(&table, "", false);
    np_table_add(&table, NP_STYLE_PLAIN, "rule");
    if (entry->rule->line)
        np_table_add(&table, NP_STYLE_BOLD, "[%s], line %u of %s", placement->section, entry->rule->line,
                     effective->config->path);
    else
        np_table_add(&table, NP_STYLE_BOLD, "[%s] of the built-in default", placement->section);
    (void)np_text_requests(placement, requests);
    np_table_add(&table, NP_STYLE_PLAIN, "requests");
    if (entry == &effective->process)
        np_table_add(&table, NP_STYLE_PLAIN, "all that no other rule covers");
    else
        np_table_add(&table, NP_STYLE_PLAIN, "%s%s%s", entry->maps ? np_text_kind(placement->kind) : "",
                     entry->maps ? ", " : "", requests);
    np_table_add(&table, NP_STYLE_PLAIN, "policy");
    np_table_add(&table, NP_STYLE_PLAIN, "%s, %s", np_mode_name(placement->mode),
                 np_text_hardness(placement->hardness));
    add_place(&table, effective, entry);
    if (placement->mode != NP_SYSTEM && entry != &effective->process) {
        add(&table, "huge pages", np_text_huge(placement->huge));
        add(&table, "prefault", np_text_prefault(placement->prefault));
    }
    const char *why = np_effective_weakness(effective, entry, weakness);
    if (*why) {
        np_table_add(&table, NP_STYLE_PLAIN, "degraded");
        np_table_add(&table, NP_STYLE_WARN, "%s", why);
    }
    np_table_print(&table, stdout, 2);
}

/* ---- What was asked ---- */

/* "malloc of 65536 bytes (64.0 KiB)" */
static void print_head(const char *what, size_t size)
{
    char text[NP_TEXT_SIZE];
    if (size < 1024)
        np_heading(stdout, "%s of %zu byte%s", what, size, size == 1 ? "" : "s");
    else
        np_heading(stdout, "%s of %zu bytes (%s)", what, size, np_text_size(size, text));
}

static void explain_none(const struct np_effective *effective, const char *what)
{
    (void)printf("  no rule of %s has this %s,\n  and %s\n", effective->config->path, what,
                 task_policy(effective) ? "its memory follows the policy of the process:\n"
                                        : "by the kernel's default each page goes where it is first written");
    if (task_policy(effective))
        explain_rule(effective, task_policy(effective));
}

static void explain_request(const struct np_effective *effective, size_t size)
{
    print_head("malloc", size);
    const struct np_effective_rule *rule = np_effective_match(effective, false, NP_MAPPING_ANY, size);
    if (rule)
        explain_rule(effective, rule);
    else
        explain_none(effective, "size: left to the next malloc");
}

static void explain_mapping(const struct np_effective *effective, enum np_mapping_kind kind, size_t size)
{
    char what[32];
    (void)snprintf(what, sizeof what, "%s mapping", np_text_kind(kind));
    print_head(what, size);
    const struct np_effective_rule *rule = np_effective_match(effective, true, kind, size);
    if (rule)
        explain_rule(effective, rule);
    else
        explain_none(effective, "kind and size: left alone");
}

/* Every rule for malloc, or every one that may take a mapping of this kind. */
static void explain_all(const struct np_effective *effective, bool maps, enum np_mapping_kind kind)
{
    unsigned count = 0;
    np_heading(stdout, "every %s%s, by %s",
               !maps                    ? "malloc"
               : kind == NP_MAPPING_ANY ? "mapping"
                                        : np_text_kind(kind),
               maps && kind != NP_MAPPING_ANY ? " mapping" : "", effective->config->path);
    for (unsigned i = 0; i < effective->count; i++) {
        const struct np_effective_rule *rule = &effective->rules[i];
        if (rule->maps != maps || (maps && kind != NP_MAPPING_ANY && rule->placement.kind != NP_MAPPING_ANY &&
                                   rule->placement.kind != kind))
            continue;
        if (count++ > 0)
            (void)putchar('\n');
        explain_rule(effective, rule);
    }
    if (count == 0)
        (void)puts("  no rule: left alone");
}

static void answer(const struct np_effective *effective, const struct question *question)
{
    const bool maps = question->kind > NP_MAPPING_ANY;
    const bool everything = !question->kind_text && !question->size_text && !question->thread;
    if (question->size_text && maps)
        explain_mapping(effective, (enum np_mapping_kind)question->kind, question->size);
    else if (question->size_text)
        explain_request(effective, question->size);
    else if (question->kind_text || !question->thread)
        explain_all(effective, maps, (enum np_mapping_kind)question->kind);
    if (everything && effective->config->mapping_count > 0)
        explain_all(effective, true, NP_MAPPING_ANY);
    if (everything && effective->process.rule) {
        np_heading(stdout, "all other memory, by %s", effective->config->path);
        explain_rule(effective, &effective->process);
    }
    if (question->thread)
        np_explain_thread(effective, question->thread);
}

/* ---- The command line ---- */

/* Return: -1 to go on, else the exit status. */
static int check_question(struct question *question)
{
    struct np_value_reason reason;
    const bool maps = question->kind_text && strcmp(question->kind_text, "malloc") != 0;
    question->kind = maps ? np_text_kind_of(question->kind_text) : NP_MAPPING_ANY;
    if (maps && question->kind <= NP_MAPPING_ANY) {
        np_cli_error("explain: --kind: %s is none of malloc, private, shared, file, stack",
                     np_value_quote(question->kind_text).text);
        return NP_EXIT_USAGE;
    }
    if (question->size_text && np_value_size(question->size_text, &question->size, &reason) < 0) {
        np_cli_error("explain: --size: %s", reason.text);
        return NP_EXIT_USAGE;
    }
    return -1;
}

int np_cli_explain(int argc, char **argv)
{
    struct question question = {.config = NULL};
    const struct np_cli_option options[] = {{.name = "config", .value = &question.config},
                                            {.name = "size", .value = &question.size_text},
                                            {.name = "kind", .value = &question.kind_text},
                                            {.name = "thread", .value = &question.thread},
                                            {.name = NULL}};
    int status = np_cli_options(argc, argv, usage, options, 1);
    if (status < 0)
        status = check_question(&question);
    if (status >= 0)
        return status;
    struct np_program program;
    const int found = optind < argc ? np_program_inspect(argv[optind], &program) : 0;
    if (found < 0) {
        (void)np_program_refuse("explain", argv[optind], found);
        return NP_EXIT_USAGE;
    }
    struct np_effective *effective = NULL;
    const struct np_policy_source source = {.path = question.config};
    const int result = np_effective_load(&source, optind < argc ? &program : NULL, NULL, &effective);
    if (result == 0)
        answer(effective, &question);
    np_effective_free(effective);
    status = np_cli_finish(0);
    return result < 0 ? NP_EXIT_USAGE : status;
}
