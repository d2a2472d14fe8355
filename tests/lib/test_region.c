/* SPDX-License-Identifier: MIT */
/* Regions on any machine: arguments, sizes, enforcement and its reasons, contents. Several nodes are the business of
 * tests/vm/region*.bats. */
#include "lib.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SENTINEL ((np_region *)(uintptr_t)0x5ca1ab1e)

static int create(np_region **region, size_t size, np_policy policy, enum np_hardness hardness)
{
    return np_region_create(region, size, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, hardness);
}

static void refused(size_t size, const np_policy *policy, int constants, int wanted, const char *name)
{
    bool good = true;
    for (int hardness = NP_SOFT; hardness <= NP_HARD; hardness++) {
        np_region *region = SENTINEL;
        const int error =
            np_region_create(&region, size, policy, (enum np_huge)(constants & 0xf),
                             (enum np_prefault)(constants >> 4 & 0xf), (enum np_hardness)hardness);
        good = good && error == wanted && region == SENTINEL;
        if (error != wanted)
            printf("# got %d, wanted %d\n", error, wanted);
    }
    tap_ok(good, "%s, and the pointer is as it was", name);
}

static void test_arguments(void)
{
    const np_policy good = lib_policy(NP_BIND, lib_first_node());
    const np_policy odd = lib_policy((enum np_mode)77, lib_first_node());
    np_region *region = SENTINEL;
    refused(0, &good, 0, -EINVAL, "size 0 is refused");
    refused(SIZE_MAX, &good, 0, -ENOMEM, "SIZE_MAX bytes are too many");
    refused(SIZE_MAX - 4095, &good, 0, -ENOMEM, "as are those that round to no more than SIZE_MAX");
    refused((size_t)1 << 46, &good, 0, -ENOMEM, "as are 64 TiB");
    refused(SIZE_MAX / 2, &good, NP_HUGE_2M, -ENOMEM, "in explicit huge pages too");
    refused(4096, NULL, 0, -EINVAL, "no policy is refused");
    refused(4096, &odd, 0, -EINVAL, "a mode out of range is refused");
    refused(4096, &good, 7, -EINVAL, "a page size out of range is refused");
    refused(4096, &good, 0x70, -EINVAL, "a prefault out of range is refused");
    for (int mode = NP_BIND; mode <= NP_WEIGHTED_INTERLEAVE; mode++) {
        const np_policy empty = {.mode = (enum np_mode)mode};
        refused(4096, &empty, 0, -EINVAL, "a mode without the nodes that it needs is refused");
    }
    tap_int(np_region_create(&region, 4096, &good, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, (enum np_hardness)9),
            -EINVAL, "a hardness out of range is refused");
    tap_int(np_region_create(NULL, 4096, &good, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_SOFT), -EINVAL,
            "nowhere to put the region is refused");
}

static void test_nothing(void)
{
    const char *why = NULL;
    const np_policy policy = lib_policy(NP_LOCAL, "");
    uint64_t bytes;
    size_t pages[4];
    tap_int(np_region_destroy(NULL), 0, "no region can be destroyed");
    tap_ok(np_region_data(NULL) == NULL && np_region_size(NULL) == 0 && np_region_page_size(NULL) == 0,
           "has no data and no size");
    tap_ok(np_region_enforcement(NULL, &why) == NP_NONE && why != NULL && *why != '\0', "and no enforcement");
    tap_int(np_region_verify(NULL, pages, 4), -EINVAL, "cannot be verified");
    tap_int(np_region_move(NULL, &policy), -EINVAL, "or moved");
    tap_int(np_region_huge_bytes(NULL, &bytes), -EINVAL, "or asked for huge pages");
}

static void test_modes(void)
{
    static size_t pages[NP_MAX_NODES];
    for (int mode = NP_SYSTEM; mode <= NP_WEIGHTED_INTERLEAVE; mode++)
        for (int hardness = NP_SOFT; hardness <= NP_HARD; hardness++) {
            np_region *region = NULL;
            const enum np_enforcement wanted = mode == NP_SYSTEM                        ? NP_NONE
                                               : mode == NP_BIND && hardness == NP_HARD ? NP_STRICT
                                                                                        : NP_BEST_EFFORT;
            memset(pages, 0xff, sizeof pages);
            int error = create(&region, 5000, lib_policy((enum np_mode)mode, lib_first_node()),
                               (enum np_hardness)hardness);
            const char *why = "?";
            const bool good = error == 0 && np_region_enforcement(region, &why) == wanted &&
                              (*why == '\0') == (wanted == NP_STRICT);
            tap_ok(good, "mode %d, %s: enforcement as documented", mode, hardness ? "hard" : "soft");
            if (!good)
                printf("# %d '%s'\n", error, why);
            const long there = np_region_verify(region, pages, NP_MAX_NODES);
            unsigned long sum = 0;
            for (size_t id = 0; id < NP_MAX_NODES; id++)
                sum += pages[id];
            tap_ok(there == (long)(np_region_size(region) / (size_t)sysconf(_SC_PAGESIZE)) &&
                       sum == (unsigned long)there && np_region_enforcement(region, NULL) == wanted,
                   "every page is found, every entry is set");
            np_region_destroy(region);
        }
}

static void test_dangling(void)
{
    np_region *first, *second;
    const char *why;
    for (int mode = NP_BIND; mode <= NP_WEIGHTED_INTERLEAVE; mode++) {
        const int error = create(&first, MIB, lib_policy((enum np_mode)mode, "900"), NP_SOFT) |
                          create(&second, MIB, lib_policy((enum np_mode)mode, "900"), NP_SOFT);
        if (!tap_int(error, 0, "soft: a region whose nodes are all absent can be had"))
            continue;
        memset(np_region_data(first), 1, np_region_size(first));
        memset(np_region_data(second), 2, np_region_size(second));
        const char *bytes = np_region_as(first, char);
        tap_ok(bytes[0] == 1 && bytes[MIB - 1] == 1, "is memory of its own, not a dangling pointer");
        const enum np_enforcement enforcement = np_region_enforcement(first, &why);
        tap_ok(enforcement == NP_NONE && strstr(why, "900") != NULL,
               "has enforcement none, and the reason names the node: %s", why);
        np_region_destroy(first);
        memset(np_region_data(second), 3, np_region_size(second));
        np_region_destroy(second);
    }
    np_region *region = SENTINEL;
    tap_int(create(&region, MIB, lib_policy(NP_BIND, "900"), NP_HARD), -ENODEV, "hard: it is refused");
    tap_ok(region == SENTINEL, "and the pointer is as it was");
}

static void test_narrowed(void)
{
    char nodes[64];
    const char *why;
    np_region *region;
    static const char *const absent[] = {"63", "64", "700", "1023"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        (void)snprintf(nodes, sizeof nodes, "%s,%s", lib_first_node(), absent[i]);
        if (!tap_int(create(&region, MIB, lib_policy(NP_BIND, nodes), NP_SOFT), 0,
                     "soft: a mask is narrowed"))
            continue;
        const enum np_enforcement enforcement = np_region_enforcement(region, &why);
        tap_ok(enforcement == NP_BEST_EFFORT && strstr(why, absent[i]) != NULL,
               "which is best-effort, and names what was dropped: %s", why);
        np_region_destroy(region);
        tap_int(create(&region, MIB, lib_policy(NP_INTERLEAVE, nodes), NP_HARD), -ENODEV,
                "hard: it is refused");
    }
    (void)snprintf(nodes, sizeof nodes, "%s,1000", lib_first_node());
    tap_int(create(&region, MIB, lib_policy(NP_PREFERRED, nodes), NP_HARD), -EINVAL,
            "hard: preferred takes one node");
    tap_int(create(&region, MIB, lib_policy(NP_PREFERRED, nodes), NP_SOFT), 0,
            "soft: it takes the one there is");
    tap_ok(strstr(lib_why(region), "one node") != NULL, "and says so");
    np_region_destroy(region);
}

static void test_typed(void)
{
    np_region *region;
    struct wide {
        char bytes[3000];
    };
    create(&region, 5000, lib_policy(NP_LOCAL, ""), NP_SOFT);
    uint64_t *numbers = np_region_as(region, uint64_t);
    tap_int((long long)np_region_count(region, uint64_t), (long long)(np_region_size(region) / 8),
            "as many numbers as fit");
    numbers[np_region_count(region, uint64_t) - 1] = 7;
    tap_ok((void *)numbers == np_region_data(region), "typed access is the data");
    tap_int((long long)np_region_count(region, struct wide), (long long)(np_region_size(region) / 3000),
            "what does not divide the size leaves a rest");
    tap_int((long long)np_region_units(region, 0), 0, "no objects of size 0 fit");
    tap_ok(np_region_typed(region, 4096) != NULL, "page alignment is given");
    tap_ok(np_region_typed(region, (size_t)1 << 46) == NULL, "more than there is, is not");
    np_region_destroy(region);
}

static void test_sizes(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 5000, 2097151, 2097153};
    bool whole = true;
    for (int huge = NP_HUGE_DEFAULT; huge <= NP_HUGE_2M; huge++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            np_region *region = NULL;
            const np_policy policy = lib_policy(NP_LOCAL, "");
            np_region_create(&region, sizes[i], &policy, (enum np_huge)huge, NP_PREFAULT_NONE, NP_SOFT);
            const size_t page = np_region_page_size(region), size = np_region_size(region);
            whole = whole && region != NULL && page >= 4096 && size % page == 0 && size >= sizes[i] &&
                    size - sizes[i] < page && (uintptr_t)np_region_data(region) % page == 0;
            memset(np_region_data(region), 1, size);
            np_region_destroy(region);
        }
    tap_ok(whole, "sizes are rounded up to whole pages of the kind obtained, and begin where one does");
}

static void test_pools(void)
{
    static const char *const names[] = {[NP_HUGE_2M] = "2M", [NP_HUGE_1G] = "1G"};
    for (int huge = NP_HUGE_2M; huge <= NP_HUGE_1G; huge++) {
        np_region *region = SENTINEL;
        const np_policy policy = lib_policy(NP_BIND, lib_first_node());
        /* More than any pool has: 8 TiB. */
        const int error = np_region_create(&region, (size_t)8 << 40, &policy, (enum np_huge)huge,
                                           NP_PREFAULT_NONE, NP_HARD);
        tap_ok((error == -ENOMEM || error == -EOPNOTSUPP) && region == SENTINEL,
               "hard: an empty pool of %s pages refuses", names[huge]);
        void *rest[64];
        int held = 0; /* whatever this machine's pool has */
        while (held < 64 && huge == NP_HUGE_2M &&
               (rest[held] = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << 26, -1, 0)) != MAP_FAILED)
            held++;
        if (np_region_create(&region, 5000, &policy, (enum np_huge)huge, NP_PREFAULT_NONE, NP_SOFT) == 0 &&
            held < 64 && huge == NP_HUGE_2M) {
            tap_ok(strstr(lib_why(region), "2M pages are not") != NULL, "soft: it falls back and says so: %s",
                   lib_why(region));
            memset(np_region_data(region), 1, np_region_size(region));
            np_region_destroy(region);
        } else if (region != SENTINEL) {
            np_region_destroy(region);
        }
        while (held > 0)
            (void)munmap(rest[--held], 2 * MIB);
    }
}

static void test_move(void)
{
    np_region *region;
    const char *node = lib_first_node();
    create(&region, 8 * MIB, lib_policy(NP_BIND, node), NP_SOFT);
    uint32_t *words = np_region_as(region, uint32_t);
    const size_t count = np_region_count(region, uint32_t);
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)(i * 2654435761u);
    for (int mode = NP_SYSTEM; mode <= NP_WEIGHTED_INTERLEAVE; mode++) {
        const np_policy policy = lib_policy((enum np_mode)mode, node);
        bool same = np_region_move(region, &policy) == 0;
        for (size_t i = 0; i < count; i++)
            same = same && words[i] == (uint32_t)(i * 2654435761u);
        tap_ok(same, "a move to mode %d keeps the contents: %s", mode, lib_why(region));
    }
    const np_policy absent = lib_policy(NP_BIND, "900"), empty = {.mode = NP_BIND};
    tap_int(np_region_move(region, &empty), -EINVAL, "a move to no nodes is refused");
    tap_int(np_region_move(region, NULL), -EINVAL, "as is one without a policy");
    tap_int(np_region_move(region, &absent), 0, "soft: a move to absent nodes");
    tap_ok(np_region_enforcement(region, NULL) == NP_NONE && strstr(lib_why(region), "900") != NULL,
           "leaves no policy, and says why: %s", lib_why(region));
    np_region_destroy(region);

    create(&region, 2 * MIB, lib_policy(NP_BIND, node), NP_HARD);
    tap_int(np_region_move(region, &absent), -ENODEV, "hard: it is refused");
    tap_int(np_region_enforcement(region, NULL), NP_STRICT, "and the old policy holds");
    const np_policy spread = lib_policy(NP_INTERLEAVE, node), bind = lib_policy(NP_BIND, node);
    tap_int(np_region_move(region, &spread), 0, "hard: to interleave");
    tap_int(np_region_enforcement(region, NULL), NP_BEST_EFFORT, "is best-effort");
    (void)madvise(np_region_data(region), MIB, MADV_DONTNEED);
    tap_int(np_region_move(region, &bind), 0, "hard: and back to bind");
    tap_int(np_region_enforcement(region, NULL), NP_STRICT, "is strict again");
    tap_int(np_region_verify(region, NULL, 0), (long)(2 * MIB / (size_t)sysconf(_SC_PAGESIZE)),
            "with what was absent committed");
    np_region_destroy(region);
}

static void test_scope(void)
{
    unsigned lines_before, lines;
    const unsigned long before = lib_mapped(&lines_before);
    {
        NP_AUTO_REGION np_region *region = NULL;
        create(&region, 64 * MIB, lib_policy(NP_LOCAL, ""), NP_SOFT);
        tap_ok(LIB_SANITIZED || lib_mapped(&lines) >= before + (64 << 10), "a region is there");
    }
    tap_ok(lib_mapped(&lines) == before && lines == lines_before, "and gone at the end of its scope");
    for (int round = 0; round < 300; round++) {
        np_region *region = NULL;
        const np_policy policy = lib_policy((enum np_mode)(round % 8), round % 3 ? lib_first_node() : "900");
        if (np_region_create(&region, 1 + (size_t)round * 4096, &policy, (enum np_huge)(round % 5),
                             (enum np_prefault)(round % 3), (enum np_hardness)(round % 2)) == 0) {
            const np_policy other = lib_policy((enum np_mode)((round + 3) % 8), lib_first_node());
            (void)np_region_move(region, &other);
            (void)np_region_verify(region, NULL, 0);
            np_region_destroy(region);
        }
    }
    tap_ok(lib_mapped(&lines) == before && lines <= lines_before + 1,
           "300 regions of all kinds leave no mapping behind");
}

static void test_fork(void)
{
    np_region *region;
    const np_policy policy = lib_policy(NP_BIND, lib_first_node());
    int status = -1;
    create(&region, MIB, policy, NP_HARD);
    memset(np_region_data(region), 1, MIB);
    fflush(stdout); /* a sanitizer writes out what is left of it in the child as well */
    const pid_t pid = fork();
    if (pid == 0) {
        memset(np_region_data(region), 2, MIB);
        _exit(np_region_enforcement(region, NULL) == NP_BEST_EFFORT ? 0 : 1);
    }
    (void)waitpid(pid, &status, 0);
    tap_int(status, 0, "a forked child has the region, no longer strict");
    tap_ok(np_region_enforcement(region, NULL) == NP_BEST_EFFORT && np_region_as(region, char)[0] == 1,
           "nor is the parent's, which has its own contents");
    tap_int(np_region_move(region, &policy), 0, "moving it to its own policy");
    tap_int(np_region_enforcement(region, NULL), NP_STRICT, "makes it strict again");
    np_region_destroy(region);
}

static void *create_many(void *argument)
{
    for (int round = 0; round < 200; round++) {
        np_region *region;
        if (create(&region, 64 << 10, lib_policy((enum np_mode)(round % 8), lib_first_node()), NP_SOFT) != 0)
            return argument;
        (void)np_region_verify(region, NULL, 0);
        np_region_destroy(region);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    char failed;
    bool good = true;
    for (int i = 0; i < 4; i++)
        (void)pthread_create(&threads[i], NULL, create_many, &failed);
    for (int i = 0; i < 4; i++) {
        void *result;
        (void)pthread_join(threads[i], &result);
        good = good && result == NULL;
    }
    tap_ok(good, "four threads make regions at the same time");
}

int main(void)
{
    test_arguments();
    test_nothing();
    test_modes();
    test_dangling();
    test_narrowed();
    test_typed();
    test_sizes();
    test_pools();
    test_move();
    test_scope();
    test_fork();
    test_threads();
    return tap_done();
}
