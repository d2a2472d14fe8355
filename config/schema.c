/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include "../core/log.h"
#include "config.h"

#include <assert.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A key's parser takes both fields as one struct np_size_range. */
static_assert(offsetof(struct np_rule, max_size) ==
                  offsetof(struct np_rule, min_size) + offsetof(struct np_size_range, end),
              "np_rule holds its size as np_size_range does");

static int copy_text(const char *value, char *field, size_t size, struct np_value_reason *ret_reason)
{
    size_t length = strlen(value);
    if (length >= size)
        return np_value_fail(ret_reason, "more than %zu bytes", size - 1);
    memcpy(field, value, length + 1);
    return 0;
}

static int parse_summary(const char *value, void *field, struct np_value_reason *ret_reason)
{
    return copy_text(value, field, sizeof((struct np_config *)NULL)->summary, ret_reason);
}

static int parse_report(const char *value, void *field, struct np_value_reason *ret_reason)
{
    const char *path = strcmp(value, "none") == 0 ? "" : value;
    return copy_text(path, field, sizeof((struct np_config *)NULL)->report, ret_reason);
}

#define CONFIG(field)  offsetof(struct np_config, field)
#define RULE(field)    offsetof(struct np_rule, field)
#define PROCESS(field) offsetof(struct np_process_rule, field)
#define THREAD(field)  offsetof(struct np_thread_rule, field)

static const struct np_schema_key numaperf_keys[] = {
    {.name = "version", .parse = np_value_version, .flags = NP_KEY_REQUIRED},
    {.name = "summary", .parse = parse_summary, .offset = CONFIG(summary), .flags = NP_KEY_MAY_BE_EMPTY},
    {.name = "mode", .parse = np_value_hardness, .offset = CONFIG(hardness)},
    {.name = "report", .parse = parse_report, .offset = CONFIG(report)},
    {.name = "children", .parse = np_value_children, .offset = CONFIG(scrub)},
};

static const struct np_schema_key malloc_keys[] = {
    [NP_CLASS_SIZE] = {"size", np_value_size_range, RULE(min_size), 0, NP_KEY_REQUIRED},
    [NP_CLASS_POLICY] = {"policy", np_value_mode, RULE(mode), RULE(policy_line),
                         NP_KEY_REQUIRED | NP_KEY_HAS_LINE},
    [NP_CLASS_NODES] = {"nodes", np_value_nodes, RULE(nodes), RULE(nodes_line), NP_KEY_HAS_LINE},
    [NP_CLASS_HUGE] = {"huge-pages", np_value_huge, RULE(huge), RULE(huge_line), NP_KEY_HAS_LINE},
    [NP_CLASS_PREFAULT] = {"prefault", np_value_prefault, RULE(prefault), 0, 0},
    [NP_CLASS_MODE] = {"mode", np_value_hardness, RULE(hardness), RULE(mode_line), NP_KEY_HAS_LINE},
};

static const struct np_schema_key mmap_keys[] = {
    [NP_CLASS_SIZE] = {"size", np_value_size_range, RULE(min_size), 0, 0},
    [NP_CLASS_POLICY] = {"policy", np_value_mode, RULE(mode), RULE(policy_line),
                         NP_KEY_REQUIRED | NP_KEY_HAS_LINE},
    [NP_CLASS_NODES] = {"nodes", np_value_nodes, RULE(nodes), RULE(nodes_line), NP_KEY_HAS_LINE},
    [NP_CLASS_HUGE] = {"huge-pages", np_value_huge, RULE(huge), RULE(huge_line), NP_KEY_HAS_LINE},
    [NP_CLASS_PREFAULT] = {"prefault", np_value_prefault, RULE(prefault), 0, 0},
    [NP_CLASS_MODE] = {"mode", np_value_hardness, RULE(hardness), RULE(mode_line), NP_KEY_HAS_LINE},
    [NP_CLASS_KIND] = {"kind", np_value_mapping_kind, RULE(kind), 0, 0},
};

static_assert(COUNT(mmap_keys) <= NP_SCHEMA_MAX_KEYS, "the builder keeps the line of each key");
static const struct np_schema_key thread_keys[] = {
    [NP_THREAD_NAME] = {"name", np_value_glob, THREAD(name), 0, 0},
    [NP_THREAD_INDEX] = {"index", np_value_index, THREAD(index), 0, 0},
    [NP_THREAD_START] = {"start", np_value_glob, THREAD(start), 0, 0},
    [NP_THREAD_PIN] = {"pin", np_value_pin, THREAD(pin), THREAD(pin_line), NP_KEY_REQUIRED | NP_KEY_HAS_LINE},
    [NP_THREAD_NODES] = {"nodes", np_value_nodes, THREAD(nodes), THREAD(nodes_line), NP_KEY_HAS_LINE},
    [NP_THREAD_OVERRIDE] = {"override", np_value_yes_no, THREAD(override), 0, 0},
};

static const struct np_schema_key process_keys[] = {
    [NP_PROCESS_POLICY] = {"policy", np_value_mode, PROCESS(policy.mode), PROCESS(policy.policy_line),
                           NP_KEY_HAS_LINE},
    [NP_PROCESS_NODES] = {"nodes", np_value_nodes, PROCESS(policy.nodes), PROCESS(policy.nodes_line),
                          NP_KEY_HAS_LINE},
    [NP_PROCESS_PIN] = {"pin", np_value_pin, PROCESS(pin), PROCESS(pin_line), NP_KEY_HAS_LINE},
    [NP_PROCESS_MODE] = {"mode", np_value_hardness, PROCESS(policy.hardness), PROCESS(policy.mode_line),
                         NP_KEY_HAS_LINE},
};

static_assert(COUNT(numaperf_keys) <= NP_SCHEMA_MAX_KEYS && COUNT(malloc_keys) <= NP_SCHEMA_MAX_KEYS &&
                  COUNT(thread_keys) <= NP_SCHEMA_MAX_KEYS,
              "the builder keeps the line of each key");

const struct np_schema_section np_schema_numaperf = {
    .word = "numaperf",
    .keys = numaperf_keys,
    .key_count = COUNT(numaperf_keys),
};
const struct np_schema_section np_schema_malloc = {
    .word = "malloc",
    .named = true,
    .keys = malloc_keys,
    .key_count = COUNT(malloc_keys),
};
const struct np_schema_section np_schema_mmap = {
    .word = "mmap",
    .named = true,
    .keys = mmap_keys,
    .key_count = COUNT(mmap_keys),
};
const struct np_schema_section np_schema_thread = {
    .word = "thread",
    .named = true,
    .keys = thread_keys,
    .key_count = COUNT(thread_keys),
};
const struct np_schema_section np_schema_process = {
    .word = "process",
    .keys = process_keys,
    .key_count = COUNT(process_keys),
};

static bool same_word(const char *word, size_t length, const char *known)
{
    for (size_t i = 0; i < length; i++) {
        char c = word[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != known[i] || c == '\0')
            return false;
    }
    return known[length] == '\0';
}

const struct np_schema_section *np_schema_section(const char *word, size_t length)
{
    static const struct np_schema_section *const sections[] = {
        &np_schema_numaperf, &np_schema_malloc, &np_schema_mmap, &np_schema_thread, &np_schema_process,
    };
    for (size_t i = 0; i < COUNT(sections); i++)
        if (same_word(word, length, sections[i]->word))
            return sections[i];
    return NULL;
}

int np_schema_key(const struct np_schema_section *section, const char *name)
{
    for (unsigned i = 0; i < section->key_count; i++)
        if (same_word(name, strlen(name), section->keys[i].name))
            return (int)i;
    return -1;
}

void np_schema_refuse_key(const struct np_schema_section *section, struct np_value_reason *ret_reason)
{
    size_t used = (size_t)np_format(ret_reason->text, sizeof ret_reason->text, "unknown key; known are ");
    for (unsigned i = 0; i < section->key_count && used < sizeof ret_reason->text; i++) {
        const char *separator = i == 0 ? "" : i + 1 < section->key_count ? ", " : " and ";
        used += (size_t)np_format(ret_reason->text + used, sizeof ret_reason->text - used, "%s%s", separator,
                                  section->keys[i].name);
    }
}
