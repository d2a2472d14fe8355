/* SPDX-License-Identifier: MIT */
/* Stands for the live view where ncurses was not there to build it. */
#include "cli.h"
#include "top.h"

int np_top_run(const struct np_top_options *options)
{
    (void)options;
    np_cli_error(
        "top: not supported: this numaperf was built without ncurses (numaperf report --all shows the "
        "same once)");
    return NP_EXIT_USAGE;
}
