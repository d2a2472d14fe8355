/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <errno.h>
#include <string.h>

/* One item of a list: a span of ids, or `all`. */
struct node_item {
    struct np_value_quote text; /* as written */
    bool all, excluded;
    size_t first, last;
    uint8_t weight; /* 0: none was given */
};

/* Words that name nodes by what they are; they need a topology, and near: a device. */
static const char *const later_words[] = {"dram", "memory-only", "fastest", "largest", "rank", "near:"};

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
    int error = read_id(text, item, &item->first, ret_reason);
    if (error != 0)
        return error;
    item->last = item->first;
    const char *c = skip_blanks(*text);
    if (*c != '-')
        return 0;
    *text = skip_blanks(c + 1);
    error = read_id(text, item, &item->last, ret_reason);
    if (error == 0 && item->first > item->last)
        error = np_value_fail(ret_reason, "\"%s\": the range falls; write %zu-%zu", item->text.text,
                              item->last, item->first);
    return error;
}

static int read_word(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *start = *text;
    size_t length = strcspn(start, ",* \t\v\f\r\n");
    *text = start + length;
    if (length == 3 && memcmp(start, "all", 3) == 0) {
        item->all = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof later_words / sizeof *later_words; i++) {
        size_t known = strlen(later_words[i]);
        bool prefix = later_words[i][known - 1] == ':';
        if (strncmp(start, later_words[i], known) == 0 && (prefix || length == known))
            return np_value_fail(ret_reason,
                                 "\"%s\" is not supported yet; use node ids, ranges such as 0-2, and all",
                                 item->text.text);
    }
    return np_value_fail(ret_reason, "\"%s\" names no nodes; use node ids, ranges such as 0-2, and all",
                         item->text.text);
}

static int read_weight(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *c = skip_blanks(*text);
    if (*c != '*')
        return 0;
    if (item->excluded)
        return np_value_fail(ret_reason, "\"%s\": what is excluded has no weight", item->text.text);
    c = skip_blanks(c + 1);
    size_t weight;
    int error = np_value_number(&c, &weight);
    c = skip_blanks(c);
    if (error != 0 || weight < 1 || weight > 255 || (*c != '\0' && *c != ','))
        return np_value_fail(ret_reason, "\"%s\": a weight is a whole number from 1 to 255", item->text.text);
    item->weight = (uint8_t)weight;
    *text = c;
    return 0;
}

/* One item up to the comma behind it or the list's end. */
static int read_item(const char **text, struct node_item *item, struct np_value_reason *ret_reason)
{
    const char *c = skip_blanks(*text);
    *item = (struct node_item){.text = item_text(c), .excluded = *c == '!'};
    if (item->excluded)
        c = skip_blanks(c + 1);
    if (*c == '\0' || *c == ',')
        return np_value_fail(ret_reason,
                             item->excluded ? "nothing follows !" : "an item of the list is empty");
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

static int add_weight(struct np_node_list *list, const struct node_item *item,
                      struct np_value_reason *ret_reason)
{
    if (item->weight == 0)
        return 0;
    list->weighted = true;
    if (item->all) {
        if (list->all_weight != 0 && list->all_weight != item->weight)
            return np_value_fail(ret_reason, "all is given two weights, %u and %u", list->all_weight,
                                 item->weight);
        list->all_weight = item->weight;
        return 0;
    }
    for (size_t id = item->first; id <= item->last; id++) {
        if (list->weights[id] != 0 && list->weights[id] != item->weight)
            return np_value_fail(ret_reason, "node %zu is given two weights, %u and %u", id,
                                 list->weights[id], item->weight);
        list->weights[id] = item->weight;
    }
    return 0;
}

/* `all` names every node, so one that has a weight of its own beside a weighted `all` has two. */
static int check_all_weight(const struct np_node_list *list, struct np_value_reason *ret_reason)
{
    if (list->all_weight == 0)
        return 0;
    for (unsigned id = 0; id < NP_MAX_NODES; id++)
        if (list->weights[id] != 0 && list->weights[id] != list->all_weight)
            return np_value_fail(ret_reason, "node %u is given two weights, %u and, by all, %u", id,
                                 list->weights[id], list->all_weight);
    return 0;
}

static int add_item(struct np_node_list *list, const struct node_item *item,
                    struct np_value_reason *ret_reason)
{
    if (item->all) {
        if (item->excluded)
            list->exclude_all = true;
        else
            list->all = true;
        return add_weight(list, item, ret_reason);
    }
    np_nodeset *ids = item->excluded ? &list->excluded : &list->ids;
    for (size_t id = item->first; id <= item->last; id++) {
        int error = np_nodeset_add(ids, (int)id);
        if (error != 0)
            return error;
    }
    return add_weight(list, item, ret_reason);
}

int np_value_nodes(const char *value, void *field, struct np_value_reason *ret_reason)
{
    struct np_node_list list = {.present = true};
    bool positive = false;
    for (const char *c = value;; c++) {
        struct node_item item;
        int error = read_item(&c, &item, ret_reason);
        if (error == 0)
            error = add_item(&list, &item, ret_reason);
        if (error != 0)
            return error;
        positive |= !item.excluded;
        if (*c == '\0')
            break;
    }
    if (!positive)
        list.all = true;
    int error = check_all_weight(&list, ret_reason);
    if (error == 0)
        *(struct np_node_list *)field = list;
    return error;
}
