/* SPDX-License-Identifier: MIT */
/* System V shared memory, and what else happens to mappings of rules after they were made. */
#include "backing.h"
#include "mapped.h"
#include "settle.h"

#include <errno.h>
#include <sys/shm.h>

static size_t whole_pages(size_t length)
{
    const size_t page = np_kernel_page_size();
    return (length + page - 1) & ~(page - 1);
}

/* ---- shmat(2), shmdt(2) ---- */

static int settle_segment(const struct np_mapping_rule *rule, char *start, size_t length, int flags)
{
    const struct np_settling settling = {
        .rule = rule,
        .start = start,
        .length = length,
        .filled_length = length,
        .protection = flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE,
        .anonymous = true,
        .shared = true,
        .used = true,
    };
    return np_settle(&settling);
}

void *np_mapped_attach(np_mapped_shmat *next, int id, const void *address, int flags)
{
    size_t length = 0;
    const struct np_mapping_rule *rule = NULL;
    if (np_backing_segment_size(id, &length) == 0 && length > 0 && !(flags & SHM_EXEC))
        rule =
            np_mapped_take(np_mapping_match_kind(NP_MAPPING_SHARED, length), NP_MAPPING_SHARED, MAP_SHARED);
    if (rule && rule->placement->refused) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    char *start = next(id, address, flags);
    if (start == MAP_FAILED)
        return start;
    length = whole_pages(length);
    if (!rule) {
        np_live_cut((uintptr_t)start, (uintptr_t)start + length, true); /* SHM_REMAP */
        return start;
    }
    if (settle_segment(rule, start, length, flags) < 0) {
        (void)np_backing_detach(start); /* just attached */
        errno = ENOMEM;
        return MAP_FAILED;
    }
    (void)np_live_add((struct np_live_piece){(uintptr_t)start, (uintptr_t)start + length, rule->index,
                                             NP_MAPPING_SHARED, 0}); /* else the report says so */
    return start;
}

int np_mapped_detach(np_mapped_shmdt *next, const void *address)
{
    struct np_live_piece pieces[NP_LIVE_PIECES];
    const uintptr_t start = (uintptr_t)address;
    unsigned count = 0;
    if (np_live_overlap(start, start + 1, pieces) && pieces->start == start)
        count = np_live_take(start, UINTPTR_MAX, pieces->origin, pieces, NP_LIVE_PIECES);
    const int result = next(address);
    if (result != 0) /* it is no segment */
        np_live_put_back(pieces, count);
    return result;
}

/* ---- mprotect(2) ---- */

int np_mapped_protect(np_mapped_mprotect *next, void *address, size_t length, int protection)
{
    const int result = next(address, length, protection);
    uintptr_t start = (uintptr_t)address;
    const uintptr_t end = start + whole_pages(length);
    struct np_live_piece piece;
    if (result != 0 || !(protection & PROT_WRITE))
        return result;
    for (; start < end && np_live_overlap(start, end, &piece); start = piece.end) {
        const struct np_mapping_rule *rule = np_mapping_rule_at(piece.rule);
        start = piece.start > start ? piece.start : start;
        piece.end = piece.end < end ? piece.end : end;
        if (!rule->plan.committed || piece.kind == NP_MAPPING_FILE)
            continue;
        if (np_settle_commit(rule, (char *)start, piece.end - start, true) < 0) {
            errno = ENOMEM;
            return -1;
        }
    }
    return 0;
}

/* ---- mbind(2) ---- */

void np_mapped_yield(const void *address, size_t length)
{
    const uintptr_t start = (uintptr_t)address, end = start + whole_pages(length);
    struct np_live_piece piece;
    if (!np_live_overlap(start, end, &piece))
        return;
    np_live_cut(start, end, false);
    np_stats_degrade(np_mapping_rule_at(piece.rule)->stats, NP_BEST_EFFORT,
                     "the program has set a policy of its own for some mappings: they are not counted");
}

/* ---- fork(2) ---- */

void np_mapped_before_fork(void)
{
    np_live_before_fork();
}

static void loosen_hard_mappings(void)
{
    struct np_live_piece piece = {.end = 0};
    while (np_live_overlap(piece.end, UINTPTR_MAX, &piece)) {
        const struct np_mapping_rule *rule = np_mapping_rule_at(piece.rule);
        if (rule->plan.committed)
            (void)np_kernel_mbind((void *)piece.start, piece.end - piece.start, &rule->plan.policy);
    }
}

void np_mapped_after_fork(void)
{
    loosen_hard_mappings();
    np_live_after_fork();
}
