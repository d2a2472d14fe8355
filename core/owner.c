/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <stdatomic.h>

static _Atomic uint32_t last_thread = NP_OWNER_NONE;
__thread uint32_t np_owner_this __attribute__((tls_model("initial-exec"))) = NP_OWNER_NONE;

uint32_t np_owner_new(void)
{
    np_owner_this = atomic_fetch_add_explicit(&last_thread, 1, memory_order_relaxed) + 1;
    return np_owner_this;
}
