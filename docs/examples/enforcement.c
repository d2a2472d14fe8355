/* SPDX-License-Identifier: MIT */
/* Ask for nodes, some of which may not be there, and see what was obtained.
 *
 *     cc enforcement.c $(pkg-config --cflags --libs numaperf)
 *     ./a.out 0-1 */
#include <numaperf.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    np_policy policy = {.mode = NP_BIND};
    NP_AUTO_REGION np_region *region = NULL;
    const char *why;
    int error = np_nodeset_parse(argc > 1 ? argv[1] : "0-1", &policy.nodes);
    if (!error)
        error =
            np_region_create(&region, (size_t)4 << 20, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
    if (error) {
        fprintf(stderr, "%s\n", np_strerror(error));
        return 1;
    }
    (void)np_region_verify(region, NULL, 0); /* the reason then tells what the kernel says */
    switch (np_region_enforcement(region, &why)) {
    case NP_STRICT:
        printf("strict: every page is on these nodes, and stays there\n");
        break;
    case NP_BEST_EFFORT:
        printf("best-effort: %s\n", why);
        break;
    case NP_NONE:
        printf("none: %s\n", why);
        break;
    }
    printf("%zu bytes at %p\n", np_region_size(region), np_region_data(region));
    fflush(stdout);
    (void)getchar(); /* time to look at `numastat -p`; then press Enter */
    return 0;
}
