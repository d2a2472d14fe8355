/* SPDX-License-Identifier: MIT */
/* top_view - the screen of the live view: programs and their rules, or one program with all that is known of it. */
#ifndef NP_CLI_TOP_VIEW_H
#define NP_CLI_TOP_VIEW_H

#include "figures.h"

#include <time.h>

enum np_top_order {
    NP_TOP_MEMORY = 0,
    NP_TOP_AWAY,
    NP_TOP_FREES,
    NP_TOP_MOVES,
    NP_TOP_PID,
    NP_TOP_ORDERS /* how many */
};

/** What is shown. The caller sets all but the last part. */
struct np_top_view {
    const struct np_sample *sample; /* NULL before the first */
    time_t taken;                   /* when it was */
    enum np_top_order order;
    double interval; /* seconds between two readings, as they come */
    bool paused;
    bool alone;          /* only the selected program, with more of it */
    pid_t selected;      /* 0: the first one */
    unsigned first_node; /* nodes to the left of the table */
    unsigned scroll;     /* lines above the screen */

    const struct np_sampled **sorted; /* of the sample, in order; np_top_draw() keeps it */
};

/** np_top_sort() - bring the programs of the sample into order, and see to it that one of them is selected. */
void np_top_sort(struct np_top_view *view);
/** np_top_select() - the program @steps below the selected one, or above it. */
void np_top_select(struct np_top_view *view, int steps);
/** np_top_draw() - write the screen. What was scrolled or moved too far is put right. */
void np_top_draw(struct np_top_view *view);

/** Keys that sort, in the order of enum np_top_order. */
extern const char np_top_keys[NP_TOP_ORDERS + 1];

#endif
