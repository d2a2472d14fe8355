/* SPDX-License-Identifier: MIT */
#include "faults.h"

#include "kernel.h"

#include <pthread.h>
#include <stdatomic.h>

static _Atomic int chosen, result, hit, forever;
static _Atomic unsigned left;
static _Atomic unsigned long long populated;
static _Atomic int ragged;

void fault_on(enum fault_call call, int error, unsigned after, int always)
{
    result = error;
    left = after;
    hit = 0;
    forever = always;
    chosen = (int)call;
}

int fault_off(void)
{
    chosen = CALL_NONE;
    return hit;
}

unsigned long long fault_populated(int *ret_whole_pages)
{
    *ret_whole_pages = !ragged;
    ragged = 0;
    return atomic_exchange(&populated, 0);
}

static int fails(enum fault_call call)
{
    if (chosen != (int)call && chosen != CALL_ANY)
        return 0;
    if (left > 0) {
        left--;
        return 0;
    }
    if (hit && !forever)
        return 0;
    hit = 1;
    return 1;
}

/* A wrapper: the declarations of both names, and one that fails or hands over. */
#define WRAP(call, name, parameters, arguments)                                                              \
    int __real_##name parameters;                                                                            \
    int __wrap_##name parameters;                                                                            \
    int __wrap_##name parameters                                                                             \
    {                                                                                                        \
        return fails(call) ? result : __real_##name arguments;                                               \
    }

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
WRAP(CALL_MAP, np_kernel_map, (void *hint, size_t length, int protection, int flags, void **ret_address),
     (hint, length, protection, flags, ret_address))
WRAP(CALL_PROTECT, np_kernel_protect, (void *address, size_t length, int protection),
     (address, length, protection))
WRAP(CALL_MBIND, np_kernel_mbind, (void *address, size_t length, const struct np_mpol *policy),
     (address, length, policy))
WRAP(CALL_MBIND, np_kernel_mbind_empty, (void *address, size_t length, const struct np_mpol *policy),
     (address, length, policy))
WRAP(CALL_PAGE_NODES, np_kernel_page_nodes, (pid_t pid, size_t count, void *const *pages, int *ret_status),
     (pid, count, pages, ret_status))
WRAP(CALL_MOVE_PAGES, np_kernel_move_pages,
     (size_t count, void *const *pages, const int *nodes, int *ret_status), (count, pages, nodes, ret_status))
WRAP(CALL_MEMS_ALLOWED, np_kernel_mems_allowed, (np_nodeset * ret_nodes), (ret_nodes))

int __real_np_kernel_populate(void *address, size_t length);
int __wrap_np_kernel_populate(void *address, size_t length);
int __wrap_np_kernel_populate(void *address, size_t length)
{
    const size_t page = np_kernel_page_size();
    if ((uintptr_t)address % page != 0 || length % page != 0)
        ragged = 1;
    populated += length;
    return fails(CALL_POPULATE) ? result : __real_np_kernel_populate(address, length);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument)
{
    return fails(CALL_THREAD) ? -result : __real_pthread_create(thread, attributes, start, argument);
}
/* NOLINTEND(bugprone-reserved-identifier) */
