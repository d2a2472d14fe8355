/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* A scratch mapping: the first page keeps the answers, the other two are tried on. It stays mapped, and
 * every policy is tried on the whole of it: splitting and unmapping would cost more than the two pages of
 * addresses. */
enum { ANSWERS, PAGE, OTHER_PAGE, SCRATCH_PAGES };

static void probe_policies(void *scratch, size_t length, struct np_kernel_support *support)
{
    struct np_mpol policy = {0};
    if (np_kernel_mems_allowed(&policy.nodes) < 0)
        (void)np_nodeset_add(&policy.nodes, 0);
    policy.mode = NP_MPOL_PREFERRED_MANY;
    support->preferred_many = np_kernel_mbind(scratch, length, &policy) == 0;
    policy.mode = NP_MPOL_WEIGHTED_INTERLEAVE;
    support->weighted_interleave = np_kernel_mbind(scratch, length, &policy) == 0;
    policy.mode = NP_MPOL_DEFAULT;
    support->mbind_error = np_kernel_mbind(scratch, length, &policy);
    if (support->mbind_error == -ENOMEM) /* a passing shortage is no verdict */
        support->mbind_error = 0;
}

static void probe_memory(char *page, char *other_page, size_t size, struct np_kernel_support *support)
{
    void *const pages[] = {page};
    int node;
    support->populate_write = np_kernel_advise(page, size, MADV_POPULATE_WRITE) == 0;
    *page = 1;
    support->move_pages_error = np_kernel_page_nodes(0, 1, pages, &node);
    support->remap_keeps_source = np_kernel_remap(page, size, other_page, MREMAP_DONTUNMAP) == 0;
    if (support->remap_keeps_source)
        page = other_page;
    support->dontneed_clears =
        np_kernel_advise(page, size, MADV_DONTNEED) == 0 && *(volatile char *)page == 0;
}

const struct np_kernel_support *np_kernel_support(void)
{
    static const struct np_kernel_support nothing;
    static _Atomic(struct np_kernel_support *) known;
    struct np_kernel_support *support = atomic_load_explicit(&known, memory_order_acquire);
    if (support != NULL)
        return support;

    const size_t size = np_kernel_page_size();
    void *scratch;
    if (np_kernel_map(NULL, SCRATCH_PAGES * size, PROT_READ | PROT_WRITE, 0, &scratch) < 0)
        return &nothing; /* asked again next time */
    struct np_kernel_support *fresh = scratch;
    probe_policies(scratch, SCRATCH_PAGES * size, fresh);
    probe_memory((char *)scratch + PAGE * size, (char *)scratch + OTHER_PAGE * size, size, fresh);

    /* Whoever comes second lets go of his own answers, so that nobody waits and nothing is written twice. */
    if (atomic_compare_exchange_strong_explicit(&known, &support, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    (void)np_kernel_unmap(scratch, SCRATCH_PAGES * size);
    return support;
}

int np_kernel_mbind_error(void)
{
    /* Neither kernels nor sandboxes change their mind, and regions ask each time. */
    static _Atomic int known = 1;
    int result = atomic_load_explicit(&known, memory_order_relaxed);
    if (result <= 0)
        return result;
    /* The kernel looks at mode and flags first and then has nothing to do for no pages. */
    const struct np_mpol policy = {.mode = NP_MPOL_DEFAULT};
    result = np_kernel_mbind(NULL, 0, &policy);
    if (result != 0 && result != -EPERM && result != -ENOSYS)
        result = np_kernel_support()->mbind_error;
    atomic_store_explicit(&known, result, memory_order_relaxed);
    return result;
}
