/* SPDX-License-Identifier: MIT */
/* numaperf check: a policy file, a program and this machine held against each other. */
#include "cli.h"
#include "diagnosis.h"
#include "effective.h"
#include "rules_view.h"
#include "table.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] = "Usage: numaperf check [-c FILE] [--verbose] [PROGRAM]\n"
                            "\n"
                            "Check a policy file and show what each of its rules comes to on this machine,\n"
                            "whether PROGRAM can be interposed, and what about the machine hinders.\n"
                            "Without FILE: the one that applies to PROGRAM.\n"
                            "\n"
                            "  -c, --config FILE   check this policy file; an empty name: the built-in\n"
                            "                      default\n"
                            "      --verbose       show also what about the machine is as it should be\n"
                            "      --help          print this text\n"
                            "      --version       print the version\n"
                            "\n"
                            "Exit status: 0 all holds; 1 degraded, or PROGRAM cannot be interposed; 2 the\n"
                            "file is invalid, hard mode is refused, PROGRAM is not found, or wrong usage.\n";

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
    bool verbose = false;
    const struct np_cli_option options[] = {
        {.name = "config", .value = &path}, {.name = "verbose", .flag = &verbose}, {.name = NULL}};
    int status = np_cli_options(argc, argv, usage, options, 1);
    if (status >= 0)
        return status;
    const char *name = optind < argc ? argv[optind] : NULL;
    struct np_program program;
    int found = name ? np_program_inspect(name, &program) : 0;
    if (found < 0 && !np_program_refuse("check", name, found))
        return NP_EXIT_USAGE;

    struct np_effective *effective = NULL;
    const struct np_program *known = name && found == 0 ? &program : NULL;
    const struct np_policy_source source = {.path = path};
    int result = np_effective_load(&source, known, NULL, &effective);
    bool degraded = false;
    if (effective && found == 0) {
        degraded = np_rules_show(stdout, effective);
        if (known)
            show_program(name, known);
        np_diagnose(effective, known, verbose);
    }
    np_effective_free(effective);
    status = np_cli_finish(0);
    if (status != 0 || result < 0 || found < 0)
        return NP_EXIT_USAGE;
    return degraded || (known && known->obstacle) ? NP_EXIT_DEGRADED : 0;
}
