/* SPDX-License-Identifier: MIT */
/* settle - giving a mapping that was just made what its rule says: policy, advice, pages.
 *
 * One mbind(2) over the whole of it, before the program learns the address; then madvise(2); then the pages,
 * when the rule or the call wants them at once. Context: hook-safe. */
#ifndef NP_CORE_SETTLE_H
#define NP_CORE_SETTLE_H

#include "mapping.h"

/** A mapping to be settled. */
struct np_settling {
    const struct np_mapping_rule *rule;
    char *start;
    size_t length;        /* whole pages */
    size_t filled_length; /* what may be given pages: less where a file ends before the mapping */
    int protection;       /* what the program asked for */
    bool closed;          /* it was mapped PROT_NONE, so that the kernel makes no pages yet */
    bool populate;        /* the program asked for pages at once (MAP_POPULATE, MAP_LOCKED) */
    bool file;            /* pages belong to a file: writing copies them */
    bool anonymous;       /* there is memory behind all of it */
    bool shared;          /* pages are others' too */
    bool used;            /* there may be pages that the program wrote */
};

/** np_settle() - lay policy and advice, open what is closed, make pages.
 * Return: 0; -ENOMEM when a hard rule cannot be held; -errno of opening it. The caller undoes the mapping. */
int np_settle(const struct np_settling *mapping);
/** np_settle_lay() - policy and advice alone. Return: 0 or -errno, counted. */
int np_settle_lay(const struct np_mapping_rule *rule, char *start, size_t length);
/** np_settle_commit() - make pages for a hard rule and bind them. @used: the range may hold what the program
 * wrote. Return: 0; -ENOMEM when the nodes cannot hold it. */
int np_settle_commit(const struct np_mapping_rule *rule, char *start, size_t length, bool used);
/** np_settle_smooth() - one policy over a range that is laid out in stripes, so that its parts merge:
 * mremap(2) works on one mapping at a time. */
void np_settle_smooth(const struct np_mapping_rule *rule, char *start, size_t length);

#endif
