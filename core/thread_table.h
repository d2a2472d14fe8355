/* SPDX-License-Identifier: MIT */
/* thread_table - the records of all threads, where those are found that others name or bind. Context: hook-safe, no locks,
 * no allocation. */
#ifndef NP_CORE_THREAD_TABLE_H
#define NP_CORE_THREAD_TABLE_H

#include "thread.h"

#define NP_THREADS_MOST 65536 /* at once; memory is used as far as there are any */

/** np_thread_table_create() - Return: 0 or -ENOMEM. Context: start-up, once. */
int np_thread_table_create(void);
/** np_thread_table_take() - an unused record, as its last user left it. Return: NULL when there are that many threads. */
struct np_thread *np_thread_table_take(void);
void np_thread_table_give(struct np_thread *thread);
/** np_thread_table_keep() - after fork(2): @self, or NULL, is all that is left. */
void np_thread_table_keep(const struct np_thread *self);

#endif
