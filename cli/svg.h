/* SPDX-License-Identifier: MIT */
/* svg - a report as a picture: a box for each node of the machine, and in it what each rule holds there. */
#ifndef NP_CLI_SVG_H
#define NP_CLI_SVG_H

#include "json_read.h"

/** np_svg_write() - draw the report into a file, or for "-" to stdout. CPUs and memory of nodes are those of this machine, where it has a node
 * of that id. Return: 0 or -errno. */
int np_svg_write(const char *path, const struct np_value *report);

#endif
