/* SPDX-License-Identifier: MIT */
/* config - a policy file read into one immutable np_config, and where to find it.
 *
 * Memory comes from mmap and static storage, never from malloc (inih's own line buffer apart, which goes to the next
 * malloc under the shim's recursion guard). Context: start-up. */
#ifndef NP_CONFIG_CONFIG_H
#define NP_CONFIG_CONFIG_H

#include "../core/policy.h"
#include "../core/thread_rule.h"

#include <limits.h>

#define NP_CONFIG_MAX_CLASSES  64 /* [malloc.*] sections, = NP_MAX_RULES of core/stats.h */
#define NP_CONFIG_MAX_MAPPINGS 64 /* [mmap.*] sections, likewise */

/** A policy file, checked whole. What few rules need lies on few pages. */
struct np_config {
    enum np_hardness hardness;
    bool scrub; /* exec'ed programs run without the shim */
    unsigned class_count, mapping_count, thread_count;
    struct np_process_rule process;                     /* its line is 0 without a [process] */
    struct np_rule classes[NP_CONFIG_MAX_CLASSES];      /* [malloc.*] sorted by min_size, disjoint */
    struct np_rule mappings[NP_CONFIG_MAX_MAPPINGS];    /* [mmap.*] in the order of the file */
    struct np_thread_rule threads[NP_MAX_THREAD_RULES]; /* [thread.*] likewise */
    char path[PATH_MAX];                                /* as found, or "built-in" */
    char report[PATH_MAX]; /* "" for none, "-" for stderr, else a path as written */
    char summary[192];
};

/** One thing wrong with a file. format: "FILE:LINE: SECTION.KEY: reason" by np_config_problem_format(). */
struct np_config_problem {
    unsigned line;
    char where[NP_SECTION_SIZE +
               40]; /* "malloc.large.size", "malloc.large"; "file": of no section; "": line 0 */
    char text[256];
};

/** Called for each problem in line order; return false to stop after this one. */
typedef bool np_config_report(void *context, const char *path, const struct np_config_problem *problem);

/** np_config_free() - unmap; NULL is fine. */
void np_config_free(struct np_config *config);

/** np_config_read_file() - read and check the file at @path.
 * Return: 0 and *ret_config; -EINVAL when problems were reported; -errno when the file cannot be opened, is no regular
 * file (-EINVAL): that is reported too, as a problem of line 0; -EFBIG over 1 MiB. */
int np_config_read_file(const char *path, np_config_report *report, void *context,
                        struct np_config **ret_config);
/** np_config_read_text() - the same for text in memory; @name stands for the path in messages. */
int np_config_read_text(const char *name, const char *text, size_t length, np_config_report *report,
                        void *context, struct np_config **ret_config);
/** np_config_builtin() - the policy without a file: `local` below 128 KiB, `first-touch` from there. */
int np_config_builtin(struct np_config **ret_config);

/** np_config_override_mode() - put another mode in the place of the file's global one. Sections that have a `mode` key of
 * their own keep it. */
void np_config_override_mode(struct np_config *config, enum np_hardness mode);

/** np_config_problem_format() - "FILE:LINE: WHERE: text" (without LINE when it is 0, without WHERE when it is "").
 * Return: as snprintf. */
int np_config_problem_format(const char *path, const struct np_config_problem *problem, char *buffer,
                             size_t size);

/** What discovery needs to know of a process; every string may be NULL. */
struct np_config_search {
    const char *execfn;     /* AT_EXECFN: the program as it was executed */
    const char *exe;        /* target of /proc/self/exe */
    const char *config_env; /* NUMAPERF_CONFIG; NULL when unset or set-uid */
    const char *xdg_home;   /* XDG_CONFIG_HOME; NULL likewise */
    const char *home;       /* HOME; NULL likewise */
    const char *etc;        /* "/etc/numaperf", or a test's folder */
};

/** np_config_find() - which file applies, by the order of discovery: NUMAPERF_CONFIG, user folder NAME.ini, system folder
 * NAME.ini, default.ini in both.
 * Return: 1 and ret_path (of PATH_MAX bytes) for a file; 0 for the built-in default. A NUMAPERF_CONFIG is returned
 * untested: reading it reports what is wrong. */
int np_config_find(const struct np_config_search *search, char *ret_path);

#endif
