/* SPDX-License-Identifier: MIT */
/* told - which problems of policy files were said already in this tree of processes: a broken file that a thousand
 * programs of a build or of a service find is one line, not a thousand.
 *
 * What was said is handed on in NUMAPERF_TOLD, but only by processes whose policy is broken, to programs that they start. A
 * file that has changed speaks again. */
#ifndef NP_PRELOAD_TOLD_H
#define NP_PRELOAD_TOLD_H

#include "environment.h"

#include <stdbool.h>
#include <stddef.h>

/** np_told_learn() - take up what an ancestor has said, unless this process was asked to say more, or to a file of its
 * own. Context: start-up, after the log. */
void np_told_learn(const struct np_environment *environment);
/** np_told_already() - has this line about the file at @path, as it is now, been said? From here on it has. Context:
 * start-up. */
bool np_told_already(const char *path, const char *line);

/** np_told_room() - how many pointers np_told_hand_on() needs for a program with this environment, which may be NULL. 0: it
 * stays as it is. Context: hook-safe, in a vfork child too; likewise below. */
size_t np_told_room(char *const *environment);
/** np_told_hand_on() - the environment that the program gets: @environment, or a copy of it in @room, which has @most
 * pointers. */
char *const *np_told_hand_on(char *const *environment, char **room, size_t most);
/** np_told_export() - before libc starts a program by itself, with the process's own environment. Other threads might read
 * that, so processes that have any leave it alone. */
void np_told_export(void);

#endif
