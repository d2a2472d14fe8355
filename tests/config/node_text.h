/* SPDX-License-Identifier: MIT */
/* node_text - a list of nodes as it was read, such as "0-2,!1,near:eth0*3". */
#ifndef NP_TESTS_NODE_TEXT_H
#define NP_TESTS_NODE_TEXT_H

#include "../../core/node_list.h"

#include <stdio.h>

__attribute__((unused)) static const char *node_text(const struct np_node_list *list)
{
    static char text[4096];
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < list->count && used < sizeof text - 400; i++) {
        const struct np_node_item *item = &list->items[i];
        used += (size_t)sprintf(text + used, "%s%s%s", i ? "," : "", item->excluded ? "!" : "",
                                np_node_word_name(item->word));
        if (item->word == NP_NODES_IDS)
            used += (size_t)sprintf(text + used, item->first == item->last ? "%u" : "%u-%u", item->first,
                                    item->last);
        if (item->word == NP_NODES_NEAR)
            used += (size_t)sprintf(text + used, "%s", list->devices + item->first);
        if (item->weight != 0)
            used += (size_t)sprintf(text + used, "*%u", item->weight);
    }
    return text;
}

#endif
