/* SPDX-License-Identifier: MIT */
/* thp - what the system says of transparent huge pages. Context: hook-safe: each file is read once. */
#ifndef NP_CORE_THP_H
#define NP_CORE_THP_H

#include <stdbool.h>
#include <stddef.h>

/** np_thp_size() - bytes of a transparent huge page (hpage_pmd_size), or 0 when the kernel has none. */
size_t np_thp_size(void);
/** np_thp_usable() - would advice for transparent huge pages be followed: are they not switched off for the system or for the
 * process (PR_SET_THP_DISABLE)? Context: start-up. */
bool np_thp_usable(void);
/** np_thp_always() - are they made of memory that nobody gave advice for? As it was when this was first asked. */
bool np_thp_always(void);

#endif
