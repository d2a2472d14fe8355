/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "patience.h"

#define SPINS           100
#define PATIENCE        5000 /* milliseconds: the holder may be preempted for long on a busy machine */
#define READER_PATIENCE 100  /* milliseconds */

struct np_live_bounds np_live_bounds = {.low = UINTPTR_MAX, .high = 0};

static struct {
    struct np_stats *stats;
    atomic_flag lock;
    _Atomic bool abandoned; /* the lock was never released: what changes from now on is not known */
    bool held_for_fork;
    uint32_t origins;
} live = {.lock = ATOMIC_FLAG_INIT};

void np_live_setup(struct np_stats *stats)
{
    live.stats = stats;
}

/* ---- The lock ---- */

static bool lock_table(void)
{
    struct np_patience patience = {.milliseconds = PATIENCE};
    if (live.stats == NULL || atomic_load_explicit(&live.abandoned, memory_order_relaxed))
        return false;
    for (unsigned spins = 0; atomic_flag_test_and_set_explicit(&live.lock, memory_order_acquire); spins++) {
        if (spins < SPINS || np_patience_wait(&patience))
            continue;
        atomic_store_explicit(&live.abandoned, true, memory_order_relaxed);
        return false;
    }
    return true;
}

static void unlock_table(void)
{
    atomic_flag_clear_explicit(&live.lock, memory_order_release);
}

void np_live_before_fork(void)
{
    if (lock_table()) /* else it is the holder's to say */
        live.held_for_fork = true;
}

void np_live_after_fork(void)
{
    const bool held = live.held_for_fork;
    live.held_for_fork = false; /* while it is ours: the next holder may be another thread that forks */
    if (held)
        unlock_table();
}

/* ---- Entries: readers look without the lock, so no field moves across a change of the version ---- */

static struct np_live_piece load(const struct np_stats *stats, uint32_t index)
{
    const struct np_stats_mapping *entry = &stats->mappings[index];
    return (struct np_live_piece){
        .start = atomic_load_explicit(&entry->start, memory_order_acquire),
        .end = atomic_load_explicit(&entry->end, memory_order_acquire),
        .rule = atomic_load_explicit(&entry->rule, memory_order_acquire),
        .kind = atomic_load_explicit(&entry->kind, memory_order_acquire),
        .origin = atomic_load_explicit(&entry->origin, memory_order_acquire),
    };
}

static void store(uint32_t index, struct np_live_piece piece)
{
    struct np_stats_mapping *entry = &live.stats->mappings[index];
    atomic_store_explicit(&entry->start, piece.start, memory_order_release);
    atomic_store_explicit(&entry->end, piece.end, memory_order_release);
    atomic_store_explicit(&entry->rule, piece.rule, memory_order_release);
    atomic_store_explicit(&entry->kind, piece.kind, memory_order_release);
    atomic_store_explicit(&entry->origin, piece.origin, memory_order_release);
}

static uint32_t count_of(const struct np_stats *stats)
{
    uint32_t count = atomic_load_explicit(&stats->mapping_count, memory_order_acquire);
    return count < NP_STATS_MAPPINGS ? count : NP_STATS_MAPPINGS;
}

/* The index of the first entry that ends behind @address; the count when there is none. */
static uint32_t find(const struct np_stats *stats, uintptr_t address)
{
    uint32_t low = 0, high = count_of(stats);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (atomic_load_explicit(&stats->mappings[middle].end, memory_order_acquire) > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void begin_change(void)
{
    uint32_t version = atomic_load_explicit(&live.stats->mapping_version, memory_order_relaxed);
    atomic_store_explicit(&live.stats->mapping_version, version + 1, memory_order_relaxed);
}

static void end_change(void)
{
    const struct np_stats *stats = live.stats;
    uint32_t count = count_of(stats);
    uintptr_t low = count > 0 ? load(stats, 0).start : UINTPTR_MAX;
    uintptr_t high = count > 0 ? load(stats, count - 1).end : 0;
    atomic_store_explicit(&np_live_bounds.low, low, memory_order_relaxed);
    atomic_store_explicit(&np_live_bounds.high, high, memory_order_relaxed);
    uint32_t version = atomic_load_explicit(&stats->mapping_version, memory_order_relaxed);
    atomic_store_explicit(&np_live_bounds.changes, version + 1, memory_order_relaxed);
    atomic_store_explicit(&live.stats->mapping_version, version + 1, memory_order_release);
}

/* ---- Changes, under the lock ---- */

static void count_bytes(uint32_t rule, uint64_t change)
{
    struct np_stats_rule *stats = &live.stats->rules[rule];
    np_stats_add(&stats->in_use_bytes, change);
    uint64_t in_use = atomic_load_explicit(&stats->in_use_bytes, memory_order_relaxed);
    if (in_use > atomic_load_explicit(&stats->peak_bytes, memory_order_relaxed))
        atomic_store_explicit(&stats->peak_bytes, in_use, memory_order_relaxed);
}

static bool insert(uint32_t index, struct np_live_piece piece)
{
    uint32_t count = count_of(live.stats);
    if (count == NP_STATS_MAPPINGS) {
        np_stats_degrade(&live.stats->rules[piece.rule], NP_BEST_EFFORT,
                         "more live mappings than are kept account of: some are placed but not counted");
        return false;
    }
    for (uint32_t at = count; at > index; at--)
        store(at, load(live.stats, at - 1));
    store(index, piece);
    atomic_store_explicit(&live.stats->mapping_count, count + 1, memory_order_release);
    return true;
}

static void erase(uint32_t first, uint32_t end)
{
    uint32_t count = count_of(live.stats);
    for (uint32_t at = end; first < end && at < count; at++)
        store(first + at - end, load(live.stats, at));
    atomic_store_explicit(&live.stats->mapping_count, count - (end - first), memory_order_release);
}

/* Is another piece of the same mapping left? */
static bool has_siblings(uint32_t index, uint32_t origin)
{
    for (uint32_t at = 0; at < count_of(live.stats); at++)
        if (at != index && load(live.stats, at).origin == origin)
            return true;
    return false;
}

/* Shortens one entry by [start, end), which it overlaps. Return: whether nothing of it is left. */
static bool shorten(uint32_t index, uintptr_t start, uintptr_t end)
{
    struct np_live_piece piece = load(live.stats, index), rest = piece;
    uintptr_t from = start > piece.start ? start : piece.start, to = end < piece.end ? end : piece.end;
    count_bytes(piece.rule, -(uint64_t)(to - from));
    if (from == piece.start && to == piece.end)
        return true;
    if (from == piece.start)
        piece.start = to;
    else
        piece.end = from;
    store(index, piece);
    rest.start = to;
    if (from > piece.start && to < rest.end && !insert(index + 1, rest))
        count_bytes(rest.rule, -(uint64_t)(rest.end - rest.start));
    return false;
}

/* Takes [start, end) out, of one mapping or of all. */
static void cut(uintptr_t start, uintptr_t end, uint32_t origin, bool gone)
{
    uint32_t at = find(live.stats, start);
    while (at < count_of(live.stats) && load(live.stats, at).start < end) {
        struct np_live_piece piece = load(live.stats, at);
        if ((origin != 0 && piece.origin != origin) || !shorten(at, start, end)) {
            at++;
            continue;
        }
        if (gone && !has_siblings(at, piece.origin))
            np_stats_add(&live.stats->rules[piece.rule].unmapped, 1);
        erase(at, at + 1);
    }
}

/* One entry for two parts of a mapping that touch each other. */
static void join(uint32_t index)
{
    if (index + 1 >= count_of(live.stats))
        return;
    struct np_live_piece piece = load(live.stats, index), next = load(live.stats, index + 1);
    if (piece.end != next.start || piece.origin != next.origin || piece.kind != next.kind)
        return;
    piece.end = next.end;
    store(index, piece);
    erase(index + 1, index + 2);
}

static bool add(struct np_live_piece piece)
{
    cut(piece.start, piece.end, 0, true);
    const uint32_t index = find(live.stats, piece.start);
    if (!insert(index, piece))
        return false;
    count_bytes(piece.rule, piece.end - piece.start);
    join(index);
    if (index > 0)
        join(index - 1);
    return true;
}

bool np_live_add(struct np_live_piece piece)
{
    if (!lock_table())
        return false;
    begin_change();
    if (piece.origin == 0) {
        piece.origin = ++live.origins;
        np_stats_add(&live.stats->rules[piece.rule].mapped, 1);
    }
    const bool added = add(piece);
    end_change();
    unlock_table();
    return added;
}

void np_live_cut(uintptr_t start, uintptr_t end, bool gone)
{
    if (!lock_table())
        return;
    begin_change();
    cut(start, end, 0, gone);
    end_change();
    unlock_table();
}

unsigned np_live_take(uintptr_t start, uintptr_t end, uint32_t origin, struct np_live_piece *ret_pieces,
                      unsigned room)
{
    unsigned count = 0;
    if (!lock_table())
        return 0;
    for (uint32_t at = find(live.stats, start); at < count_of(live.stats) && count < room; at++) {
        struct np_live_piece piece = load(live.stats, at);
        if (piece.start >= end)
            break;
        if (origin != 0 && piece.origin != origin)
            continue;
        piece.start = piece.start > start ? piece.start : start;
        piece.end = piece.end < end ? piece.end : end;
        ret_pieces[count++] = piece;
    }
    begin_change();
    cut(start, end, origin, true);
    end_change();
    unlock_table();
    return count;
}

void np_live_put_back(const struct np_live_piece *pieces, unsigned count)
{
    if (count == 0 || !lock_table())
        return;
    begin_change();
    for (unsigned i = 0; i < count; i++) {
        /* With its last piece the mapping was counted as gone. */
        if (!has_siblings(UINT32_MAX, pieces[i].origin))
            np_stats_add(&live.stats->rules[pieces[i].rule].unmapped, (uint64_t)-1);
        (void)add(pieces[i]); /* where there is no room the report says so */
    }
    end_change();
    unlock_table();
}

/* ---- Reading ---- */

enum sight { SEEN_NOTHING, SEEN_PIECE, SEEN_CHANGES };

static enum sight look(const struct np_stats *stats, uintptr_t address, struct np_live_piece *ret_piece)
{
    uint32_t version = atomic_load_explicit(&stats->mapping_version, memory_order_acquire);
    uint32_t index = find(stats, address);
    bool found = index < count_of(stats);
    struct np_live_piece piece = load(stats, found ? index : 0);
    if (version % 2 != 0 || atomic_load_explicit(&stats->mapping_version, memory_order_relaxed) != version)
        return SEEN_CHANGES;
    if (found)
        *ret_piece = piece;
    return found ? SEEN_PIECE : SEEN_NOTHING;
}

bool np_live_at(const struct np_stats *stats, uintptr_t address, struct np_live_piece *ret_piece)
{
    struct np_patience patience = {.milliseconds = READER_PATIENCE};
    enum sight sight = look(stats, address, ret_piece);
    while (sight == SEEN_CHANGES && np_patience_wait(&patience))
        sight = look(stats, address, ret_piece);
    /* Always in change: in this process the lock makes it stand still. */
    if (sight == SEEN_CHANGES && stats == live.stats && lock_table()) {
        sight = look(stats, address, ret_piece);
        unlock_table();
    }
    return sight == SEEN_PIECE;
}

bool np_live_overlap(uintptr_t start, uintptr_t end, struct np_live_piece *ret_piece)
{
    struct np_live_piece piece;
    if (live.stats == NULL || !np_live_at(live.stats, start, &piece) || piece.start >= end)
        return false;
    *ret_piece = piece;
    return true;
}

void np_live_gap_at(uintptr_t address, struct np_live_gap *ret_gap)
{
    const struct np_stats *stats = live.stats;
    *ret_gap = (struct np_live_gap){.low = 1, .high = 0};
    if (stats == NULL)
        return;
    uint32_t version = atomic_load_explicit(&stats->mapping_version, memory_order_acquire);
    uint32_t index = find(stats, address);
    struct np_live_gap gap = {
        .low = index > 0 ? load(stats, index - 1).end : 0,
        .high = index < count_of(stats) ? load(stats, index).start : UINTPTR_MAX,
        .changes = version,
    };
    if (version % 2 == 0 && atomic_load_explicit(&stats->mapping_version, memory_order_relaxed) == version)
        *ret_gap = gap;
}
