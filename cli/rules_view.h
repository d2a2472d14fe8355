/* SPDX-License-Identifier: MIT */
/* rules_view - the rules of a policy and what they come to on this machine, as a table. */
#ifndef NP_CLI_RULES_VIEW_H
#define NP_CLI_RULES_VIEW_H

#include "effective.h"

#include <stdio.h>

/** np_rules_show() - write the table. Return: is any rule degraded? */
bool np_rules_show(FILE *stream, const struct np_effective *effective);

#endif
