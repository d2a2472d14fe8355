/* SPDX-License-Identifier: MIT */
/* next_exec - the first answers of np_next for what starts programs: they search, or ask the kernel. For next.c. */
#ifndef NP_PRELOAD_NEXT_EXEC_H
#define NP_PRELOAD_NEXT_EXEC_H

#include "next.h"

int np_first_execve(const char *path, char *const arguments[], char *const environment[]);
int np_first_execvpe(const char *file, char *const arguments[], char *const environment[]);
int np_first_fexecve(int descriptor, char *const arguments[], char *const environment[]);
int np_first_execveat(int folder, const char *path, char *const arguments[], char *const environment[],
                      int flags);
int np_first_posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const arguments[],
                         char *const environment[]);
int np_first_posix_spawnp(pid_t *ret_pid, const char *file, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[]);
int np_first_system(const char *command);
FILE *np_first_popen(const char *command, const char *type);

#endif
