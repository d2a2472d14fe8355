/* SPDX-License-Identifier: MIT */
/* mbind and madvise by the program itself: its wish wins while the block lives, and the heap puts the pages right when
 * the block is freed (measured: a later user of a node-1 zone got node 3 otherwise).
 *
 * The next malloc calls these too, with its own locks held and before our constructor: no lock, no search here. */
#include "core/heap.h"
#include "guard.h"
#include "next.h"

#include <sys/mman.h>

/* numaif.h belongs to core's kernel module alone. */
long mbind(void *address, unsigned long length, int mode, const unsigned long *nodes, unsigned long maxnode,
           unsigned flags);

/* Not inside the engine: a signal handler may be calling, while this thread holds a lock. */
static void note(void (*tell)(const void *, size_t), const void *address, size_t length)
{
    if (length == 0 || !np_heap_owns(address) || !np_guard_enter())
        return;
    tell(address, length);
    np_guard_leave();
}

NP_PUBLIC long mbind(void *address, unsigned long length, int mode, const unsigned long *nodes,
                     unsigned long maxnode, unsigned flags)
{
    note(np_heap_note_policy, address, length);
    return np_next.mbind(address, length, mode, nodes, maxnode, flags);
}

/* Advice that acts on pages once and leaves no mark on the mapping. */
static bool leaves_no_mark(int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_WILLNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return true;
    default:
        return false;
    }
}

NP_PUBLIC int madvise(void *address, size_t length, int advice)
{
    if (!leaves_no_mark(advice))
        note(np_heap_note_advice, address, length);
    return np_next.madvise(address, length, advice);
}
