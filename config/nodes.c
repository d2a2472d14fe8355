/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <errno.h>
#include <string.h>

/* What device names are made of: nothing that could lead out of a folder of /sys. */
static const char device_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
#define DEVICE_MOST 31

/* One item of a list, as it is read. */
struct node_item {
    struct np_value_quote text; /* as written */
    struct np_node_item item;
    char device[DEVICE_MOST + 1]; /* behind near: */
};

/* Weights by id and that of `all`, of which each node may have one. */
struct node_weights {
    uint8_t of_id[NP_MAX_NODES], of_all;
};

static const char *skip_blanks(const char *c)
{
    while (np_value_is_blank(*c))
        c++;
    return c;
}

static struct np_value_quote item_text(const char *item)
{
    size_t length = strcspn(item, ",");
    while (length > 0 && np_value_is_blank(item[length - 1]))
        length--;
    return np_value_escape(item, length);
}

static int read_id(const char **text, const struct node_item *item, size_t *ret_id,
                   struct np_value_reason *ret_reason)
{
    int error = np_value_number(text, ret_id);
    if (error == -EINVAL)
        return np_value_fail(ret_reason, "\"%s\": a range ends with a node id", item->text.text);
    if (error == -ERANGE || *ret_id >= NP_MAX_NODES)
        return np_value_fail(ret_reason, "\"%s\": node ids end at %d", item->text.text, NP_MAX_NODES - 1);
    return 0;
}

static int read_span(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    size_t first, last;
    int error = read_id(text, item, &first, ret_reason);
    if (error != 0)
        return error;
    last = first;
    const char *c = skip_blanks(*text);
    if (*c == '-') {
        *text = skip_blanks(c + 1);
        error = read_id(text, item, &last, ret_reason);
    }
    if (error == 0 && first > last)
        error =
            np_value_fail(ret_reason, "\"%s\": the range falls; write %zu-%zu", item->text.text, last, first);
    item->item.first = (uint16_t)first;
    item->item.last = (uint16_t)last;
    return error;
}

static int read_device(const char *name, size_t length, struct node_item *item,
                       struct np_value_reason *ret_reason)
{
    if (length == 0 || length > DEVICE_MOST || strspn(name, device_bytes) < length || *name == '.')
        return np_value_fail(
            ret_reason, "\"%s\": near: is followed by a PCI address, a network interface or a block device",
            item->text.text);
    memcpy(item->device, name, length);
    return 0;
}

static int read_word(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *start = *text;
    size_t length = strcspn(start, ",* \t\v\f\r\n");
    *text = start + length;
    for (int word = NP_NODES_ALL; word < NP_NODES_WORDS; word++) {
        const char *name = np_node_word_name((enum np_node_word)word);
        size_t known = strlen(name);
        if (strncmp(start, name, known) != 0 || (word != NP_NODES_NEAR && length != known))
            continue;
        item->item.word = (uint8_t)word;
        if (word == NP_NODES_RANK && item->item.excluded)
            return np_value_fail(ret_reason, "rank chooses from the list before it and cannot be excluded");
        return word == NP_NODES_NEAR ? read_device(start + known, length - known, item, ret_reason) : 0;
    }
    return np_value_fail(ret_reason,
                         "\"%s\" names no nodes; use ids, ranges such as 0-2, all, dram, memory-only, "
                         "fastest, largest, rank and near:DEVICE",
                         item->text.text);
}

static int read_weight(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *c = skip_blanks(*text);
    if (*c != '*')
        return 0;
    if (item->item.excluded)
        return np_value_fail(ret_reason, "\"%s\": what is excluded has no weight", item->text.text);
    c = skip_blanks(c + 1);
    size_t weight;
    int error = np_value_number(&c, &weight);
    c = skip_blanks(c);
    if (error != 0 || weight < 1 || weight > 255 || (*c != '\0' && *c != ','))
        return np_value_fail(ret_reason, "\"%s\": a weight is a whole number from 1 to 255", item->text.text);
    item->item.weight = (uint8_t)weight;
    *text = c;
    return 0;
}

/* One item up to the comma behind it or the list's end. */
static int read_item(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *c = skip_blanks(*text);
    *item = (struct node_item){.text = item_text(c), .item.excluded = *c == '!'};
    if (item->item.excluded)
        c = skip_blanks(c + 1);
    if (*c == '\0' || *c == ',')
        return np_value_fail(ret_reason,
                             item->item.excluded ? "nothing follows !" : "an item of the list is empty");
    bool digit = *c >= '0' && *c <= '9';
    int error = digit ? read_span(&c, item, ret_reason) : read_word(&c, item, ret_reason);
    if (error == 0)
        error = read_weight(&c, item, ret_reason);
    if (error != 0)
        return error;
    c = skip_blanks(c);
    if (*c != '\0' && *c != ',')
        return np_value_fail(ret_reason, "\"%s\" is not one node, range or word; commas separate items",
                             item->text.text);
    *text = c;
    return 0;
}

static int check_weight(struct node_weights *weights, const struct np_node_item *item,
                        struct np_value_reason *ret_reason)
{
    if (item->weight == 0)
        return 0;
    if (item->word == NP_NODES_ALL) {
        if (weights->of_all != 0 && weights->of_all != item->weight)
            return np_value_fail(ret_reason, "all is given two weights, %u and %u", weights->of_all,
                                 item->weight);
        weights->of_all = item->weight;
        return 0;
    }
    for (unsigned id = item->first; item->word == NP_NODES_IDS && id <= item->last; id++) {
        if (weights->of_id[id] != 0 && weights->of_id[id] != item->weight)
            return np_value_fail(ret_reason, "node %u is given two weights, %u and %u", id,
                                 weights->of_id[id], item->weight);
        weights->of_id[id] = item->weight;
    }
    return 0;
}

/* `all` names every node, so one that has a weight of its own beside a weighted `all` has two. */
static int check_all_weight(const struct node_weights *weights, struct np_value_reason *ret_reason)
{
    for (unsigned id = 0; weights->of_all != 0 && id < NP_MAX_NODES; id++)
        if (weights->of_id[id] != 0 && weights->of_id[id] != weights->of_all)
            return np_value_fail(ret_reason, "node %u is given two weights, %u and, by all, %u", id,
                                 weights->of_id[id], weights->of_all);
    return 0;
}

int np_value_nodes(const char *value, void *field, struct np_value_reason *ret_reason)
{
    struct np_node_list list = {.present = true};
    struct node_weights weights = {.of_all = 0};
    for (const char *c = value;; c++) {
        struct node_item item;
        int error = read_item(&c, &item, ret_reason);
        if (error == 0)
            error = check_weight(&weights, &item.item, ret_reason);
        if (error == 0 && np_node_list_add(&list, item.item, *item.device != '\0' ? item.device : NULL) < 0)
            error = np_value_fail(ret_reason, "the list has more than %d items or too many devices",
                                  NP_NODE_ITEMS);
        if (error != 0)
            return error;
        list.weighted |= item.item.weight != 0;
        if (*c == '\0')
            break;
    }
    int error = check_all_weight(&weights, ret_reason);
    if (error == 0)
        *(struct np_node_list *)field = list;
    return error;
}
