/* SPDX-License-Identifier: MIT */
/* Which programs the live view shows in which order, and which one is selected. */
#include "cli.h"
#include "top_view.h"

#include <stdlib.h>

/* By what qsort_r() compares: the largest first, then the lowest number. */
static double weight(const struct np_sampled *program, enum np_top_order order)
{
    const struct np_figures figures = np_figures_program(program);
    switch (order) {
    case NP_TOP_AWAY:
        return (double)np_figures_away(&figures);
    case NP_TOP_FREES:
        return figures.frees;
    case NP_TOP_MOVES:
        return figures.moves;
    case NP_TOP_MEMORY:
        return (double)figures.pages * (double)figures.page_bytes;
    case NP_TOP_PID:
    case NP_TOP_ORDERS:
        break;
    }
    return 0;
}

static int compare(const void *left, const void *right, void *order)
{
    const struct np_sampled *const *a = left, *const *b = right;
    const double more = weight(*b, *(enum np_top_order *)order) - weight(*a, *(enum np_top_order *)order);
    return more > 0 ? 1 : more < 0 ? -1 : ((*a)->pid > (*b)->pid) - ((*a)->pid < (*b)->pid);
}

void np_top_sort(struct np_top_view *view)
{
    const unsigned count = view->sample ? view->sample->count : 0;
    free(view->sorted);
    view->sorted = calloc(count + 1, sizeof *view->sorted);
    if (!view->sorted)
        np_cli_out_of_memory();
    for (unsigned i = 0; i < count; i++)
        view->sorted[i] = &view->sample->programs[i];
    qsort_r(view->sorted, count, sizeof *view->sorted, compare, &view->order);
    np_top_select(view, 0);
}

void np_top_select(struct np_top_view *view, int steps)
{
    const int count = view->sample ? (int)view->sample->count : 0;
    int now = 0;
    while (now < count && view->sorted[now]->pid != view->selected)
        now++;
    now = now == count ? 0 : now + steps;
    now = now >= count ? count - 1 : now;
    now = now < 0 ? 0 : now;
    if (count > 0 && !view->alone)
        view->selected = view->sorted[now]->pid;
}
