/* SPDX-License-Identifier: MIT */
/* numaperf top: the live report. */
#include "top.h"

#include "cli.h"
#include "reading.h"
#include "running.h"

#include <getopt.h>
#include <stdlib.h>

#define LEAST 0.1  /* seconds */
#define MOST  3600 /* likewise */

static const char usage[] =
    "Usage: numaperf top [--interval SECONDS] [PID...]\n"
    "\n"
    "Show, again and again, where the memory of each rule of the processes PID is, or\n"
    "of all processes under the shim: what it holds on each node, what share of it is\n"
    "away from the nodes asked for (misplaced or spilled), and how often blocks are\n"
    "freed by threads of other nodes and threads are found on another node. Running\n"
    "programs are not stopped.\n"
    "\n"
    "      --interval SECONDS   between two readings: 0.1 to 3600, default 1\n"
    "      --help               print this text\n"
    "      --version            print the version\n"
    "\n"
    "Keys: q quits; up and down select a program, Enter shows it alone, Esc all\n"
    "again; left and right show other nodes; p pauses; + and - change the interval;\n"
    "m, x, f, n, i sort by memory, pages away, remote frees, moves of threads,\n"
    "process id.\n"
    "\n"
    "Exit status: 0; 2 when none of the processes can be read, there is no terminal,\n"
    "or wrong usage.\n";

static bool read_interval(const char *word, double *ret_interval)
{
    char *end;
    const double interval = strtod(word, &end);
    if (end == word || *end || !(interval >= LEAST && interval <= MOST))
        return false;
    *ret_interval = interval;
    return true;
}

/* A process that is named twice is one row. */
static void add_pid(pid_t *pids, unsigned *count, pid_t pid)
{
    for (unsigned i = 0; i < *count; i++)
        if (pids[i] == pid)
            return;
    pids[(*count)++] = pid;
}

/* Return: is any of them there? Of those that are not the user is told why. */
static bool any_readable(const struct np_top_options *options)
{
    bool any = options->count == 0;
    struct np_stats *stats = np_reading_stats();
    for (unsigned i = 0; i < options->count && !any; i++) {
        char reason[NP_RUNNING_REASON_SIZE] = "";
        any = np_running_read(options->pids[i], stats, reason) == 0;
        if (!any)
            np_cli_error("top: %d: %s", options->pids[i], reason);
    }
    free(stats);
    return any;
}

int np_cli_top(int argc, char **argv)
{
    const char *interval = "1";
    struct np_top_options top = {.count = 0};
    const struct np_cli_option options[] = {{.name = "interval", .value = &interval}, {.name = NULL}};
    int status = np_cli_options(argc, argv, usage, options, (unsigned)argc);
    if (status >= 0)
        return status;
    if (!read_interval(interval, &top.interval)) {
        np_cli_error("top: --interval: a number of seconds from 0.1 to 3600: %s", interval);
        return NP_EXIT_USAGE;
    }
    pid_t *pids = calloc((size_t)(argc - optind) + 1, sizeof *pids);
    if (!pids)
        np_cli_out_of_memory();
    for (; optind < argc; optind++) {
        const pid_t pid = np_running_parse(argv[optind]);
        add_pid(pids, &top.count, pid);
        if (pid == 0) {
            np_cli_error("top: no process id: %s (try numaperf top --help)", argv[optind]);
            free(pids);
            return NP_EXIT_USAGE;
        }
    }
    top.pids = pids;
    status = any_readable(&top) ? np_top_run(&top) : NP_EXIT_USAGE;
    free(pids);
    return status;
}
