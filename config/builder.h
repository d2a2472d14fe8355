/* SPDX-License-Identifier: MIT */
/* builder - fills an np_config from the sections and keys of a file, and checks each against the schema. */
#ifndef NP_CONFIG_BUILDER_H
#define NP_CONFIG_BUILDER_H

#include "ini_lines.h"
#include "problems.h"
#include "schema.h"

/** The state between two lines. */
struct np_builder {
    struct np_config *config;
    struct np_problems problems;
    const struct np_schema_section *section; /* NULL: keys are passed over, the section's problem was told */
    void *target;                            /* what the section fills: config, or one of its rules */
    char where[NP_VALUE_QUOTE_SIZE];         /* the section for messages */
    unsigned section_line;
    unsigned key_lines[NP_SCHEMA_MAX_KEYS]; /* 0: not given */
    bool key_valid[NP_SCHEMA_MAX_KEYS];     /* given, and its value was read */
    unsigned numaperf_line;                 /* of [numaperf], or of a spoilt line that was meant to be it */
    unsigned size_lines[NP_CONFIG_MAX_CLASSES];
    bool section_seen;
    bool too_many_classes, too_many_mappings, too_many_threads; /* has been told */
};

/** np_builder_sink() - what np_ini_read() needs to feed a zeroed builder that has its config. */
struct np_ini_sink np_builder_sink(struct np_builder *builder);
/** np_builder_finish() - check what only the file's end shows. The config is complete when there are no problems: its
 * classes sorted by size, each with the mode that holds for it. */
void np_builder_finish(struct np_builder *builder);

/** np_class_check() - what only a whole [malloc.NAME] shows: keys that need or exclude each other, and overlaps with the
 * classes before it. */
void np_class_check(struct np_builder *builder);
/** np_mapping_check() - the same for a whole [mmap.NAME]; they may overlap. */
void np_mapping_check(struct np_builder *builder);
/** np_class_check_nodes() - what is wrong with the nodes of a section that has a policy. @key: the place of `nodes` among
 * its keys. @pins: they say where threads run too, so that no policy needs to take them. */
void np_class_check_nodes(struct np_builder *builder, const struct np_rule *rule, unsigned key, bool pins);
/** np_process_check() - the same of [process]. */
void np_process_check(struct np_builder *builder);
/** np_thread_check() - the same of a whole [thread.NAME]. */
void np_thread_check(struct np_builder *builder);

#endif
