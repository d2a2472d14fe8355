/* SPDX-License-Identifier: MIT */
#include "builder.h"

#include "../core/log.h"

#include <assert.h>
#include <string.h>

#define MAX_NAME 32

static void check_section(struct np_builder *builder)
{
    const struct np_schema_section *section = builder->section;
    if (section == NULL)
        return;
    for (unsigned i = 0; i < section->key_count; i++)
        if ((section->keys[i].flags & NP_KEY_REQUIRED) && builder->key_lines[i] == 0)
            np_problems_add(&builder->problems, builder->section_line, builder->where, section->keys[i].name,
                            "the key is missing");
    if (section == &np_schema_malloc)
        np_class_check(builder);
    else if (section == &np_schema_mmap)
        np_mapping_check(builder);
    else if (section == &np_schema_thread)
        np_thread_check(builder);
    else if (section == &np_schema_process)
        np_process_check(builder);
    builder->section = NULL;
}

static bool name_is_valid(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strlen(name);
    return length >= 1 && length <= MAX_NAME && strspn(name, allowed) == length;
}

/* What is wrong with the words between [ and ], or NULL. @ret_section is set for a known word even then. */
static const char *check_title(const char *title, const struct np_schema_section **ret_section)
{
    size_t length = strcspn(title, ".");
    const char *name = title[length] == '.' ? title + length + 1 : NULL;
    const struct np_schema_section *section = np_schema_section(title, length);
    *ret_section = section;
    if (section == NULL)
        return "unknown section; known are [numaperf], [malloc.NAME], [mmap.NAME], [thread.NAME] and "
               "[process]";
    if (!section->named)
        return name == NULL ? section->later : "this section takes no name";
    if (name == NULL)
        return "a name is missing: write [WORD.NAME]";
    if (!name_is_valid(name))
        return "a name is 1 to 32 of A-Z a-z 0-9 _ . -";
    return section->later;
}

/* What rules of all kinds begin with. */
struct head {
    char section[NP_SECTION_SIZE];
    unsigned line;
};

static_assert(offsetof(struct np_rule, line) == offsetof(struct head, line) &&
                  offsetof(struct np_thread_rule, line) == offsetof(struct head, line),
              "rules begin with their section and its line");

/* The rules of one kind of section. */
struct rules {
    char *first;
    size_t size;
    unsigned *count, limit;
    bool *too_many;
};

static struct rules rules_of(struct np_builder *builder, const struct np_schema_section *section)
{
    struct np_config *config = builder->config;
    if (section == &np_schema_thread)
        return (struct rules){(char *)config->threads, sizeof *config->threads, &config->thread_count,
                              NP_MAX_THREAD_RULES, &builder->too_many_threads};
    if (section == &np_schema_mmap)
        return (struct rules){(char *)config->mappings, sizeof *config->mappings, &config->mapping_count,
                              NP_CONFIG_MAX_MAPPINGS, &builder->too_many_mappings};
    return (struct rules){(char *)config->classes, sizeof *config->classes, &config->class_count,
                          NP_CONFIG_MAX_CLASSES, &builder->too_many_classes};
}

static struct head *rule_at(const struct rules *rules, unsigned index)
{
    return (struct head *)(void *)(rules->first + index * rules->size);
}

static unsigned line_of_rule(const struct rules *rules, const char *section)
{
    for (unsigned i = 0; i < *rules->count; i++)
        if (strcmp(rule_at(rules, i)->section, section) == 0)
            return rule_at(rules, i)->line;
    return 0;
}

static void add(struct np_builder *builder, unsigned line, const char *text)
{
    np_problems_add(&builder->problems, line, builder->where, "", text);
}

static void *open_rule(struct np_builder *builder, unsigned line, const struct np_schema_section *section,
                       const struct rules *rules)
{
    if (*rules->count == rules->limit) {
        struct np_value_reason reason;
        (void)np_value_fail(&reason, "more than %u [%s.NAME] sections", rules->limit, section->word);
        if (!*rules->too_many)
            add(builder, line, reason.text);
        *rules->too_many = true;
        return NULL;
    }
    struct head *rule = rule_at(rules, (*rules->count)++);
    memcpy(rule->section, builder->where, sizeof rule->section);
    rule->line = line;
    return rule;
}

/* Opens a section whose title is right: its target, or NULL when it has been refused. */
static void *open_target(struct np_builder *builder, unsigned line, const struct np_schema_section *section)
{
    const struct rules rules = rules_of(builder, section);
    unsigned *single =
        section == &np_schema_process ? &builder->config->process.policy.line : &builder->numaperf_line;
    const unsigned first = section->named ? line_of_rule(&rules, builder->where) : *single;
    if (first != 0) {
        struct np_value_reason reason;
        (void)np_value_fail(&reason, "duplicate section; the first is on line %u", first);
        add(builder, line, reason.text);
        return NULL;
    }
    if (section == &np_schema_mmap) {
        struct np_rule *mapping = open_rule(builder, line, section, &rules);
        if (mapping != NULL)
            mapping->max_size = SIZE_MAX; /* of a class: 0 until it is read */
        return mapping;
    }
    if (section->named)
        return open_rule(builder, line, section, &rules);
    *single = line;
    if (section == &np_schema_numaperf)
        return builder->config;
    memcpy(builder->config->process.policy.section, builder->where,
           sizeof builder->config->process.policy.section);
    return &builder->config->process;
}

/* A title as messages name it; the empty one would leave them without a section. */
static struct np_value_quote name_title(const char *title)
{
    return np_value_escape(*title == '\0' ? "[]" : title, *title == '\0' ? 2 : strlen(title));
}

static void begin_section(void *context, unsigned line, const char *title)
{
    struct np_builder *builder = context;
    check_section(builder);
    builder->section_seen = true;
    const struct np_schema_section *section;
    const char *wrong = check_title(title, &section);
    size_t word = section == NULL ? 0 : strlen(section->word);
    struct np_value_quote rest =
        word == 0 ? name_title(title) : np_value_escape(title + word, strlen(title + word));
    (void)np_format(builder->where, sizeof builder->where, "%s%s", section == NULL ? "" : section->word,
                    rest.text);
    if (wrong != NULL) {
        add(builder, line, wrong);
        return;
    }
    builder->target = open_target(builder, line, section);
    builder->section = builder->target == NULL ? NULL : section;
    builder->section_line = line;
    memset(builder->key_lines, 0, sizeof builder->key_lines);
    memset(builder->key_valid, 0, sizeof builder->key_valid);
}

static void refuse_section(void *context, unsigned line, const char *title, const char *reason)
{
    struct np_builder *builder = context;
    check_section(builder);
    builder->section_seen = true;
    (void)np_format(builder->where, sizeof builder->where, "%s", name_title(title).text);
    add(builder, line, reason);
    /* [numaperf] x: saying that [numaperf] is missing too would mislead */
    if (builder->numaperf_line == 0 &&
        np_schema_section(title, strcspn(title, " \t;")) == &np_schema_numaperf)
        builder->numaperf_line = line;
}

/* Reads one value into the section's target. Return: whether there was nothing wrong with it. */
static bool read_value(struct np_builder *builder, unsigned line, const struct np_schema_key *key,
                       const char *value, struct np_value_reason *ret_reason)
{
    char *target = builder->target;
    if (key->flags & NP_KEY_HAS_LINE)
        memcpy(target + key->line_offset, &line, sizeof line);
    if (*value != '\0' || (key->flags & NP_KEY_MAY_BE_EMPTY))
        return key->parse(value, target + key->offset, ret_reason) == 0;
    (void)np_value_fail(ret_reason, "the value is empty");
    return false;
}

static void set_key(void *context, unsigned line, const char *name, const char *value)
{
    struct np_builder *builder = context;
    const struct np_schema_section *section = builder->section;
    struct np_value_reason reason;
    if (section == NULL) {
        if (!builder->section_seen)
            np_problems_add(&builder->problems, line, np_value_escape(name, strlen(name)).text, "",
                            "a key before any section");
        return;
    }
    int index = np_schema_key(section, name);
    if (index < 0) {
        np_schema_refuse_key(section, &reason);
        np_problems_add(&builder->problems, line, builder->where, np_value_escape(name, strlen(name)).text,
                        reason.text);
        return;
    }
    const struct np_schema_key *key = &section->keys[index];
    if (builder->key_lines[index] != 0) {
        (void)np_value_fail(&reason, "duplicate key; the first is on line %u", builder->key_lines[index]);
    } else {
        builder->key_lines[index] = line;
        builder->key_valid[index] = read_value(builder, line, key, value, &reason);
        if (builder->key_valid[index])
            return;
    }
    np_problems_add(&builder->problems, line, builder->where, key->name, reason.text);
}

static void refuse_line(void *context, unsigned line, const char *key, const char *reason)
{
    struct np_builder *builder = context;
    int index = builder->section == NULL ? -1 : np_schema_key(builder->section, key);
    if (index >= 0 && builder->key_lines[index] == 0)
        builder->key_lines[index] = line; /* it is wrong, not missing */
    np_problems_add(&builder->problems, line, builder->where, np_value_escape(key, strlen(key)).text, reason);
}

struct np_ini_sink np_builder_sink(struct np_builder *builder)
{
    return (struct np_ini_sink){
        .section = begin_section,
        .bad_section = refuse_section,
        .key = set_key,
        .bad_line = refuse_line,
        .context = builder,
    };
}

static void sort_classes(struct np_config *config)
{
    for (unsigned i = 1; i < config->class_count; i++) {
        for (unsigned j = i; j > 0 && config->classes[j].min_size < config->classes[j - 1].min_size; j--) {
            struct np_rule class = config->classes[j];
            config->classes[j] = config->classes[j - 1];
            config->classes[j - 1] = class;
        }
    }
}

void np_builder_finish(struct np_builder *builder)
{
    check_section(builder);
    struct np_config *config = builder->config;
    if (builder->numaperf_line == 0)
        np_problems_add(&builder->problems, 1, np_schema_numaperf.word, "", "the section is missing");
    if (builder->problems.count > 0)
        return;
    np_config_override_mode(config, config->hardness);
    sort_classes(config);
}
