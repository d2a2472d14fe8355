/* SPDX-License-Identifier: MIT */
#include "core/stripes.h"

#include "expect.h"

#include <sys/mman.h>

static uint8_t weights[NP_MAX_NODES];
static np_nodeset nodes;
static uint32_t weight_sum;

static void choose(unsigned count, const uint8_t *list)
{
    memset(weights, 0, sizeof weights);
    nodes = (np_nodeset){0};
    weight_sum = 0;
    for (unsigned i = 0; i < count; i++) {
        int node = (int)(i * 3 + 1); /* ids with gaps */
        (void)np_nodeset_add(&nodes, node);
        weights[node] = list[i];
        weight_sum += list[i];
    }
}

/* Bytes of @node in [from, to). */
static uint64_t bytes_on(const struct np_stripes *stripes, int node, uint64_t from, uint64_t to)
{
    uint64_t sum = 0, start, end;
    for (uint64_t at = from; at < to; at = end) {
        uint64_t number = np_stripes_at(stripes, at, &start, &end);
        if (np_stripes_node(stripes, number) == node)
            sum += (end < to ? end : to) - at;
    }
    return sum;
}

/* The largest stripe of a stretch is its last one: stripes only grow. */
static uint64_t largest_stripe(const struct np_stripes *stripes, uint64_t to)
{
    uint64_t start, end;
    (void)np_stripes_at(stripes, to - 1, &start, &end);
    return end - start;
}

static void check_stretch(const struct np_stripes *stripes, uint64_t from, uint64_t to, double *worst)
{
    uint64_t largest = largest_stripe(stripes, to);
    for (int node = np_nodeset_next(&nodes, -1); node >= 0; node = np_nodeset_next(&nodes, node)) {
        double share = (double)(to - from) * weights[node] / weight_sum;
        double off = ((double)bytes_on(stripes, node, from, to) - share) / (double)largest;
        off = off < 0 ? -off : off;
        if (off > *worst)
            *worst = off;
    }
}

static const struct {
    unsigned count;
    uint8_t list[8];
    uint32_t cycle;
} mixes[] = {
    {1, {7}, 1},
    {2, {1, 1}, 2},
    {2, {3, 1}, 4},
    {2, {6, 2}, 4},
    {2, {255, 1}, 256},
    {3, {5, 3, 1}, 9},
    {3, {255, 254, 253}, 762},
    {4, {4, 2, 2, 8}, 8},
    {4, {1, 1, 1, 1}, 4},
    {8, {9, 8, 7, 6, 5, 4, 3, 2}, 44},
};
static const size_t capacities[] = {(size_t)64 << 20, (size_t)1 << 30, ((size_t)1 << 30) + ((size_t)2 << 20),
                                    (size_t)64 << 30, (size_t)1 << 40, (size_t)16 << 40};
static const size_t units[] = {0, (size_t)2 << 20, (size_t)512 << 20};

/* Calls @check for a plan of each mix, capacity and unit. */
static void each_plan(void (*check)(const struct np_stripes *, size_t mix, size_t capacity, size_t unit))
{
    for (size_t mix = 0; mix < sizeof mixes / sizeof *mixes; mix++) {
        choose(mixes[mix].count, mixes[mix].list);
        for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
            for (size_t j = 0; j < sizeof units / sizeof *units; j++) {
                struct np_stripes *stripes = np_stripes_new(&nodes, weights, units[j], capacities[i]);
                if (expect(stripes != NULL, "no plan"))
                    check(stripes, mix, capacities[i], units[j]);
            }
    }
}

static void check_bounds(const struct np_stripes *stripes, size_t mix, size_t capacity, size_t unit)
{
    uint64_t start, end, count = 0, mappings = 0, at = 0;
    int previous = -1;
    expect(stripes->cycle_length == mixes[mix].cycle, "mix %zu: cycle of %u", mix, stripes->cycle_length);
    for (; at < capacity; at = end, count++) {
        uint64_t number = np_stripes_at(stripes, at, &start, &end);
        if (!expect(number == count && start == at && end > at, "stripe %lu begins at %lu, not %lu",
                    (unsigned long)number, (unsigned long)start, (unsigned long)at))
            return;
        expect(!unit || (start % unit == 0 && (end - start) % unit == 0), "stripe %lu cuts a unit",
               (unsigned long)number);
        uint64_t again, last = np_stripes_at(stripes, end - 1, &again, &end);
        expect(last == number && again == start, "stripe %lu ends elsewhere", (unsigned long)number);
        int node = np_stripes_node(stripes, number);
        expect(np_nodeset_has(&nodes, node), "stripe %lu on node %d", (unsigned long)number, node);
        mappings += node != previous;
        previous = node;
    }
    expect(count <= NP_STRIPES_MOST, "mix %zu: %lu stripes in %zu GiB by %zu", mix, (unsigned long)count,
           capacity >> 30, unit);
    expect(mappings <= NP_STRIPES_MOST, "mix %zu: %lu mappings", mix, (unsigned long)mappings);
}

static void check_cycle(const struct np_stripes *stripes, size_t mix, size_t capacity, size_t unit)
{
    (void)capacity, (void)unit;
    uint32_t seen[NP_MAX_NODES] = {0};
    for (uint32_t i = 0; i < stripes->cycle_length; i++) {
        seen[np_stripes_node(stripes, i)]++;
        expect(np_stripes_node(stripes, i) == np_stripes_node(stripes, i + stripes->cycle_length),
               "no cycle");
    }
    for (int node = np_nodeset_next(&nodes, -1); node >= 0; node = np_nodeset_next(&nodes, node))
        expect((uint64_t)seen[node] * weight_sum == (uint64_t)weights[node] * stripes->cycle_length,
               "mix %zu: node %d has %u of %u", mix, node, seen[node], stripes->cycle_length);
}

static double worst_stretch, worst_prefix;

static void check_ratio(const struct np_stripes *stripes, size_t mix, size_t capacity, size_t unit)
{
    (void)unit;
    uint64_t state = 4711 + mix;
    for (unsigned i = 0; i < 60; i++) {
        uint64_t from = random_next(&state) % capacity;
        uint64_t length = 1 + random_next(&state) % (capacity >> (i % 12));
        check_stretch(stripes, from, length < capacity - from ? from + length : capacity, &worst_stretch);
        check_stretch(stripes, 0, from + 1, &worst_prefix);
    }
    check_stretch(stripes, 0, capacity, &worst_prefix);
}

static void every_stripe_is_where_the_last_one_ends(void)
{
    each_plan(check_bounds);
}

static void a_cycle_holds_each_node_by_its_weight(void)
{
    each_plan(check_cycle);
}

/* A stretch has two ends, each of which may be off by as much as a prefix of the zone is. */
static void any_stretch_holds_the_nodes_in_their_ratio(void)
{
    each_plan(check_ratio);
    expect(worst_prefix <= 1.0, "a prefix is %.2f stripes off", worst_prefix);
    expect(worst_stretch <= 1.5, "a stretch is %.2f stripes off", worst_stretch);
}

/* Blocks lie anywhere: each is 3:1 within one stripe of those that it lies on, or within 1 %. */
static void any_block_is_three_to_one(void)
{
    static const uint64_t zones[] = {(uint64_t)256 << 20, (uint64_t)8 << 30, (uint64_t)128 << 30};
    uint64_t state = 31;
    choose(2, (const uint8_t[]){3, 1});
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct np_stripes *stripes = np_stripes_new(&nodes, weights, 0, zones[i]);
        for (unsigned j = 0; stripes && j < 20000; j++) {
            uint64_t size = (uint64_t)32 << 10 << random_below(&state, 22);
            size = ((size + random_below(&state, (uint32_t)(size / 2))) % (zones[i] / 2)) & ~(uint64_t)4095;
            uint64_t from = random_next(&state) % (zones[i] - size) & ~(uint64_t)4095;
            double share = (double)size / 4, off = (double)bytes_on(stripes, 4, from, from + size) - share;
            double slack = (double)largest_stripe(stripes, from + size);
            off = off < 0 ? -off : off;
            expect(size == 0 || off <= slack || off <= (double)size / 100,
                   "%lu bytes at %lu of %lu GiB are %.0f off, a stripe has %.0f", size, from, zones[i] >> 30,
                   off, slack);
        }
    }
}

static void weights_of_null_are_equal(void)
{
    choose(3, (const uint8_t[]){1, 1, 1});
    struct np_stripes *stripes = np_stripes_new(&nodes, NULL, 0, (size_t)1 << 30);
    expect(stripes && stripes->cycle_length == 3, "no equal stripes");
    np_nodeset none = {0};
    expect(np_stripes_new(&none, NULL, 0, (size_t)1 << 30) == NULL, "stripes of no nodes");
}

int main(void)
{
    run_test(every_stripe_is_where_the_last_one_ends, "stripes follow one another, at most 4096 of them");
    run_test(a_cycle_holds_each_node_by_its_weight,
             "a cycle is as short as can be and holds each node by its weight");
    run_test(any_stretch_holds_the_nodes_in_their_ratio,
             "the nodes keep to their ratio within a stripe at each end");
    run_test(any_block_is_three_to_one, "any block is 3:1 within one stripe or one percent");
    run_test(weights_of_null_are_equal, "without weights the nodes are equal, and no nodes have no stripes");
    return tap_done();
}
