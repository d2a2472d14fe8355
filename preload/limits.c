/* SPDX-License-Identifier: MIT */
/* The calls that count address space: what is reserved but not open goes back first, or the program's next
 * mapping fails (a limit below the reservation) or mlockall runs into RLIMIT_MEMLOCK (measured: ENOMEM
 * with 64 MiB). */
#include "core/heap.h"
#include "core/mapped.h"
#include "guard.h"
#include "next.h"

#include <sys/mman.h>
#include <unistd.h>

static void release_reserve(void)
{
    if (!np_guard_enter())
        return;
    np_heap_release_reserve();
    np_guard_leave();
}

_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "a 64-bit system has one kind of limit");

/* Does this call give the calling process a finite limit for its address space? @limit is a struct rlimit
 * or rlimit64, or NULL, whatever the header's attributes promise: the kernel knows what to answer. */
static bool limits_us(pid_t pid, int resource, const void *limit)
{
    const struct rlimit64 *wanted = limit;
    return resource == RLIMIT_AS && wanted && wanted->rlim_cur != RLIM64_INFINITY &&
           (pid == 0 || pid == getpid());
}

NP_PUBLIC int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    if (limits_us(0, (int)resource, limit))
        release_reserve();
    return np_next.setrlimit(resource, limit);
}

NP_PUBLIC int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    if (limits_us(0, (int)resource, limit))
        release_reserve();
    return np_next.setrlimit64(resource, limit);
}

NP_PUBLIC int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit,
                      struct rlimit *ret_old)
{
    if (limits_us(pid, (int)resource, limit))
        release_reserve();
    return np_next.prlimit(pid, resource, limit, ret_old);
}

NP_PUBLIC int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit,
                        struct rlimit64 *ret_old)
{
    if (limits_us(pid, (int)resource, limit))
        release_reserve();
    return np_next.prlimit64(pid, resource, limit, ret_old);
}

NP_PUBLIC int mlockall(int flags)
{
    release_reserve();
    if (flags & MCL_FUTURE)
        np_mapped_note_locked();
    return np_next.mlockall(flags);
}
