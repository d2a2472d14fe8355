/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "Usage: numaperf COMMAND [ARGUMENT...]\n"
                            "\n"
                            "Place the memory of programs that nobody recompiles on NUMA nodes.\n"
                            "\n"
                            "Commands:\n"
                            "  run [-c FILE] [--report PATH] [--hard|--soft] [--] PROGRAM [ARG...]\n"
                            "                 run a program under its policy file\n"
                            "  run --policy MODE [--nodes LIST] [--size RANGE] [...] -- PROGRAM [ARG...]\n"
                            "                 run a program with one class of memory, without a file\n"
                            "  topology [--json]\n"
                            "                 show the nodes of this machine and what its kernel supports\n"
                            "  check [-c FILE] [PROGRAM]\n"
                            "                 check a policy file against this machine and a program\n"
                            "  explain [-c FILE] [--size N] [--kind KIND] [--thread NAME] [PROGRAM]\n"
                            "                 say which rule applies, and where memory will go\n"
                            "  init PROGRAM   write a commented policy file to start from\n"
                            "  report PID|FILE|--all [--json]\n"
                            "                 show requested and obtained placement\n"
                            "  top [--interval SECONDS] [PID...]\n"
                            "                 the same of running programs, again and again, in a terminal\n"
                            "\n"
                            "  --help         print this text; COMMAND --help tells more of one command\n"
                            "  --version      print the version\n";

void np_cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("numaperf: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

static int print_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    return printf("numaperf %s\n", numaperf_version()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", np_cli_run},           {"check", np_cli_check},   {"explain", np_cli_explain},
    {"topology", np_cli_topology}, {"report", np_cli_report}, {"init", np_cli_init},
    {"top", np_cli_top},           {"--help", print_help},    {"--version", print_version},
};

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, ""); /* for bars of block characters; without it they are plain */
    if (argc < 2) {
        (void)fputs(usage, stderr);
        return NP_EXIT_USAGE;
    }
    if (argc > 2 && strcmp(argv[2], "--version") == 0)
        return print_version(argc, argv);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    np_cli_error("no such command: %s (try numaperf --help)", argv[1]);
    return NP_EXIT_USAGE;
}
