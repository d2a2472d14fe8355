/* SPDX-License-Identifier: MIT */
/* problems - what is wrong with a file, collected while it is read and told in line order: that a key is missing is
 * known at a section's end, but belongs to its first line. Context: start-up. */
#ifndef NP_CONFIG_PROBLEMS_H
#define NP_CONFIG_PROBLEMS_H

#include "config.h"

#define NP_PROBLEMS_MAX  1000   /* of more, those of the first lines are kept */
#define NP_PROBLEMS_FILE "file" /* stands for the section where a line belongs to none */

struct np_problems {
    struct np_config_problem *list; /* mapped at the first problem */
    unsigned count;
    int error; /* -errno of the mapping */
};

/** np_problems_add() - keep a problem behind those of the same and earlier lines.
 * @section, @key: "" where the problem is that of a line or a whole section. */
void np_problems_add(struct np_problems *problems, unsigned line, const char *section, const char *key,
                     const char *text);
/** np_problems_tell() - call @report (NULL: nobody) for each, until it returns false. */
void np_problems_tell(const struct np_problems *problems, const char *path, np_config_report *report,
                      void *context);
void np_problems_free(struct np_problems *problems);

#endif
