/* SPDX-License-Identifier: MIT */
/* scrub - our entry taken out of LD_PRELOAD, so that programs that are exec'ed run without the shim. Context: start-up. */
#ifndef NP_PRELOAD_SCRUB_H
#define NP_PRELOAD_SCRUB_H

/** np_scrub_preload() - edit the block of variables that the kernel put up, which is what libc's environ points to
 * later. Other entries stay; a variable that is empty then goes. @envp may be NULL. */
void np_scrub_preload(char **envp);

#endif
