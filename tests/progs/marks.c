/* SPDX-License-Identifier: MIT */
/* The program marks a part of a block (protection, lock, what a fork does to it) and frees the block as it is: the next
 * block there must not bear the mark. */
#include "check.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE ((size_t)4 << 20)
#define PART ((size_t)64 << 10)

static int protect(void *part)
{
    return mprotect(part, PART, PROT_NONE);
}

static int keep_from_children(void *part)
{
    return madvise(part, PART, MADV_DONTFORK);
}

static int wipe_in_children(void *part)
{
    return madvise(part, PART, MADV_WIPEONFORK);
}

static int lock(void *part)
{
    return mlock(part, PART);
}

static const struct mark {
    const char *name;
    int (*set)(void *part);
} marks[] = {
    {"PROT_NONE", protect},
    {"MADV_DONTFORK", keep_from_children},
    {"MADV_WIPEONFORK", wipe_in_children},
    {"mlock", lock},
};

static size_t locked_kilobytes(void)
{
    char line[256];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmLck: %zu", &kilobytes) == 1)
            break;
    if (file)
        (void)fclose(file);
    return kilobytes;
}

/* Does a child read what its parent wrote? */
static bool child_reads(const char *block)
{
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < SIZE; i += 4096)
            if (block[i] != 7)
                _exit(1);
        _exit(0);
    }
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

int main(void)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char *block = aligned_alloc(4096, SIZE);
        memset(block, 1, SIZE);
        check(marks[i].set(block + SIZE / 2) == 0, "%s cannot be set", marks[i].name);
        free(block);
        check(locked_kilobytes() == 0, "%s: memory is locked after the free", marks[i].name);
        char *next = malloc(SIZE);
        memset(next, 7, SIZE);
        check(child_reads(next), "%s: a child does not see its parent's block", marks[i].name);
        free(next);
    }
    return check_status();
}
