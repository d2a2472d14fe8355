/* SPDX-License-Identifier: MIT */
/* Which rule a call belongs to, and what the calls do then. One node is enough: the kernel tells the mode of each
 * mapping's policy. */
#include "mapped.h"

#include "tap.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>

#define M ((size_t)1 << 20)

enum { EXACT, SHARED, STACK, REFUSED, SKIPPED, FILES, HARD, LARGE, FALLBACK, RULES };

static struct np_placement placements[RULES] = {
    [EXACT] = {.section = "mmap.exact", .min_size = 5 * M, .max_size = 5 * M + 1, .mode = NP_PREFERRED},
    [SHARED] = {.section = "mmap.shared",
                .min_size = M,
                .max_size = SIZE_MAX,
                .mode = NP_INTERLEAVE,
                .kind = NP_MAPPING_SHARED},
    [STACK] = {.section = "mmap.stack", .max_size = SIZE_MAX, .mode = NP_LOCAL, .kind = NP_MAPPING_STACK},
    [REFUSED] = {.section = "mmap.refused",
                 .min_size = 7 * M,
                 .max_size = 8 * M,
                 .mode = NP_BIND,
                 .hardness = NP_HARD,
                 .refused = true},
    [SKIPPED] = {.section = "mmap.skipped", .min_size = 8 * M, .max_size = 9 * M, .mode = NP_SYSTEM},
    [FILES] = {.section = "mmap.files",
               .min_size = 64,
               .max_size = SIZE_MAX,
               .mode = NP_PREFERRED,
               .kind = NP_MAPPING_FILE},
    [HARD] = {.section = "mmap.hard",
              .min_size = 3 * M,
              .max_size = 4 * M,
              .mode = NP_BIND,
              .hardness = NP_HARD,
              .kind = NP_MAPPING_PRIVATE},
    [LARGE] = {.section = "mmap.large",
               .min_size = 16 * M,
               .max_size = SIZE_MAX,
               .mode = NP_INTERLEAVE,
               .kind = NP_MAPPING_PRIVATE,
               .prefault = NP_PREFAULT_TOUCH},
    [FALLBACK] = {.section = "mmap.any", .min_size = 2 * M, .max_size = 3 * M, .mode = NP_BIND},
};

static struct np_stats *stats;

/* ---- Matching ---- */

#define ANON_PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define ANON_SHARED  (MAP_SHARED | MAP_ANONYMOUS)

static const char *rule_name(const struct np_mapping_call *call)
{
    enum np_mapping_kind kind;
    const struct np_mapping_rule *rule = np_mapping_match(call, &kind);
    return rule == NULL ? "" : rule->placement->section;
}

static void test_matching(void)
{
    static const struct {
        size_t length;
        int protection, flags;
        const char *rule, *name;
    } cases[] = {
        {5 * M, PROT_READ, ANON_PRIVATE, "mmap.exact", "the first that fits wins"},
        {5 * M, PROT_READ, ANON_SHARED, "mmap.exact", "of any kind"},
        {5 * M, PROT_READ, ANON_PRIVATE | MAP_STACK, "mmap.exact", "stacks too"},
        {5 * M + 1, PROT_READ, ANON_PRIVATE, "", "the upper end is excluded"},
        {M, PROT_READ, ANON_SHARED, "mmap.shared", "the lower end is included"},
        {M - 1, PROT_READ, ANON_SHARED, "", "below it there is no rule"},
        {M, PROT_READ, ANON_PRIVATE, "", "shared is not private"},
        {M, PROT_NONE, ANON_SHARED, "mmap.shared", "reservations count"},
        {M, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, "mmap.shared", "so does MAP_SHARED_VALIDATE"},
        {4096, PROT_READ, ANON_PRIVATE | MAP_STACK, "mmap.stack", "MAP_STACK"},
        {4096, PROT_READ, ANON_PRIVATE | MAP_GROWSDOWN, "mmap.stack", "MAP_GROWSDOWN"},
        {4096, PROT_READ, ANON_PRIVATE, "", "nothing for a page"},
        {0, PROT_READ, ANON_PRIVATE | MAP_STACK, "", "no length is no mapping"},
        {8 * M, PROT_READ, ANON_PRIVATE, "", "system is an exemption"},
        {5 * M, PROT_READ | PROT_EXEC, ANON_PRIVATE, "", "code is left alone"},
        {5 * M, PROT_READ, ANON_PRIVATE | MAP_HUGETLB, "", "huge pages of the program's own too"},
        {5 * M, PROT_READ, ANON_PRIVATE | MAP_32BIT, "", "and what must lie low"},
        {5 * M, PROT_READ, MAP_ANONYMOUS, "", "neither private nor shared"},
        {7 * M, PROT_READ, ANON_PRIVATE, "mmap.refused", "a refused rule still takes its mappings"},
        {1 << 30, PROT_NONE, ANON_PRIVATE | MAP_NORESERVE, "mmap.large", "MAP_NORESERVE changes nothing"},
        {2 * M, PROT_READ, ANON_PRIVATE, "mmap.any", "the last one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct np_mapping_call call = {cases[i].length, cases[i].protection, cases[i].flags, -1};
        tap_string(rule_name(&call), cases[i].rule, cases[i].name);
    }
}

static void test_files(void)
{
    char path[] = "/tmp/numaperf-mapping-XXXXXX";
    const int memory = memfd_create("mapping", 0), zero = open("/dev/zero", O_RDWR);
    const int null = open("/dev/null", O_RDWR), file = open("/proc/self/exe", O_RDONLY);
    int pipes[2], temporary = mkstemp(path);
    if (memory < 0 || zero < 0 || null < 0 || file < 0 || temporary < 0 || pipe(pipes) < 0)
        exit(99);
    (void)unlink(path);
    const struct {
        int fd, flags;
        size_t length;
        const char *rule, *name;
    } cases[] = {
        {memory, MAP_SHARED, M, "mmap.shared", "a memfd that is shared"},
        {memory, MAP_PRIVATE, M, "mmap.files", "a private copy of one is a file"},
        {zero, MAP_PRIVATE, 2 * M, "mmap.any", "/dev/zero is anonymous memory"},
        {zero, MAP_SHARED, M, "mmap.shared", "shared, too"},
        {null, MAP_PRIVATE, M, "", "another device is left alone"},
        {file, MAP_PRIVATE, M, "mmap.files", "a regular file"},
        {file, MAP_SHARED, 64, "mmap.files", "of any size that the rule has"},
        {pipes[0], MAP_PRIVATE, M, "", "a pipe is no file"},
        {-1, MAP_PRIVATE, M, "", "nor is nothing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct np_mapping_call call = {cases[i].length, PROT_READ, cases[i].flags, cases[i].fd};
        tap_string(rule_name(&call), cases[i].rule, cases[i].name);
    }
    for (unsigned i = 0; i < 2; i++)
        close(pipes[i]);
    close(memory), close(zero), close(null), close(file), close(temporary);
}

static void test_gate(void)
{
    tap_ok(np_mapping_concerns(2 * M, ANON_PRIVATE) && !np_mapping_concerns(2 * M - 1, ANON_PRIVATE),
           "the gate stands where the smallest rule begins");
    tap_ok(np_mapping_concerns(1, ANON_PRIVATE | MAP_STACK), "stacks have theirs");
    tap_ok(np_mapping_concerns(64, MAP_PRIVATE) && !np_mapping_concerns(63, MAP_PRIVATE),
           "files have a gate of their own");
    tap_ok(np_mapping_concerns(M, ANON_SHARED) && !np_mapping_concerns(M - 1, ANON_SHARED),
           "so has shared memory");
}

/* ---- Calls ---- */

static void *map(void *address, size_t length, int protection, int flags)
{
    return np_mapped_map(mmap, address, length, protection, flags, -1, 0);
}

static void tap_policy(const void *address, enum np_mpol_mode mode, const char *name)
{
    struct np_mpol policy = {0};
    (void)np_kernel_policy_at(address, &policy);
    tap_int((int)policy.mode, (int)mode, name);
}

static uint64_t live_bytes(unsigned rule)
{
    return np_stats_fold(stats, rule).live_bytes;
}

static void test_map(void)
{
    errno = 4711;
    char *shared = map(NULL, 4 * M, PROT_READ | PROT_WRITE, ANON_SHARED);
    tap_policy(shared, NP_MPOL_INTERLEAVE, "a shared mapping gets its rule's policy");
    tap_policy(shared + 4 * M - 1, NP_MPOL_INTERLEAVE, "to its end");
    tap_int((long long)live_bytes(SHARED), 4 * M, "and is known");
    tap_int(np_mapped_unmap(munmap, shared + M, M), 0, "a part goes");
    tap_int((long long)live_bytes(SHARED), 3 * M, "the rest is known");
    tap_int(np_mapped_unmap(munmap, shared, 4 * M), 0, "all goes");
    tap_int((long long)np_stats_fold(stats, SHARED).frees, 1, "one mapping, one end");

    char *small = map(NULL, 4096, PROT_READ, ANON_PRIVATE);
    tap_policy(small, NP_MPOL_DEFAULT, "what has no rule has no policy");
    tap_int(np_mapped_unmap(munmap, small, 4096), 0, "and goes");
    tap_int(errno, 4711, "errno is nobody's business when all is well");
}

static void *no_memory(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    (void)address, (void)length, (void)protection, (void)flags, (void)fd, (void)offset;
    errno = EAGAIN;
    return MAP_FAILED;
}

static int no_split(void *address, size_t length)
{
    (void)address, (void)length;
    errno = ENOMEM;
    return -1;
}

/* The kernel refuses to split one more mapping: nothing of what the call is about is gone. */
static void test_failing_unmap(void)
{
    const uint64_t before = live_bytes(SHARED);
    char *base = map(NULL, 12 * M, PROT_READ, ANON_SHARED);
    (void)np_mapped_unmap(munmap, base + 5 * M, M);
    tap_ok(np_mapped_unmap(no_split, base + M, 9 * M) == -1, "two pieces cannot be unmapped");
    tap_int((long long)(live_bytes(SHARED) - before), 11 * M, "both are still known");
    tap_int(np_mapped_unmap(munmap, base + M, 9 * M), 0, "now they can");
    tap_int((long long)(live_bytes(SHARED) - before), 3 * M, "what is left is known");
    tap_int(np_mapped_unmap(munmap, base, 12 * M), 0, "and goes");
}

static void test_failures(void)
{
    const uint64_t before = live_bytes(SHARED);
    tap_ok(np_mapped_map(no_memory, NULL, 4 * M, PROT_READ, ANON_SHARED, -1, 0) == MAP_FAILED &&
               errno == EAGAIN,
           "a call that fails fails, with its errno");
    tap_int((long long)live_bytes(SHARED), (long long)before, "and leaves nothing");
    tap_ok(map(NULL, SIZE_MAX, PROT_READ, ANON_PRIVATE) == MAP_FAILED && errno == ENOMEM,
           "more than there are addresses");
    tap_ok(map(NULL, 0, PROT_READ, ANON_PRIVATE) == MAP_FAILED && errno == EINVAL, "nothing at all");
    tap_ok(map(NULL, 7 * M, PROT_READ, ANON_PRIVATE) == MAP_FAILED && errno == ENOMEM,
           "a refused rule has no memory");
    int *page = map(NULL, 4 * M, PROT_READ, ANON_SHARED);
    tap_ok(np_mapped_unmap(munmap, (char *)page + 1, M) == -1 && errno == EINVAL,
           "munmap of an odd address fails");
    tap_int((long long)(live_bytes(SHARED) - before), 4 * M, "and changes nothing");
    (void)np_mapped_unmap(munmap, page, 4 * M);
}

/* As the JVM does: a reservation, then memory put into it, then taken out of it again. */
static void test_reservation(void)
{
    const uint64_t made = np_stats_fold(stats, LARGE).allocations;
    char *base = map(NULL, 64 * M, PROT_NONE, ANON_PRIVATE | MAP_NORESERVE);
    tap_policy(base + 32 * M, NP_MPOL_INTERLEAVE, "a reservation gets the policy");
    char *part = map(base + 8 * M, M, PROT_READ | PROT_WRITE, ANON_PRIVATE | MAP_FIXED);
    tap_ok(part == base + 8 * M, "memory is put into it");
    tap_policy(part, NP_MPOL_INTERLEAVE, "under the same policy, whatever its own size");
    part[0] = 1;
    (void)map(part, M, PROT_NONE, ANON_PRIVATE | MAP_FIXED | MAP_NORESERVE);
    tap_policy(part, NP_MPOL_INTERLEAVE, "which stays when it is taken out");
    tap_int(mprotect(base, M, PROT_READ | PROT_WRITE), 0, "or it is opened");
    tap_policy(base, NP_MPOL_INTERLEAVE, "and the kernel keeps the policy");
    const int memory = memfd_create("heap", 0);
    char *view = np_mapped_map(mmap, base + 4 * M, M, PROT_READ, MAP_SHARED | MAP_FIXED, memory, 0);
    tap_policy(view, NP_MPOL_INTERLEAVE, "shared memory that is put into it gets it too");
    close(memory);
    (void)map(base + 16 * M, M, PROT_READ | PROT_EXEC, ANON_PRIVATE | MAP_FIXED);
    tap_policy(base + 16 * M, NP_MPOL_DEFAULT, "code in it is left alone");
    tap_int((long long)live_bytes(LARGE), 63 * M, "and is the rule's no more");
    tap_int((long long)(np_stats_fold(stats, LARGE).allocations - made), 1, "it is one mapping");
    (void)np_mapped_unmap(munmap, base, 64 * M);
    tap_int((long long)live_bytes(LARGE), 0, "that ends as a whole");
}

static void test_fixed(void)
{
    char *base = mmap(NULL, 64 * M, PROT_NONE, ANON_PRIVATE, -1, 0);
    char *inside = map(base + M, 16 * M, PROT_READ, ANON_PRIVATE | MAP_FIXED);
    tap_ok(inside == base + M, "MAP_FIXED over a part of a mapping without a rule");
    tap_policy(inside, NP_MPOL_DEFAULT, "is left alone");
    (void)munmap(base, 64 * M);
    inside = map(base, 16 * M, PROT_READ, ANON_PRIVATE | MAP_FIXED);
    tap_ok(inside == base, "at free addresses");
    tap_policy(inside, NP_MPOL_INTERLEAVE, "it is a mapping like others");
    tap_ok(map(base, 16 * M, PROT_READ, ANON_PRIVATE | MAP_FIXED_NOREPLACE) == MAP_FAILED && errno == EEXIST,
           "MAP_FIXED_NOREPLACE fails as ever");
    tap_policy(inside, NP_MPOL_INTERLEAVE, "and does no harm");
    (void)np_mapped_unmap(munmap, base, 16 * M);
}

/* The bytes of a range that have pages. */
static size_t present(char *start, size_t length)
{
    static struct np_page_count counts;
    memset(&counts, 0, sizeof counts);
    (void)np_verify_range(start, length, &counts);
    return counts.present * np_kernel_page_size();
}

static void test_pages(void)
{
    char *block = map(NULL, 16 * M, PROT_READ | PROT_WRITE, ANON_PRIVATE);
    tap_int((long long)present(block, 16 * M), 16 * M, "prefault makes every page");
    (void)np_mapped_unmap(munmap, block, 16 * M);
    block = map(NULL, 16 * M, PROT_NONE, ANON_PRIVATE);
    tap_int((long long)present(block, 16 * M), 0, "but none for a reservation");
    (void)np_mapped_unmap(munmap, block, 16 * M);
    block = map(NULL, 2 * M, PROT_READ | PROT_WRITE, ANON_PRIVATE | MAP_POPULATE);
    tap_int((long long)present(block, 2 * M), 2 * M, "MAP_POPULATE is kept");
    block[2 * M - 1] = 1;
    (void)np_mapped_unmap(munmap, block, 2 * M);
    block = map(NULL, 2 * M, PROT_READ | PROT_WRITE, ANON_SHARED | MAP_POPULATE);
    tap_int((long long)present(block, 2 * M), 2 * M, "for shared memory too");
    (void)np_mapped_unmap(munmap, block, 2 * M);
    block = map(NULL, 2 * M, PROT_READ | PROT_WRITE, ANON_PRIVATE);
    tap_int((long long)present(block, 2 * M), 0, "nothing is touched that nobody asked for");
    (void)np_mapped_unmap(munmap, block, 2 * M);
}

static void test_hard(void)
{
    char *block = map(NULL, 3 * M, PROT_READ | PROT_WRITE, ANON_PRIVATE);
    tap_policy(block, NP_MPOL_BIND, "hard bind is bound once its pages are there");
    tap_int((long long)present(block, 3 * M), 3 * M, "all of them");
    memset(block, 7, 3 * M);
    tap_int(np_mapped_protect(mprotect, block, 3 * M, PROT_READ), 0, "it can be closed");
    tap_int(np_mapped_protect(mprotect, block, 3 * M, PROT_READ | PROT_WRITE), 0, "and opened");
    tap_int(block[M], 7, "without a loss");
    char *moved = np_mapped_remap(mremap, block, 3 * M, 8 * M, MREMAP_MAYMOVE, NULL);
    tap_ok(moved != MAP_FAILED, "it grows");
    tap_int((long long)present(moved, 8 * M), 8 * M, "and what it gains is there too");
    tap_policy(moved + 8 * M - 1, NP_MPOL_BIND, "and bound");
    np_mapped_before_fork();
    np_mapped_after_fork();
    tap_policy(moved, NP_MPOL_PREFERRED, "after a fork it is loose, as copies under bind may kill");
    (void)np_mapped_unmap(munmap, moved, 8 * M);
    block = map(NULL, 3 * M, PROT_NONE, ANON_PRIVATE);
    tap_policy(block, NP_MPOL_PREFERRED, "a reservation is not bound yet");
    tap_int(np_mapped_protect(mprotect, block, M, PROT_READ | PROT_WRITE), 0, "until it is opened");
    tap_policy(block, NP_MPOL_BIND, "then it is");
    (void)np_mapped_unmap(munmap, block, 3 * M);
    tap_int((long long)live_bytes(HARD), 0, "nothing is left");
}

static void test_remap(void)
{
    char *block = map(NULL, 5 * M, PROT_READ | PROT_WRITE, ANON_PRIVATE);
    block[0] = 5;
    char *moved = np_mapped_remap(mremap, block, 5 * M, 40 * M, MREMAP_MAYMOVE, NULL);
    tap_ok(moved != MAP_FAILED && moved[0] == 5, "a mapping grows");
    tap_policy(moved + 40 * M - 1, NP_MPOL_PREFERRED, "and what it gains has its policy");
    tap_int((long long)live_bytes(EXACT), 40 * M, "it is known as it is now");
    tap_ok(np_mapped_remap(mremap, moved, 40 * M, M, 0, NULL) == moved, "it shrinks");
    tap_int((long long)live_bytes(EXACT), M, "and is known so");
    tap_ok(np_mapped_remap(mremap, moved, M, (size_t)1 << 46, 0, NULL) == MAP_FAILED && errno == ENOMEM,
           "it cannot grow for ever");
    tap_int((long long)live_bytes(EXACT), M, "and is still known");
    (void)np_mapped_unmap(munmap, moved, M);
    tap_int((long long)live_bytes(EXACT), 0, "until its end");
}

static void test_segment(void)
{
    const int id = shmget(IPC_PRIVATE, M + 1, IPC_CREAT | 0600);
    char *block = np_mapped_attach(shmat, id, NULL, 0);
    (void)shmctl(id, IPC_RMID, NULL);
    tap_ok(block != MAP_FAILED, "a segment is attached");
    tap_policy(block, NP_MPOL_INTERLEAVE, "it is shared memory");
    tap_int((long long)live_bytes(SHARED), M + 4096, "of the size of the segment");
    tap_ok(np_mapped_detach(shmdt, block + 4096) == -1 && errno == EINVAL, "detaching what is none fails");
    tap_int(np_mapped_unmap(munmap, block + 4096, 4096), 0, "a part in its middle goes");
    tap_int(np_mapped_detach(shmdt, block), 0, "it is detached");
    tap_int((long long)live_bytes(SHARED), 0, "and nothing of it is left");
    tap_ok(np_mapped_attach(shmat, -1, NULL, 0) == MAP_FAILED && errno == EINVAL, "no segment, no memory");
}

/* A program that has set a policy for itself means its mappings. */
static void test_own_policy(void)
{
    struct np_mpol own = {.mode = NP_MPOL_BIND};
    (void)np_nodeset_add(&own.nodes, 0);
    np_mapped_start();
    (void)np_kernel_set_task_policy(&own);
    char *block = map(NULL, 5 * M, PROT_READ, ANON_PRIVATE);
    struct np_mpol none = {.mode = NP_MPOL_DEFAULT};
    (void)np_kernel_set_task_policy(&none);
    struct np_live_piece piece;
    tap_ok(!np_live_overlap((uintptr_t)block, (uintptr_t)block + M, &piece), "its mapping is its own");
    tap_int((long long)stats->rules[EXACT].passed_on, 1, "which is counted");
    (void)np_mapped_unmap(munmap, block, 5 * M);
    block = map(NULL, 5 * M, PROT_READ, ANON_PRIVATE);
    np_mapped_yield(block, M);
    tap_int((long long)live_bytes(EXACT), 4 * M, "what it binds itself is not the rule's");
    tap_ok(strstr(stats->rules[EXACT].reason, "policy of its own") != NULL, "which is said");
    (void)np_mapped_unmap(munmap, block, 5 * M);
}

int main(void)
{
    stats = np_stats_create();
    for (unsigned i = 0; i < RULES; i++)
        (void)np_nodeset_add(&placements[i].nodes, 0);
    if (stats == NULL || np_mapping_configure(placements, RULES, stats) < 0)
        return 99;
    test_matching();
    test_files();
    test_gate();
    test_map();
    test_failures();
    test_failing_unmap();
    test_reservation();
    test_fixed();
    test_pages();
    test_hard();
    test_remap();
    test_segment();
    test_own_policy();
    return tap_done();
}
