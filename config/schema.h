/* SPDX-License-Identifier: MIT */
/* schema - the table of sections and keys: what may stand in a policy file, how it is read, and where it goes. */
#ifndef NP_CONFIG_SCHEMA_H
#define NP_CONFIG_SCHEMA_H

#include "value.h"

#define NP_SCHEMA_MAX_KEYS 8

enum np_schema_flags {
    NP_KEY_REQUIRED = 1 << 0,
    NP_KEY_MAY_BE_EMPTY = 1 << 1,
    NP_KEY_HAS_LINE = 1 << 2, /* the target keeps the line at line_offset */
};

/** One key: its value is parsed into the section's target (np_config or one of its rules) at @offset. */
struct np_schema_key {
    const char *name;
    np_value_parser *parse;
    size_t offset, line_offset;
    unsigned flags;
};

/** One kind of section. @later: why it is refused as a whole, NULL when it is supported. */
struct np_schema_section {
    const char *word;
    bool named; /* WORD.NAME, else WORD alone */
    const char *later;
    const struct np_schema_key *keys;
    unsigned key_count;
};

/** The keys of [malloc.NAME] and [mmap.NAME] by their place in the table. */
enum np_schema_class_key {
    NP_CLASS_SIZE,
    NP_CLASS_POLICY,
    NP_CLASS_NODES,
    NP_CLASS_HUGE,
    NP_CLASS_PREFAULT,
    NP_CLASS_MODE,
    NP_CLASS_KIND /* mmap alone */
};

/** The keys of [thread.NAME]. */
enum np_schema_thread_key {
    NP_THREAD_NAME,
    NP_THREAD_INDEX,
    NP_THREAD_START,
    NP_THREAD_PIN,
    NP_THREAD_NODES,
    NP_THREAD_OVERRIDE
};

/** The keys of [process]. */
enum np_schema_process_key { NP_PROCESS_POLICY, NP_PROCESS_NODES, NP_PROCESS_PIN, NP_PROCESS_MODE };

extern const struct np_schema_section np_schema_numaperf, np_schema_malloc, np_schema_mmap, np_schema_thread,
    np_schema_process;

/** np_schema_section() - the kind of section that a word of @length bytes names in any case, or NULL. */
const struct np_schema_section *np_schema_section(const char *word, size_t length);
/** np_schema_key() - the place in section->keys of a key in any case, or -1. */
int np_schema_key(const struct np_schema_section *section, const char *name);
/** np_schema_refuse_key() - set the reason for an unknown key, which names the known ones. */
void np_schema_refuse_key(const struct np_schema_section *section, struct np_value_reason *ret_reason);

#endif
