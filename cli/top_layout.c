/* SPDX-License-Identifier: MIT */
#include "top_layout.h"

#include "report_view.h"

/* Columns with the blank behind each. */
enum {
    NAME = 22,
    SHORT_POLICY = 7,
    LONG_POLICY = 20,
    ASKED = 9,
    TOTAL = 6,
    AWAY = 6,
    RATE = 8,
    NODE = 6,
    BAR = 11,
    VERDICT = 13,
    LONGEST_NAME = 40,
};

static void collect_nodes(const struct np_top_view *view, struct np_layout *layout)
{
    static int ids[NP_MAX_NODES];
    np_nodeset nodes = {0};
    layout->page_bytes = 4096;
    for (unsigned i = 0; view->sample && i < view->sample->count; i++) {
        const struct np_sampled *program = &view->sample->programs[i];
        if (program->reason)
            continue;
        const unsigned count = np_report_nodes(program->report, ids, NP_MAX_NODES);
        for (unsigned n = 0; n < count; n++)
            (void)np_nodeset_add(&nodes, ids[n]);
        layout->page_bytes = np_report_page_bytes(program->report);
    }
    for (int id = -1; (id = np_nodeset_next(&nodes, id)) >= 0;)
        layout->ids[layout->id_count++] = id;
}

/* Takes columns from what is left, if there are as many. */
static bool take(unsigned *spare, unsigned columns)
{
    if (*spare < columns)
        return false;
    *spare -= columns;
    return true;
}

static void place(unsigned *at, struct np_span *span, unsigned width)
{
    *span = (struct np_span){.column = *at, .width = width};
    *at += width;
}

void np_layout_make(const struct np_top_view *view, unsigned columns, struct np_layout *ret_layout)
{
    const unsigned least = NAME + SHORT_POLICY + TOTAL + AWAY + 2 * RATE;
    struct np_layout *layout = ret_layout;
    *layout = (struct np_layout){.first = view->first_node};
    collect_nodes(view, layout);
    unsigned spare = columns + 1 > least + NODE ? columns + 1 - least : NODE, at = 0;
    if (layout->first >= layout->id_count)
        layout->first = layout->id_count ? layout->id_count - 1 : 0;
    layout->shown = layout->id_count - layout->first;
    layout->shown = layout->shown < spare / NODE ? layout->shown : spare / NODE;
    spare -= layout->shown * NODE;
    layout->long_policy = take(&spare, LONG_POLICY - SHORT_POLICY);
    const bool asked = take(&spare, ASKED);
    layout->bars = layout->shown > 0 && take(&spare, layout->shown * BAR);
    const bool verdict = take(&spare, VERDICT);
    place(&at, &layout->name, NAME + (spare < LONGEST_NAME - NAME ? spare : LONGEST_NAME - NAME));
    place(&at, &layout->policy, layout->long_policy ? LONG_POLICY : SHORT_POLICY);
    place(&at, &layout->asked, asked ? ASKED : 0);
    place(&at, &layout->total, TOTAL);
    place(&at, &layout->away, AWAY);
    place(&at, &layout->frees, RATE);
    place(&at, &layout->moves, RATE);
    place(&at, &layout->nodes, NODE + (layout->bars ? BAR : 0));
    at += layout->shown ? (layout->shown - 1) * layout->nodes.width : 0;
    place(&at, &layout->verdict, verdict ? VERDICT : 0);
}

struct np_span np_layout_size(const struct np_layout *layout, unsigned n)
{
    return (struct np_span){.column = layout->nodes.column + n * layout->nodes.width, .width = NODE};
}

struct np_span np_layout_bar(const struct np_layout *layout, unsigned n)
{
    return (struct np_span){.column = layout->nodes.column + n * layout->nodes.width + NODE,
                            .width = layout->bars ? BAR : 0};
}
