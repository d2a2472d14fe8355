/* SPDX-License-Identifier: MIT */
/* effective - a policy file held against this machine: what each of its rules comes to. */
#ifndef NP_CLI_EFFECTIVE_H
#define NP_CLI_EFFECTIVE_H

#include "program.h"

#include "config/config.h"
#include "core/topology.h"

/** Where a policy comes from. */
struct np_policy_source {
    const char *path; /* NULL: the file that discovery finds; "": the built-in default */
    const char *text; /* not NULL: this text instead of any file */
};

struct np_effective {
    struct np_config *config;
    np_topology *topology;
    struct np_placement placements[NP_CONFIG_MAX_CLASSES]; /* of config->classes */
    int results[NP_CONFIG_MAX_CLASSES]; /* 0; -EOPNOTSUPP: refused by hard mode; -ENODEV: no such nodes */
};

/** np_effective_load() - find and read the file, and resolve all its rules, printing every problem.
 * @program: what discovery goes by, may be NULL.
 * @mode: NULL, or what replaces the file's global mode.
 * Return: 0; -EOPNOTSUPP when hard mode is refused, -ENODEV when a rule has no nodes here: *ret_effective is set even
 * then; -EINVAL for an invalid file, or another -errno, and nothing is set. */
int np_effective_load(const struct np_policy_source *source, const struct np_program *program,
                      const enum np_hardness *mode, struct np_effective **ret_effective);
/** np_effective_free() - NULL is fine. */
void np_effective_free(struct np_effective *effective);

/** np_effective_is_placed() - does a class get zones of its own here, or is it left to the next malloc? */
bool np_effective_is_placed(const struct np_effective *effective, unsigned index);
/** np_effective_weakness() - why less than what the rule asks for holds here, or "". @text has NP_REASON_SIZE bytes
 * and is returned, unless a constant is. */
const char *np_effective_weakness(const struct np_effective *effective, unsigned index, char *text);

/** np_text_nodes() - the nodes that a placement uses, with weights where it has them: "0-3", "0*3,1*1", "each of 0-3",
 * "-". @text has @size bytes and is returned. */
const char *np_text_nodes(const struct np_placement *placement, char *text, size_t size);
/** np_text_requests() - "32.0 KiB to 1.0 MiB", "1.0 MiB and more". @text has NP_REQUESTS_SIZE bytes. */
#define NP_REQUESTS_SIZE ((size_t)80)
const char *np_text_requests(const struct np_placement *placement, char *text);
/** np_text_huge(), np_text_prefault(), np_text_hardness() - the words of policy files. */
const char *np_text_huge(enum np_huge huge);
const char *np_text_prefault(enum np_prefault prefault);
const char *np_text_hardness(enum np_hardness hardness);

#endif
