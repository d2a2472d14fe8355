/* SPDX-License-Identifier: MIT */
/* Opens plugin.so, the first argument, with RTLD_DEEPBIND, and gives it blocks and takes them. The second argument is a name
 * that only the plugin's RUNPATH leads to. */
#include "check.h"

#include <dlfcn.h>
#include <string.h>

static void *library;

static void *symbol(const char *name)
{
    void *found = dlsym(library, name);
    if (!found)
        exit(2);
    return found;
}

static void exchange_blocks(void)
{
    void *(*allocate)(size_t) = (void *(*)(size_t))symbol("plugin_allocate");
    void *(*grow)(void *, size_t) = (void *(*)(void *, size_t))symbol("plugin_grow");
    void (*release)(void *) = (void (*)(void *))symbol("plugin_release");
    for (size_t size = 1; size < 3000000; size = size * 3 / 2 + 1) {
        free(allocate(size));
        release(malloc(size));
        release(calloc(1, size));
        char *block = malloc(size);
        memset(block, 7, size);
        block = grow(block, size * 2);
        check(block && block[0] == 7 && block[size - 1] == 7, "grown to %zu", size * 2);
        free(block);
    }
    check(((int (*)(void))symbol("plugin_copies"))(), "what strdup gives");
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    library = dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND);
    if (!check(library != NULL, "%s", dlerror()))
        return check_status();
    exchange_blocks();
    check(dlopen(argv[2], RTLD_NOW) == NULL, "%s is found by the program", argv[2]);
    check(((void *(*)(const char *))symbol("plugin_open"))(argv[2]) != NULL, "not found by its RUNPATH: %s",
          argv[2]);
    check(dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND) != NULL, "the program itself");
    return check_status();
}
