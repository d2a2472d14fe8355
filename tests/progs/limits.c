/* SPDX-License-Identifier: MIT */
/* A program that limits its own address space, or locks it, after it has allocated, and then needs more memory: the
 * calls must succeed, and so must a mapping that the limit has room for. */
#include "check.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* What the kernel counts for RLIMIT_AS, in bytes. */
static size_t address_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%zu", &pages) != 1)
        abort();
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void need_room(const char *call)
{
    void *mapped = mmap(NULL, 200 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (check(mapped != MAP_FAILED, "%s: no room for a mapping: %s", call, strerror(errno)))
        (void)munmap(mapped, 200 * MIB);
    char *block = malloc(4 * MIB);
    if (check(block != NULL, "%s: no room for a block", call))
        memset(block, 1, 4 * MIB);
    free(block);
}

static void limit(const char *call)
{
    const struct rlimit lower = {1024 * MIB, RLIM_INFINITY};
    struct rlimit old;
    int result = -1;
    if (strcmp(call, "setrlimit") == 0)
        result = setrlimit(RLIMIT_AS, &lower);
    else if (strcmp(call, "prlimit") == 0)
        result = prlimit(0, RLIMIT_AS, &lower, &old);
    else if (strcmp(call, "prlimit-pid") == 0)
        result = prlimit(getpid(), RLIMIT_AS, &lower, NULL);
    else if (strcmp(call, "mlockall") == 0)
        result = mlockall(MCL_CURRENT | MCL_FUTURE);
    check(result == 0, "%s: %s", call, strerror(errno));
    errno = 0;
    check(setrlimit(-1, &lower) == -1 && errno == EINVAL, "a bad resource is not EINVAL");
}

int main(int argc, char **argv)
{
    const char *call = argc > 1 ? argv[1] : "setrlimit";
    char *block = malloc(8 * MIB);
    memset(block, 1, 8 * MIB);
    limit(call);
    check(strcmp(call, "mlockall") == 0 || address_space() < 512 * MIB, "%s: %zu MiB are in use", call,
          address_space() / MIB);
    if (strcmp(call, "mlockall") != 0)
        need_room(call);
    check(block[8 * MIB - 1] == 1, "the block has changed");
    free(block);
    return check_status();
}
