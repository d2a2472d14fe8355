/* SPDX-License-Identifier: MIT */
/* thread - the threads of the process as the rules see them: which rule each has, and its pin.
 *
 * A record is taken by whoever creates a thread, filled by the thread when it begins, and given back when it
 * ends. Records live in a table, so that a thread can be found by those that name or bind it. Context:
 * hook-safe unless stated: no locks, no allocation. */
#ifndef NP_CORE_THREAD_H
#define NP_CORE_THREAD_H

#include "stats.h"
#include "thread_rule.h"

#define NP_THREAD_NAME_SIZE 16 /* TASK_COMM_LEN of Linux */

/** What one thread has. Its creator sets what stands first, before the thread is there. */
struct np_thread {
    _Atomic uint32_t taken;
    uint64_t index;         /* threads ever created before it, the main thread too */
    uint64_t starts;        /* as in np_thread_facts */
    void *(*start)(void *); /* the program's routine and its argument */
    void *argument;
    size_t stack_size;  /* bytes of a stack of libc's; 0: the stack is the program's own */
    bool places_itself; /* a thread of a runtime that pins its own */
    bool stranger;      /* it has CPUs that are nobody's wish: those of a pinned creator */
    char creator_name[NP_THREAD_NAME_SIZE]; /* the name that it begins with */
    uint64_t creator_cpus;                  /* a digest of the CPUs that it begins with; 0: not of interest */

    _Atomic uint64_t handle; /* pthread_self(), 0 before it runs */
    _Atomic int32_t tid;
    _Atomic uint64_t name[NP_THREAD_NAME_SIZE / 8]; /* as set; all zero: none was */
    _Atomic bool own_affinity;                      /* the program set one */
    uintptr_t stack_low, stack_high;                /* 0: not known, or the program's */
    _Atomic bool busy, again;  /* the rules are being looked through; they must be again */
    int rule;                  /* -1: none */
    bool wanted;               /* it shall be pinned */
    _Atomic uint64_t *counted; /* where it counts, beside its rule's threads; NULL: nowhere */
    bool pinned;
    uint64_t number; /* which of the rule's threads it is */
};

/** Whether any rule is there; threads are left alone without. */
extern bool np_threads_active __attribute__((visibility("hidden")));
/** Whether any rule has a `name`, or a `start`. */
extern bool np_threads_by_name, np_threads_by_start __attribute__((visibility("hidden")));

/** np_threads_configure() - take over the rules. Context: start-up, once.
 * @pinnings: one for each rule. @cpus: what the process may use. @handle: pthread_self() of the main
 * thread, which gets its rule and, in *ret_main, its record. @stats: gets an entry for each rule. Return: 0;
 * -ENOMEM. */
int np_threads_configure(const struct np_thread_rule *rules, const struct np_pinning *pinnings,
                         unsigned count, const np_cpuset *cpus, uint64_t handle, struct np_stats *stats,
                         struct np_thread **ret_main);
/** np_threads_after_fork() - in the child: @self is the only thread, and its main one. */
void np_threads_after_fork(struct np_thread *self);

/** np_thread_new() - a record for a thread that is about to be created, with its index. NULL: the table is
 * full. */
struct np_thread *np_thread_new(void);
/** np_thread_assign() - find its rule by what is known before it runs; sets of CPUs are handed out in the order
 * of creation, not in that of starting. */
void np_thread_assign(struct np_thread *thread);
/** np_thread_unborn() - it was not created after all. */
void np_thread_unborn(struct np_thread *thread);
/** np_thread_begin() - in the new thread: apply its rule. @handle: pthread_self(). */
void np_thread_begin(struct np_thread *thread, uint64_t handle);
/** np_thread_end() - it ends. */
void np_thread_end(struct np_thread *thread);
/** np_thread_find() - the record of another thread by its handle, or by its id with @handle 0; NULL. */
struct np_thread *np_thread_find(uint64_t handle, int tid);

/** np_thread_named() - a name was set, of which the kernel keeps 15 bytes. */
void np_thread_named(struct np_thread *thread, const char *name);
/** np_thread_bound() - the program set an affinity; a rule with `override` is applied again. Return: true when a rule
 * may have been applied at the same time: what the program set must be set again. */
bool np_thread_bound(struct np_thread *thread);
/** np_threads_missed() - a thread runs that should have had a record. */
void np_threads_missed(void);

#endif
