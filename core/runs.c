/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include <assert.h>
#include <string.h>

/* The treap's priorities: any fixed scattering of the index will do (Seidel and Aragon, "Randomized Search
 * Trees"). */
static uint32_t priority(uint32_t run)
{
    uint32_t x = run * 0x9e3779b1u;
    x ^= x >> 16;
    return x * 0x85ebca6bu;
}

static bool before(const struct np_runs *runs, uint32_t a, uint32_t b)
{
    uint32_t pages_a = runs->entry[a].pages, pages_b = runs->entry[b].pages;
    return pages_a != pages_b ? pages_a < pages_b : a < b;
}

/* Splits a treap into the runs before @key and the others. */
static void tree_split(struct np_runs *runs, uint32_t root, uint32_t key, uint32_t *ret_less,
                       uint32_t *ret_more)
{
    while (root != NP_NO_RUN) {
        struct np_run *run = &runs->entry[root];
        if (before(runs, root, key)) {
            *ret_less = root;
            ret_less = &run->right;
            root = run->right;
        } else {
            *ret_more = root;
            ret_more = &run->left;
            root = run->left;
        }
    }
    *ret_less = *ret_more = NP_NO_RUN;
}

static void tree_insert(struct np_runs *runs, uint32_t new_run)
{
    uint32_t *link = &runs->root;
    while (*link != NP_NO_RUN && priority(*link) >= priority(new_run))
        link = before(runs, new_run, *link) ? &runs->entry[*link].left : &runs->entry[*link].right;
    uint32_t rest = *link;
    *link = new_run;
    tree_split(runs, rest, new_run, &runs->entry[new_run].left, &runs->entry[new_run].right);
}

static void tree_remove(struct np_runs *runs, uint32_t old_run)
{
    uint32_t *link = &runs->root;
    while (*link != old_run)
        link = before(runs, old_run, *link) ? &runs->entry[*link].left : &runs->entry[*link].right;
    uint32_t left = runs->entry[old_run].left, right = runs->entry[old_run].right;
    while (left != NP_NO_RUN && right != NP_NO_RUN) {
        if (priority(left) >= priority(right)) {
            *link = left;
            link = &runs->entry[left].right;
            left = *link;
        } else {
            *link = right;
            link = &runs->entry[right].left;
            right = *link;
        }
    }
    *link = left != NP_NO_RUN ? left : right;
}

static uint32_t tree_best_fit(const struct np_runs *runs, uint32_t pages)
{
    uint32_t best = NP_NO_RUN;
    for (uint32_t at = runs->root; at != NP_NO_RUN;) {
        if (runs->entry[at].pages >= pages) {
            best = at;
            at = runs->entry[at].left;
        } else {
            at = runs->entry[at].right;
        }
    }
    return best;
}

static void age_remove(struct np_runs *runs, uint32_t run)
{
    struct np_run *entry = &runs->entry[run];
    if (entry->older == run)
        return; /* not on the list */
    if (entry->older != NP_NO_RUN)
        runs->entry[entry->older].newer = entry->newer;
    else
        runs->oldest = entry->newer;
    if (entry->newer != NP_NO_RUN)
        runs->entry[entry->newer].older = entry->older;
    else
        runs->newest = entry->older;
    entry->older = entry->newer = run;
}

static void age_append(struct np_runs *runs, uint32_t run)
{
    struct np_run *entry = &runs->entry[run];
    entry->older = runs->newest;
    entry->newer = NP_NO_RUN;
    if (runs->newest != NP_NO_RUN)
        runs->entry[runs->newest].newer = run;
    else
        runs->oldest = run;
    runs->newest = run;
}

/* Writes both tags of a run. */
static void describe(struct np_runs *runs, uint32_t run, uint32_t pages, enum np_run_state state)
{
    struct np_run *entry = &runs->entry[run];
    entry->pages = pages;
    entry->state = (uint8_t)state;
    entry->flags = 0;
    entry->custom = false;
    if (state == NP_RUN_LIVE)
        memset(entry->seams, 0, sizeof entry->seams);
    else
        entry->older = entry->newer = run;
    runs->entry[run + pages - 1].back = pages;
}

static void publish_free(struct np_runs *runs, uint32_t run, uint32_t pages, uint32_t held, uint32_t owner,
                         uint32_t stamp)
{
    describe(runs, run, pages, NP_RUN_FREE);
    struct np_run *entry = &runs->entry[run];
    entry->held = held;
    entry->owner = held ? owner : NP_OWNER_NONE;
    entry->stamp = stamp;
    runs->held += held;
    tree_insert(runs, run);
    if (held)
        age_append(runs, run);
}

static void withdraw_free(struct np_runs *runs, uint32_t run)
{
    assert(runs->entry[run].state == NP_RUN_FREE);
    tree_remove(runs, run);
    age_remove(runs, run);
    runs->held -= runs->entry[run].held;
    runs->entry[run].state = NP_RUN_NONE;
}

void np_runs_init(struct np_runs *runs, struct np_run *entry, uint8_t *content)
{
    *runs = (struct np_runs){
        .entry = entry, .content = content, .root = NP_NO_RUN, .oldest = NP_NO_RUN, .newest = NP_NO_RUN};
}

void np_runs_append(struct np_runs *runs, uint32_t pages, enum np_page_state state, uint32_t stamp)
{
    uint32_t first = runs->end;
    runs->end += pages;
    describe(runs, first, pages, NP_RUN_AWAY);
    if (state != NP_PAGE_ABSENT) /* which is what stands there beyond the end */
        np_runs_mark(runs, first, pages, state);
    np_runs_give(runs, first, NP_OWNER_NONE, stamp);
}

uint32_t np_runs_tail(const struct np_runs *runs)
{
    if (!runs->end)
        return 0;
    uint32_t pages = runs->entry[runs->end - 1].back;
    return runs->entry[runs->end - pages].state == NP_RUN_FREE ? pages : 0;
}

void np_runs_chop(struct np_runs *runs, uint32_t pages)
{
    uint32_t run = runs->end - np_runs_tail(runs);
    uint32_t all = runs->entry[run].pages;
    uint32_t owner = runs->entry[run].owner, stamp = runs->entry[run].stamp;
    assert(pages && pages <= all);
    withdraw_free(runs, run);
    runs->end -= pages;
    np_runs_mark(runs, runs->end, pages, NP_PAGE_ABSENT);
    if (pages < all)
        publish_free(runs, run, all - pages, np_runs_count_held(runs, run, all - pages), owner, stamp);
}

/* How many of the pages [first, first + pages) of a free run are held, without counting when the run says
 * it all. */
static uint32_t held_of_part(const struct np_runs *runs, uint32_t run, uint32_t first, uint32_t pages)
{
    const struct np_run *entry = &runs->entry[run];
    if (!entry->held)
        return 0;
    return entry->held == entry->pages ? pages : np_runs_count_held(runs, first, pages);
}

uint32_t np_runs_take_from(struct np_runs *runs, uint32_t run, uint32_t first, uint32_t pages,
                           enum np_run_state state)
{
    struct np_run whole = runs->entry[run];
    uint32_t front = first - run, back = whole.pages - front - pages;
    uint32_t front_held = front ? held_of_part(runs, run, run, front) : 0;
    uint32_t back_held = back ? held_of_part(runs, run, first + pages, back) : 0;
    uint32_t part_held = whole.held - front_held - back_held;
    withdraw_free(runs, run);
    if (front)
        publish_free(runs, run, front, front_held, whole.owner, whole.stamp);
    if (back)
        publish_free(runs, first + pages, back, back_held, whole.owner, whole.stamp);
    describe(runs, first, pages, state);
    runs->entry[first].held = state == NP_RUN_LIVE ? pages : part_held;
    runs->entry[first].owner = whole.owner;
    runs->entry[first].stamp = whole.stamp;
    if (state == NP_RUN_LIVE && part_held == pages)
        runs->entry[first].flags = NP_RUN_ALL_USED;
    return first;
}

uint32_t np_runs_take(struct np_runs *runs, uint32_t pages, uint32_t align)
{
    uint32_t run = tree_best_fit(runs, pages);
    if (run == NP_NO_RUN)
        return NP_NO_RUN;
    uint32_t first = (run + align - 1) & ~(align - 1);
    if ((uint64_t)first + pages > (uint64_t)run + runs->entry[run].pages) {
        run = pages <= UINT32_MAX - (align - 1) ? tree_best_fit(runs, pages + align - 1) : NP_NO_RUN;
        if (run == NP_NO_RUN)
            return NP_NO_RUN;
        first = (run + align - 1) & ~(align - 1);
    }
    return np_runs_take_from(runs, run, first, pages, NP_RUN_LIVE);
}

uint32_t np_runs_behind(const struct np_runs *runs, uint32_t run)
{
    uint32_t next = run + runs->entry[run].pages;
    return next < runs->end && runs->entry[next].state == NP_RUN_FREE ? next : NP_NO_RUN;
}

bool np_runs_absorb(struct np_runs *runs, uint32_t run, uint32_t pages, uint32_t *ret_owner)
{
    uint32_t next = np_runs_behind(runs, run);
    if (next == NP_NO_RUN || runs->entry[next].pages < pages)
        return false;
    np_runs_take_from(runs, next, next, pages, NP_RUN_LIVE);
    *ret_owner = runs->entry[next].owner;
    struct np_run *entry = &runs->entry[run];
    runs->entry[next].state = NP_RUN_NONE;
    entry->pages += pages;
    entry->flags &= (uint8_t)~NP_RUN_ALL_USED;
    runs->entry[run + entry->pages - 1].back = entry->pages;
    return true;
}

uint32_t np_runs_cut(struct np_runs *runs, uint32_t run, uint32_t pages)
{
    struct np_run *entry = &runs->entry[run];
    uint32_t rest = run + pages, rest_pages = entry->pages - pages;
    describe(runs, rest, rest_pages, NP_RUN_LIVE);
    runs->entry[rest].held = 0;
    entry->pages = pages;
    if (entry->held > pages)
        entry->held = pages;
    runs->entry[rest - 1].back = pages;
    return rest;
}

/* The owner of two joined runs: whose pages are they? */
static uint32_t joined_owner(uint32_t held_a, uint32_t owner_a, uint32_t held_b, uint32_t owner_b)
{
    if (!held_a)
        return owner_b;
    if (!held_b || owner_a == owner_b)
        return owner_a;
    return NP_OWNER_NONE;
}

/* Takes a neighbour, if it is free, into a run that is not published yet: the age is that of most pages. */
static bool join(struct np_runs *runs, struct np_run *joined, uint32_t neighbour)
{
    const struct np_run other = runs->entry[neighbour];
    if (other.state != NP_RUN_FREE)
        return false;
    withdraw_free(runs, neighbour);
    joined->owner = joined_owner(joined->held, joined->owner, other.held, other.owner);
    joined->stamp = other.held > joined->held ? other.stamp : joined->stamp;
    joined->pages += other.pages;
    joined->held += other.held;
    return true;
}

/* Free pages are ABSENT or USED: what is ZERO now could be handed out by a flag for the whole run,
 * written, and given back without anybody looking at its pages. Return: pages that are not ABSENT. */
static uint32_t forget_zero(struct np_runs *runs, uint32_t first, uint32_t pages)
{
    uint8_t *content = runs->content + first;
    uint32_t held = 0;
    for (uint32_t i = 0; i < pages; i++)
        if (content[i] != NP_PAGE_ABSENT) {
            content[i] = NP_PAGE_USED;
            held++;
        }
    return held;
}

void np_runs_give(struct np_runs *runs, uint32_t run, uint32_t owner, uint32_t stamp)
{
    uint32_t pages = runs->entry[run].pages;
    bool all_used = runs->entry[run].flags & NP_RUN_ALL_USED;
    uint32_t held = all_used ? pages : forget_zero(runs, run, pages);
    runs->entry[run].state = NP_RUN_NONE;

    struct np_run joined = {.pages = pages, .held = held, .owner = owner, .stamp = stamp};
    if (run + pages < runs->end)
        (void)join(runs, &joined, run + pages);
    if (run) {
        uint32_t previous = run - runs->entry[run - 1].back;
        if (join(runs, &joined, previous))
            run = previous;
    }
    publish_free(runs, run, joined.pages, joined.held, joined.owner, joined.stamp);
}

void np_runs_mark(struct np_runs *runs, uint32_t first, uint32_t pages, enum np_page_state state)
{
    memset(runs->content + first, state, pages);
}

uint32_t np_runs_count_held(const struct np_runs *runs, uint32_t first, uint32_t pages)
{
    const uint8_t *content = runs->content + first;
    uint32_t held = 0;
    for (uint32_t i = 0; i < pages; i++)
        held += content[i] != NP_PAGE_ABSENT;
    return held;
}

bool np_runs_find(const struct np_runs *runs, uint32_t from, uint32_t to, enum np_page_state state,
                  bool equal, uint32_t *ret_first, uint32_t *ret_pages)
{
    const uint8_t *content = runs->content;
    while (from < to && (content[from] == state) != equal)
        from++;
    if (from == to)
        return false;
    uint32_t end = from;
    while (end < to && (content[end] == state) == equal)
        end++;
    *ret_first = from;
    *ret_pages = end - from;
    return true;
}
