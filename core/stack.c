/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include "kernel.h"

#include <stdatomic.h>

#define BATCH 32 /* pages asked about at a time: the smallest stacks have 16 KiB */

static _Atomic bool any_placed;

/* Moves what lies elsewhere. Asked first: a move drains the page lists of every CPU, a question does not. */
static int move_batch(void **pages, unsigned count, int node, bool *ret_empty)
{
    int status[BATCH], nodes[BATCH];
    unsigned strays = 0;
    int result = np_kernel_page_nodes(0, count, pages, status);
    *ret_empty = true;
    if (result < 0)
        return result;
    for (unsigned i = 0; i < count; i++) {
        if (status[i] >= 0)
            *ret_empty = false;
        if (status[i] < 0 || status[i] == node)
            continue;
        nodes[strays] = node;
        pages[strays++] = pages[i];
    }
    return strays > 0 ? np_kernel_move_pages(strays, pages, nodes, status) : 0;
}

/* A stack is used from its upper end; libc drops the lower pages of the stacks that it keeps. So the search
 * ends where a whole batch is empty. */
static int move_pages(uintptr_t low, uintptr_t high, int node)
{
    const size_t page = np_kernel_page_size();
    bool empty = false;
    int result = 0;
    while (high > low && !empty && result == 0) {
        void *pages[BATCH];
        unsigned count = 0;
        while (count < BATCH && high > low) {
            high -= page;
            pages[count++] = (void *)high; /* NOLINT(performance-no-int-to-ptr) */
        }
        result = move_batch(pages, count, node, &empty);
    }
    return result;
}

int np_stack_place(uintptr_t low, uintptr_t high, int node)
{
    struct np_mpol policy = {.mode = NP_MPOL_PREFERRED};
    (void)np_nodeset_add(&policy.nodes, node); /* a node of the machine: in range */
    atomic_store_explicit(&any_placed, true, memory_order_relaxed);
    int result = np_kernel_mbind((void *)low, high - low, &policy);
    return result < 0 ? result : move_pages(low, high, node);
}

void np_stack_release(uintptr_t low, uintptr_t high)
{
    const struct np_mpol none = {.mode = NP_MPOL_DEFAULT};
    if (high > low && atomic_load_explicit(&any_placed, memory_order_relaxed))
        (void)np_kernel_mbind((void *)low, high - low, &none); /* at worst, pages go where they went before */
}
