/* SPDX-License-Identifier: MIT */
/* Mappings that the program makes: offered to the rules, when there are any for their size and sort. What glibc
 * maps for itself (malloc's arenas, thread stacks, shared libraries) does not come through here: it calls its own
 * functions, not these symbols. */
#include "core/mapped.h"
#include "guard.h"
#include "next.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static inline bool concerns(const void *address, size_t length, int flags)
{
    return np_mapping_concerns(length, flags) ||
           ((flags & MAP_FIXED) && np_live_near((uintptr_t)address, length));
}

/* Out of line, so that calls without a rule need no stack frame. */
__attribute__((noinline)) static void *map(np_mapped_mmap *next, void *address, size_t length, int protection,
                                           int flags, int fd, off_t offset)
{
    if (!np_guard_enter())
        return next(address, length, protection, flags, fd, offset);
    void *result = np_mapped_map(next, address, length, protection, flags, fd, offset);
    np_guard_leave();
    return result;
}

NP_PUBLIC void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    np_mapped_mmap *next = np_next.mmap;
    if (!concerns(address, length, flags))
        return next(address, length, protection, flags, fd, offset);
    return map(next, address, length, protection, flags, fd, offset);
}

NP_PUBLIC void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
    np_mapped_mmap *next = np_next.mmap64;
    if (!concerns(address, length, flags))
        return next(address, length, protection, flags, fd, offset);
    return map(next, address, length, protection, flags, fd, offset);
}

/* Where this thread last unmapped what no rule has: with the table as it is, nothing around it is any rule's. */
static _Thread_local struct np_live_gap gap
    __attribute__((tls_model("initial-exec"))) = {.high = UINTPTR_MAX};

__attribute__((noinline)) static int unmap(void *address, size_t length)
{
    if (!np_guard_enter())
        return np_next.munmap(address, length);
    np_live_gap_at((uintptr_t)address, &gap);
    int result = np_mapped_unmap(np_next.munmap, address, length);
    np_guard_leave();
    return result;
}

NP_PUBLIC int munmap(void *address, size_t length)
{
    if (np_live_in_gap(&gap, (uintptr_t)address, length) || !np_live_near((uintptr_t)address, length))
        return np_next.munmap(address, length);
    return unmap(address, length);
}

NP_PUBLIC void *mremap(void *address, size_t old_length, size_t length, int flags, ...)
{
    void *target = NULL;
    va_list arguments;
    va_start(arguments, flags);
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        target = va_arg(arguments, void *);
    va_end(arguments);
    if ((!np_live_near((uintptr_t)address, old_length) && !np_live_near((uintptr_t)target, length)) ||
        !np_guard_enter())
        return np_next.mremap(address, old_length, length, flags, target);
    void *result = np_mapped_remap(np_next.mremap, address, old_length, length, flags, target);
    np_guard_leave();
    return result;
}

NP_PUBLIC void *shmat(int id, const void *address, int flags)
{
    const bool concerns_rules = np_mapping_gates[MAP_SHARED | 2].floor != SIZE_MAX;
    const bool replaces =
        (flags & SHM_REMAP) && np_live_near((uintptr_t)address, SIZE_MAX - (uintptr_t)address);
    if ((!concerns_rules && !replaces) || !np_guard_enter())
        return np_next.shmat(id, address, flags);
    void *result = np_mapped_attach(np_next.shmat, id, address, flags);
    np_guard_leave();
    return result;
}

NP_PUBLIC int shmdt(const void *address)
{
    if (!np_live_near((uintptr_t)address, 1) || !np_guard_enter())
        return np_next.shmdt(address);
    int result = np_mapped_detach(np_next.shmdt, address);
    np_guard_leave();
    return result;
}
