/* SPDX-License-Identifier: MIT */
/* What tests/progs/host.c opens: it hands blocks over in both directions, and opens another library by its own RUNPATH. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

void *plugin_allocate(size_t size)
{
    return malloc(size);
}

void *plugin_grow(void *block, size_t size)
{
    return realloc(block, size);
}

/* libc's strdup allocates, we free. */
int plugin_copies(void)
{
    char *text = strdup("of libc");
    int same = text && strcmp(text, "of libc") == 0;
    free(text);
    return same;
}

void plugin_release(void *block)
{
    free(block);
}

void *plugin_open(const char *name)
{
    void *volatile opened =
        dlopen(name, RTLD_NOW); /* not as its last step, or the caller would be the program */
    return opened;
}
