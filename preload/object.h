/* SPDX-License-Identifier: MIT */
/* object - which file of the process an address lies in, and which function begins there.
 *
 * dladdr(3) would wait for the lock that dlopen holds while it runs constructors, which may themselves wait
 * for a thread that we look at. dl_iterate_phdr(3) holds its lock for as long as it looks at the list.
 * Context: hook-safe, slow. */
#ifndef NP_PRELOAD_OBJECT_H
#define NP_PRELOAD_OBJECT_H

#include <stdbool.h>

#define NP_OBJECT_NAME 256

struct np_object {
    char file[NP_OBJECT_NAME]; /* base name; of the program itself, as it was executed */
    char symbol
        [NP_OBJECT_NAME]; /* the function that begins at the address, if dynamic linking knows it, or "" */
};

/** np_object_at() - Return: false when the address is in no file. */
bool np_object_at(const void *address, struct np_object *ret_object);

#endif
