/* SPDX-License-Identifier: MIT */
/* figures - what the live view shows of a rule or a program: sums of a report, and rates from two of them. */
#ifndef NP_CLI_FIGURES_H
#define NP_CLI_FIGURES_H

#include "sampler.h"

struct np_figures {
    uint64_t page_bytes;
    uint64_t pages, misplaced, spilled;
    double frees;       /* of other nodes' blocks, per second; negative: not known yet */
    double moves;       /* of threads to other nodes, seen when they allocated, per second; likewise */
    double allocations; /* per second; likewise */
};

/** np_figures_rule() - of one rule of a program; threads belong to no rule, so @moves stays unknown. */
struct np_figures np_figures_rule(const struct np_sampled *program, const struct np_value *rule);
/** np_figures_program() - of all its rules. */
struct np_figures np_figures_program(const struct np_sampled *program);
/** np_figures_add() - one more into a sum that began with zeroes. */
void np_figures_add(struct np_figures *sum, const struct np_figures *one);

/** np_figures_away() - pages that are not on nodes that were asked for: misplaced, or spilled with leave. */
uint64_t np_figures_away(const struct np_figures *figures);

/** np_figures_rules() - the first rule of a program, or NULL. */
const struct np_value *np_figures_rules(const struct np_sampled *program);

/** np_text_short() - bytes in at most five characters: "0", "512B", "4.0K", "448M". @text has NP_TEXT_SIZE bytes and is
 * returned, as below. */
const char *np_text_short(uint64_t bytes, char *text);
/** np_text_rate() - a number per second in at most six characters: "-" when it is negative, "0", "0.3", "17", "12.3k". */
const char *np_text_rate(double value, char *text);

#endif
