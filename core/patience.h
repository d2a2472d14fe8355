/* SPDX-License-Identifier: MIT */
/* patience - waiting for what another thread does soon. Context: hook-safe. */
#ifndef NP_CORE_PATIENCE_H
#define NP_CORE_PATIENCE_H

#include <stdbool.h>

/** How long somebody waits, at least; it may be longer on a busy machine. */
struct np_patience {
    unsigned milliseconds; /* 0: for ever */
    unsigned turns;        /* so far; begins with 0 */
};

/** np_patience_wait() - let the others run for a moment; errno is kept. Return: false when patience is over. */
bool np_patience_wait(struct np_patience *patience);
/** np_patience_nap() - sleep, so that threads of lower priority run too; errno is kept. */
void np_patience_nap(long nanoseconds);

#endif
