/* SPDX-License-Identifier: MIT */
/* bootstrap - the arena for allocations that arrive while dlsym looks for the next malloc: dlsym's own,
 * and those of any thread that comes meanwhile. Blocks are never reused. Context: hook-safe, before any
 * constructor too. */
#ifndef NP_PRELOAD_BOOTSTRAP_H
#define NP_PRELOAD_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NP_BOOTSTRAP_SIZE ((size_t)64 << 10)

/* Hidden, as all that hooks touch: the compiler then needs no look at the global offset table. */
extern char np_bootstrap_arena[NP_BOOTSTRAP_SIZE] __attribute__((visibility("hidden")));

/** np_bootstrap_owns() - is this address inside the arena? */
static inline bool np_bootstrap_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)np_bootstrap_arena < NP_BOOTSTRAP_SIZE;
}

/** np_bootstrap_allocate() - @size zeroed bytes at a multiple of @alignment (a power of two; 0: the usual
 * 16).
 * Return: the block; NULL with errno ENOMEM when the arena cannot hold it. */
void *np_bootstrap_allocate(size_t size, size_t alignment);
/** np_bootstrap_size() - the bytes that may be written at a block of the arena. */
size_t np_bootstrap_size(const void *block);

#endif
