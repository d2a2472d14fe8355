/* SPDX-License-Identifier: MIT */
/* The table of live mappings: what calls of munmap, mremap and MAP_FIXED make of it. Addresses are only numbers
 * here. */
#include "live.h"

#include "tap.h"

#include <pthread.h>
#include <stdlib.h>

#define K ((uintptr_t)4096)

static struct np_stats *stats;

/* The table as text: "1-3:0 5-6:1", in pages, with the rule of each piece. */
static const char *table(void)
{
    static char text[1024];
    struct np_live_piece piece = {.end = 0};
    size_t used = 0;
    text[0] = '\0';
    while (np_live_at(stats, piece.end, &piece))
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu-%zu:%u", used ? " " : "",
                                 (size_t)(piece.start / K), (size_t)(piece.end / K), piece.rule);
    return text;
}

static void add(uintptr_t start, uintptr_t end, uint32_t rule)
{
    tap_ok(np_live_add((struct np_live_piece){start * K, end * K, rule, NP_MAPPING_PRIVATE, 0}),
           "%zu-%zu is added", (size_t)start, (size_t)end);
}

static void tap_counts(uint32_t rule, uint64_t made, uint64_t gone, uint64_t pages)
{
    const struct np_stats_sum sum = np_stats_fold(stats, rule);
    tap_int((long long)sum.allocations, (long long)made, "mappings made");
    tap_int((long long)sum.frees, (long long)gone, "mappings gone");
    tap_int((long long)sum.live_bytes, (long long)(pages * K), "live bytes");
}

static void test_cuts(void)
{
    static const struct {
        uintptr_t start, end;
        const char *left;
        unsigned gone;
    } cases[] = {
        {1, 10, "10-20:0 30-40:1", 0},  {10, 12, "12-20:0 30-40:1", 0},
        {18, 20, "10-18:0 30-40:1", 0}, {13, 15, "10-13:0 15-20:0 30-40:1", 0},
        {10, 20, "30-40:1", 1},         {5, 25, "30-40:1", 1},
        {15, 35, "10-15:0 35-40:1", 0}, {0, 100, "", 1},
        {20, 30, "10-20:0 30-40:1", 0}, {40, 41, "10-20:0 30-40:1", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t before = np_stats_fold(stats, 0).frees;
        add(10, 20, 0);
        add(30, 40, 1);
        np_live_cut(cases[i].start * K, cases[i].end * K, true);
        tap_string(table(), cases[i].left, "what a cut leaves");
        tap_int((long long)(np_stats_fold(stats, 0).frees - before), cases[i].gone,
                "a mapping is gone with its last byte");
        np_live_cut(0, 100 * K, true);
    }
    tap_string(table(), "", "nothing is left");
    tap_int(np_live_near(10 * K, K), 0, "and nothing is near");
}

static void test_pieces(void)
{
    const struct np_stats_sum before = np_stats_fold(stats, 2);
    add(10, 20, 2);
    np_live_cut(12 * K, 14 * K, true);
    np_live_cut(16 * K, 18 * K, true);
    tap_string(table(), "10-12:2 14-16:2 18-20:2", "a mapping in three pieces");
    tap_counts(2, before.allocations + 1, before.frees, 6);
    np_live_cut(14 * K, 16 * K, true);
    np_live_cut(10 * K, 12 * K, true);
    tap_counts(2, before.allocations + 1, before.frees, 2);
    np_live_cut(18 * K, 20 * K, true);
    tap_counts(2, before.allocations + 1, before.frees + 1, 0);
    tap_ok(np_stats_fold(stats, 2).live_bytes == 0 && stats->rules[2].peak_bytes == 10 * K,
           "the peak was the whole mapping");
}

static void test_move(void)
{
    struct np_live_piece piece;
    const struct np_stats_sum before = np_stats_fold(stats, 3);
    add(10, 20, 3);
    tap_ok(np_live_overlap(19 * K, 25 * K, &piece), "a piece is found by its last page");
    np_live_cut(piece.start, piece.end, false);
    piece.start += 50 * K;
    piece.end += 60 * K;
    tap_ok(np_live_add(piece), "it lives on elsewhere, and larger");
    tap_string(table(), "60-80:3", "there");
    tap_counts(3, before.allocations + 1, before.frees, 20);
    tap_ok(!np_live_overlap(20 * K, 60 * K, &piece), "nothing lies in between");
    tap_ok(np_live_near(79 * K, K) && !np_live_near(80 * K, K) && !np_live_near(59 * K, K),
           "the bounds follow");
    np_live_cut(0, 100 * K, true);
}

static void test_gap(void)
{
    struct np_live_gap gap;
    add(10, 20, 0);
    add(30, 40, 1);
    np_live_gap_at(25 * K, &gap);
    tap_ok(np_live_in_gap(&gap, 20 * K, 10 * K) && np_live_in_gap(&gap, 22 * K, K), "a gap is known");
    tap_ok(!np_live_in_gap(&gap, 19 * K, 2 * K) && !np_live_in_gap(&gap, 29 * K, 2 * K),
           "up to the pieces around it");
    add(24, 26, 2);
    tap_ok(!np_live_in_gap(&gap, 20 * K, K), "until the table changes");
    np_live_gap_at(15 * K, &gap);
    tap_ok(!np_live_in_gap(&gap, 15 * K, K), "where a piece is there is none");
    np_live_cut(0, 100 * K, true);
}

/* What a call takes out and puts back when it fails. */
static void test_put_back(void)
{
    struct np_live_piece pieces[4];
    const struct np_stats_sum before = np_stats_fold(stats, 2), other = np_stats_fold(stats, 1);
    add(10, 20, 2);
    add(30, 40, 1);
    add(40, 50, 1);
    const struct {
        uintptr_t start, end;
        const char *left;
        unsigned count;
    } cases[] = {
        {12, 35, "10-12:2 35-40:1 40-50:1", 2},
        {12, 14, "10-12:2 14-20:2 30-40:1 40-50:1", 1},
        {0, 100, "", 3},
        {20, 30, "10-20:2 30-40:1 40-50:1", 0},
        {18, 41, "10-18:2 41-50:1", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const unsigned count = np_live_take(cases[i].start * K, cases[i].end * K, 0, pieces, 4);
        tap_int(count, cases[i].count, "pieces taken out");
        tap_string(table(), cases[i].left, "what is left");
        np_live_put_back(pieces, count);
        tap_string(table(), "10-20:2 30-40:1 40-50:1", "what is put back is whole again");
        tap_counts(2, before.allocations + 1, before.frees, 10);
        tap_counts(1, other.allocations + 2, other.frees, 20);
    }
    tap_int(np_live_take(10 * K, 100 * K, 0, pieces, 1), 1, "for one there is room");
    np_live_put_back(pieces, 1);
    tap_string(table(), "10-20:2", "the others are forgotten");
    np_live_cut(15 * K, 16 * K, true);
    add(20, 30, 1);
    (void)np_live_overlap(10 * K, 11 * K, pieces);
    tap_int(np_live_take(10 * K, 100 * K, pieces[0].origin, pieces, 4), 2, "the pieces of one mapping");
    tap_string(table(), "20-30:1", "others stay");
    np_live_cut(0, 100 * K, true);
}

/* A mapping at addresses of one that is still in the table: its end was missed. */
static void test_missed(void)
{
    add(10, 20, 4);
    add(15, 30, 5);
    tap_string(table(), "10-15:4 15-30:5", "what was missed makes room");
    np_live_cut(0, 100 * K, true);
}

static void test_full(void)
{
    bool all = true;
    for (uintptr_t i = 0; i < NP_STATS_MAPPINGS; i++)
        all =
            np_live_add((struct np_live_piece){i * 2 * K, (i * 2 + 1) * K, 6, NP_MAPPING_PRIVATE, 0}) && all;
    tap_ok(all, "the table holds %d mappings", NP_STATS_MAPPINGS);
    tap_ok(!np_live_add((struct np_live_piece){1 << 30, (1 << 30) + K, 6, NP_MAPPING_PRIVATE, 0}),
           "and no more");
    tap_ok(strstr(stats->rules[6].reason, "not counted") != NULL, "which is said");
    tap_int((long long)np_stats_fold(stats, 6).allocations, NP_STATS_MAPPINGS + 1, "but each was made");
    np_live_cut(0, UINTPTR_MAX, true);
    tap_counts(6, NP_STATS_MAPPINGS + 1, NP_STATS_MAPPINGS, 0);
}

/* Four threads, each in addresses of its own, and what they leave is what they should. */
static void *churn(void *argument)
{
    const uintptr_t base = (uintptr_t)argument * 1000;
    struct np_live_piece piece;
    bool *good = calloc(1, sizeof *good);
    *good = true;
    for (unsigned i = 0; i < 2000; i++) {
        const uintptr_t start = (base + i % 50 * 4) * K;
        (void)np_live_add((struct np_live_piece){start, start + 3 * K, 7, NP_MAPPING_PRIVATE, 0});
        *good = *good && np_live_overlap(start + K, start + 2 * K, &piece) && piece.start == start;
        np_live_cut(start + K, start + 2 * K, true);
        if (i % 3 != 0)
            np_live_cut(start, start + 3 * K, true);
    }
    np_live_cut(base * K, (base + 1000) * K, true);
    return good;
}

static void test_threads(void)
{
    pthread_t threads[4];
    bool all = true;
    for (uintptr_t i = 0; i < 4; i++)
        all = pthread_create(&threads[i], NULL, churn, (void *)(i + 1)) == 0 && all;
    if (!tap_ok(all, "four threads start"))
        return;
    for (unsigned i = 0; i < 4; i++) {
        void *good;
        (void)pthread_join(threads[i], &good);
        all = *(bool *)good && all;
        free(good);
    }
    tap_ok(all, "threads find what they have added");
    tap_counts(7, 8000, 8000, 0);
    tap_string(table(), "", "and nothing is left of it");
}

int main(void)
{
    stats = np_stats_create();
    if (stats == NULL)
        return 99;
    stats->rule_count = 8;
    for (unsigned i = 0; i < stats->rule_count; i++)
        stats->rules[i].maps = true;
    struct np_live_piece piece;
    tap_ok(!np_live_overlap(0, UINTPTR_MAX, &piece), "before the start there is nothing");
    np_live_setup(stats);
    test_cuts();
    test_pieces();
    test_move();
    test_gap();
    test_put_back();
    test_missed();
    test_full();
    test_threads();
    return tap_done();
}
