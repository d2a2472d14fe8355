/* SPDX-License-Identifier: MIT */
/* node_items - a list of nodes from a text such as "0-2,!1,all*3", without the reader of policy files. */
#ifndef NP_TESTS_NODE_ITEMS_H
#define NP_TESTS_NODE_ITEMS_H

#include "node_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_item(struct np_node_list *list, char *text)
{
    struct np_node_item item = {.excluded = *text == '!'};
    const char *device = NULL;
    char *star = strchr(text += item.excluded, '*'), *dash = strchr(text, '-');
    if (star != NULL) {
        *star = '\0';
        item.weight = (uint8_t)atoi(star + 1);
        list->weighted = true;
    }
    for (int word = NP_NODES_ALL; word < NP_NODES_WORDS; word++) {
        const char *name = np_node_word_name((enum np_node_word)word);
        if (strncmp(text, name, strlen(name)) != 0)
            continue;
        item.word = (uint8_t)word;
        device = text[strlen(name)] != '\0' ? text + strlen(name) : NULL;
    }
    if (item.word == NP_NODES_IDS) {
        item.first = (uint16_t)atoi(text);
        item.last = dash != NULL ? (uint16_t)atoi(dash + 1) : item.first;
    }
    (void)np_node_list_add(list, item, device);
}

/** node_items() - NULL: no key was given. */
__attribute__((unused)) static void node_items(const char *text, struct np_node_list *ret_list)
{
    char copy[1024], *rest = copy, *one;
    *ret_list = (struct np_node_list){.present = text != NULL};
    snprintf(copy, sizeof copy, "%s", text != NULL ? text : "");
    while ((one = strsep(&rest, ",")) != NULL)
        if (*one != '\0')
            add_item(ret_list, one);
}

#endif
