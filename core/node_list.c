/* SPDX-License-Identifier: MIT */
#include "node_list.h"

#include "log.h"
#include "topology.h"

#include <errno.h>
#include <string.h>

static const char *const names[NP_NODES_WORDS] = {
    [NP_NODES_IDS] = "",
    [NP_NODES_ALL] = "all",
    [NP_NODES_DRAM] = "dram",
    [NP_NODES_MEMORY_ONLY] = "memory-only",
    [NP_NODES_FASTEST] = "fastest",
    [NP_NODES_LARGEST] = "largest",
    [NP_NODES_RANK] = "rank",
    [NP_NODES_NEAR] = "near:",
};

const char *np_node_word_name(enum np_node_word word)
{
    return names[word];
}

int np_node_list_add(struct np_node_list *list, struct np_node_item item, const char *device)
{
    if (list->count == NP_NODE_ITEMS)
        return -E2BIG;
    if (device != NULL) {
        const size_t length = strlen(device) + 1;
        if (length > sizeof list->devices - list->device_bytes)
            return -E2BIG;
        memcpy(list->devices + list->device_bytes, device, length);
        item.first = list->device_bytes;
        list->device_bytes = (uint16_t)(list->device_bytes + length);
    }
    list->items[list->count++] = item;
    return 0;
}

/* ---- One item ---- */

static void find_ids(const struct np_node_item *item, np_nodeset *ret_nodes)
{
    np_nodeset_zero(ret_nodes);
    for (int id = item->first; id <= item->last; id++)
        (void)np_nodeset_add(ret_nodes, id);
}

static void find(const struct np_node_item *item, const np_topology *topology, np_nodeset *ret_nodes)
{
    if (item->word == NP_NODES_IDS)
        find_ids(item, ret_nodes);
    else
        *ret_nodes = *np_topology_allowed(topology);
}

/* ---- Weights ---- */

/* Nodes named by their ids have the weight given there, 1 where none is; others that of the word that chooses them, of
 * which there may be one. */
struct weights {
    np_nodeset named, conflicts;
    uint8_t by_id[NP_MAX_NODES], by_word[NP_MAX_NODES];
};

static void add_weights(struct weights *weights, const struct np_node_item *item, const np_nodeset *nodes)
{
    const bool by_id = item->word == NP_NODES_IDS;
    uint8_t *mine = by_id ? weights->by_id : weights->by_word;
    if (by_id)
        np_nodeset_or(&weights->named, nodes);
    for (int id = -1; item->weight != 0 && (id = np_nodeset_next(nodes, id)) >= 0;) {
        if (!by_id && mine[id] != 0 && mine[id] != item->weight)
            (void)np_nodeset_add(&weights->conflicts, id);
        mine[id] = item->weight;
    }
}

static int settle_weights(const struct weights *weights, struct np_node_choice *choice)
{
    for (int id = -1; (id = np_nodeset_next(&choice->nodes, id)) >= 0;) {
        const bool named = np_nodeset_has(&weights->named, id);
        if (!named && np_nodeset_has(&weights->conflicts, id)) {
            (void)np_format(choice->note, sizeof choice->note, "node %d is given two weights", id);
            return -EINVAL;
        }
        const uint8_t weight = named ? weights->by_id[id] : weights->by_word[id];
        choice->weights[id] = weight != 0 ? weight : 1;
    }
    return 0;
}

/* ---- The list ---- */

static void find_excluded(const struct np_node_list *list, const np_topology *topology,
                          np_nodeset *ret_excluded)
{
    np_nodeset_zero(ret_excluded);
    for (unsigned i = 0; i < list->count; i++) {
        np_nodeset nodes;
        if (!list->items[i].excluded)
            continue;
        find(&list->items[i], topology, &nodes);
        np_nodeset_or(ret_excluded, &nodes);
    }
}

int np_node_list_resolve(const struct np_node_list *list, const np_topology *topology,
                         struct np_node_choice *ret_choice)
{
    struct np_node_choice choice = {.note = ""};
    struct weights weights = {.by_id = {0}};
    np_nodeset wanted = {0}, excluded;
    bool any = false;
    find_excluded(list, topology, &excluded);
    for (unsigned i = 0; i < list->count; i++) {
        np_nodeset nodes;
        if (list->items[i].excluded)
            continue;
        find(&list->items[i], topology, &nodes);
        np_nodeset_or(&wanted, &nodes);
        add_weights(&weights, &list->items[i], &nodes);
        any = true;
    }
    if (!any)
        wanted = *np_topology_allowed(topology);
    np_nodeset_andnot(&wanted, &excluded);
    choice.nodes = choice.dropped = wanted;
    np_nodeset_and(&choice.nodes, np_topology_allowed(topology));
    np_nodeset_andnot(&choice.dropped, np_topology_allowed(topology));
    const int result = list->weighted ? settle_weights(&weights, &choice) : 0;
    if (result == 0)
        *ret_choice = choice;
    else
        memcpy(ret_choice->note, choice.note, sizeof choice.note);
    return result;
}
