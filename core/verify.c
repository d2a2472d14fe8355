/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "kernel.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BATCH 64 /* pages asked about at once: 768 bytes of stack, and the kernel itself works by 16 */

/* Adds one page by move_pages' answer: -ENOENT, -EFAULT and whatever else is negative mean that it is
 * nowhere. */
static void count_page(int status, struct np_page_count *counts)
{
    if (status < 0 || status >= NP_MAX_NODES) {
        counts->absent++;
        return;
    }
    counts->present++;
    counts->on_node[status]++;
}

int np_verify_range(const void *address, size_t length, struct np_page_count *counts)
{
    return np_verify_range_of(0, address, length, counts);
}

int np_verify_range_of(pid_t pid, const void *address, size_t length, struct np_page_count *counts)
{
    const uintptr_t size = np_kernel_page_size();
    uintptr_t end;
    if (__builtin_add_overflow((uintptr_t)address, length, &end))
        return -EINVAL;
    uintptr_t page = (uintptr_t)address & ~(size - 1);
    while (page < end) {
        void *pages[BATCH];
        int status[BATCH];
        size_t count = 0;
        for (; count < BATCH && page < end; page += size)
            pages[count++] = (void *)page;
        int result = np_kernel_page_nodes(pid, count, pages, status);
        if (result < 0)
            return result;
        for (size_t i = 0; i < count; i++)
            count_page(status[i], counts);
    }
    return 0;
}

/* ---- Huge pages: /proc/self/smaps, line by line ---- */

/* What has been learnt while reading: the part of the range that the mapping of the last header line
 * covers. */
struct scan {
    uintptr_t start, end; /* the range asked about */
    uint64_t overlap;
    uint64_t bytes;
};

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

/* "7f00-7f01 rw-p ...": keys begin with a capital letter, header lines with a lower-case hexadecimal
 * digit. */
static void scan_header(const char *line, struct scan *scan)
{
    uint64_t start, end;
    line = read_number(line, 16, &start);
    (void)read_number(line + (*line == '-'), 16, &end);
    start = start > scan->start ? start : scan->start;
    end = end < scan->end ? end : scan->end;
    scan->overlap = start < end ? end - start : 0;
}

static void scan_line(const char *line, struct scan *scan)
{
    static const char *const keys[] = {
        "AnonHugePages:", "ShmemPmdMapped:", "Private_Hugetlb:", "Shared_Hugetlb:"};
    if (*line < 'A' || *line > 'Z') {
        scan_header(line, scan);
        return;
    }
    for (size_t i = 0; scan->overlap > 0 && i < sizeof keys / sizeof keys[0]; i++) {
        const size_t length = strlen(keys[i]);
        if (strncmp(line, keys[i], length) != 0)
            continue;
        uint64_t kilobytes;
        for (line += length; *line == ' ';)
            line++;
        (void)read_number(line, 10, &kilobytes);
        /* A mapping that goes on beyond the range has merged with its neighbour: at most our part counts. */
        scan->bytes += kilobytes * 1024 < scan->overlap ? kilobytes * 1024 : scan->overlap;
    }
}

int np_verify_huge_bytes(const void *address, size_t length, uint64_t *ret_bytes)
{
    return np_verify_huge_bytes_of(0, address, length, ret_bytes);
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

int np_verify_huge_bytes_of(pid_t pid, const void *address, size_t length, uint64_t *ret_bytes)
{
    struct scan scan = {.start = (uintptr_t)address};
    char line[128]; /* what is longer is a path behind a header, and cut */
    char buffer[1024];
    size_t used = 0;
    ssize_t got;
    if (__builtin_add_overflow(scan.start, length, &scan.end))
        return -EINVAL;
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
            scan_line(line, &scan);
        }
    }
    np_kernel_close(descriptor);
    if (got < 0)
        return (int)got;
    *ret_bytes = scan.bytes;
    return 0;
}
