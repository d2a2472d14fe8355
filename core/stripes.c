/* SPDX-License-Identifier: MIT */
#include "stripes.h"

#include <sys/mman.h>

#define SMALLEST_STRIPE ((size_t)64 << 10)
#define MOST_PER_BAND   256u

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint32_t weight_of(const uint8_t *weights, int node)
{
    return weights && weights[node] ? weights[node] : 1;
}

/* Weights 6:2 are 3:1: the shorter the cycle, the more even any stretch of it. */
static uint32_t common_divisor(const np_nodeset *nodes, const uint8_t *weights)
{
    uint32_t divisor = 0;
    for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node))
        divisor = greatest_divisor(weight_of(weights, node), divisor);
    return divisor ? divisor : 1;
}

static uint32_t bands_needed(size_t first_size, uint32_t per_band, size_t capacity)
{
    uint32_t bands = 1;
    for (uint64_t covered = (uint64_t)first_size * per_band, size = covered; covered < capacity; bands++) {
        size *= 2;
        covered += size;
    }
    return bands;
}

/* Smooth weighted round robin: the node that is furthest behind its share is next. With positions counted
 * in units of 1/(total) this needs no state but how often each node has been taken. */
static void fill_cycle(struct np_stripes *stripes, const np_nodeset *nodes, const uint8_t *weights,
                       uint32_t divisor)
{
    int32_t *credit = (int32_t *)(void *)(stripes->cycle + ((stripes->cycle_length + 1) & ~1u));
    for (uint32_t at = 0; at < stripes->cycle_length; at++) {
        int best = -1;
        for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node)) {
            credit[node] += (int32_t)(weight_of(weights, node) / divisor);
            if (best < 0 || credit[node] > credit[best])
                best = node;
        }
        credit[best] -= (int32_t)stripes->cycle_length;
        stripes->cycle[at] = (uint16_t)best;
    }
}

/* The plan, the cycle, and behind it what fill_cycle() counts with. */
static size_t plan_size(uint32_t cycle_length)
{
    return sizeof(struct np_stripes) + (cycle_length + 1) * sizeof(uint16_t) + NP_MAX_NODES * sizeof(int32_t);
}

void np_stripes_free(struct np_stripes *stripes)
{
    if (stripes != NULL)
        (void)np_kernel_unmap(stripes, plan_size(stripes->cycle_length));
}

struct np_stripes *np_stripes_new(const np_nodeset *nodes, const uint8_t *weights, size_t unit,
                                  size_t capacity)
{
    uint32_t divisor = common_divisor(nodes, weights), length = 0;
    for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node))
        length += weight_of(weights, node) / divisor;
    if (!length)
        return NULL;

    void *memory;
    if (np_kernel_map(NULL, plan_size(length), PROT_READ | PROT_WRITE, 0, &memory) < 0)
        return NULL;
    struct np_stripes *stripes = memory;
    stripes->cycle_length = length;
    stripes->first_size = unit > SMALLEST_STRIPE ? unit : SMALLEST_STRIPE;
    stripes->per_band = MOST_PER_BAND;
    while (stripes->per_band > 1 &&
           bands_needed(stripes->first_size, stripes->per_band, capacity) * stripes->per_band >
               NP_STRIPES_MOST)
        stripes->per_band /= 2;
    fill_cycle(stripes, nodes, weights, divisor);
    return stripes;
}

int np_stripes_node(const struct np_stripes *stripes, uint64_t number)
{
    return stripes->cycle[number % stripes->cycle_length];
}

uint64_t np_stripes_at(const struct np_stripes *stripes, uint64_t offset, uint64_t *ret_start,
                       uint64_t *ret_end)
{
    uint64_t band_start = 0, size = stripes->first_size, number = 0;
    while (offset - band_start >= size * stripes->per_band) {
        band_start += size * stripes->per_band;
        number += stripes->per_band;
        size *= 2;
    }
    uint64_t in_band = (offset - band_start) / size;
    *ret_start = band_start + in_band * size;
    *ret_end = *ret_start + size;
    return number + in_band;
}

unsigned np_stripes_count(const struct np_stripes *stripes, uint64_t from, uint64_t to)
{
    uint64_t start, end;
    return (unsigned)(np_stripes_at(stripes, to - 1, &start, &end) -
                      np_stripes_at(stripes, from, &start, &end)) +
           1;
}

int np_stripes_apply(const struct np_stripes *stripes, char *base, uint64_t from, uint64_t to)
{
    int first_error = 0;
    while (from < to) {
        uint64_t start, end;
        uint64_t number = np_stripes_at(stripes, from, &start, &end);
        int node = np_stripes_node(stripes, number);
        while (end < to && np_stripes_node(stripes, number + 1) == node)
            number = np_stripes_at(stripes, end, &start, &end);
        if (end > to)
            end = to;
        struct np_mpol policy = {.mode = NP_MPOL_PREFERRED};
        np_nodeset_add(&policy.nodes, node);
        int error = np_kernel_mbind(base + from, end - from, &policy);
        if (error && !first_error)
            first_error = error;
        from = end;
    }
    return first_error;
}
