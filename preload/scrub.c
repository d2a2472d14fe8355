/* SPDX-License-Identifier: MIT */
#include "scrub.h"

#include "object.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define VARIABLE "LD_PRELOAD="

/* Does an entry of the list name this library? By its base name: the path may lead through links. */
static bool is_ours(const char *entry, size_t length, const char *name)
{
    const char *base = entry;
    for (size_t i = 0; i < length; i++)
        if (entry[i] == '/')
            base = entry + i + 1;
    const size_t rest = (size_t)(entry + length - base);
    return rest == strlen(name) && memcmp(base, name, rest) == 0;
}

/* Colons and blanks part the entries (ld.so(8)). Those that stay move forward. */
static void drop_entries(char *list, const char *name)
{
    char *end = list;
    for (const char *from = list; *from != '\0';) {
        const size_t length = strcspn(from, ": ");
        const size_t step = length + (from[length] != '\0');
        if (!is_ours(from, length, name)) {
            memmove(end, from, step);
            end += step;
        }
        from += step;
    }
    while (end > list && (end[-1] == ':' || end[-1] == ' '))
        end--;
    *end = '\0';
}

void np_scrub_preload(char **envp)
{
    struct np_object ourselves;
    if (envp == NULL || !np_object_at((const void *)VARIABLE, &ourselves))
        return;
    for (char **entry = envp; *entry != NULL; entry++) {
        if (strncmp(*entry, VARIABLE, strlen(VARIABLE)) != 0)
            continue;
        drop_entries(*entry + strlen(VARIABLE), ourselves.file);
        if ((*entry)[strlen(VARIABLE)] != '\0')
            continue;
        for (char **gap = entry; (gap[0] = gap[1]) != NULL;)
            gap++;
        entry--;
    }
}
