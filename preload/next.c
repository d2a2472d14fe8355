/* SPDX-License-Identifier: MIT */
#include "next.h"

#include "bootstrap.h"
#include "core/log.h"
#include "next_exec.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- What answers before the search has ended ---- */

static void *first_malloc(size_t size)
{
    return np_next_resolve() ? np_next.malloc(size) : np_bootstrap_allocate(size, 0);
}

static void first_free(void *block)
{
    /* Nobody can hold a block of an allocator that nobody has found yet. */
    if (np_next_resolve())
        np_next.free(block);
}

static void *first_calloc(size_t count, size_t size)
{
    if (np_next_resolve())
        return np_next.calloc(count, size);
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    return np_bootstrap_allocate(total, 0);
}

static void *first_realloc(void *block, size_t size)
{
    if (np_next_resolve())
        return np_next.realloc(block, size);
    return block ? NULL : np_bootstrap_allocate(size, 0); /* blocks of the arena never come here */
}

static int first_posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    if (np_next_resolve())
        return np_next.posix_memalign(ret_block, alignment, size);
    void *block = np_bootstrap_allocate(size, alignment);
    if (!block)
        return ENOMEM;
    *ret_block = block;
    return 0;
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
    return np_next_resolve() ? np_next.aligned_alloc(alignment, size)
                             : np_bootstrap_allocate(size, alignment);
}

static void *first_memalign(size_t alignment, size_t size)
{
    return np_next_resolve() ? np_next.memalign(alignment, size) : np_bootstrap_allocate(size, alignment);
}

static size_t first_malloc_usable_size(void *block)
{
    return np_next_resolve() ? np_next.malloc_usable_size(block) : 0;
}

static int first_malloc_trim(size_t pad)
{
    return np_next_resolve() ? np_next.malloc_trim(pad) : 0;
}

/* These may be called by the next malloc with its locks held, so they must not start a search. */

static long raw_mbind(void *address, unsigned long length, int mode, const unsigned long *nodes,
                      unsigned long maxnode, unsigned flags)
{
    return syscall(SYS_mbind, address, length, mode, nodes, maxnode, flags);
}

static int raw_madvise(void *address, size_t length, int advice)
{
    return (int)syscall(SYS_madvise, address, length, advice);
}

static int raw_mprotect(void *address, size_t length, int protection)
{
    return (int)syscall(SYS_mprotect, address, length, protection);
}

static void *raw_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

static int raw_munmap(void *address, size_t length)
{
    return (int)syscall(SYS_munmap, address, length);
}

static void *raw_mremap(void *address, size_t old_length, size_t length, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *target = va_arg(arguments, void *); /* our hook always gives it */
    va_end(arguments);
    return (void *)syscall(SYS_mremap, address, old_length, length, flags, target);
}

static void *raw_shmat(int id, const void *address, int flags)
{
    return (void *)syscall(SYS_shmat, id, address, flags);
}

static int raw_shmdt(const void *address)
{
    return (int)syscall(SYS_shmdt, address);
}

static int raw_mlock2(const void *address, size_t length, unsigned flags)
{
    return (int)syscall(SYS_mlock2, address, length, flags);
}

static int raw_mlock(const void *address, size_t length)
{
    return (int)syscall(SYS_mlock, address, length);
}

static int raw_prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit,
                         struct rlimit64 *ret_old)
{
    return (int)syscall(SYS_prlimit64, pid, resource, limit, ret_old);
}

static int raw_setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    return raw_prlimit64(0, resource, limit, NULL);
}

_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "a 64-bit system has one kind of limit");

static int raw_prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit,
                       struct rlimit *ret_old)
{
    return (int)syscall(SYS_prlimit64, pid, resource, limit, ret_old);
}

static int raw_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    return raw_prlimit(0, resource, limit, NULL);
}

static int raw_mlockall(int flags)
{
    return (int)syscall(SYS_mlockall, flags);
}

/* Threads need libc itself. Nobody can come here during the search: there is one thread then. */

static int first_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
                                void *(*start)(void *), void *argument)
{
    return np_next_resolve() ? np_next.pthread_create(ret_thread, attributes, start, argument) : EAGAIN;
}

static int first_thrd_create(thrd_t *ret_thread, thrd_start_t start, void *argument)
{
    return np_next_resolve() ? np_next.thrd_create(ret_thread, start, argument) : thrd_error;
}

static int first_pthread_setname_np(pthread_t thread, const char *name)
{
    return np_next_resolve() ? np_next.pthread_setname_np(thread, name) : ESRCH;
}

static int first_pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *cpus)
{
    return np_next_resolve() ? np_next.pthread_setaffinity_np(thread, size, cpus) : ESRCH;
}

static void *first_dlopen(const char *file, int mode)
{
    return np_next_resolve() ? np_next.dlopen(file, mode) : NULL;
}

static int raw_sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *cpus)
{
    return (int)syscall(SYS_sched_setaffinity, tid, size, cpus);
}

static int raw_prctl(int option, ...)
{
    unsigned long arguments[4];
    va_list list;
    va_start(list, option);
    for (unsigned i = 0; i < 4; i++)
        arguments[i] = va_arg(list, unsigned long);
    va_end(list);
    return (int)syscall(SYS_prctl, option, arguments[0], arguments[1], arguments[2], arguments[3]);
}

/* ---- The search ---- */

struct np_next np_next = {
    .malloc = first_malloc,
    .free = first_free,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .posix_memalign = first_posix_memalign,
    .aligned_alloc = first_aligned_alloc,
    .memalign = first_memalign,
    .malloc_usable_size = first_malloc_usable_size,
    .malloc_trim = first_malloc_trim,
    .mbind = raw_mbind,
    .madvise = raw_madvise,
    .mprotect = raw_mprotect,
    .mmap = raw_mmap,
    .mmap64 = raw_mmap,
    .munmap = raw_munmap,
    .mremap = raw_mremap,
    .shmat = raw_shmat,
    .shmdt = raw_shmdt,
    .mlock = raw_mlock,
    .mlock2 = raw_mlock2,
    .setrlimit = raw_setrlimit,
    .setrlimit64 = raw_setrlimit64,
    .prlimit = raw_prlimit,
    .prlimit64 = raw_prlimit64,
    .mlockall = raw_mlockall,
    .pthread_create = first_pthread_create,
    .thrd_create = first_thrd_create,
    .pthread_setname_np = first_pthread_setname_np,
    .pthread_setaffinity_np = first_pthread_setaffinity_np,
    .sched_setaffinity = raw_sched_setaffinity,
    .prctl = raw_prctl,
    .execve = np_first_execve,
    .execvpe = np_first_execvpe,
    .fexecve = np_first_fexecve,
    .execveat = np_first_execveat,
    .posix_spawn = np_first_posix_spawn,
    .posix_spawnp = np_first_posix_spawnp,
    .system = np_first_system,
    .popen = np_first_popen,
    .dlopen = first_dlopen,
};

/* In the order of publishing: a thread that gets a block from the next malloc must also reach the next
 * free. Every C library has them all: dlsym allocates when it finds nothing, and an allocator in front of us (heaptrack's)
 * would begin its work there, before it has an environment. So mbind is not looked for: libnuma's is the same raw call. */
static const struct symbol {
    const char *name;
    size_t offset;
    bool required;
} symbols[] = {
    {"free", offsetof(struct np_next, free), true},
    {"malloc_usable_size", offsetof(struct np_next, malloc_usable_size), true},
    {"realloc", offsetof(struct np_next, realloc), true},
    {"calloc", offsetof(struct np_next, calloc), true},
    {"posix_memalign", offsetof(struct np_next, posix_memalign), true},
    {"aligned_alloc", offsetof(struct np_next, aligned_alloc), true},
    {"memalign", offsetof(struct np_next, memalign), true},
    {"malloc", offsetof(struct np_next, malloc), true},
    {"malloc_trim", offsetof(struct np_next, malloc_trim), false},
    {"madvise", offsetof(struct np_next, madvise), false},
    {"mprotect", offsetof(struct np_next, mprotect), false},
    {"mmap", offsetof(struct np_next, mmap), false},
    {"mmap64", offsetof(struct np_next, mmap64), false},
    {"munmap", offsetof(struct np_next, munmap), false},
    {"mremap", offsetof(struct np_next, mremap), false},
    {"shmat", offsetof(struct np_next, shmat), false},
    {"shmdt", offsetof(struct np_next, shmdt), false},
    {"mlock", offsetof(struct np_next, mlock), false},
    {"mlock2", offsetof(struct np_next, mlock2), false},
    {"setrlimit", offsetof(struct np_next, setrlimit), false},
    {"setrlimit64", offsetof(struct np_next, setrlimit64), false},
    {"prlimit", offsetof(struct np_next, prlimit), false},
    {"prlimit64", offsetof(struct np_next, prlimit64), false},
    {"mlockall", offsetof(struct np_next, mlockall), false},
    {"pthread_create", offsetof(struct np_next, pthread_create), true},
    {"thrd_create", offsetof(struct np_next, thrd_create), true},
    {"pthread_setname_np", offsetof(struct np_next, pthread_setname_np), true},
    {"pthread_setaffinity_np", offsetof(struct np_next, pthread_setaffinity_np), true},
    {"sched_setaffinity", offsetof(struct np_next, sched_setaffinity), false},
    {"prctl", offsetof(struct np_next, prctl), false},
    {"execve", offsetof(struct np_next, execve), false},
    {"execvpe", offsetof(struct np_next, execvpe), true},
    {"fexecve", offsetof(struct np_next, fexecve), true},
    {"execveat", offsetof(struct np_next, execveat), false},
    {"posix_spawn", offsetof(struct np_next, posix_spawn), true},
    {"posix_spawnp", offsetof(struct np_next, posix_spawnp), true},
    {"system", offsetof(struct np_next, system), true},
    {"popen", offsetof(struct np_next, popen), true},
    {"dlopen", offsetof(struct np_next, dlopen), true},
};

#define SYMBOL_COUNT (sizeof symbols / sizeof *symbols)

enum { UNKNOWN, SEARCHING, KNOWN };
static _Atomic int state = UNKNOWN;

bool np_next_resolve(void)
{
    int seen = UNKNOWN;
    if (!atomic_compare_exchange_strong(&state, &seen, SEARCHING))
        return seen == KNOWN;

    void *found[SYMBOL_COUNT];
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        found[i] = dlsym(RTLD_NEXT, symbols[i].name);
        if (!found[i] && symbols[i].required)
            np_fatal("there is no %s behind this library", symbols[i].name);
    }
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        if (found[i])
            atomic_store((void *_Atomic *)((char *)&np_next + symbols[i].offset), found[i]);
    }
    atomic_store(&state, KNOWN);
    return true;
}
