/* SPDX-License-Identifier: MIT */
/* guard - is this thread inside the engine? One flag for all hooks, so that whatever the engine or a
 * signal handler calls there goes straight to the next library. Context: hook-safe. */
#ifndef NP_PRELOAD_GUARD_H
#define NP_PRELOAD_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>

/* Initial-exec: the general model may allocate a thread's block on first use, inside malloc. */
extern _Thread_local volatile bool np_guard_held
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/** np_guard_enter() - take the flag. Return: false when this thread holds it already. */
static inline bool np_guard_enter(void)
{
    if (np_guard_held)
        return false;
    np_guard_held = true;
    atomic_signal_fence(memory_order_seq_cst);
    return true;
}

/** np_guard_leave() - give it back. */
static inline void np_guard_leave(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    np_guard_held = false;
}

#endif
