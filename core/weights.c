/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include "kernel.h"
#include "log.h"
#include "policy.h"
#include "topology.h"

#include <errno.h>

#define KERNEL_WEIGHTS "/sys/kernel/mm/mempolicy/weighted_interleave"
#define PATH_SIZE      512

/* 0 when there is none; what is larger than the sums below can bear counts as the largest. */
static uint32_t read_figure(const char *path)
{
    uint64_t figure;
    int error = np_kernel_read_figure(path, &figure);
    if (error)
        return error == -ERANGE ? UINT32_MAX : 0;
    return figure < UINT32_MAX ? (uint32_t)figure : UINT32_MAX;
}

static uint32_t kernel_weight(const char *root, int id)
{
    char path[PATH_SIZE];
    (void)np_format(path, sizeof path, "%s" KERNEL_WEIGHTS "/node%d", root, id);
    const uint32_t weight = read_figure(path);
    return weight <= UINT8_MAX ? weight : 0;
}

static uint32_t bandwidth(const char *root, int id)
{
    const uint64_t figure = np_topology_read_bandwidth(root, id);
    return figure < UINT32_MAX ? (uint32_t)figure : UINT32_MAX;
}

/* Does the kernel set the weights itself (Linux 6.16)? Older ones start with 1 everywhere, which nobody
 * chose. */
static bool kernel_has_auto(const char *root)
{
    char path[PATH_SIZE], text[16];
    (void)np_format(path, sizeof path, "%s" KERNEL_WEIGHTS "/auto", root);
    return np_kernel_read_file(path, text, sizeof text) > 0;
}

/* One figure for each node. False unless every node has one. */
static bool read_figures(const char *root, const np_nodeset *nodes, uint32_t (*read)(const char *, int),
                         uint32_t *ret_figures, bool *ret_all_equal)
{
    const int first = np_nodeset_next(nodes, -1);
    *ret_all_equal = true;
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;) {
        ret_figures[id] = read(root, id);
        if (ret_figures[id] == 0)
            return false;
        if (ret_figures[id] != ret_figures[first])
            *ret_all_equal = false;
    }
    return first >= 0;
}

/* The weight of a node when the slowest one has @share. */
static uint64_t weight_of(uint32_t figure, uint32_t smallest, uint64_t share)
{
    return (figure * share + smallest / 2) / smallest;
}

/* Does this share put every node within a twentieth? *ret_fits: is no weight above the kernel's limit? */
static bool is_close(const np_nodeset *nodes, const uint32_t *figures, uint32_t smallest, uint64_t share,
                     bool *ret_fits)
{
    bool close = true;
    *ret_fits = true;
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;) {
        const uint64_t exact = figures[id] * share; /* in units of `smallest` */
        const uint64_t weight = weight_of(figures[id], smallest, share);
        const uint64_t error =
            weight * smallest > exact ? weight * smallest - exact : exact - weight * smallest;
        close = close && error * 20 <= exact;
        *ret_fits = *ret_fits && weight <= UINT8_MAX;
    }
    return close;
}

/* Weights are a node's pages in one round. Short rounds spread small arrays better, so each round is tried
 * that gives the slowest node 1, 2 ... 8 pages, until all others come out close enough. (The kernel's own
 * reduction shares out 32 pages, which blurs 2:1 to 1:1 from 22 nodes on.) */
void np_weights_reduce(const np_nodeset *nodes, const uint32_t *figures, uint8_t *ret_weights)
{
    uint32_t smallest = UINT32_MAX;
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;)
        smallest = figures[id] < smallest ? figures[id] : smallest;
    uint64_t share = 1;
    for (uint64_t next = 1; next <= 8; next++) {
        bool fits;
        const bool close = is_close(nodes, figures, smallest, next, &fits);
        if (!fits)
            break;
        share = next;
        if (close)
            break;
    }
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;) {
        const uint64_t weight = weight_of(figures[id], smallest, share);
        ret_weights[id] = weight < UINT8_MAX ? (uint8_t)weight : UINT8_MAX;
    }
}

void np_weights_default(const char *root, const np_nodeset *nodes, uint8_t *ret_weights)
{
    uint32_t figures[NP_MAX_NODES];
    bool all_equal;
    if (read_figures(root, nodes, kernel_weight, figures, &all_equal) &&
        (!all_equal || kernel_has_auto(root))) {
        for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;)
            ret_weights[id] = (uint8_t)figures[id];
        return;
    }
    if (read_figures(root, nodes, bandwidth, figures, &all_equal)) {
        np_weights_reduce(nodes, figures, ret_weights);
        return;
    }
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;)
        ret_weights[id] = 1;
}

bool np_weights_equal(const char *root, const np_nodeset *nodes, const uint8_t *weights)
{
    const int first = np_nodeset_next(nodes, -1);
    const uint32_t kernel_first = first < 0 ? 0 : kernel_weight(root, first);
    if (kernel_first == 0)
        return false;
    for (int id = first; (id = np_nodeset_next(nodes, id)) >= 0;) {
        const uint32_t weight = kernel_weight(root, id);
        if (weight == 0 || weight * weights[first] != kernel_first * weights[id])
            return false;
    }
    return true;
}

void np_policy_default_weights(const np_nodeset *nodes, uint8_t *ret_weights)
{
    np_weights_default("", nodes, ret_weights);
}

bool np_policy_kernel_weights_equal(const np_nodeset *nodes, const uint8_t *weights)
{
    return np_kernel_support()->weighted_interleave && np_weights_equal("", nodes, weights);
}
