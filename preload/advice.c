/* SPDX-License-Identifier: MIT */
/* What the program itself does to the mapping of a block: its wish wins while the block lives, and the
 * heap maps the pages afresh when the block is freed (measured: a later user of a node-1 zone got node 3
 * otherwise; one of a page that was protected, SIGSEGV).
 *
 * The next malloc calls these too, with its own locks held and before our constructor: no lock, no search
 * here. */
#include "core/heap.h"
#include "core/mapped.h"
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
    note(np_heap_note_mapping, address, length);
    long result = np_next.mbind(address, length, mode, nodes, maxnode, flags);
    if (result == 0 && np_live_near((uintptr_t)address, length) && np_guard_enter()) {
        np_mapped_yield(address, length);
        np_guard_leave();
    }
    return result;
}

/* What an advice does to a mapping: nothing that lasts; whether it gets huge pages; or a mark of another
 * kind. */
enum mark { MARK_NONE, MARK_HUGE_PAGES, MARK_OTHER };

static enum mark mark_of(int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_WILLNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return MARK_NONE;
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
        return MARK_HUGE_PAGES;
    default:
        return MARK_OTHER;
    }
}

NP_PUBLIC int madvise(void *address, size_t length, int advice)
{
    enum mark mark = mark_of(advice);
    if (mark != MARK_NONE)
        note(mark == MARK_HUGE_PAGES ? np_heap_note_advice : np_heap_note_mapping, address, length);
    return np_next.madvise(address, length, advice);
}

NP_PUBLIC int mprotect(void *address, size_t length, int protection)
{
    note(np_heap_note_mapping, address, length);
    if (!(protection & PROT_WRITE) || !np_live_near((uintptr_t)address, length) || !np_guard_enter())
        return np_next.mprotect(address, length, protection);
    int result = np_mapped_protect(np_next.mprotect, address, length, protection);
    np_guard_leave();
    return result;
}

NP_PUBLIC int mlock(const void *address, size_t length)
{
    note(np_heap_note_mapping, address, length);
    return np_next.mlock(address, length);
}

NP_PUBLIC int mlock2(const void *address, size_t length, unsigned flags)
{
    note(np_heap_note_mapping, address, length);
    return np_next.mlock2(address, length, flags);
}
