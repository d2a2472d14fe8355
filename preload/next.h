/* SPDX-License-Identifier: MIT */
/* next - the functions behind ours in the link chain: the C library's, or those of another preloaded
 * allocator.
 *
 * Every pointer can be called at any time. Until the search has ended malloc and its family search first,
 * or, inside the search and in other threads meanwhile, are served by the bootstrap arena; those about threads
 * search first too; the others are plain system calls. */
#ifndef NP_PRELOAD_NEXT_H
#define NP_PRELOAD_NEXT_H

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <threads.h>

/* There is no valloc, pvalloc or reallocarray: an allocator that lacks one of them (jemalloc 5.3 has no
 * pvalloc) would be mixed with the C library's, whose blocks it cannot free. They are made from memalign
 * and realloc. */
struct np_next {
    void *(*_Atomic malloc)(size_t size);
    void (*_Atomic free)(void *block);
    void *(*_Atomic calloc)(size_t count, size_t size);
    void *(*_Atomic realloc)(void *block, size_t size);
    int (*_Atomic posix_memalign)(void **ret_block, size_t alignment, size_t size);
    void *(*_Atomic aligned_alloc)(size_t alignment, size_t size);
    void *(*_Atomic memalign)(size_t alignment, size_t size);
    size_t (*_Atomic malloc_usable_size)(void *block);
    int (*_Atomic malloc_trim)(size_t pad);
    long (*_Atomic mbind)(void *address, unsigned long length, int mode, const unsigned long *nodes,
                          unsigned long maxnode, unsigned flags);
    int (*_Atomic madvise)(void *address, size_t length, int advice);
    int (*_Atomic mprotect)(void *address, size_t length, int protection);
    int (*_Atomic mlock)(const void *address, size_t length);
    int (*_Atomic mlock2)(const void *address, size_t length, unsigned flags);
    void *(*_Atomic mmap)(void *address, size_t length, int protection, int flags, int fd, off_t offset);
    void *(*_Atomic mmap64)(void *address, size_t length, int protection, int flags, int fd, off_t offset);
    int (*_Atomic munmap)(void *address, size_t length);
    void *(*_Atomic mremap)(void *address, size_t old_length, size_t length, int flags, ...);
    void *(*_Atomic shmat)(int id, const void *address, int flags);
    int (*_Atomic shmdt)(const void *address);
    int (*_Atomic setrlimit)(__rlimit_resource_t resource, const struct rlimit *limit);
    int (*_Atomic setrlimit64)(__rlimit_resource_t resource, const struct rlimit64 *limit);
    int (*_Atomic prlimit)(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit,
                           struct rlimit *ret_old);
    int (*_Atomic prlimit64)(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit,
                             struct rlimit64 *ret_old);
    int (*_Atomic mlockall)(int flags);
    int (*_Atomic pthread_create)(pthread_t *ret_thread, const pthread_attr_t *attributes,
                                  void *(*start)(void *), void *argument);
    int (*_Atomic thrd_create)(thrd_t *ret_thread, thrd_start_t start, void *argument);
    int (*_Atomic pthread_setname_np)(pthread_t thread, const char *name);
    int (*_Atomic pthread_setaffinity_np)(pthread_t thread, size_t size, const cpu_set_t *cpus);
    int (*_Atomic sched_setaffinity)(pid_t tid, size_t size, const cpu_set_t *cpus);
    int (*_Atomic prctl)(int option, ...);
    int (*_Atomic execve)(const char *path, char *const arguments[], char *const environment[]);
    int (*_Atomic execvpe)(const char *file, char *const arguments[], char *const environment[]);
    int (*_Atomic fexecve)(int descriptor, char *const arguments[], char *const environment[]);
    int (*_Atomic execveat)(int folder, const char *path, char *const arguments[], char *const environment[],
                            int flags);
    int (*_Atomic posix_spawn)(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
                               const posix_spawnattr_t *attributes, char *const arguments[],
                               char *const environment[]);
    int (*_Atomic posix_spawnp)(pid_t *ret_pid, const char *file, const posix_spawn_file_actions_t *actions,
                                const posix_spawnattr_t *attributes, char *const arguments[],
                                char *const environment[]);
    int (*_Atomic system)(const char *command);
    FILE *(*_Atomic popen)(const char *command, const char *type);
    void *(*_Atomic dlopen)(const char *file, int mode);
};

extern struct np_next np_next __attribute__((visibility("hidden")));

/** np_next_resolve() - find them all, once. Return: true when they are known, false inside the search. */
bool np_next_resolve(void);

#endif
