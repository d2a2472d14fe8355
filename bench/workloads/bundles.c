/* SPDX-License-Identifier: MIT */
/* bundles - four threads allocate bundles of equal small blocks, some of which stay while others are freed, now in the
 * order of allocation and now against it. After sh6bench. */
#include "workload.h"

#define BUNDLE  120
#define BUNDLES 200

static void free_bundle(char **blocks, int backwards)
{
    for (unsigned i = 0; i < BUNDLE; i++)
        free(blocks[backwards ? BUNDLE - 1 - i : i]);
}

static void *body(void *argument)
{
    struct worker *me = argument;
    char *(*bundles)[BUNDLE] = calloc(BUNDLES, sizeof *bundles);
    if (bundles == NULL)
        exit(1);
    for (uint64_t done = 0; done < me->work; done += BUNDLE) {
        const uint64_t number = done / BUNDLE;
        char **bundle = bundles[number % 3 == 0 ? random_below(&me->rng, BUNDLES) : number % BUNDLES];
        const size_t size = 8 + random_below(&me->rng, 50) * 8;
        if (bundle[0] != NULL) {
            free_bundle(bundle, number % 2 == 0);
            me->calls += BUNDLE;
        }
        for (unsigned i = 0; i < BUNDLE; i++)
            bundle[i] = take(size);
        me->calls += BUNDLE;
    }
    for (unsigned i = 0; i < BUNDLES; i++)
        free_bundle(bundles[i], 0);
    free(bundles);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    return workload_done(workers_run(workers, THREADS, workload_amount(argc, argv, 12000000), body));
}
