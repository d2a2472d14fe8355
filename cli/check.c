/* SPDX-License-Identifier: MIT */
/* numaperf check: a policy file, a program and this machine held against each other. */
#include "cli.h"
#include "diagnosis.h"
#include "effective.h"
#include "table.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: numaperf check [-c FILE] [PROGRAM]\n"
    "\n"
    "Check a policy file and show what each of its rules comes to on this machine, whether PROGRAM can be\n"
    "interposed, and what about the machine matters. Without FILE: the one that applies to PROGRAM.\n"
    "\n"
    "  -c, --config FILE   check this policy file; an empty name: the built-in default\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: 0 all holds; 1 degraded, or PROGRAM cannot be interposed; 2 the file is invalid, hard mode "
    "is\n"
    "refused, PROGRAM is not found, or wrong usage.\n";

/* Is any request left to no class? Classes are sorted and disjoint. */
static bool has_gaps(const struct np_config *config)
{
    size_t covered = 0;
    for (unsigned i = 0; i < config->class_count; i++) {
        if (config->classes[i].min_size > covered)
            return true;
        covered = config->classes[i].max_size;
    }
    return covered != SIZE_MAX;
}

static void add_verdict(struct np_table *table, const struct np_effective *effective, unsigned index,
                        bool *ret_degraded)
{
    char text[NP_REASON_SIZE];
    const char *weakness = np_effective_weakness(effective, index, text);
    if (effective->results[index] != 0) {
        np_table_add(table, NP_STYLE_BAD, "refused: %s", weakness);
    } else if (*weakness) {
        np_table_add(table, NP_STYLE_WARN, "degraded: %s", weakness);
        *ret_degraded = true;
    } else if (np_effective_is_placed(effective, index)) {
        np_table_add(table, NP_STYLE_GOOD, "holds");
    } else {
        np_table_add(table, NP_STYLE_DIM, "left to the next malloc");
    }
}

/* Return: is a rule degraded? */
static bool show_rules(const struct np_effective *effective)
{
    static const char *const heads[] = {"rule",  "requests", "policy", "nodes",
                                        "pages", "prefault", "mode",   "here"};
    struct np_table table = {.column_count = 0};
    bool degraded = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        np_table_column(&table, heads[i], false);
    for (unsigned i = 0; i < effective->config->class_count; i++) {
        const struct np_placement *placement = &effective->placements[i];
        char nodes[256], requests[NP_REQUESTS_SIZE];
        np_table_add(&table, NP_STYLE_BOLD, "%s", placement->section);
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_requests(placement, requests));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_mode_name(placement->mode));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_nodes(placement, nodes, sizeof nodes));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_huge(placement->huge));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_prefault(placement->prefault));
        np_table_add(&table, NP_STYLE_PLAIN, "%s", np_text_hardness(placement->hardness));
        add_verdict(&table, effective, i, &degraded);
    }
    np_table_print(&table, stdout, 2);
    if (has_gaps(effective->config))
        (void)printf("  %s%s%s\n", np_style_on(stdout, NP_STYLE_DIM),
                     "requests of other sizes are left to the next malloc",
                     np_style_off(stdout, NP_STYLE_DIM));
    return degraded;
}

static void show_file(const struct np_config *config)
{
    np_heading(stdout, "Policy %s", config->path);
    if (*config->summary)
        (void)printf("  %s\n", config->summary);
    (void)printf("  mode %s, report %s\n", np_text_hardness(config->hardness),
                 *config->report ? config->report : "none");
}

static void show_program(const char *name, const struct np_program *program)
{
    np_heading(stdout, "Program %s", program->path);
    if (*program->interpreter)
        (void)printf("  a script, run by %s\n", program->interpreter);
    const enum np_style style = program->obstacle ? NP_STYLE_BAD : NP_STYLE_GOOD;
    (void)printf("  %s", np_style_on(stdout, style));
    if (program->obstacle)
        (void)printf("cannot be interposed: %s", program->obstacle);
    else
        (void)printf("can be interposed");
    (void)printf("%s\n", np_style_off(stdout, style));
    if (program->obstacle)
        np_cli_error("check: %s: %s, so nothing would be placed", name, program->obstacle);
}

int np_cli_check(int argc, char **argv)
{
    const char *path = NULL;
    const struct np_cli_option options[] = {{.name = "config", .value = &path}, {.name = NULL}};
    int status = np_cli_options(argc, argv, usage, options, 1);
    if (status >= 0)
        return status;
    const char *name = optind < argc ? argv[optind] : NULL;
    struct np_program program;
    int found = name ? np_program_inspect(name, &program) : 0;
    if (found < 0)
        np_cli_error("check: %s: %s", name, strerror(-found));

    struct np_effective *effective = NULL;
    const struct np_program *known = name && found == 0 ? &program : NULL;
    int result = np_effective_load(path, known, NULL, &effective);
    bool degraded = false;
    if (effective) {
        show_file(effective->config);
        degraded = show_rules(effective);
        if (known)
            show_program(name, known);
        np_diagnose(effective, known);
    }
    np_effective_free(effective);
    status = np_cli_finish(0);
    if (status != 0 || result < 0 || found < 0)
        return NP_EXIT_USAGE;
    return degraded || (known && known->obstacle) ? NP_EXIT_DEGRADED : 0;
}
