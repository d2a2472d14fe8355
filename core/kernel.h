/* SPDX-License-Identifier: MIT */
/* kernel - the one door to the kernel's calls for memory, placement and affinity.
 *
 * Every function is one raw system call (or a short loop of one), never a libc wrapper that somebody may
 * have interposed; it returns 0 (or the count it states) or -errno and leaves errno alone. Context: hook-
 * safe, all of it. */
#ifndef NP_CORE_KERNEL_H
#define NP_CORE_KERNEL_H

#include "numaperf.h"

#include <sys/types.h>

/** The kernel's memory-policy modes (set_mempolicy(2), uapi/linux/mempolicy.h). */
enum np_mpol_mode {
    NP_MPOL_DEFAULT = 0,
    NP_MPOL_PREFERRED = 1,
    NP_MPOL_BIND = 2,
    NP_MPOL_INTERLEAVE = 3,
    NP_MPOL_LOCAL = 4,
    NP_MPOL_PREFERRED_MANY = 5,      /* Linux 5.15 */
    NP_MPOL_WEIGHTED_INTERLEAVE = 6, /* Linux 6.9 */
};

/** A policy as the kernel knows it. Masks are passed with MPOL_F_STATIC_NODES, so ids keep their meaning
 * when a cpuset changes. DEFAULT and LOCAL have no nodes. */
struct np_mpol {
    enum np_mpol_mode mode;
    np_nodeset nodes;
};

/** What this kernel and this sandbox can do, found out by trying on a scratch mapping. */
struct np_kernel_support {
    int mbind_error;          /* 0, or the -errno (EPERM, ENOSYS) that mbind answers to everything */
    int move_pages_error;     /* 0, or the -errno that move_pages answers to a query */
    bool preferred_many;      /* MPOL_PREFERRED_MANY */
    bool weighted_interleave; /* MPOL_WEIGHTED_INTERLEAVE */
    bool populate_write;      /* MADV_POPULATE_WRITE, Linux 5.14 */
    bool dontneed_clears; /* memory is zero after a successful MADV_DONTNEED (not so under some emulators) */
    bool remap_keeps_source; /* MREMAP_DONTUNMAP, Linux 5.7 */
};

/** np_kernel_support() - probe once, then answer from memory. Threads may race: all find the same. */
const struct np_kernel_support *np_kernel_support(void);
/** np_kernel_mbind_error() - the first field alone, by one call without a mapping: for start-up. */
int np_kernel_mbind_error(void);
/** np_kernel_has_huge_pages() - does the kernel know explicit huge pages of this many bytes
 * (/sys/kernel/mm/hugepages)? Whether any is in the pool is another question. Context: start-up. */
bool np_kernel_has_huge_pages(size_t page_bytes);

/** np_kernel_mbind() - mbind(2) without flags over [address, address + length). */
int np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy);
/** np_kernel_mbind_empty() - the same with MPOL_MF_STRICT: -EIO when there are pages already that the policy forbids. */
int np_kernel_mbind_empty(void *address, size_t length, const struct np_mpol *policy);
/** np_kernel_mbind_move() - the same with MPOL_MF_MOVE: pages that the policy does not allow are moved. */
int np_kernel_mbind_move(void *address, size_t length, const struct np_mpol *policy);
/** np_kernel_policy_at() - the policy of the mapping at an address (get_mempolicy(2), MPOL_F_ADDR). */
int np_kernel_policy_at(const void *address, struct np_mpol *ret_policy);
/** np_kernel_set_task_policy() - set_mempolicy(2): the calling thread's default. */
int np_kernel_set_task_policy(const struct np_mpol *policy);
/** np_kernel_task_policy() - get_mempolicy(2) without flags: the calling thread's default. */
int np_kernel_task_policy(struct np_mpol *ret_policy);
/** np_kernel_mems_allowed() - the nodes that the cpuset lets this thread use (MPOL_F_MEMS_ALLOWED). */
int np_kernel_mems_allowed(np_nodeset *ret_nodes);
/** np_kernel_page_nodes() - ask move_pages(2) where @count pages of process @pid (0: this one) are: each status is
 * a node id, -ENOENT (absent) or -EFAULT (zero page, no mapping; Linux 6.1 says it of absent ones too). */
int np_kernel_page_nodes(pid_t pid, size_t count, void *const *pages, int *ret_status);
/** np_kernel_move_pages() - move each page to the node named; statuses as above. */
int np_kernel_move_pages(size_t count, void *const *pages, const int *nodes, int *ret_status);

/** np_kernel_map() - mmap(2) of private anonymous memory with additional MAP_ flags; @hint may be NULL. */
int np_kernel_map(void *hint, size_t length, int protection, int flags, void **ret_address);
int np_kernel_unmap(void *address, size_t length);
int np_kernel_remap(void *from, size_t length, void *to,
                    int flags); /* MREMAP_MAYMOVE|MREMAP_FIXED are added */
int np_kernel_protect(void *address, size_t length, int protection);
int np_kernel_advise(void *address, size_t length, int advice);
/** np_kernel_populate() - fault pages in for writing: MADV_POPULATE_WRITE, or a store to each page where
 * the kernel has none. The range must not be in use by anyone else. */
int np_kernel_populate(void *address, size_t length);
/** np_kernel_name_range() - label a mapping for /proc/PID/maps (PR_SET_VMA_ANON_NAME, Linux 5.17); at most 79 bytes. */
int np_kernel_name_range(void *address, size_t length, const char *name);

/** np_kernel_cpu_node() - the node of the CPU that runs the caller (getcpu(2)), or -errno. @ret_cpu may be NULL. */
int np_kernel_cpu_node(unsigned *ret_cpu);
/** np_kernel_rseq_cpu() - where the kernel keeps the number of the CPU that runs the calling thread, for the thread's life
 * (rseq(2), registered by glibc 2.35 and later), or NULL. */
const volatile int32_t *np_kernel_rseq_cpu(void);
/** np_kernel_thread_id(), _name() - of the calling thread: gettid(2); PR_GET_NAME, 16 bytes with its NUL. */
pid_t np_kernel_thread_id(void);
int np_kernel_thread_name(char *ret_name);
bool np_kernel_thread_is_gone(pid_t process, pid_t tid); /* tgkill(2) without a signal */
int np_kernel_affinity(pid_t tid, np_cpuset *ret_cpus);
/** np_kernel_affinity_bytes() - the same; only as many bytes are written as the kernel has, which it answers. */
ssize_t np_kernel_affinity_bytes(pid_t tid, np_cpuset *ret_cpus);
int np_kernel_set_affinity(pid_t tid, const np_cpuset *cpus);

/** np_kernel_open(), _read(), _write(), _close() - the system calls; EINTR is retried, files are opened O_CLOEXEC. */
int np_kernel_open(const char *path, int flags, unsigned mode);
ssize_t np_kernel_read(int descriptor, void *buffer, size_t size);
ssize_t np_kernel_write(int descriptor, const void *buffer, size_t size);
void np_kernel_close(int descriptor);
/** np_kernel_read_file() - read a small file whole into @buffer, NUL-terminated. Return: bytes read; -E2BIG
 * when it does not fit; another -errno of open(2) or read(2). */
ssize_t np_kernel_read_file(const char *path, char *buffer, size_t size);
/** np_kernel_read_figure() - the decimal number that a small file of /proc or /sys begins with. Return: 0; -EINVAL
 * when it begins with something else; -ERANGE beyond 64 bits; -errno of np_kernel_read_file(). */
int np_kernel_read_figure(const char *path, uint64_t *ret_figure);
/** np_kernel_milliseconds() - a coarse monotonic clock (CLOCK_MONOTONIC_COARSE: a tick, not a system call). */
uint64_t np_kernel_milliseconds(void);

/** np_kernel_page_size() - bytes of a base page. */
size_t np_kernel_page_size(void);

#endif
