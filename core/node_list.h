/* SPDX-License-Identifier: MIT */
/* node_list - the nodes that a rule names, as written, and what they come to on this machine. Every `nodes` key is read
 * into one and resolved here. */
#ifndef NP_CORE_NODE_LIST_H
#define NP_CORE_NODE_LIST_H

#include "numaperf.h"
#include "reason.h"

#define NP_NODE_ITEMS   128
#define NP_NODE_DEVICES 256

enum np_node_word {
    NP_NODES_IDS,         /* a span of ids */
    NP_NODES_ALL,         /* every allowed node that has memory; the words below choose among these */
    NP_NODES_DRAM,        /* those with CPUs */
    NP_NODES_MEMORY_ONLY, /* those without */
    NP_NODES_FASTEST,     /* those with the highest bandwidth */
    NP_NODES_LARGEST,     /* those with the most memory */
    NP_NODES_RANK,        /* of the list before it, the one at the place of the local rank */
    NP_NODES_NEAR,        /* the one that a device is at */
    NP_NODES_WORDS
};

struct np_node_item {
    uint8_t word;         /* enum np_node_word */
    bool excluded;        /* it stands behind `!` */
    uint16_t weight;      /* 1 to 255; 0: none was given */
    uint16_t first, last; /* IDS: the span. NEAR: where the device's name begins in devices */
};

/** The items in the order in which they were written. */
struct np_node_list {
    bool present;  /* the key was given */
    bool weighted; /* at least one weight was given */
    uint16_t count;
    uint16_t device_bytes;
    struct np_node_item items[NP_NODE_ITEMS];
    char devices[NP_NODE_DEVICES]; /* names, each with its NUL */
};

/** np_node_list_add() - append an item and, of NP_NODES_NEAR, the device's name (else NULL). Return: 0; -E2BIG when the
 * list is full. */
int np_node_list_add(struct np_node_list *list, struct np_node_item item, const char *device);

/** np_node_word_name() - "all", "dram" and so on; "near:" with its colon; "" for ids. */
const char *np_node_word_name(enum np_node_word word);

/** What a list comes to. */
struct np_node_choice {
    np_nodeset nodes;              /* wanted and usable: allowed, with memory */
    np_nodeset dropped;            /* wanted, but absent, without memory or not allowed */
    uint8_t weights[NP_MAX_NODES]; /* of each of nodes, where the list is weighted; else 0 */
    char lacking
        [NP_REASON_SIZE];      /* the words that this machine cannot answer, which hard mode refuses, or "" */
    char note[NP_REASON_SIZE]; /* what else is less than the list says, or "" */
};

/** np_node_list_resolve() - choose the nodes of a list; one without a positive item, or not present, means `all`.
 * Context: start-up: reads small files of /sys for some words, and the environment for `rank`.
 * Return: 0, *ret_choice is set, maybe without nodes; -EINVAL when a node is given two weights: @ret_choice->note says
 * which, and nothing else is set. */
int np_node_list_resolve(const struct np_node_list *list, const np_topology *topology,
                         struct np_node_choice *ret_choice);

#endif
