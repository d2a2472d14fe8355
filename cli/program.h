/* SPDX-License-Identifier: MIT */
/* program - the program to run: where it is, what it is, and whether a preloaded library reaches it. */
#ifndef NP_CLI_PROGRAM_H
#define NP_CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

/** What is known of a program's file. */
struct np_program {
    char path[PATH_MAX];        /* as execvp(3) would find it */
    char executed[PATH_MAX];    /* as the process will know it (AT_EXECFN): the path, but what env(1) finds */
    char interpreter[PATH_MAX]; /* of a script: the binary that runs in the end; else "" */
    const char *obstacle;       /* why it cannot be interposed, or NULL */
    bool forks;                 /* it calls fork() */
};

/** np_program_find() - where execvp(3) would find a program.
 * Return: 0 and ret_path (of PATH_MAX bytes); -ENOENT; -EACCES when there is only something that cannot be executed;
 * -ENAMETOOLONG. */
int np_program_find(const char *program, char *ret_path);

/** np_program_inspect() - find a program and look into its file. A script is judged by its interpreter; what cannot be
 * read or recognised is given the benefit of the doubt.
 * Return: 0; as np_program_find(). */
int np_program_inspect(const char *program, struct np_program *ret_program);
/** np_program_refuse() - print why a subcommand has no such program. @result: of the functions above.
 * Return: false when the word is meant for -c: it names a policy file. */
bool np_program_refuse(const char *command, const char *program, int result);

#endif
