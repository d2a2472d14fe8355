/* SPDX-License-Identifier: MIT */
/* Wrong use of a large block: twice (freed two times), inside (freed in its middle), realloc (resized after its end). */
#include <stdlib.h>
#include <string.h>

static void (*volatile release)(void *) = free; /* keeps the compiler from seeing what is wrong */
static void *(*volatile resize)(void *, size_t) = realloc;

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "twice";
    char *block = malloc(3 << 20);
    memset(block, 1, 3 << 20);
    release(strcmp(way, "inside") == 0 ? block + 4096 : block);
    if (strcmp(way, "twice") == 0)
        release(block);
    if (strcmp(way, "realloc") == 0)
        block = resize(block, 4 << 20);
    return block ? 0 : 1;
}
