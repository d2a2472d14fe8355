/* SPDX-License-Identifier: MIT */
/* runs - the page map of a zone: which runs of base pages are free, which are handed out, and what free
 * pages hold.
 *
 * The map lives beside the zone, never in it: nothing is written into free memory. A run is described in
 * the entry of its first page; the entry of its last page repeats the length, so that neighbours find each
 * other (boundary tags, Knuth, TAOCP 2.5). Free runs are kept in a treap by (length, address), so the best
 * fit with the lowest address is found in logarithmic time, and those that hold old pages in a list by
 * age. No locks, no system calls: the caller has both.
 * Context: hook-safe. */
#ifndef NP_CORE_RUNS_H
#define NP_CORE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NP_NO_RUN    UINT32_MAX
#define NP_RUN_SEAMS 4

/** What a page holds. */
enum np_page_state {
    NP_PAGE_ABSENT = 0, /* never touched, or dropped: reads as zero, has no memory behind it */
    NP_PAGE_ZERO,       /* committed and still zero: in live runs only, forgotten when they are given back */
    NP_PAGE_USED,       /* may hold anything */
};

enum np_run_state {
    NP_RUN_NONE = 0, /* not the first page of a run */
    NP_RUN_FREE,
    NP_RUN_LIVE, /* handed out */
    NP_RUN_AWAY, /* free, but somebody is dropping its pages outside the lock */
};

#define NP_RUN_ALL_USED 1u /* live: every page of the run was USED when it was handed out */
#define NP_RUN_GROWN    2u /* live: it has moved to grow, and was given room */

#define NP_OWNER_NONE 0u /* free: its pages were used by several threads, or by none */

struct np_run {
    uint32_t pages; /* length */
    uint32_t back;  /* in the last page's entry: the length of the run that ends here */
    union {
        struct {
            uint32_t left, right;  /* free: children in the treap */
            uint32_t older, newer; /* free with held pages: neighbours by age */
        };
        uint32_t seams[NP_RUN_SEAMS]; /* live: pages after which another VMA begins, rising; 0 ends them */
    };
    uint32_t held;  /* free: pages that are not ABSENT.  live: pages in use, the rest is room to grow */
    uint32_t owner; /* free: the thread that used all held pages, or NP_OWNER_NONE */
    uint32_t
        stamp; /* free: second of the clock when it was last given.  live: the zone's last_free when it was taken */
    uint8_t state, flags;
    bool custom; /* live: the program has bound or advised a part of it itself */
};

struct np_runs {
    struct np_run *entry; /* one for each page */
    uint8_t *content;     /* enum np_page_state of each page */
    uint32_t end;         /* pages covered: [0, end) */
    uint32_t root;
    uint32_t oldest, newest;
    uint64_t held; /* pages of free runs that are not ABSENT */
};

#define NP_PARKED_MOST     4
#define NP_PARKED_MOST_OWN 64 /* in zones where threads get old pages of their own only */

/** Freed runs that are kept whole: see parked.h. */
struct np_parked {
    uint32_t count;
    size_t below;   /* bytes of a block that may go the short way; 0: none in this zone */
    uint64_t pages; /* of all of them */
    uint32_t run[NP_PARKED_MOST_OWN], length[NP_PARKED_MOST_OWN], owner[NP_PARKED_MOST_OWN];
};

/** np_runs_init() - cover no pages. @content: all zero, as beyond the end it is from then on. */
void np_runs_init(struct np_runs *runs, struct np_run *entry, uint8_t *content);

/** np_runs_append() - cover @pages more at the end: free, each in @state, last used at @stamp. */
void np_runs_append(struct np_runs *runs, uint32_t pages, enum np_page_state state, uint32_t stamp);
/** np_runs_chop() - uncover the last @pages, which must be the end of a free run. */
void np_runs_chop(struct np_runs *runs, uint32_t pages);
/** np_runs_tail() - how many pages are free at the end. */
uint32_t np_runs_tail(const struct np_runs *runs);

/** np_runs_take() - hand out the best fitting free run of @pages whose index is a multiple of @align (a
 * power of two).
 * Return: its first page, or NP_NO_RUN. The owner stays in entry[].owner, and NP_RUN_ALL_USED says what it
 * holds. */
uint32_t np_runs_take(struct np_runs *runs, uint32_t pages, uint32_t align);
/** np_runs_take_from() - take @pages at @first out of the free run @run, all of it or any part, in state
 * @state. */
uint32_t np_runs_take_from(struct np_runs *runs, uint32_t run, uint32_t first, uint32_t pages,
                           enum np_run_state state);
/** np_runs_absorb() - lengthen a live run by exactly @pages from the free run behind it. Return: false if
 * there is not enough. *ret_owner is that run's owner. */
bool np_runs_absorb(struct np_runs *runs, uint32_t run, uint32_t pages, uint32_t *ret_owner);
/** np_runs_cut() - shorten a live run to @pages; the rest becomes a live run of its own. Return: its first
 * page. */
uint32_t np_runs_cut(struct np_runs *runs, uint32_t run, uint32_t pages);
/** np_runs_give() - make a live or away run free, joined with its free neighbours. The joined run is as old
 * as the one of them that holds most: a small block that comes and goes does not keep the pages around it
 * young. */
void np_runs_give(struct np_runs *runs, uint32_t run, uint32_t owner, uint32_t stamp);

/** np_runs_behind() - the free run that begins where @run ends, or NP_NO_RUN. */
uint32_t np_runs_behind(const struct np_runs *runs, uint32_t run);
/** np_runs_mark() - set the content of pages [first, first + pages). */
void np_runs_mark(struct np_runs *runs, uint32_t first, uint32_t pages, enum np_page_state state);
/** np_runs_count_held() - how many pages of [first, first + pages) are not ABSENT. */
uint32_t np_runs_count_held(const struct np_runs *runs, uint32_t first, uint32_t pages);
/** np_runs_find() - the next stretch of [from, to) whose pages are (or are not, with @equal false) in @state.
 * Return: false if there is none. */
bool np_runs_find(const struct np_runs *runs, uint32_t from, uint32_t to, enum np_page_state state,
                  bool equal, uint32_t *ret_first, uint32_t *ret_pages);

#endif
