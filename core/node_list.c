/* SPDX-License-Identifier: MIT */
#include "node_list.h"

#include "device.h"
#include "log.h"
#include "rank.h"
#include "topology.h"

#include <errno.h>
#include <string.h>

/* A list on its way to a choice. */
struct search {
    const struct np_node_list *list;
    const np_topology *topology;
    np_nodeset wanted, excluded;
    bool any; /* a positive item has been seen */
    struct np_node_choice choice;
};

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

static void find_ids(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    (void)search;
    np_nodeset_zero(ret_nodes);
    for (int id = item->first; id <= item->last; id++)
        (void)np_nodeset_add(ret_nodes, id);
}

static void find_all(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    (void)item;
    *ret_nodes = *np_topology_allowed(search->topology);
}

static void find_by_cpus(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    const np_nodeset *allowed = np_topology_allowed(search->topology);
    np_nodeset_zero(ret_nodes);
    for (int id = -1; (id = np_nodeset_next(allowed, id)) >= 0;)
        if (np_topology_has_cpus(search->topology, id) == (item->word == NP_NODES_DRAM))
            (void)np_nodeset_add(ret_nodes, id);
}

/* What a word cannot tell here: as a wish it means every node, as an exclusion none. */
static void lack(struct search *search, const struct np_node_item *item, const char *what,
                 np_nodeset *ret_nodes)
{
    np_nodeset_zero(ret_nodes);
    if (!item->excluded)
        *ret_nodes = *np_topology_allowed(search->topology);
    if (np_nodeset_count(np_topology_allowed(search->topology)) > 1)
        np_reason_append(search->choice.lacking, ", ", "%s: %s",
                         np_node_word_name((enum np_node_word)item->word), what);
}

static void find_most(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    const bool fastest = item->word == NP_NODES_FASTEST;
    const np_nodeset *allowed = np_topology_allowed(search->topology);
    uint64_t most = 0;
    np_nodeset_zero(ret_nodes);
    for (int id = -1; (id = np_nodeset_next(allowed, id)) >= 0;) {
        const uint64_t figure = fastest ? np_topology_bandwidth(search->topology, id)
                                        : np_topology_node_memory(search->topology, id);
        if (figure > most)
            np_nodeset_zero(ret_nodes);
        if (figure >= most && figure > 0)
            (void)np_nodeset_add(ret_nodes, id);
        most = figure > most ? figure : most;
    }
    if (most == 0)
        lack(search, item, fastest ? "no bandwidths are known" : "no sizes are known", ret_nodes);
}

/* On a machine with one node everything is near to it, whatever firmware says. */
static void find_near(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    const np_nodeset *allowed = np_topology_allowed(search->topology);
    const char *device = search->list->devices + item->first;
    np_nodeset_zero(ret_nodes);
    const int result = np_device_nodes(np_topology_root(search->topology), device, ret_nodes);
    if (result == -ENODATA && np_topology_node_count(search->topology) == 1)
        *ret_nodes = *allowed;
    else if (result < 0)
        np_reason_append(search->choice.lacking, ", ", "near:%s: %s", device,
                         result == -ENODATA ? "the device's node is not known" : "no such device");
}

/* The list before it, as it stands without what is excluded anywhere, comes down to one node. */
static void find_rank(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes)
{
    np_nodeset usable = search->any ? search->wanted : *np_topology_allowed(search->topology);
    (void)item;
    np_nodeset_andnot(&usable, &search->excluded);
    search->wanted = usable;
    np_nodeset_and(&usable, np_topology_allowed(search->topology));
    const unsigned count = np_nodeset_count(&usable);
    const int rank = np_rank_local();
    *ret_nodes = usable;
    if (rank < 0 && count > 1)
        np_reason_append(search->choice.note, ", ", "rank: no launcher has told a local rank");
    if (rank < 0 || count == 0)
        return;
    int chosen = -1;
    for (unsigned place = (unsigned)rank % count + 1; place > 0; place--)
        chosen = np_nodeset_next(&usable, chosen);
    np_nodeset_zero(ret_nodes);
    (void)np_nodeset_add(ret_nodes, chosen);
    np_nodeset_andnot(&search->wanted, np_topology_allowed(search->topology)); /* these are told as dropped */
}

static const struct {
    const char *name;
    void (*find)(struct search *search, const struct np_node_item *item, np_nodeset *ret_nodes);
} words[NP_NODES_WORDS] = {
    [NP_NODES_IDS] = {"", find_ids},
    [NP_NODES_ALL] = {"all", find_all},
    [NP_NODES_DRAM] = {"dram", find_by_cpus},
    [NP_NODES_MEMORY_ONLY] = {"memory-only", find_by_cpus},
    [NP_NODES_FASTEST] = {"fastest", find_most},
    [NP_NODES_LARGEST] = {"largest", find_most},
    [NP_NODES_RANK] = {"rank", find_rank},
    [NP_NODES_NEAR] = {"near:", find_near},
};

const char *np_node_word_name(enum np_node_word word)
{
    return words[word].name;
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

static void find_excluded(struct search *search)
{
    for (unsigned i = 0; i < search->list->count; i++) {
        const struct np_node_item *item = &search->list->items[i];
        np_nodeset nodes;
        if (!item->excluded)
            continue;
        words[item->word].find(search, item, &nodes);
        np_nodeset_or(&search->excluded, &nodes);
    }
}

static void find_wanted(struct search *search, struct weights *weights)
{
    for (unsigned i = 0; i < search->list->count; i++) {
        const struct np_node_item *item = &search->list->items[i];
        np_nodeset nodes;
        if (item->excluded)
            continue;
        words[item->word].find(search, item, &nodes);
        np_nodeset_or(&search->wanted, &nodes);
        add_weights(weights, item, &nodes);
        search->any = true;
    }
    if (!search->any)
        search->wanted = *np_topology_allowed(search->topology);
    np_nodeset_andnot(&search->wanted, &search->excluded);
}

int np_node_list_resolve(const struct np_node_list *list, const np_topology *topology,
                         struct np_node_choice *ret_choice)
{
    struct search search = {.list = list, .topology = topology};
    struct weights weights = {.by_id = {0}};
    find_excluded(&search);
    find_wanted(&search, &weights);
    struct np_node_choice *choice = &search.choice;
    choice->nodes = choice->dropped = search.wanted;
    np_nodeset_and(&choice->nodes, np_topology_allowed(topology));
    np_nodeset_andnot(&choice->dropped, np_topology_allowed(topology));
    const int result = list->weighted ? settle_weights(&weights, choice) : 0;
    if (result == 0)
        *ret_choice = *choice;
    else
        memcpy(ret_choice->note, choice->note, sizeof choice->note);
    return result;
}
