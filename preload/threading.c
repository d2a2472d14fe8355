/* SPDX-License-Identifier: MIT */
/* pthread_create and thrd_create: a new thread begins in ours, which applies the rules and goes on to the
 * program's. */
#include "threading.h"

#include "core/kernel.h"
#include "next.h"
#include "object.h"
#include "openmp.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <threads.h>

_Thread_local struct np_thread *np_thread_self __attribute__((tls_model("initial-exec")));

static pthread_key_t end_key; /* its destructor is how a thread's end is seen, whichever way it ends */
static const struct np_thread_rule *start_rules;
static unsigned start_rule_count;
static bool places_stacks;

/* ---- Beginning and end ---- */

struct np_thread *np_thread_current(void)
{
    struct np_thread *thread = np_thread_self;
    return thread != NULL && atomic_load(&thread->tid) == np_kernel_thread_id() ? thread : NULL;
}

static void end_thread(void *thread)
{
    np_thread_self = NULL;
    np_thread_end(thread);
}

/* libc puts a thread's descriptor, which is what its handle points to, and its thread-local storage at the
 * upper end of the stack that it maps. pthread_getattr_np(3) would say the same and allocate. */
static void find_stack(struct np_thread *thread)
{
    const uintptr_t page = np_kernel_page_size(), self = (uintptr_t)pthread_self();
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t high = (self + page) & ~(page - 1);
    if (thread->stack_size == 0 || here > high || high - here > thread->stack_size)
        return;
    thread->stack_low = (high - thread->stack_size + page - 1) & ~(page - 1);
    thread->stack_high = high;
}

static void begin_thread(struct np_thread *thread)
{
    np_thread_self = thread;
    /* One of the first 32 keys, whose slots need no memory. */
    (void)pthread_setspecific(end_key, thread);
    find_stack(thread);
    np_thread_begin(thread, (uint64_t)pthread_self());
}

static void *begin_posix(void *argument)
{
    struct np_thread *thread = argument;
    void *(*start)(void *) = thread->start;
    void *passed = thread->argument;
    begin_thread(thread);
    return start(passed);
}

static int begin_c11(void *argument)
{
    struct np_thread *thread = argument;
    thrd_start_t start = (thrd_start_t)(void (*)(void))thread->start;
    void *passed = thread->argument;
    begin_thread(thread);
    return start(passed);
}

/* ---- Creation ---- */

/* libc answers a full mask for an attribute object without one, EINVAL when ours is too small for its mask. */
static bool has_affinity(const pthread_attr_t *attributes)
{
    uint64_t mask[2];
    if (attributes == NULL)
        return false;
    return pthread_attr_getaffinity_np(attributes, sizeof mask, (cpu_set_t *)(void *)mask) != 0 ||
           mask[0] != UINT64_MAX || mask[1] != UINT64_MAX;
}

/* Bytes of the stack that libc will map; 0 when the program brings its own, which is its own business. */
static size_t size_of_stack(const pthread_attr_t *attributes)
{
    pthread_attr_t defaults;
    void *address;
    size_t size = 0;
    if (attributes != NULL) {
        if (pthread_attr_getstack(attributes, &address, &size) != 0)
            return 0;
        if ((uintptr_t)address + size != 0) /* the upper end, which is 0 where none was set */
            return 0;
        return pthread_attr_getstacksize(attributes, &size) == 0 ? size : 0;
    }
    if (pthread_attr_init(&defaults) != 0)
        return 0;
    if (pthread_attr_getstacksize(&defaults, &size) != 0)
        size = 0;
    (void)pthread_attr_destroy(&defaults); /* has nothing to give back */
    return size;
}

/* Who it is that begins there, if any rule or runtime makes a difference. */
static void look_at_start(struct np_thread *thread, const void *start)
{
    struct np_object object;
    if (!np_threads_by_start && !np_openmp_binds())
        return;
    if (!np_object_at(start, &object))
        return;
    thread->places_itself = np_openmp_owns(object.file);
    thread->starts = np_thread_rules_starts(start_rules, start_rule_count, object.file,
                                            *object.symbol != '\0' ? object.symbol : NULL);
}

static struct np_thread *conceive(const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    const int saved = errno;
    struct np_thread *thread = np_thread_new();
    if (thread == NULL) {
        np_threads_missed();
        return NULL;
    }
    thread->start = start;
    thread->argument = argument;
    thread->stack_size = places_stacks ? size_of_stack(attributes) : 0;
    thread->stranger = np_thread_self != NULL && np_thread_self->stranger;
    if (has_affinity(attributes)) {
        atomic_store(&thread->own_affinity, true);
        thread->stranger = false;
    }
    if (np_threads_by_name && np_kernel_thread_name(thread->creator_name) < 0)
        *thread->creator_name = '\0';
    look_at_start(thread, (const void *)(uintptr_t)start);
    np_thread_assign(thread);
    errno = saved;
    return thread;
}

/* Out of line, so that a process without rules goes straight on. */
__attribute__((noinline)) static int create_posix(pthread_t *ret_thread, const pthread_attr_t *attributes,
                                                  void *(*start)(void *), void *argument)
{
    struct np_thread *thread = conceive(attributes, start, argument);
    if (thread == NULL)
        return np_next.pthread_create(ret_thread, attributes, start, argument);
    int result = np_next.pthread_create(ret_thread, attributes, begin_posix, thread);
    if (result != 0)
        np_thread_unborn(thread);
    return result;
}

NP_PUBLIC int pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*start)(void *),
                             void *argument)
{
    if (np_threads_active)
        return create_posix(ret_thread, attributes, start, argument);
    return np_next.pthread_create(ret_thread, attributes, start, argument);
}

NP_PUBLIC int thrd_create(thrd_t *ret_thread, thrd_start_t start, void *argument)
{
    struct np_thread *thread =
        np_threads_active ? conceive(NULL, (void *(*)(void *))(void (*)(void))start, argument) : NULL;
    if (thread == NULL)
        return np_next.thrd_create(ret_thread, start, argument);
    int result = np_next.thrd_create(ret_thread, begin_c11, thread);
    if (result != thrd_success)
        np_thread_unborn(thread);
    return result;
}

/* ---- Start and fork ---- */

int np_threads_start(const struct np_thread_rule *rules, const struct np_pinning *pinnings, unsigned count,
                     const np_cpuset *cpus, bool stacks, const struct np_environment *environment,
                     struct np_stats *stats)
{
    if (count == 0)
        return 0;
    if (pthread_key_create(&end_key, end_thread) != 0)
        return -EAGAIN;
    start_rules = rules;
    start_rule_count = count;
    places_stacks = stacks;
    np_openmp_read(environment);
    return np_threads_configure(rules, pinnings, count, cpus, (uint64_t)pthread_self(), stats,
                                &np_thread_self);
}

void np_threads_forked(void)
{
    np_threads_after_fork(np_thread_self);
}
