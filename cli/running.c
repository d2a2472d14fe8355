/* SPDX-License-Identifier: MIT */
#include "running.h"

#include "absence.h"
#include "cli.h"

#include "core/publish.h"
#include "core/report.h"
#include "core/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "/libnumaperf_preload.so"

__attribute__((format(printf, 2, 3))) static void say(char *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, NP_RUNNING_REASON_SIZE, format, arguments);
    va_end(arguments);
}

/* Do these bytes make sense as what this version publishes? */
static bool is_sound(const struct np_stats *stats)
{
    return stats->magic == NP_STATS_MAGIC && stats->version == NP_STATS_VERSION &&
           stats->size == sizeof *stats && stats->rule_count <= sizeof stats->rules / sizeof *stats->rules &&
           atomic_load(&stats->zone_count) <= NP_STATS_ZONES;
}

/* ---- By the descriptor ---- */

static bool read_memfd(pid_t pid, const char *entry, struct np_stats *stats)
{
    static const char mark[] = "/memfd:" NP_PUBLISH_NAME " ";
    char path[64], target[128];
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%.16s", pid, entry);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < (ssize_t)sizeof mark - 1 || memcmp(target, mark, sizeof mark - 1) != 0)
        return false;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    const bool whole = pread(descriptor, stats, sizeof *stats, 0) == (ssize_t)sizeof *stats;
    (void)close(descriptor);
    return whole && is_sound(stats);
}

/* Return: 0; -ENOENT when it has no such descriptor; -errno of looking. */
static int read_published(pid_t pid, struct np_stats *stats)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir(folder)))
        found = *entry->d_name != '.' && read_memfd(pid, entry->d_name, stats);
    (void)closedir(folder);
    return found ? 0 : -ENOENT;
}

/* ---- By the beacon, in the process's memory ---- */

static bool read_memory(int memory, uint64_t address, void *buffer, size_t size)
{
    return address <= INT64_MAX - size && pread(memory, buffer, size, (off_t)address) == (ssize_t)size;
}

static bool find_beacon(int memory, uint64_t start, uint64_t end, struct np_beacon *ret_beacon)
{
    static const char magic[sizeof ret_beacon->magic] = NP_BEACON_MAGIC;
    for (; start + sizeof *ret_beacon <= end; start += _Alignof(struct np_beacon))
        if (read_memory(memory, start, ret_beacon, sizeof *ret_beacon) &&
            memcmp(ret_beacon->magic, magic, sizeof magic) == 0 && ret_beacon->size == sizeof *ret_beacon)
            return true;
    return false;
}

/* Looks at the shim's mappings in a line of /proc/PID/maps. Return: is it one? *ret_writable tells more. */
static bool is_shim(const char *line, uint64_t *ret_start, uint64_t *ret_end, bool *ret_writable)
{
    const char *name = strchr(line, '/');
    const size_t length = name ? strcspn(name, "\n") : 0;
    const size_t mark = sizeof SHIM - 1, deleted = sizeof " (deleted)" - 1;
    const bool is_last = length >= mark && memcmp(name + length - mark, SHIM, mark) == 0;
    const bool is_replaced =
        length >= mark + deleted && memcmp(name + length - mark - deleted, SHIM, mark) == 0;
    char *dash, *blank;
    if (!is_last && !is_replaced)
        return false;
    *ret_start = strtoul(line, &dash, 16);
    *ret_end = *dash == '-' ? strtoul(dash + 1, &blank, 16) : 0;
    if (*dash != '-' || *blank != ' ')
        return false;
    *ret_writable = blank[1] && blank[2] == 'w';
    return true;
}

/* Return: 0 with *ret_beacon; -ENOENT when the shim is not mapped; -EACCES when it is, and cannot be read; -EPERM when
 * not even the mappings may be seen. */
static int look_for_beacon(pid_t pid, int memory, struct np_beacon *ret_beacon)
{
    char path[32], *line = NULL;
    size_t room = 0;
    int result = -ENOENT;
    (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return -EPERM;
    while (result != 0 && getline(&line, &room, maps) > 0) {
        uint64_t start, end;
        bool writable;
        if (!is_shim(line, &start, &end, &writable))
            continue;
        result = -EACCES;
        if (writable && memory >= 0 && find_beacon(memory, start, end, ret_beacon))
            result = 0;
    }
    free(line);
    (void)fclose(maps);
    return result;
}

static int open_memory(pid_t pid)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool np_running_has_shim(pid_t pid)
{
    struct np_beacon beacon;
    return look_for_beacon(pid, -1, &beacon) == -EACCES;
}

static int read_by_beacon(pid_t pid, struct np_stats *stats, char *reason)
{
    static const char *const states[] = {
        [NP_SHIM_STARTING] = "it has only just started",
        [NP_SHIM_DISABLED] = "the shim is disabled in it (NUMAPERF_DISABLE)",
        [NP_SHIM_INVALID] =
            "its policy file is invalid, so the shim passes every call on; numaperf check says more",
        [NP_SHIM_FAILED] = "the shim had no memory to start",
        [NP_SHIM_ACTIVE] = "its counters are those of another version of numaperf",
    };
    struct np_beacon beacon;
    const int memory = open_memory(pid);
    int result = look_for_beacon(pid, memory, &beacon);
    if (result == 0) {
        const uint32_t state = atomic_load(&beacon.state);
        const bool sound = state == NP_SHIM_ACTIVE &&
                           read_memory(memory, atomic_load(&beacon.stats), stats, sizeof *stats) &&
                           is_sound(stats);
        if (!sound) {
            say(reason, "%s", state <= NP_SHIM_ACTIVE ? states[state] : states[NP_SHIM_ACTIVE]);
            result = -ENOENT;
        }
    } else if (result == -EACCES) {
        say(reason, "the shim is in it and has published nothing yet; root can read more");
    } else if (result == -ENOENT) {
        np_absence_explain(pid, reason);
    }
    if (memory >= 0)
        (void)close(memory);
    return result;
}

/* ---- Both ---- */

/* The process id that the process itself sees, which differs inside a container (the last field of NSpid). */
static int inner_pid(pid_t pid)
{
    char path[32], text[8192];
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (np_kernel_read_file(path, text, sizeof text) < 0)
        return pid;
    const char *line = strstr(text, "\nNSpid:");
    int inner = pid;
    for (char *at = line ? strdupa(line + strlen("\nNSpid:")) : NULL, *end; at; at = end) {
        const long id = strtol(at, &end, 10);
        if (end == at || strcspn(at, "\n") < (size_t)(end - at))
            break;
        inner = (int)id;
    }
    return inner;
}

int np_running_read(pid_t pid, struct np_stats *ret_stats, char *ret_reason)
{
    const char state = np_absence_state(pid);
    if (state == '\0') {
        say(ret_reason, "there is no process %d", pid);
        return -ESRCH;
    }
    if (state == 'Z' || state == 'X') {
        say(ret_reason, "it has ended, and its parent has not waited for it yet");
        return -ESRCH;
    }
    int result = read_published(pid, ret_stats);
    if (result == -ENOENT)
        result = read_by_beacon(pid, ret_stats, ret_reason);
    if (result == 0 && ret_stats->pid != inner_pid(pid)) {
        say(ret_reason, "it was forked past the handlers of fork(), so its counters are those of process %d",
            ret_stats->pid);
        return -ENOENT;
    }
    if (result != 0 && np_absence_state(pid) == '\0') {
        say(ret_reason, "process %d has just ended", pid);
        return -ESRCH;
    }
    if (result == -EACCES || result == -EPERM) {
        if (!*ret_reason)
            say(ret_reason,
                "it belongs to another user, or may not be inspected (prctl PR_SET_DUMPABLE); root can");
    } else if (result < 0 && !*ret_reason) {
        say(ret_reason, "%s", strerror(-result));
    }
    return result;
}

pid_t np_running_next(DIR *folder)
{
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        const pid_t pid = np_running_parse(entry->d_name);
        if (pid > 0 && pid != getpid() && np_running_has_shim(pid))
            return pid;
    }
    return 0;
}

pid_t np_running_parse(const char *word)
{
    char *end;
    errno = 0;
    const long pid = strtol(word, &end, 10);
    return *word >= '0' && *word <= '9' && !*end && errno == 0 && pid > 0 && pid <= INT32_MAX ? (pid_t)pid
                                                                                              : 0;
}

int np_running_emit(pid_t pid, const struct np_stats *stats, int descriptor)
{
    struct np_report_info info = {
        .pid = pid,
        .program = stats->process.program,
        .config = stats->process.config,
        .mode = (enum np_hardness)stats->process.hardness,
        .nodes = stats->process.nodes,
    };
    np_topology *topology;
    if (np_nodeset_count(&info.nodes) == 0 && np_topology_read_sysfs("", &topology) == 0) {
        info.nodes = *np_topology_allowed(topology);
        np_topology_free(topology);
    }
    return np_report_emit(&info, stats, descriptor);
}
