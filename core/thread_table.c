/* SPDX-License-Identifier: MIT */
#include "thread_table.h"

#include "kernel.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SWEEP_EVERY 1024 /* records that could not be had: a sweep asks the kernel for every thread */

static struct {
    struct np_thread *record;
    pid_t process;           /* whose threads they are: a child of vfork(2) looks at its parent's */
    _Atomic uint32_t used;   /* no record above was ever taken */
    _Atomic uint32_t hint;   /* where a free one may be */
    _Atomic uint32_t missed; /* how often there was none */
} table;

int np_thread_table_create(void)
{
    void *memory;
    const int result = np_kernel_map(NULL, NP_THREADS_MOST * sizeof(struct np_thread), PROT_READ | PROT_WRITE,
                                     MAP_NORESERVE, &memory);
    if (result == 0)
        table.record = memory;
    table.process = getpid();
    return result;
}

/* Whoever searches the table may look at the record meanwhile, so it is emptied field by field. */
void np_thread_table_give(struct np_thread *thread)
{
    atomic_store_explicit(&thread->handle, 0, memory_order_relaxed);
    atomic_store_explicit(&thread->tid, 0, memory_order_relaxed);
    atomic_store_explicit(&thread->taken, 0, memory_order_release);
    atomic_store_explicit(&table.hint, (uint32_t)(thread - table.record), memory_order_relaxed);
}

/* A record, and whose it was then. */
struct sight {
    struct np_thread *thread;
    int32_t tid;
};

/* @ret_tid: the id that was asked about. Another thread may have the record a moment later. */
static bool is_gone(struct np_thread *thread, int32_t *ret_tid)
{
    *ret_tid = atomic_load(&thread->tid);
    return *ret_tid != 0 && np_kernel_thread_is_gone(table.process, *ret_tid);
}

/* A thread that ended by the system call alone has run no destructor and left its record behind. Others may find that at
 * the same time. */
static void give_for_gone(struct np_thread *thread, int32_t tid)
{
    if (tid != 0 && atomic_compare_exchange_strong(&thread->tid, &tid, 0))
        np_thread_table_give(thread);
}

static struct np_thread *search(void)
{
    const uint32_t hint = atomic_load_explicit(&table.hint, memory_order_relaxed);
    for (uint32_t i = 0; i < NP_THREADS_MOST; i++) {
        const uint32_t index = (hint + i) % NP_THREADS_MOST;
        struct np_thread *thread = &table.record[index];
        if (atomic_load_explicit(&thread->taken, memory_order_relaxed) ||
            atomic_exchange_explicit(&thread->taken, 1, memory_order_acquire))
            continue;
        atomic_store_explicit(&table.hint, (index + 1) % NP_THREADS_MOST, memory_order_relaxed);
        uint32_t used = atomic_load_explicit(&table.used, memory_order_relaxed);
        while (used <= index && !atomic_compare_exchange_weak(&table.used, &used, index + 1)) {
        }
        return thread;
    }
    return NULL;
}

static void sweep(void)
{
    int32_t tid;
    for (uint32_t i = 0; i < NP_THREADS_MOST; i++)
        if (is_gone(&table.record[i], &tid))
            give_for_gone(&table.record[i], tid);
}

struct np_thread *np_thread_table_take(void)
{
    struct np_thread *thread = search();
    if (thread != NULL || atomic_fetch_add(&table.missed, 1) % SWEEP_EVERY != 0)
        return thread;
    sweep();
    return search();
}

/* Handles and ids are used again: of two records the older one stands for a thread that is gone. */
struct np_thread *np_thread_find(uint64_t handle, int tid)
{
    const uint32_t used = atomic_load(&table.used);
    struct sight found = {NULL, 0};
    for (uint32_t i = 0; i < used; i++) {
        struct np_thread *thread = &table.record[i];
        if (handle != 0 ? atomic_load(&thread->handle) != handle : atomic_load(&thread->tid) != tid)
            continue;
        struct sight gone = {thread, 0};
        if (!is_gone(thread, &gone.tid) && (found.thread == NULL || found.thread->index < thread->index)) {
            const struct sight older = found;
            found = gone;
            gone = older;
        }
        if (gone.thread != NULL)
            give_for_gone(gone.thread, gone.tid);
    }
    return found.thread;
}

void np_thread_table_keep(const struct np_thread *self)
{
    const uint32_t used = atomic_load(&table.used);
    table.process = getpid();
    for (uint32_t i = 0; i < used; i++)
        if (&table.record[i] != self)
            np_thread_table_give(&table.record[i]);
}
