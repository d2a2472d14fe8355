/* SPDX-License-Identifier: MIT */
/* report - the JSON report: what was asked for, and where the kernel says the pages are now. */
#ifndef NP_CORE_REPORT_H
#define NP_CORE_REPORT_H

#include "policy.h"
#include "stats.h"

/** What the report says of the process, beside its counters. */
struct np_report_info {
    pid_t pid;             /* the process that the counters are of; 0: this one */
    const char *path;      /* "-" for stderr, else a file; %p is the process id, %n the program's name */
    const char *program;   /* base name */
    const char *config;    /* path of the policy file, or "built-in" */
    enum np_hardness mode; /* the file's global mode */
    np_nodeset nodes;      /* allowed nodes with memory */
    bool forked; /* this process was forked and did not exec: it writes only where the path has %p */
};

/** np_report_prepare() - if the report goes to stderr ("-"), keep a copy of that descriptor: many programs
 * close it before they are finished (all of GNU coreutils). Context: start-up. */
void np_report_prepare(const char *path);

/** np_report_emit() - ask the kernel about every page of every zone and write the report as JSON.
 * Context: no allocation and no stdio, but as slow as the zones are large.
 * Return: 0; -ENOMEM; -errno of writing. That the kernel does not say where pages are is told in the report. */
int np_report_emit(const struct np_report_info *info, const struct np_stats *stats, int descriptor);

/** np_report_write() - write the report whole, to a file beside the one named, which is then renamed. A path that is there and no regular file (a pipe,
 * /dev/stderr) is written to.
 * Context: at exit; no allocation and no stdio, but as slow as the zones are large. errno is kept.
 * Return: 0, also where a forked process writes none; -ENOMEM; -ENAMETOOLONG; -errno of opening, writing,
 * renaming. */
int np_report_write(const struct np_report_info *info, const struct np_stats *stats);

#endif
