/* SPDX-License-Identifier: MIT */
/* family - what the hooks of the malloc family share. Context: hook-safe. */
#ifndef NP_PRELOAD_FAMILY_H
#define NP_PRELOAD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

/* What mmap without a hint can ever give (47 bits of address): nobody has more, and no class is called
 * full for it. */
#define NP_MALLOC_LARGEST ((size_t)1 << 47)

/** np_malloc_own() - malloc of this library, whichever one the name is bound to. */
void *np_malloc_own(size_t size) __attribute__((visibility("hidden")));

/** np_malloc_open() - from now on requests of @floor bytes and more are offered to the heap. Context:
 * start-up, once. */
void np_malloc_open(size_t floor);
/** np_malloc_below_floor() - is this request too small for every class (or the heap not open)? */
bool np_malloc_below_floor(size_t size);

/** np_malloc_place() - offer a request to the heap.
 * Return: 0 and *ret_block; -EAGAIN: the next malloc's; -ENOMEM: the class refuses. */
int np_malloc_place(size_t size, size_t alignment, bool zero, void **ret_block);

/** np_malloc_release() - free(3), inside the library where a program's own free must not answer. */
void np_malloc_release(void *block);

#endif
