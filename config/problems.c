/* SPDX-License-Identifier: MIT */
#include "problems.h"

#include "../core/log.h"

#include <string.h>
#include <sys/mman.h>

#define LIST_SIZE (NP_PROBLEMS_MAX * sizeof(struct np_config_problem))

static bool open_list(struct np_problems *problems)
{
    if (problems->list != NULL)
        return true;
    void *list;
    problems->error = np_kernel_map(NULL, LIST_SIZE, PROT_READ | PROT_WRITE, 0, &list);
    if (problems->error != 0)
        return false;
    problems->list = list;
    return true;
}

void np_problems_add(struct np_problems *problems, unsigned line, const char *section, const char *key,
                     const char *text)
{
    if (!open_list(problems))
        return;
    unsigned index = problems->count;
    while (index > 0 && problems->list[index - 1].line > line)
        index--;
    if (index == NP_PROBLEMS_MAX)
        return;
    if (problems->count < NP_PROBLEMS_MAX)
        problems->count++;
    struct np_config_problem *problem = &problems->list[index];
    memmove(problem + 1, problem, (problems->count - 1 - index) * sizeof *problem);
    problem->line = line;
    const char *where = *section || *key ? section : NP_PROBLEMS_FILE;
    (void)np_format(problem->where, sizeof problem->where, "%s%s%s", where, *section && *key ? "." : "", key);
    (void)np_format(problem->text, sizeof problem->text, "%s", text);
}

void np_problems_tell(const struct np_problems *problems, const char *path, np_config_report *report,
                      void *context)
{
    for (unsigned i = 0; report != NULL && i < problems->count; i++)
        if (!report(context, path, &problems->list[i]))
            return;
}

void np_problems_free(struct np_problems *problems)
{
    if (problems->list != NULL)
        (void)np_kernel_unmap(problems->list, LIST_SIZE); /* of an own whole mapping: cannot fail */
    problems->list = NULL;
}
