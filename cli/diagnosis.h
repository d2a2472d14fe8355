/* SPDX-License-Identifier: MIT */
/* diagnosis - what about this machine and this session helps or hinders placement. */
#ifndef NP_CLI_DIAGNOSIS_H
#define NP_CLI_DIAGNOSIS_H

#include "effective.h"

/** np_diagnose() - print a table of what hinders, and what follows from it. @whole: of all that was looked at. */
void np_diagnose(const struct np_effective *effective, const struct np_program *program, bool whole);

#endif
