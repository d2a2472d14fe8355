/* SPDX-License-Identifier: MIT */
/* faults - calls of the kernel module that a test makes fail: one kind, or the n-th of any kind. The wrappers are in
 * faults.c; meson.build names the calls to the linker. */
#ifndef NP_TESTS_LIB_FAULTS_H
#define NP_TESTS_LIB_FAULTS_H

enum fault_call {
    CALL_NONE,
    CALL_MAP,
    CALL_PROTECT,
    CALL_MBIND,
    CALL_POPULATE,
    CALL_PAGE_NODES,
    CALL_MOVE_PAGES,
    CALL_MEMS_ALLOWED,
    CALL_THREAD,
    CALL_ANY,
};

/** fault_on() - from now on, @call fails with @error after @after successes: once, or @always. */
void fault_on(enum fault_call call, int error, unsigned after, int always);
/** fault_off() - nothing fails. Return: has anything? */
int fault_off(void);
/** fault_populated() - bytes that were faulted in since the last question, and whether each piece was whole pages. */
unsigned long long fault_populated(int *ret_whole_pages);

#endif
