/* SPDX-License-Identifier: MIT */
/* owner - a number for the calling thread, to tell whose pages those of a freed block are. Context: hook-safe. */
#ifndef NP_CORE_OWNER_H
#define NP_CORE_OWNER_H

#include "runs.h"

#include <stdbool.h>
#include <stdint.h>

extern __thread uint32_t np_owner_this __attribute__((tls_model("initial-exec"), visibility("hidden")));

/** np_owner_new() - see np_owner(). */
uint32_t np_owner_new(void);

/** np_owner() - a number that no other thread of this process ever has (2^32 threads later it may). */
static inline uint32_t np_owner(void)
{
    return np_owner_this ? np_owner_this : np_owner_new();
}
/** np_owner_if() - what a run remembers: the same where that is @kept, else NP_OWNER_NONE. */
static inline uint32_t np_owner_if(bool kept)
{
    return kept ? np_owner() : NP_OWNER_NONE;
}

#endif
