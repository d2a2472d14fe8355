// SPDX-License-Identifier: MIT
//
// pagenodes PID [--range START-END | --name PATTERN | --policy WORD]...
//
// Prints on which node each present page of a process is, as move_pages(2) tells it from outside. It is the
// witness of the placement tests, so it shares no code with the library that it checks.
//
// One line per mapping, in the order of addresses, then the sum:
//
//   START-END POLICY N0=123 N2=4 absent=7 other=0 NAME
//   total N0=123 N2=4 absent=7 other=0
//
// START and END are hexadecimal, as in /proc/PID/maps. POLICY is what /proc/PID/numa_maps says, with '_' for
// blanks ("prefer_(many):0-1"). A node without pages is left out. "absent" counts pages that are not there,
// swapped out, or the shared page of zeroes; "other" those for which the kernel gave another error. All
// counts are in pages of the base size, also for huge pages.
//
// Options select mappings; a mapping is shown if it fits one of each kind given:
//   --range START-END  hexadecimal; only the part of a mapping inside the range counts
//   --name PATTERN     the name contains PATTERN, or matches it as a glob; '' is memory without a name
//   --policy WORD      the policy is WORD, whatever its nodes and flags: "bind" fits bind:2 and bind=static:2
//
// Exit status: 0; 1 with a message if the process cannot be read; 2 if the arguments are wrong.

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    MAX_NODES = 1024, // the kernel's limit
    MAX_SELECTORS = 64,
    BATCH = 4096, // pages asked at once
};

struct range {
    uintptr_t start, end;
};

struct selectors {
    struct range ranges[MAX_SELECTORS];
    const char *names[MAX_SELECTORS];
    const char *policies[MAX_SELECTORS];
    int range_count, name_count, policy_count;
};

struct counts {
    uint64_t node[MAX_NODES], absent, other;
};

struct mapping {
    struct range range;
    char policy[256];
    bool empty; // numa_maps counts no pages
    const char *name;
};

static pid_t pid;
static int pagemap;
static uintptr_t page_size;

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("pagenodes: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static bool parse_range(const char *text, struct range *ret_range)
{
    char *end;
    ret_range->start = strtoul(text, &end, 16);
    if (end == text || *end != '-')
        return false;
    text = end + 1;
    ret_range->end = strtoul(text, &end, 16);
    return end != text && *end == '\0' && ret_range->start < ret_range->end;
}

static void parse_arguments(char **argument, struct selectors *ret_selectors)
{
    char *end;
    long value = *argument ? strtol(*argument, &end, 10) : 0;
    if (value <= 0 || value > INT32_MAX || *end != '\0')
        die(2, "usage: pagenodes PID [--range START-END | --name PATTERN | --policy WORD]...");
    pid = (pid_t)value;
    for (argument++; *argument; argument += 2) {
        struct selectors *s = ret_selectors;
        if (!argument[1])
            die(2, "%s needs a value", *argument);
        if (s->range_count + s->name_count + s->policy_count == MAX_SELECTORS)
            die(2, "too many arguments");
        if (!strcmp(*argument, "--name"))
            s->names[s->name_count++] = argument[1];
        else if (!strcmp(*argument, "--policy"))
            s->policies[s->policy_count++] = argument[1];
        else if (strcmp(*argument, "--range") != 0)
            die(2, "unknown option %s", *argument);
        else if (!parse_range(argument[1], &s->ranges[s->range_count++]))
            die(2, "not a range: %s", argument[1]);
    }
}

static bool name_fits(const struct selectors *s, const char *name)
{
    for (int i = 0; i < s->name_count; i++) {
        const char *pattern = s->names[i];
        if (*pattern == '\0' ? *name == '\0' : strstr(name, pattern) || fnmatch(pattern, name, 0) == 0)
            return true;
    }
    return s->name_count == 0;
}

static bool policy_fits(const struct selectors *s, const char *policy)
{
    for (int i = 0; i < s->policy_count; i++) {
        size_t length = strlen(s->policies[i]);
        if (strncmp(policy, s->policies[i], length) == 0 && strchr(":=", policy[length]))
            return true;
    }
    return s->policy_count == 0;
}

// The kernel's word for the policy is a single one, but for two modes: "prefer (many):0-1", "weighted
// interleave:0-1".
static void copy_policy(const char *text, struct mapping *mapping)
{
    static const char *const doubles[] = {"prefer (many)", "weighted interleave"};
    size_t length = 0;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        if (strncmp(text, doubles[i], strlen(doubles[i])) == 0)
            length = strlen(doubles[i]);
    }
    length += strcspn(text + length, " \n");
    snprintf(mapping->policy, sizeof mapping->policy, "%.*s", (int)length, text);
    for (char *blank = mapping->policy; (blank = strchr(blank, ' '));)
        *blank = '_';
    mapping->empty = !strstr(text + length, " N");
}

static FILE *open_proc(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *stream = fopen(path, "re");
    if (!stream)
        die(1, "%s: %s", path, strerror(errno));
    return stream;
}

// Both files list the mappings by address. One that was made between the two readings has no policy to show.
static void find_policy(FILE *numa_maps, struct mapping *mapping)
{
    static char *line;
    static size_t size;
    static uintptr_t start; // of the line
    static int length;
    while ((!line || start < mapping->range.start) && getline(&line, &size, numa_maps) > 0) {
        length = 0;
        if (sscanf(line, "%lx %n", &start, &length) != 1)
            die(1, "numa_maps: cannot read %s", line);
    }
    strcpy(mapping->policy, "unknown");
    mapping->empty = false;
    if (line && start == mapping->range.start)
        copy_policy(line + length, mapping);
}

static void ask_nodes(void **pages, size_t count, struct counts *counts)
{
    int status[BATCH];
    if (count > 0 && syscall(SYS_move_pages, (long)pid, count, pages, NULL, status, 0) != 0)
        die(1, "move_pages: %s", strerror(errno));
    for (size_t i = 0; i < count; i++) {
        if (status[i] >= 0 && status[i] < MAX_NODES)
            counts->node[status[i]]++;
        else if (status[i] == -ENOENT || status[i] == -EFAULT)
            counts->absent++;
        else
            counts->other++;
    }
}

// pagemap says which pages are worth asking for, so that large reservations with few pages in them are quick.
// A page that went away since is answered as absent; the kernel's special mappings have no pages that could
// be asked for.
static void count_pages(struct range range, struct counts *counts)
{
    uint64_t entries[BATCH];
    void *pages[BATCH];
    for (uintptr_t at = range.start; at < range.end;) {
        uintptr_t left = (range.end - at) / page_size;
        size_t wanted = (left < BATCH ? left : BATCH) * sizeof *entries, count = 0;
        ssize_t got = pread(pagemap, entries, wanted, (off_t)(at / page_size * sizeof *entries));
        if (got <= 0 || (size_t)got % sizeof *entries != 0) {
            counts->absent += left;
            return;
        }
        size_t read = (size_t)got / sizeof *entries;
        for (size_t i = 0; i < read; i++, at += page_size) {
            if (entries[i] >> 63)
                pages[count++] = (void *)at;
            else
                counts->absent++;
        }
        ask_nodes(pages, count, counts);
    }
}

static void print_counts(const struct counts *counts)
{
    for (int node = 0; node < MAX_NODES; node++) {
        if (counts->node[node])
            printf(" N%d=%lu", node, (unsigned long)counts->node[node]);
    }
    printf(" absent=%lu other=%lu", (unsigned long)counts->absent, (unsigned long)counts->other);
}

static void show(const struct mapping *mapping, struct range part, struct counts *total)
{
    static struct counts counts;
    memset(&counts, 0, sizeof counts);
    if (mapping->empty)
        counts.absent = (part.end - part.start) / page_size;
    else
        count_pages(part, &counts);
    printf("%lx-%lx %s", part.start, part.end, mapping->policy);
    print_counts(&counts);
    printf("%s%s\n", *mapping->name ? " " : "", mapping->name);
    for (int node = 0; node < MAX_NODES; node++)
        total->node[node] += counts.node[node];
    total->absent += counts.absent;
    total->other += counts.other;
}

static void show_selected(const struct mapping *mapping, const struct selectors *s, struct counts *total)
{
    if (!name_fits(s, mapping->name) || !policy_fits(s, mapping->policy))
        return;
    if (s->range_count == 0)
        show(mapping, mapping->range, total);
    for (int i = 0; i < s->range_count; i++) {
        struct range part = mapping->range;
        if (part.start < s->ranges[i].start)
            part.start = s->ranges[i].start & -page_size;
        if (part.end > s->ranges[i].end)
            part.end = (s->ranges[i].end + page_size - 1) & -page_size;
        if (part.start < part.end)
            show(mapping, part, total);
    }
}

int main(int argc, char **argv)
{
    static struct selectors selectors;
    static struct counts total;
    char *line = NULL, path[64];
    size_t size = 0;

    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    parse_arguments(argv + (argc > 0), &selectors);
    FILE *maps = open_proc("maps"), *numa_maps = open_proc("numa_maps");
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    pagemap = open(path, O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
        die(1, "%s: %s", path, strerror(errno));

    while (getline(&line, &size, maps) > 0) {
        struct mapping mapping;
        int name = 0;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s%n", &mapping.range.start, &mapping.range.end, &name) != 2)
            die(1, "maps: cannot read %s", line);
        line[strcspn(line, "\n")] = '\0';
        mapping.name = line + name + strspn(line + name, " ");
        find_policy(numa_maps, &mapping);
        show_selected(&mapping, &selectors, &total);
    }
    if (ferror(maps) || ferror(numa_maps))
        die(1, "%s", strerror(errno));
    printf("total");
    print_counts(&total);
    printf("\n");
    return 0;
}
