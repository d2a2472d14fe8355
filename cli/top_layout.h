/* SPDX-License-Identifier: MIT */
/* top_layout - which columns of the live view fit on the screen, and where. */
#ifndef NP_CLI_TOP_LAYOUT_H
#define NP_CLI_TOP_LAYOUT_H

#include "sheet.h"
#include "top_view.h"

#include "core/numaperf.h"

#define NP_TOP_PID_WIDTH 8

struct np_layout {
    struct np_span name, policy, asked, total, away, frees, moves, verdict;
    struct np_span nodes; /* the first of them; each as wide as that */
    bool long_policy, bars;
    unsigned shown, first; /* columns of nodes, and the index of the first one */
    unsigned id_count;
    int ids[NP_MAX_NODES]; /* of all nodes that any report names */
    uint64_t page_bytes;
};

/** np_layout_make() - for a screen of so many columns. What is most needed comes first: names, sums, nodes; then long names
 * of policies, the nodes asked for, bars, verdicts. */
void np_layout_make(const struct np_top_view *view, unsigned columns, struct np_layout *ret_layout);
/** np_layout_size() - the place of a size on the n-th node shown. */
struct np_span np_layout_size(const struct np_layout *layout, unsigned n);
/** np_layout_bar() - the place of its bar; nothing where there is no room. */
struct np_span np_layout_bar(const struct np_layout *layout, unsigned n);

#endif
