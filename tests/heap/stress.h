/* SPDX-License-Identifier: MIT */
/* stress - random operations of many threads on an allocator. What it is, and what else happens to it meanwhile, is told
 * by one of two files: the engine, linked directly, or whatever serves malloc. */
#ifndef NP_TESTS_HEAP_STRESS_H
#define NP_TESTS_HEAP_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** stress_start() - before there are other threads. @nodes: of the only class, for small blocks; 0: all kinds. */
void stress_start(unsigned nodes);
/** stress_allocate() - @alignment: 0, or a power of two; @zero: cleared. Return: NULL when refused. */
void *stress_allocate(size_t size, size_t alignment, bool zero, uint64_t *state);
/** stress_resize() - Return: NULL when the block stays as it is. */
void *stress_resize(void *block, size_t size);
void stress_free(void *block);
size_t stress_usable(void *block);
/** stress_touch() - something that leaves the contents of a live block alone. */
void stress_touch(void *block, size_t size);
/** stress_move() - let the calling thread run elsewhere. */
void stress_move(uint64_t *state);
/** stress_disturb() - something that concerns all threads. @round counts the calls. */
void stress_disturb(uint64_t *state, unsigned round);
/** stress_trim() - give back what is free. */
void stress_trim(void);
/** stress_end() - every block has been freed, and the threads have ended. */
void stress_end(void);

#endif
