/* SPDX-License-Identifier: MIT */
/* stack - the pages of a thread's stack. Context: hook-safe. */
#ifndef NP_CORE_STACK_H
#define NP_CORE_STACK_H

#include <stdint.h>

/** np_stack_place() - put a stack on a node: what is there is moved, what comes later prefers it.
 * @low, @high: whole pages, what libc mapped for the stack without its guard. Return: 0 or -errno. */
int np_stack_place(uintptr_t low, uintptr_t high, int node);
/** np_stack_release() - a stack that libc may have kept from a placed thread: later pages go where they are
 * touched. Costs nothing before the first np_stack_place(). */
void np_stack_release(uintptr_t low, uintptr_t high);

#endif
