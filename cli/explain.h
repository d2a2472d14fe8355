/* SPDX-License-Identifier: MIT */
/* explain - the parts of what numaperf explain says. */
#ifndef NP_CLI_EXPLAIN_H
#define NP_CLI_EXPLAIN_H

#include "effective.h"

/** np_explain_thread() - print which rules take a created thread of this name, and where it runs then. A rule that asks
 * for more than a name is shown with what it asks for, and then what holds otherwise. */
void np_explain_thread(const struct np_effective *effective, const char *name);

#endif
