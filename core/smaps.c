/* SPDX-License-Identifier: MIT */
#include "smaps.h"

#include "kernel.h"
#include "log.h"

#include <fcntl.h>
#include <string.h>

static const char *read_number(const char *text, unsigned base, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (;; text++) {
        unsigned digit = *text >= '0' && *text <= '9'   ? (unsigned)(*text - '0')
                         : *text >= 'a' && *text <= 'f' ? (unsigned)(*text - 'a') + 10
                                                        : base;
        if (digit >= base)
            break;
        number = number * base + digit;
    }
    *ret_number = number;
    return text;
}

/* "7f00-7f01 rw-p ..." */
static void read_header(const char *line, struct np_smaps_entry *ret_entry)
{
    uint64_t start, end;
    line = read_number(line, 16, &start);
    (void)read_number(line + (*line == '-'), 16, &end);
    *ret_entry = (struct np_smaps_entry){.start = start, .end = end};
}

/* "Rss:      4 kB" */
static void read_figure(const char *line, struct np_smaps_entry *entry)
{
    static const struct {
        const char *key;
        bool resident, huge;
    } keys[] = {
        {"Rss:", true, false},
        {"AnonHugePages:", false, true},
        {"ShmemPmdMapped:", false, true},
        {"Private_Hugetlb:", true, true}, /* Rss is without those */
        {"Shared_Hugetlb:", true, true},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const size_t length = strlen(keys[i].key);
        if (strncmp(line, keys[i].key, length) != 0)
            continue;
        uint64_t kilobytes;
        for (line += length; *line == ' ';)
            line++;
        (void)read_number(line, 10, &kilobytes);
        entry->resident += keys[i].resident ? kilobytes * 1024 : 0;
        entry->huge += keys[i].huge ? kilobytes * 1024 : 0;
        return;
    }
}

/* Header lines begin with a lower-case hexadecimal digit, the others with a capital letter. */
static void read_line(const char *line, struct np_smaps_entry *entry, np_smaps_each *each, void *context)
{
    if (*line >= 'A' && *line <= 'Z') {
        read_figure(line, entry);
        return;
    }
    if (entry->end > 0)
        each(context, entry);
    read_header(line, entry);
}

/* "/proc/self/smaps", or that of another process. */
static int open_smaps(pid_t pid)
{
    char path[32];
    if (pid == 0)
        return np_kernel_open("/proc/self/smaps", O_RDONLY, 0);
    (void)np_format(path, sizeof path, "/proc/%d/smaps", pid);
    return np_kernel_open(path, O_RDONLY, 0);
}

int np_smaps_read(pid_t pid, np_smaps_each *each, void *context)
{
    struct np_smaps_entry entry = {.end = 0};
    char line[128]; /* what is longer is a path behind a header, and cut */
    char buffer[1024];
    size_t used = 0;
    ssize_t got;
    int descriptor = open_smaps(pid);
    if (descriptor < 0)
        return descriptor;
    while ((got = np_kernel_read(descriptor, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] != '\n') {
                if (used < sizeof line - 1)
                    line[used++] = buffer[i];
                continue;
            }
            line[used] = '\0';
            used = 0;
            read_line(line, &entry, each, context);
        }
    }
    np_kernel_close(descriptor);
    if (got < 0)
        return (int)got;
    if (entry.end > 0)
        each(context, &entry);
    return 0;
}
