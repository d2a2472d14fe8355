/* SPDX-License-Identifier: MIT */
/* top_table - the rows of the live view. */
#ifndef NP_CLI_TOP_TABLE_H
#define NP_CLI_TOP_TABLE_H

#include "top_layout.h"

/** np_top_put_heads() - the line of heads, in reverse. */
void np_top_put_heads(struct np_sheet *sheet, const struct np_layout *layout);
/** np_top_put_all() - a line of sums over all programs. */
void np_top_put_all(struct np_sheet *sheet, const struct np_layout *layout, const struct np_sample *sample);
/** np_top_put_program() - a program, and a line for each of its rules. */
void np_top_put_program(struct np_sheet *sheet, const struct np_layout *layout,
                        const struct np_sampled *program, bool selected);
/** np_top_lines() - how many lines that is. */
unsigned np_top_lines(const struct np_sampled *program);
/** np_top_put_details() - what else the report of a program says: its policy file, and for each rule what lives, how much
 * of it is in huge pages, and whether it is as requested; its threads; sums and notes. */
void np_top_put_details(struct np_sheet *sheet, const struct np_sampled *program);

#endif
