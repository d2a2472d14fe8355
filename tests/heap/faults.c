/* SPDX-License-Identifier: MIT */
/* The kernel module's calls as the engine sees them in these tests: the same, unless one shall fail. */
#include "harness.h"

#include "core/kernel.h"

#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

struct faults faults;

/* The linker's names. */
int __real_np_kernel_remap(void *from, size_t length, void *to, int flags);
int __wrap_np_kernel_remap(void *from, size_t length, void *to, int flags);
int __real_np_kernel_map(void *hint, size_t length, int protection, int flags, void **ret_address);
int __wrap_np_kernel_map(void *hint, size_t length, int protection, int flags, void **ret_address);
int __real_np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy);
int __wrap_np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy);
int __real_np_kernel_policy_at(const void *address, struct np_mpol *ret_policy);
int __wrap_np_kernel_policy_at(const void *address, struct np_mpol *ret_policy);
int __real_np_kernel_advise(void *address, size_t length, int advice);
int __wrap_np_kernel_advise(void *address, size_t length, int advice);
int __real_np_kernel_populate(void *address, size_t length);
int __wrap_np_kernel_populate(void *address, size_t length);
ssize_t __real_np_kernel_read_file(const char *path, char *buffer, size_t size);
ssize_t __wrap_np_kernel_read_file(const char *path, char *buffer, size_t size);
uint64_t __real_np_kernel_milliseconds(void);
uint64_t __wrap_np_kernel_milliseconds(void);
int __wrap_np_kernel_mems_allowed(np_nodeset *ret_nodes);
int __wrap_np_kernel_cpu_node(unsigned *ret_cpu);
const volatile int32_t *__wrap_np_kernel_rseq_cpu(void);
bool __wrap_np_policy_kernel_weights_equal(const np_nodeset *nodes, const uint8_t *weights);

static bool strikes(_Atomic int *fault)
{
    int left = atomic_load(fault);
    if (left < 0)
        return true;
    while (left > 0)
        if (atomic_compare_exchange_weak(fault, &left, left - 1))
            return left == 1;
    return false;
}

int __wrap_np_kernel_remap(void *from, size_t length, void *to, int flags)
{
    if (strikes(&faults.remap))
        return -ENOMEM;
    if (strikes(&faults.remap_hole)) {
        (void)np_kernel_unmap(to, length);
        size_t taken = atomic_load(&faults.hole_taken);
        taken = taken < length ? taken : length;
        if (taken)
            (void)mmap((char *)to + length - taken, taken, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        return -ENOMEM;
    }
    int error = __real_np_kernel_remap(from, length, to, flags);
    if (!error)
        atomic_fetch_add(&faults.remaps, 1);
    return error;
}

int __wrap_np_kernel_map(void *hint, size_t length, int protection, int flags, void **ret_address)
{
    size_t limit = atomic_load(&faults.map_limit);
    if (strikes(&faults.map) || (limit && protection == PROT_NONE && length > limit))
        return -ENOMEM;
    if (flags & MAP_HUGETLB) {
        if (!atomic_load(&faults.pool))
            return -ENOMEM;
        flags &= ((1 << MAP_HUGE_SHIFT) - 1) & ~MAP_HUGETLB;
    }
    return __real_np_kernel_map(hint, length, protection, flags, ret_address);
}

int __wrap_np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy)
{
    return strikes(&faults.bind) ? -EPERM : __real_np_kernel_mbind(address, length, policy);
}

int __wrap_np_kernel_policy_at(const void *address, struct np_mpol *ret_policy)
{
    return strikes(&faults.policy_at) ? -ENOSYS : __real_np_kernel_policy_at(address, ret_policy);
}

int __wrap_np_kernel_advise(void *address, size_t length, int advice)
{
    if (advice == MADV_DONTNEED && strikes(&faults.advise))
        return -EINVAL;
    if (advice == MADV_DONTNEED && atomic_load(&faults.keeps))
        return 0;
    return __real_np_kernel_advise(address, length, advice);
}

int __wrap_np_kernel_populate(void *address, size_t length)
{
    return strikes(&faults.populate) ? -ENOMEM : __real_np_kernel_populate(address, length);
}

ssize_t __wrap_np_kernel_read_file(const char *path, char *buffer, size_t size)
{
    size_t most = atomic_load(&faults.most_vmas);
    if (most && strcmp(path, "/proc/sys/vm/max_map_count") == 0)
        return snprintf(buffer, size, "%zu\n", most);
    return __real_np_kernel_read_file(path, buffer, size);
}

uint64_t __wrap_np_kernel_milliseconds(void)
{
    uint64_t real = atomic_load(&faults.stopped) ? 0 : __real_np_kernel_milliseconds();
    return real + atomic_load(&faults.clock);
}

/* So that weighted classes are striped, although the only node has the kernel's weight. */
bool __wrap_np_policy_kernel_weights_equal(const np_nodeset *nodes, const uint8_t *weights)
{
    (void)nodes, (void)weights;
    return false;
}

__thread int on_node;

int __wrap_np_kernel_cpu_node(unsigned *ret_cpu)
{
    if (ret_cpu)
        *ret_cpu = (unsigned)on_node;
    return on_node;
}

const volatile int32_t *__wrap_np_kernel_rseq_cpu(void)
{
    return &on_node;
}

/* The second node of these tests is not there, which nobody shall notice. */
int __wrap_np_kernel_mems_allowed(np_nodeset *ret_nodes)
{
    int only = atomic_load(&faults.only_node);
    if (!only)
        return -ENOSYS;
    np_nodeset_zero(ret_nodes);
    return np_nodeset_add(ret_nodes, only - 1);
}
