/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* uapi/linux/mempolicy.h cannot be included beside numaif.h: both define the modes. */
#ifndef MPOL_F_STATIC_NODES
#define MPOL_F_STATIC_NODES (1 << 15)
#endif
#define MODE_FLAGS                                                                                           \
    (7 << 13) /* STATIC_NODES, RELATIVE_NODES and NUMA_BALANCING, which get_mempolicy adds to the mode */

#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define WORD_COUNT(set) (sizeof(set).bits / sizeof(set).bits[0])
/* The kernel reads one bit less than maxnode says (pitfall of mbind(2); libnuma had it wrong until 2025). */
#define MAXNODE(words) ((unsigned long)(words)*64 + 1)

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "kernel masks are arrays of unsigned long");

static unsigned long word_of(const void *pointer)
{
    return (unsigned long)(uintptr_t)pointer;
}

/* One system call with its error as a negative result; errno belongs to the program. */
static long call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                 unsigned long e, unsigned long f)
{
    const int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1)
        result = -errno;
    errno = saved;
    return result;
}

static int status(long result)
{
    return result < 0 ? (int)result : 0;
}

/* ---- Memory policy ---- */

/* A policy in the form of the system calls. */
struct mask {
    unsigned long mode, maxnode;
    const uint64_t *bits;
};

/* The only place that makes kernel masks. DEFAULT and LOCAL refuse a mask, and flags with it. As few words
 * as hold the highest node are passed: kernels built for fewer nodes than 1024 refuse set bits beyond
 * theirs, not short masks. */
static int make_mask(const struct np_mpol *policy, struct mask *ret_mask)
{
    unsigned words = WORD_COUNT(policy->nodes);
    while (words > 0 && policy->nodes.bits[words - 1] == 0)
        words--;
    *ret_mask = (struct mask){.mode = (unsigned long)policy->mode};
    if (policy->mode == NP_MPOL_DEFAULT || policy->mode == NP_MPOL_LOCAL)
        return 0;
    if (words == 0) /* PREFERRED of nothing would quietly mean LOCAL */
        return -EINVAL;
    ret_mask->mode |= MPOL_F_STATIC_NODES;
    ret_mask->maxnode = MAXNODE(words);
    ret_mask->bits = policy->nodes.bits;
    return 0;
}

static int bind_range(void *address, size_t length, const struct np_mpol *policy, unsigned flags)
{
    struct mask mask;
    int result = make_mask(policy, &mask);
    if (result < 0)
        return result;
    return status(
        call(SYS_mbind, word_of(address), length, mask.mode, word_of(mask.bits), mask.maxnode, flags));
}

int np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy)
{
    return bind_range(address, length, policy, 0);
}

int np_kernel_mbind_empty(void *address, size_t length, const struct np_mpol *policy)
{
    return bind_range(address, length, policy, MPOL_MF_STRICT);
}

int np_kernel_mbind_move(void *address, size_t length, const struct np_mpol *policy)
{
    return bind_range(address, length, policy, MPOL_MF_MOVE);
}

int np_kernel_set_task_policy(const struct np_mpol *policy)
{
    struct mask mask;
    int result = make_mask(policy, &mask);
    if (result < 0)
        return result;
    return status(call(SYS_set_mempolicy, mask.mode, word_of(mask.bits), mask.maxnode, 0, 0, 0));
}

/* get_mempolicy wants room for every node that the kernel may have, so the mask is always the full one. */
static int get_policy(const void *address, unsigned long flags, struct np_mpol *ret_policy)
{
    struct np_mpol policy = {0};
    int mode = 0;
    long result = call(SYS_get_mempolicy, word_of(&mode), word_of(policy.nodes.bits),
                       MAXNODE(WORD_COUNT(policy.nodes)), word_of(address), flags, 0);
    if (result < 0)
        return (int)result;
    policy.mode = (enum np_mpol_mode)(mode & ~MODE_FLAGS);
    *ret_policy = policy;
    return 0;
}

int np_kernel_policy_at(const void *address, struct np_mpol *ret_policy)
{
    return get_policy(address, MPOL_F_ADDR, ret_policy);
}

int np_kernel_task_policy(struct np_mpol *ret_policy)
{
    return get_policy(NULL, 0, ret_policy);
}

int np_kernel_mems_allowed(np_nodeset *ret_nodes)
{
    struct np_mpol policy;
    int result = get_policy(NULL, MPOL_F_MEMS_ALLOWED, &policy);
    if (result == 0)
        *ret_nodes = policy.nodes;
    return result;
}

int np_kernel_page_nodes(pid_t pid, size_t count, void *const *pages, int *ret_status)
{
    return status(call(SYS_move_pages, (unsigned long)pid, count, word_of(pages), 0, word_of(ret_status), 0));
}

int np_kernel_move_pages(size_t count, void *const *pages, const int *nodes, int *ret_status)
{
    return status(
        call(SYS_move_pages, 0, count, word_of(pages), word_of(nodes), word_of(ret_status), MPOL_MF_MOVE));
}

/* ---- Mappings ---- */

int np_kernel_map(void *hint, size_t length, int protection, int flags, void **ret_address)
{
    long result = call(SYS_mmap, word_of(hint), length, (unsigned long)protection,
                       (unsigned long)(flags | MAP_PRIVATE | MAP_ANONYMOUS), (unsigned long)-1, 0);
    if (result < 0 && result > -4096)
        return (int)result;
    *ret_address = (void *)(uintptr_t)result;
    return 0;
}

int np_kernel_unmap(void *address, size_t length)
{
#ifdef __SANITIZE_THREAD__
    /* Through its own munmap(2), or it would take the next thread that maps this address for a rival. */
    const int saved = errno;
    const int error = munmap(address, length) ? -errno : 0;
    errno = saved;
    return error;
#else
    return status(call(SYS_munmap, word_of(address), length, 0, 0, 0, 0));
#endif
}

int np_kernel_remap(void *from, size_t length, void *to, int flags)
{
    return status(call(SYS_mremap, word_of(from), length, length,
                       (unsigned long)(flags | MREMAP_MAYMOVE | MREMAP_FIXED), word_of(to), 0));
}

int np_kernel_protect(void *address, size_t length, int protection)
{
    return status(call(SYS_mprotect, word_of(address), length, (unsigned long)protection, 0, 0, 0));
}

int np_kernel_advise(void *address, size_t length, int advice)
{
    return status(call(SYS_madvise, word_of(address), length, (unsigned long)advice, 0, 0, 0));
}

int np_kernel_populate(void *address, size_t length)
{
    int result = np_kernel_advise(address, length, MADV_POPULATE_WRITE);
    if (result != -EINVAL || np_kernel_support()->populate_write)
        return result;
    /* Before Linux 5.14: write back what is there, which is a write fault and no change. */
    for (size_t offset = 0; offset < length; offset += np_kernel_page_size()) {
        volatile char *byte = (volatile char *)address + offset;
        *byte = *byte;
    }
    return 0;
}

int np_kernel_name_range(void *address, size_t length, const char *name)
{
    return status(
        call(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, word_of(address), length, word_of(name), 0));
}

/* ---- CPUs and time ---- */

/* libc's getcpu and clock_gettime go through the vDSO, which costs a twentieth of the system call. */
int np_kernel_cpu_node(unsigned *ret_cpu)
{
    const int saved = errno;
    unsigned cpu, node;
    int result = getcpu(&cpu, &node) == 0 ? (int)node : -errno;
    errno = saved;
    if (result >= 0 && ret_cpu)
        *ret_cpu = cpu;
    return result;
}

/* Weak: older C libraries have no such symbols. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));

const volatile int32_t *np_kernel_rseq_cpu(void)
{
    if (!&__rseq_offset)
        return NULL;
    const volatile struct rseq_area {
        int32_t cpu_id_start, cpu_id;
    } *area = (const volatile void *)((const char *)__builtin_thread_pointer() + __rseq_offset);
    /* Not registered: -1 or -2, while cpu_id_start is 0, which would put every thread on CPU 0. */
    return area->cpu_id >= 0 ? &area->cpu_id : NULL;
}

uint64_t np_kernel_milliseconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail for a clock that exists since 2.6.32 */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

pid_t np_kernel_thread_id(void)
{
    return (pid_t)call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

bool np_kernel_thread_is_gone(pid_t process, pid_t tid)
{
    return call(SYS_tgkill, process, tid, 0, 0, 0, 0) == -ESRCH;
}

int np_kernel_thread_name(char *ret_name)
{
    return status(call(SYS_prctl, PR_GET_NAME, word_of(ret_name), 0, 0, 0, 0));
}

ssize_t np_kernel_affinity_bytes(pid_t tid, np_cpuset *ret_cpus)
{
    return call(SYS_sched_getaffinity, (unsigned long)tid, sizeof ret_cpus->bits, word_of(ret_cpus->bits), 0,
                0, 0);
}

int np_kernel_affinity(pid_t tid, np_cpuset *ret_cpus)
{
    const ssize_t bytes = np_kernel_affinity_bytes(tid, ret_cpus);
    if (bytes < 0)
        return (int)bytes;
    memset((char *)ret_cpus->bits + bytes, 0, sizeof ret_cpus->bits - (size_t)bytes);
    return 0;
}

int np_kernel_set_affinity(pid_t tid, const np_cpuset *cpus)
{
    return status(
        call(SYS_sched_setaffinity, (unsigned long)tid, sizeof cpus->bits, word_of(cpus->bits), 0, 0, 0));
}

/* ---- Files ---- */

int np_kernel_open(const char *path, int flags, unsigned mode)
{
    long result;
    do
        result = call(SYS_openat, (unsigned long)AT_FDCWD, word_of(path), (unsigned long)(flags | O_CLOEXEC),
                      mode, 0, 0);
    while (result == -EINTR);
    return (int)result;
}

ssize_t np_kernel_read(int descriptor, void *buffer, size_t size)
{
    long result;
    do
        result = call(SYS_read, (unsigned long)descriptor, word_of(buffer), size, 0, 0, 0);
    while (result == -EINTR);
    return result;
}

ssize_t np_kernel_write(int descriptor, const void *buffer, size_t size)
{
    long result;
    do
        result = call(SYS_write, (unsigned long)descriptor, word_of(buffer), size, 0, 0, 0);
    while (result == -EINTR);
    return result;
}

void np_kernel_close(int descriptor)
{
    (void)call(SYS_close, (unsigned long)descriptor, 0, 0, 0, 0, 0); /* Linux closes whatever it answers */
}

ssize_t np_kernel_read_file(const char *path, char *buffer, size_t size)
{
    int descriptor = np_kernel_open(path, O_RDONLY, 0);
    if (descriptor < 0)
        return descriptor;
    size_t used = 0;
    ssize_t got = 0;
    do
        got = np_kernel_read(descriptor, buffer + used, size - used);
    while (got > 0 && (used += (size_t)got) < size);
    np_kernel_close(descriptor);
    if (got < 0)
        return got;
    if (used == size)
        return -E2BIG;
    buffer[used] = '\0';
    return (ssize_t)used;
}

/* ---- Sizes ---- */

size_t np_kernel_page_size(void)
{
    static _Atomic size_t cached;
    size_t size = atomic_load_explicit(&cached, memory_order_relaxed);
    if (size == 0) {
        size = getauxval(AT_PAGESZ);
        atomic_store_explicit(&cached, size, memory_order_relaxed);
    }
    return size;
}

bool np_kernel_has_huge_pages(size_t page_bytes)
{
    char path[96];
    uint64_t pages;
    np_format(path, sizeof path, "/sys/kernel/mm/hugepages/hugepages-%zukB/nr_hugepages", page_bytes / 1024);
    return np_kernel_read_figure(path, &pages) == 0;
}
