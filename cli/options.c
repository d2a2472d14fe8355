/* SPDX-License-Identifier: MIT */
/* The options of a subcommand, from a table. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 16

enum { FIRST = 256, HELP = 512, VERSION };

static int refuse(const char *command, const char *word, const char *why)
{
    np_cli_error("%s: %s: %s (try numaperf %s --help)", command, word, why, command);
    return NP_EXIT_USAGE;
}

static int apply(const struct np_cli_option *option)
{
    if (option->flag)
        *option->flag = true;
    else
        *option->value = optarg;
    return -1;
}

int np_cli_options(int argc, char **argv, const char *usage, const struct np_cli_option *options,
                   unsigned max_words)
{
    struct option table[MAX_OPTIONS + 3] = {{"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION}};
    unsigned count = 0;
    for (; options[count].name && count < MAX_OPTIONS; count++)
        table[count + 2] =
            (struct option){options[count].name, options[count].flag ? no_argument : required_argument, NULL,
                            FIRST + (int)count};
    int option, status = -1;
    while (status < 0 && (option = getopt_long(argc, argv, ":c:", table, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (option >= FIRST && option < HELP)
            status = apply(&options[option - FIRST]);
        else if (option == 'c' && count > 0 && strcmp(options[0].name, "config") == 0)
            status = apply(&options[0]);
        else if (option == HELP)
            status = fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        else if (option == VERSION)
            status = printf("numaperf %s\n", numaperf_version()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        else
            status = refuse(argv[0], word, option == ':' ? "an argument is missing" : "no such option");
    }
    if (status < 0 && (unsigned)(argc - optind) > max_words)
        status = refuse(argv[0], argv[optind + (int)max_words], "one word too many");
    return status;
}

int np_cli_finish(int result)
{
    const int flushed = fflush(stdout) < 0 ? -errno : ferror(stdout) ? -EIO : 0;
    if (result == 0)
        result = flushed;
    if (result == 0)
        return EXIT_SUCCESS;
    np_cli_error("cannot write: %s", strerror(-result));
    return NP_EXIT_USAGE;
}

void np_cli_out_of_memory(void)
{
    np_cli_error("no memory");
    exit(NP_EXIT_USAGE);
}
