/* SPDX-License-Identifier: MIT */
/* numaperf report: requested and obtained placement, of running programs or of a report file. */
#include "cli.h"
#include "reading.h"
#include "report_view.h"
#include "running.h"
#include "svg.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: numaperf report PID|FILE [--json|--svg PICTURE]\n"
    "       numaperf report --all [--json]\n"
    "\n"
    "Show what the rules of a program's policy asked for and what they obtained: of\n"
    "the running process PID, of all processes under the shim, or as written by a\n"
    "program at its end. Running programs are not stopped.\n"
    "\n"
    "      --all           every process under the shim that may be inspected\n"
    "      --json          the report as JSON; an array of reports with --all\n"
    "      --svg PICTURE   draw the nodes of the machine with what each rule holds on\n"
    "                      them, instead; - is the standard output\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: 0 all as requested; 1 something is not; 2 it cannot be read, or no\n"
    "shim is active, or wrong usage.\n";

/* ---- Showing them ---- */

struct output {
    bool json, first;
    const char *svg; /* a file to draw into, or NULL */
    int status;      /* so far */
};

static void draw(const struct np_value *report, struct output *output)
{
    int result = np_svg_write(output->svg, report);
    if (result == 0 && strcmp(output->svg, "-") != 0)
        (void)printf("%s\n", output->svg);
    if (result == 0)
        return;
    np_cli_error("report: %s: %s", output->svg, strerror(-result));
    output->status = NP_EXIT_USAGE;
}

/* Show the report that a text holds. @name stands for it in messages. */
static void show_text(const char *name, const struct np_text *text, struct output *output)
{
    const char *reason;
    unsigned line;
    struct np_value *report = np_value_read(text->bytes, text->length, &reason, &line);
    if (!report) {
        np_cli_error("report: %s:%u: no JSON: %s", name, line, reason);
        output->status = NP_EXIT_USAGE;
        return;
    }
    const char *wrong = np_report_check(report);
    if (wrong) {
        np_cli_error("report: %s: %s", name, wrong);
        output->status = NP_EXIT_USAGE;
    } else {
        if (output->svg) {
            draw(report, output);
        } else if (!output->json) {
            np_report_show(stdout, report);
        } else {
            (void)fputs(output->first ? "" : ",\n", stdout);
            (void)fwrite(text->bytes, 1, text->length, stdout);
        }
        output->first = false;
        if (!np_report_holds(report) && output->status == 0)
            output->status = NP_EXIT_DEGRADED;
    }
    np_value_free(report);
}

static void report_file(const char *path, struct output *output)
{
    struct np_text text;
    int result = np_reading_file(path, &text);
    if (result < 0) {
        np_cli_error("report: %s: %s", path, strerror(-result));
        output->status = NP_EXIT_USAGE;
        return;
    }
    show_text(path, &text, output);
    free(text.bytes);
}

static void report_stats(pid_t pid, const struct np_stats *stats, struct output *output)
{
    char name[24];
    struct np_text text;
    (void)snprintf(name, sizeof name, "%d", pid);
    int result = np_reading_live(pid, stats, &text);
    if (result < 0) {
        np_cli_error("report: %d: %s", pid, strerror(-result));
        output->status = NP_EXIT_USAGE;
        return;
    }
    show_text(name, &text, output);
    free(text.bytes);
}

static void report_process(pid_t pid, struct output *output)
{
    char reason[NP_RUNNING_REASON_SIZE] = "";
    struct np_stats *stats = np_reading_stats();
    if (np_running_read(pid, stats, reason) == 0) {
        report_stats(pid, stats, output);
    } else {
        np_cli_error("report: %d: %s", pid, reason);
        output->status = NP_EXIT_USAGE;
    }
    free(stats);
}

/* Processes that come and go meanwhile, and those of others, are no errors here. */
static void report_all(struct output *output)
{
    struct np_stats *stats = np_reading_stats();
    DIR *folder = opendir("/proc");
    pid_t pid;
    if (output->json)
        (void)fputs("[\n", stdout);
    while (folder && (pid = np_running_next(folder)) > 0) {
        char reason[NP_RUNNING_REASON_SIZE] = "";
        if (np_running_read(pid, stats, reason) == 0)
            report_stats(pid, stats, output);
    }
    if (folder)
        (void)closedir(folder);
    free(stats);
    if (output->json)
        (void)fputs("]\n", stdout);
    if (output->first) {
        np_cli_error("report: no process that may be inspected runs under the shim");
        output->status = NP_EXIT_USAGE;
    }
}

/* ---- The command line ---- */

int np_cli_report(int argc, char **argv)
{
    bool all = false;
    struct output output = {.first = true};
    const struct np_cli_option options[] = {
        {.name = "all", .flag = &all},
        {.name = "json", .flag = &output.json},
        {.name = "svg", .value = &output.svg},
        {.name = NULL},
    };
    int status = np_cli_options(argc, argv, usage, options, 1);
    if (status >= 0)
        return status;
    const char *word = argv[optind]; /* NULL behind the last */
    if (all == (word != NULL)) {
        np_cli_error("report: give a process id, a report file, or --all (try numaperf report --help)");
        return NP_EXIT_USAGE;
    }
    if (output.svg && (all || output.json)) {
        np_cli_error("report: --svg draws one report, and excludes --all and --json");
        return NP_EXIT_USAGE;
    }
    if (all)
        report_all(&output);
    else if (np_running_parse(word) > 0)
        report_process(np_running_parse(word), &output);
    else
        report_file(word, &output);
    status = np_cli_finish(0);
    return status != 0 ? status : output.status;
}
