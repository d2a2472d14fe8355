/* SPDX-License-Identifier: MIT */
/* On which nodes the pages of small blocks lie when a class is spread over several: also at sizes of which no whole number
 * fills a slab, so that the last pages of each slab are never used. */
#include "harness.h"

#include "core/bins.h"
#include "core/space.h"
#include "core/stripes.h"

#define BYTES (24 * MIB) /* of blocks of one size */

static unsigned long pages_of[4];
static size_t block_size, border;

static unsigned turn_of(const struct np_zone *zone, size_t page)
{
    uint64_t start, end;
    if (!zone->stripes)
        return page % 4; /* as the kernel interleaves over four nodes */
    return (unsigned)np_stripes_node(zone->stripes,
                                     np_stripes_at(zone->stripes, np_bytes(page), &start, &end));
}

/* Counts each page that blocks of @block_size touch once. */
static void fill_slabs(void)
{
    static bool seen[4 * BYTES / KIB];
    const size_t size = block_size;
    for (size_t i = 0; i < BYTES / size; i++) {
        const char *block = take(size, 0, false);
        const struct np_zone *zone = np_zone_of(block);
        for (size_t page = np_zone_page(zone, block); page <= np_zone_page(zone, block + size - 1); page++) {
            if (!expect(page < sizeof seen, "page %zu", page))
                return;
            pages_of[turn_of(zone, page)] += !seen[page];
            seen[page] = true;
        }
    }
}

/* The kernel's own weights being others, the class is striped. */
static void check_weights(void)
{
    heap_start_small(SMALL_STRIPED, border);
    fill_slabs();
    double ratio = (double)pages_of[0] / (double)pages_of[1];
    expect(ratio > 2.85 && ratio < 3.15, "%zu: %lu pages to %lu are %.2f:1", block_size, pages_of[0],
           pages_of[1], ratio);
}

static void check_turns(void)
{
    heap_start_small(SMALL_INTERLEAVE, SIZE_MAX);
    fill_slabs();
    unsigned long all = pages_of[0] + pages_of[1] + pages_of[2] + pages_of[3];
    for (unsigned node = 0; node < 4; node++)
        expect(pages_of[node] * 1000 > all * 230 && pages_of[node] * 1000 < all * 270,
               "%zu: node %u has %lu of %lu pages", block_size, node, pages_of[node], all);
}

static void each_size(void (*check)(void))
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX); /* for the sizes alone */
    for (unsigned i = 1; i <= np_bins.slots; i++) {
        block_size = np_bins.slot[i].size;
        if (block_size >= 512)
            expect(in_child(check) == 0, "blocks of %zu bytes", block_size);
    }
}

static void blocks_of_any_size_are_spread_by_weight(void)
{
    border = SIZE_MAX; /* the class has zones of its own for small blocks, or it has no others */
    each_size(check_weights);
    border = NP_SMALL_MOST + 1;
    each_size(check_weights);
}

static void blocks_of_any_size_take_turns(void)
{
    each_size(check_turns);
}

int main(void)
{
    heap_test(blocks_of_any_size_are_spread_by_weight, "blocks of any size are spread by weight");
    heap_test(blocks_of_any_size_take_turns, "blocks of any size take turns on the nodes");
    return tap_done();
}
