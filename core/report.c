/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "heap.h"
#include "json.h"
#include "log.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What the kernel says of one rule. */
struct census {
    int error; /* 0, or the -errno of move_pages */
    uint64_t on_node[NP_MAX_NODES];
    uint64_t elsewhere; /* pages that are not where the rule wants them */
    uint64_t huge_bytes;
};

/* Mapped for the time of writing: the thread that calls exit() may have a small stack. */
struct workspace {
    char buffer[16 << 10];
    char path[PATH_MAX], temporary[PATH_MAX];
    char settings[256];
    struct census census;
    struct np_page_count pages; /* of one zone */
};

/* ---- Where the pages are ---- */

/* Is a page on this node misplaced (or spilled) for the rule? @home is the zone's own node, or -1. */
static bool is_elsewhere(const struct np_stats_rule *rule, int home, int node)
{
    switch ((enum np_mode)rule->mode) {
    case NP_LOCAL:
        return home >= 0 && node != home;
    case NP_BIND:
    case NP_PREFERRED:
    case NP_PREFERRED_MANY:
    case NP_INTERLEAVE:
    case NP_WEIGHTED_INTERLEAVE:
        return !np_nodeset_has(&rule->nodes, node);
    case NP_SYSTEM:
    case NP_FIRST_TOUCH:
        break;
    }
    return false;
}

static void count_zone(const struct np_stats_rule *rule, int home, const void *start, size_t length,
                       struct workspace *work)
{
    struct np_page_count *pages = &work->pages;
    memset(pages, 0, sizeof *pages);
    int result = np_verify_range(start, length, pages);
    if (result < 0) {
        work->census.error = result;
        return;
    }
    for (int node = 0; node < NP_MAX_NODES; node++) {
        work->census.on_node[node] += pages->on_node[node];
        if (is_elsewhere(rule, home, node))
            work->census.elsewhere += pages->on_node[node];
    }
    uint64_t huge = 0;
    if (pages->present > 0 && np_verify_huge_bytes(start, length, &huge) == 0)
        work->census.huge_bytes += huge;
}

static void count_rule(const struct np_stats *stats, unsigned index, struct workspace *work)
{
    memset(&work->census, 0, sizeof work->census);
    unsigned zones = np_heap_zone_count();
    for (unsigned i = 0; i < zones; i++) {
        unsigned rule;
        int home;
        const void *start;
        size_t length;
        np_heap_zone_range(i, &rule, &home, &start, &length);
        if (rule == index && length > 0)
            count_zone(&stats->rules[index], home, start, length, work);
    }
}

/* ---- How far the rule holds ---- */

static bool can_be_strict(const struct np_stats_rule *rule)
{
    return rule->hardness == NP_HARD && (rule->mode == NP_BIND || rule->mode == NP_LOCAL);
}

static const char *own_reason(const struct np_stats_rule *rule)
{
    return atomic_load(&rule->reason_state) == 2 ? rule->reason : "";
}

static enum np_enforcement judge(const struct np_stats_rule *rule, const struct census *census, char *reason)
{
    enum np_enforcement enforcement = (enum np_enforcement)atomic_load(&rule->enforcement);
    const char *why = own_reason(rule);
    const char *fallback = "the kernel may spill";
    const char *unknown = "";
    if (rule->mode == NP_SYSTEM) {
        enforcement = NP_NONE;
        fallback = "left to the next malloc";
    } else if (enforcement == NP_NONE) {
        fallback = "not placed";
    } else if (census->error < 0) {
        enforcement = NP_BEST_EFFORT;
        fallback = "the kernel does not say where the pages are: ";
        unknown = np_strerror(census->error);
    } else if (can_be_strict(rule) && !*why && census->elsewhere == 0) {
        enforcement = NP_STRICT;
        fallback = "";
    } else {
        enforcement = NP_BEST_EFFORT;
    }
    (void)np_format(reason, NP_REASON_SIZE, "%s%s%s%s", why, *why && *unknown ? "; " : "",
                    *why && !*unknown ? "" : fallback, unknown);
    return enforcement;
}

/* ---- The parts of the report ---- */

static void write_nodes(struct np_json *json, const np_nodeset *nodes)
{
    np_json_open(json, "nodes", '[');
    for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node))
        np_json_number(json, NULL, (uint64_t)node);
    np_json_close(json, ']');
}

static void write_counters(struct np_json *json, const struct np_stats *stats,
                           const struct np_stats_rule *rule)
{
    const struct np_stats_sum sum = np_stats_fold(stats, (unsigned)(rule - stats->rules));
    np_json_number(json, "allocations", sum.allocations);
    np_json_number(json, "frees", sum.frees);
    np_json_number(json, "live_bytes", sum.live_bytes);
    np_json_number(json, "peak_bytes", atomic_load(&rule->peak_bytes));
    np_json_number(json, "passed_on", atomic_load(&rule->passed_on));
    np_json_open(json, "errors", '{');
    for (int error = 0; error < NP_ERR_COUNT; error++)
        np_json_number(json, np_stats_error_name((enum np_stats_error)error),
                       atomic_load(&rule->errors[error]));
    np_json_close(json, '}');
}

static void write_pages(struct np_json *json, const struct np_stats_rule *rule, const struct census *census)
{
    np_json_open(json, "pages", '{');
    for (int node = 0; node < NP_MAX_NODES && census->error == 0; node++) {
        char id[8];
        (void)np_format(id, sizeof id, "%d", node);
        if (census->on_node[node] > 0)
            np_json_number(json, id, census->on_node[node]);
    }
    np_json_close(json, '}');
    bool spills = rule->mode == NP_PREFERRED || rule->mode == NP_PREFERRED_MANY;
    np_json_number(json, "misplaced_pages", spills ? 0 : census->elsewhere);
    np_json_number(json, "spilled_pages", spills ? census->elsewhere : 0);
    np_json_number(json, "huge_bytes", census->huge_bytes);
}

static void write_rule(struct np_json *json, const struct np_stats *stats, const struct np_stats_rule *rule,
                       const struct census *census)
{
    char reason[NP_REASON_SIZE];
    enum np_enforcement enforcement = judge(rule, census, reason);
    np_json_open(json, NULL, '{');
    np_json_string(json, "section", rule->section);
    np_json_string(json, "policy", np_mode_name((enum np_mode)rule->mode));
    write_nodes(json, &rule->nodes);
    np_json_string(json, "mode", rule->hardness == NP_HARD ? "hard" : "soft");
    np_json_string(json, "enforcement", np_enforcement_name(enforcement));
    np_json_string(json, "reason", reason);
    write_counters(json, stats, rule);
    write_pages(json, rule, census);
    np_json_close(json, '}');
}

static void write_rules(struct np_json *json, const struct np_stats *stats, struct workspace *work)
{
    np_json_open(json, "rules", '[');
    for (unsigned i = 0; i < stats->rule_count; i++) {
        np_json_break(json);
        count_rule(stats, i, work);
        write_rule(json, stats, &stats->rules[i], &work->census);
    }
    np_json_close(json, ']');
}

/* Settings of this machine that may move pages after they were placed. */
static void write_notes(struct np_json *json, struct workspace *work)
{
    static const struct {
        const char *path, *mark, *note;
    } settings[] = {
        {"/proc/sys/kernel/numa_balancing", "1",
         "numa_balancing is on: the kernel moves pages that have no policy"},
        {"/proc/sys/kernel/numa_balancing", "2",
         "numa_balancing is on: the kernel moves pages between memory tiers"},
        {"/sys/kernel/mm/numa/demotion_enabled", "true",
         "demotion is on: cold pages move to slower nodes, whatever the policy"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "[always]",
         "transparent huge pages are always on: khugepaged ignores policies when it merges pages"},
    };
    np_json_open(json, "notes", '[');
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (np_kernel_read_file(settings[i].path, work->settings, sizeof work->settings) > 0 &&
            strstr(work->settings, settings[i].mark))
            np_json_string(json, NULL, settings[i].note);
    }
    np_json_close(json, ']');
}

static int write_report(const struct np_report_info *info, const struct np_stats *stats, int descriptor,
                        struct workspace *work)
{
    struct np_json json = {.buffer = work->buffer, .size = sizeof work->buffer, .descriptor = descriptor};
    np_json_open(&json, NULL, '{');
    np_json_number(&json, "version", 1);
    np_json_number(&json, "pid", (uint64_t)getpid());
    np_json_string(&json, "program", info->program);
    np_json_string(&json, "config", info->config);
    np_json_string(&json, "mode", info->mode == NP_HARD ? "hard" : "soft");
    write_nodes(&json, &info->nodes);
    np_json_break(&json);
    write_rules(&json, stats, work);
    np_json_break(&json);
    np_json_open(&json, "threads", '[');
    np_json_close(&json, ']');
    np_json_open(&json, "totals", '{');
    np_json_number(&json, "remote_frees", atomic_load(&stats->remote_frees));
    np_json_number(&json, "node_migrations", atomic_load(&stats->node_migrations));
    np_json_close(&json, '}');
    write_notes(&json, work);
    np_json_close(&json, '}');
    json.separate = false;
    np_json_break(&json);
    return np_json_flush(&json);
}

/* ---- The file ---- */

static struct {
    int descriptor;
    dev_t device;
    ino_t inode;
} stderr_copy = {.descriptor = -1};

void np_report_prepare(const char *path)
{
    struct stat status;
    if (strcmp(path, "-") != 0 || fstat(STDERR_FILENO, &status) < 0)
        return;
    /* A high number where the limit allows it: some programs count on getting the low ones. */
    int high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 1000);
    stderr_copy.descriptor = high >= 0 ? high : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 32);
    stderr_copy.device = status.st_dev;
    stderr_copy.inode = status.st_ino;
}

/* The copy may have been closed, and its number may stand for a file of the program's now. */
static int write_to_stderr(const struct np_report_info *info, const struct np_stats *stats,
                           struct workspace *work)
{
    struct stat status;
    if (stderr_copy.descriptor < 0 || fstat(stderr_copy.descriptor, &status) < 0 ||
        status.st_dev != stderr_copy.device || status.st_ino != stderr_copy.inode)
        return -EBADF;
    return write_report(info, stats, stderr_copy.descriptor, work);
}

/* Resolve %p and %n. Return: 0; -ENAMETOOLONG. */
static int expand_path(const struct np_report_info *info, char *path, bool *ret_has_pid)
{
    size_t used = 0;
    *ret_has_pid = false;
    for (const char *from = info->path; *from; from++) {
        int length;
        if (from[0] == '%' && from[1] == 'p') {
            length = np_format(path + used, PATH_MAX - used, "%d", getpid());
            *ret_has_pid = true;
            from++;
        } else if (from[0] == '%' && from[1] == 'n') {
            length = np_format(path + used, PATH_MAX - used, "%s", info->program);
            from++;
        } else {
            length = np_format(path + used, PATH_MAX - used, "%c", *from);
        }
        used += (size_t)length;
        if (used >= PATH_MAX)
            return -ENAMETOOLONG;
    }
    path[used] = '\0';
    return 0;
}

/* A pipe or a device is written to as it is: renaming over /dev/null would replace it. */
static int write_in_place(const struct np_report_info *info, const struct np_stats *stats,
                          struct workspace *work)
{
    int descriptor = np_kernel_open(work->path, O_WRONLY | O_NOCTTY, 0);
    if (descriptor < 0)
        return descriptor;
    int result = write_report(info, stats, descriptor, work);
    np_kernel_close(descriptor);
    return result;
}

static int write_renamed(const struct np_report_info *info, const struct np_stats *stats,
                         struct workspace *work)
{
    /* A name of its own: the report's with a suffix may be too long. */
    const char *slash = strrchr(work->path, '/');
    size_t folder = slash ? (size_t)(slash - work->path) + 1 : 0, room = sizeof work->temporary - folder;
    memcpy(work->temporary, work->path, folder);
    if ((size_t)np_format(work->temporary + folder, room, ".numaperf-%d.tmp", getpid()) >= room)
        return -ENAMETOOLONG;
    int descriptor = np_kernel_open(work->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return descriptor;
    int result = write_report(info, stats, descriptor, work);
    np_kernel_close(descriptor);
    if (result == 0 && rename(work->temporary, work->path) < 0)
        result = -errno;
    if (result < 0)
        (void)unlink(work->temporary);
    return result;
}

static int write_to_path(const struct np_report_info *info, const struct np_stats *stats,
                         struct workspace *work)
{
    if (strcmp(info->path, "-") == 0)
        return info->forked ? 0 : write_to_stderr(info, stats, work);
    bool has_pid;
    int result = expand_path(info, work->path, &has_pid);
    if (result < 0 || (info->forked && !has_pid))
        return result;
    struct stat status;
    if (stat(work->path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_in_place(info, stats, work);
    return write_renamed(info, stats, work);
}

/* A pipe without a reader and a full RLIMIT_FSIZE raise signals that would kill the program for a report
 * of ours. */
static void block_signals(sigset_t *ret_before)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)sigaddset(&signals, SIGXFSZ);
    (void)pthread_sigmask(SIG_BLOCK, &signals, ret_before);
}

/* Take back the signal that a failed write has raised, and let the others in again. */
static void restore_signals(const sigset_t *before, int result)
{
    sigset_t raised;
    (void)sigemptyset(&raised);
    int signal = result == -EPIPE ? SIGPIPE : result == -EFBIG ? SIGXFSZ : 0;
    if (signal != 0) {
        (void)sigaddset(&raised, signal);
        while (sigtimedwait(&raised, NULL, &(struct timespec){0}) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

int np_report_write(const struct np_report_info *info, const struct np_stats *stats)
{
    int saved = errno;
    sigset_t before;
    void *work;
    int result = np_kernel_map(NULL, sizeof(struct workspace), PROT_READ | PROT_WRITE, 0, &work);
    if (result == 0) {
        block_signals(&before);
        result = write_to_path(info, stats, work);
        restore_signals(&before, result);
        (void)np_kernel_unmap(work, sizeof(struct workspace));
    }
    errno = saved;
    return result;
}
