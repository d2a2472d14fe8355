/* SPDX-License-Identifier: MIT */
/* rival - others in the process that serve malloc: debuggers of memory, which must have every block, and allocators that
 * the program reaches before this library. */
#ifndef NP_PRELOAD_RIVAL_H
#define NP_PRELOAD_RIVAL_H

#include "init.h"

/** np_rival_wake() - let ThreadSanitizer start before we call anything: initfirst, we come before it, and where clang has
 * linked it into the program its own fstat and others lead nowhere until then. Context: the first of start-up. */
void np_rival_wake(void);
/** np_rival_meet() - leave the size classes to a debugger, which refuses the hard ones; or note in their reasons whose
 * malloc comes first. Context: start-up, when the rules are placements and the heap does not have them yet. */
void np_rival_meet(struct np_process *process);

#endif
