/* SPDX-License-Identifier: MIT */
/* The libFuzzer target of the policy file reader: what it accepts must be whole, what it refuses must be explained. */
#include "../../config/config.h"
#include "../../config/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "fuzz.ini"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A plain abort: an assert would vanish from a release build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

/* What was told, and a sum over its texts. */
struct told {
    unsigned count, line, lines;
    size_t sum;
};

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static bool tell(void *context, const char *path, const struct np_config_problem *problem)
{
    struct told *told = context;
    char message[512];
    int length = np_config_problem_format(path, problem, message, sizeof message);
    require(length > 0 && (size_t)length < sizeof message && is_printable(message));
    require(problem->line >= told->line && problem->line >= 1 && problem->line <= told->lines);
    require(problem->text[0] != '\0');
    told->line = problem->line;
    told->count++;
    for (int i = 0; i < length; i++)
        told->sum = told->sum * 31 + (unsigned char)message[i];
    return true;
}

static void check_nodes(const struct np_rule *rule)
{
    const struct np_node_list *nodes = &rule->nodes;
    bool needed = rule->mode >= NP_BIND;
    require(nodes->present == needed && (rule->nodes_line != 0) == needed);
    require(!nodes->weighted || rule->mode == NP_WEIGHTED_INTERLEAVE);
    require(nodes->count <= NP_NODE_ITEMS && (nodes->count > 0) == needed);
    bool weighted = false;
    for (unsigned i = 0; i < nodes->count; i++) {
        const struct np_node_item *item = &nodes->items[i];
        require(item->word < NP_NODES_WORDS && !(item->excluded && item->weight != 0));
        require(item->word != NP_NODES_IDS || (item->first <= item->last && item->last < NP_MAX_NODES));
        weighted |= item->weight != 0;
    }
    require(weighted == nodes->weighted);
}

static void check_section(const char *section, const char *kind)
{
    const size_t before = strlen(kind);
    require(memchr(section, '\0', NP_SECTION_SIZE) != NULL && strncmp(section, kind, before) == 0);
    const size_t length = strlen(section);
    require(length > before && length <= before + 32 && is_printable(section));
}

static void check_rule(const struct np_config *config, const struct np_rule *rule, const char *kind,
                       unsigned lines)
{
    check_section(rule->section, kind);
    require(rule->line >= 1 && rule->line <= lines && rule->policy_line > rule->line &&
            rule->policy_line <= lines);
    require(rule->min_size < rule->max_size);
    require(rule->mode <= NP_WEIGHTED_INTERLEAVE && rule->huge <= NP_HUGE_1G);
    require(rule->prefault <= NP_PREFAULT_PARALLEL && rule->hardness <= NP_HARD);
    require(rule->mode_line != 0 || rule->hardness == config->hardness);
    check_nodes(rule);
}

static void check_config(const struct np_config *config, unsigned lines)
{
    require(strcmp(config->path, NAME) == 0 && config->hardness <= NP_HARD);
    require(memchr(config->summary, '\0', sizeof config->summary) != NULL);
    require(memchr(config->report, '\0', sizeof config->report) != NULL);
    require(config->class_count <= NP_CONFIG_MAX_CLASSES);
    for (unsigned i = 0; i < config->class_count; i++) {
        const struct np_rule *rule = &config->classes[i];
        check_rule(config, rule, "malloc.", lines);
        require(i == 0 || rule[-1].max_size <= rule->min_size);
        for (unsigned j = 0; j < i; j++)
            require(strcmp(rule->section, config->classes[j].section) != 0);
    }
    require(config->mapping_count <= NP_CONFIG_MAX_MAPPINGS && config->thread_count <= NP_MAX_THREAD_RULES);
    for (unsigned i = 0; i < config->mapping_count; i++) {
        check_rule(config, &config->mappings[i], "mmap.", lines);
        require(i == 0 || config->mappings[i - 1].line < config->mappings[i].line);
    }
    for (unsigned i = 0; i < config->thread_count; i++) {
        check_section(config->threads[i].section, "thread.");
        require(i == 0 || config->threads[i - 1].line < config->threads[i].line);
    }
}

/* Both configs come from zeroed mappings, so even their padding is the same. */
static bool same_bytes(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

static unsigned count_lines(const uint8_t *data, size_t size)
{
    unsigned lines = 1; /* a problem of an empty file has line 1 */
    for (size_t i = 0; i + 1 < size; i++)
        lines += data[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told first = {.lines = count_lines(data, size)}, second = first;
    struct np_config *config = NULL, *again = NULL;
    const char *text = (const char *)data;
    int error = np_config_read_text(NAME, text, size, tell, &first, &config);
    require(error == 0 || error == -EINVAL);
    require((error == 0) == (config != NULL) && (error == 0) == (first.count == 0));
    require(first.count <= NP_PROBLEMS_MAX);
    require(np_config_read_text(NAME, text, size, tell, &second, &again) == error);
    require(first.count == second.count && first.sum == second.sum);
    if (config != NULL) {
        check_config(config, first.lines);
        require(same_bytes(config, again, sizeof *config));
    }
    np_config_free(config);
    np_config_free(again);
    return 0;
}
