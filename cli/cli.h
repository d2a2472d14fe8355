/* SPDX-License-Identifier: MIT */
/* cli - what the subcommands of the numaperf command share. */
#ifndef NP_CLI_CLI_H
#define NP_CLI_CLI_H

#include "core/numaperf.h"

/* Exit statuses: those of env(1) and timeout(1) for `run`, 2 for the others' usage errors. */
enum {
    NP_EXIT_DEGRADED = 1,
    NP_EXIT_USAGE = 2,
    NP_EXIT_RUN_REFUSED = 125,
    NP_EXIT_NOT_EXECUTABLE = 126,
    NP_EXIT_NOT_FOUND = 127,
};

/** np_cli_error() - one line "numaperf: ..." on stderr. */
void np_cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** np_cli_out_of_memory() - say so and exit. */
_Noreturn void np_cli_out_of_memory(void);
/** np_cli_finish() - the exit status of a command whose output is written: @result is 0 or the -errno of writing. */
int np_cli_finish(int result);

/** One option of a subcommand: either a flag that is set, or a value that is kept. */
struct np_cli_option {
    const char *name;
    bool *flag;
    const char **value;
};
/** np_cli_options() - read the options of a subcommand; argv[0] is its name, optind the first word behind them.
 * --help (which prints @usage) and --version are known everywhere; -c is short for the first option when that is
 * `config`.
 * @options: at most 16, ends with a NULL name. @max_words: more words behind the options are an error.
 * Return: -1 to go on, else the exit status. */
int np_cli_options(int argc, char **argv, const char *usage, const struct np_cli_option *options,
                   unsigned max_words);

/** The subcommands; argv[0] is their name. Return: the exit status. */
int np_cli_check(int argc, char **argv);
int np_cli_explain(int argc, char **argv);
int np_cli_init(int argc, char **argv);
int np_cli_report(int argc, char **argv);
int np_cli_top(int argc, char **argv);
int np_cli_topology(int argc, char **argv);
/** np_cli_run() - numaperf run; argv[0] is "run". Return: the exit status, when the program did not start. */
int np_cli_run(int argc, char **argv);

#endif
