/* SPDX-License-Identifier: MIT */
/* Records of threads that are gone without a word. */
#include "thread_table.h"

#include "kernel.h"
#include "tap.h"

#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static int32_t gone_id;

/* No thread of this process has the id of a child that has ended. */
static void find_gone_id(void)
{
    gone_id = fork();
    if (gone_id == 0)
        _exit(0);
    (void)waitpid(gone_id, NULL, 0);
}

static struct np_thread *record(uint64_t handle, int32_t tid, uint64_t index)
{
    struct np_thread *thread = np_thread_table_take();
    if (thread == NULL)
        return NULL;
    thread->index = index;
    atomic_store(&thread->tid, tid);
    atomic_store(&thread->handle, handle);
    return thread;
}

/* Another process, in the same memory, unless a sanitizer makes it one of fork. */
static void test_vfork(void)
{
    struct np_thread *one = record(6, np_kernel_thread_id(), 0);
    int status = -1;
    const pid_t child = vfork();
    if (child == 0)
        _exit(np_thread_find(6, 0) == one ? 0 : 1);
    (void)waitpid(child, &status, 0);
    tap_ok(status == 0 && one->taken, "a child of vfork finds its parent's threads there");
    np_thread_table_give(one);
}

static void test_search(void)
{
    const int32_t here = np_kernel_thread_id();
    struct np_thread *one = record(7, here, 0);
    tap_ok(np_thread_find(7, 0) == one && np_thread_find(0, here) == one,
           "a thread is found by handle and by id");
    struct np_thread *two = record(7, here, 5);
    tap_ok(np_thread_find(7, 0) == two, "of two with the same handle the later one is there");
    tap_ok(!one->taken && two->taken, "the other's record is free");
    struct np_thread *three = record(8, here, 2);
    tap_ok(np_thread_find(0, here) == two && !three->taken, "nor does the order in the table count");
    struct np_thread *four = record(9, gone_id, 6);
    tap_ok(np_thread_find(9, 0) == NULL && !four->taken,
           "one that is gone is not found, and its record is free");
    np_thread_table_give(two);
    tap_ok(np_thread_find(0, here) == NULL, "one that has ended is not found");
}

static void test_full(void)
{
    const int32_t here = np_kernel_thread_id();
    uint32_t taken = 0;
    while (taken < NP_THREADS_MOST && record(0, taken % 2 ? here : gone_id, taken) != NULL)
        taken++;
    tap_int(taken, NP_THREADS_MOST, "so many threads have a record");
    for (taken = 0; taken < NP_THREADS_MOST && record(0, here, taken) != NULL;)
        taken++;
    tap_int(taken, NP_THREADS_MOST / 2, "where there is no room, those that are gone make some");
    np_thread_table_keep(NULL);
    tap_ok(record(0, here, 0) != NULL, "a child of fork begins anew");
}

int main(void)
{
    find_gone_id();
    if (np_thread_table_create() < 0)
        return 99;
    test_vfork();
    test_search();
    test_full();
    return tap_done();
}
