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

/** One rule: as the file has it, and what it comes to here. */
struct np_effective_rule {
    const struct np_rule *rule;
    struct np_placement placement;
    int result; /* 0; -EOPNOTSUPP: refused by hard mode; -ENODEV: no such nodes */
    bool maps;  /* [mmap.*], else [malloc.*] */
};

/** A `pin =`, likewise. */
struct np_effective_pin {
    const struct np_thread_rule *rule; /* NULL: that of [process], for the main thread */
    struct np_pinning pinning;
    int result; /* as above */
};

/** Size classes by size, then rules for mappings in the order of the file. */
struct np_effective {
    struct np_config *config;
    np_topology *topology;
    struct np_effective_rule rules[NP_CONFIG_MAX_CLASSES + NP_CONFIG_MAX_MAPPINGS];
    unsigned count;
    struct np_effective_rule process; /* the policy of [process]; its rule is NULL when there is none */
    struct np_effective_pin
        pins[1 + NP_MAX_THREAD_RULES]; /* [process], then [thread.*] in the order of the file */
    unsigned pin_count;
};

/** np_effective_load() - find and read the file, and resolve all its rules, printing every problem.
 * @program: what discovery goes by, may be NULL.
 * @mode: NULL, or what replaces the file's global mode.
 * Return: 0; -EOPNOTSUPP when hard mode is refused, -ENODEV when a rule has no nodes here: *ret_effective is set even
 * then; -EINVAL for an invalid file, or another -errno, and nothing is set. */
int np_effective_load(const struct np_policy_source *source, const struct np_program *program,
                      const enum np_hardness *mode, struct np_effective **ret_effective);
/** np_effective_resolve() - resolve one rule with a policy, printing its problem. For np_effective_load().
 * Return: its result. */
int np_effective_resolve(struct np_effective *effective, const struct np_rule *rule, bool maps,
                         struct np_effective_rule *ret_entry);
/** np_effective_threads() - resolve [process] and the rules for threads, likewise.
 * @worst: the result so far. Return: the worse of it and theirs. */
int np_effective_threads(struct np_effective *effective, int worst);
/** np_effective_tell() - print a problem of a section that begins on @line. */
void np_effective_tell(const struct np_effective *effective, const char *section, unsigned line,
                       const struct np_policy_problem *problem);
/** np_effective_free() - NULL is fine. */
void np_effective_free(struct np_effective *effective);

/** np_effective_match() - the rule that takes a request (@maps: a mapping of this kind, else of malloc), or NULL. */
const struct np_effective_rule *np_effective_match(const struct np_effective *effective, bool maps,
                                                   enum np_mapping_kind kind, size_t size);
/** np_effective_weakness() - why less than what the rule asks for holds here, or "". @text has NP_REASON_SIZE bytes
 * and is returned, unless a constant is. */
const char *np_effective_weakness(const struct np_effective *effective, const struct np_effective_rule *rule,
                                  char *text);

/** np_text_nodes() - the nodes that a placement uses, with weights where it has them: "0-3", "0*3,1*1", "each of 0-3",
 * "-". @text has @size bytes and is returned. */
const char *np_text_nodes(const struct np_placement *placement, char *text, size_t size);
/** np_text_kind() - the word of policy files for a kind of mappings; np_text_kind_of() - the kind of a word, or -1. */
const char *np_text_kind(enum np_mapping_kind kind);
int np_text_kind_of(const char *word);
/** np_text_requests() - "32.0 KiB to 1.0 MiB", "1.0 MiB and more". @text has NP_REQUESTS_SIZE bytes. */
#define NP_REQUESTS_SIZE ((size_t)80)
const char *np_text_requests(const struct np_placement *placement, char *text);
/** np_text_matchers() - which threads a rule takes: "name io_*, index 1-4", "every created thread"; NULL: "the main
 * thread". np_text_cpus() - the CPUs of all sets of a pinning, np_text_pin_nodes() - the nodes of those sets that are of one
 * node; "-" for none. @text has @size bytes and is returned. */
const char *np_text_matchers(const struct np_thread_rule *rule, char *text, size_t size);
const char *np_text_cpus(const struct np_pinning *pinning, char *text, size_t size);
const char *np_text_pin_nodes(const struct np_pinning *pinning, char *text, size_t size);
/** np_text_huge(), np_text_prefault(), np_text_hardness() - the words of policy files. */
const char *np_text_huge(enum np_huge huge);
const char *np_text_prefault(enum np_prefault prefault);
const char *np_text_hardness(enum np_hardness hardness);

#endif
