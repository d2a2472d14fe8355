/* SPDX-License-Identifier: MIT */
/* A thread gets its name long after it was created, from itself or from another thread: rules with `name`
 * apply then. */
#include "next.h"
#include "threading.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/prctl.h>

static void note_name(struct np_thread *thread, const char *name)
{
    const int saved = errno;
    if (thread != NULL)
        np_thread_named(thread, name);
    errno = saved;
}

NP_PUBLIC int pthread_setname_np(pthread_t handle, const char *name)
{
    int result = np_next.pthread_setname_np(handle, name);
    if (result == 0 && np_threads_by_name)
        note_name(pthread_equal(handle, pthread_self()) ? np_thread_current()
                                                        : np_thread_find((uint64_t)handle, 0),
                  name);
    return result;
}

/* As libc's: whatever was passed is passed on. */
NP_PUBLIC int prctl(int option, ...)
{
    unsigned long arguments[4];
    va_list list;
    va_start(list, option);
    for (unsigned i = 0; i < 4; i++)
        arguments[i] = va_arg(list, unsigned long);
    va_end(list);
    int result = np_next.prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
    if (result == 0 && option == PR_SET_NAME && np_threads_by_name)
        note_name(np_thread_current(), (const char *)arguments[0]); /* NOLINT(performance-no-int-to-ptr) */
    return result;
}
