/* SPDX-License-Identifier: MIT */
/* The page map against an array of page owners. The source is included for its treap's priorities and its search. */
#include "core/runs.c"

#include "expect.h"

#define MOST 600u /* pages */

enum { FREE, AWAY, FIRST_LIVE };

/* What the map should say, page by page. */
static struct {
    uint32_t end;
    uint32_t owner[MOST]; /* FREE, AWAY, or the number of the live run */
    uint32_t user[MOST];  /* the thread that gave the page last */
    uint8_t content[MOST];
    uint32_t next_number;
} model;

static struct np_run entries[MOST];
static uint8_t contents[MOST];
static struct np_runs runs;
static uint64_t random_state;
static unsigned long step;

static uint32_t below(uint32_t end)
{
    return random_below(&random_state, end);
}

static void start(uint64_t seed)
{
    memset(entries, 0xa5, sizeof entries); /* old tags in pages that are covered again must not matter */
    for (uint32_t i = 0; i < MOST; i++)
        entries[i].state = NP_RUN_NONE;
    memset(contents, NP_PAGE_ABSENT, sizeof contents);
    memset(&model, 0, sizeof model);
    model.next_number = FIRST_LIVE;
    np_runs_init(&runs, entries, contents);
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    step = 0;
}

/* ---- The map must be sound ---- */

static uint32_t model_length(uint32_t first)
{
    uint32_t end = first;
    while (end < model.end && model.owner[end] == model.owner[first])
        end++;
    return end - first;
}

static uint32_t model_held(uint32_t first, uint32_t pages)
{
    uint32_t held = 0;
    for (uint32_t page = first; page < first + pages; page++)
        held += model.content[page] != NP_PAGE_ABSENT;
    return held;
}

/* An owner that is named has used every page that is held. */
static bool owner_is_true(uint32_t first, uint32_t pages, uint32_t owner)
{
    for (uint32_t page = first; owner != NP_OWNER_NONE && page < first + pages; page++)
        if (model.content[page] != NP_PAGE_ABSENT && model.user[page] != owner)
            return false;
    return true;
}

/* Walks the treap. Return: nodes seen. */
static uint32_t check_tree(uint32_t root, uint32_t low, uint32_t high)
{
    if (root == NP_NO_RUN)
        return 0;
    if (!expect(root < runs.end && entries[root].state == NP_RUN_FREE, "step %lu: %u in the tree is not free",
                step, root))
        return 0;
    expect(low == NP_NO_RUN || before(&runs, low, root), "step %lu: %u stands right of %u", step, root, low);
    expect(high == NP_NO_RUN || before(&runs, root, high), "step %lu: %u stands left of %u", step, root,
           high);
    uint32_t left = entries[root].left, right = entries[root].right;
    expect(left == NP_NO_RUN || priority(left) <= priority(root), "step %lu: heap order at %u", step, root);
    expect(right == NP_NO_RUN || priority(right) <= priority(root), "step %lu: heap order at %u", step, root);
    return 1 + check_tree(left, low, root) + check_tree(right, root, high);
}

static bool on_age_list(uint32_t run)
{
    return entries[run].older != run;
}

/* Return: runs on the list. */
static uint32_t check_ages(void)
{
    uint32_t count = 0, older = NP_NO_RUN;
    for (uint32_t run = runs.oldest; run != NP_NO_RUN && count <= MOST; run = entries[run].newer, count++) {
        if (!expect(run < runs.end && entries[run].state == NP_RUN_FREE, "step %lu: %u on the list", step,
                    run))
            return count;
        expect(entries[run].older == older, "step %lu: link back from %u", step, run);
        expect(entries[run].held > 0, "step %lu: %u on the list holds nothing", step, run);
        older = run;
    }
    expect(runs.newest == older, "step %lu: newest is %u, not %u", step, runs.newest, older);
    return count;
}

static void check_free(uint32_t run)
{
    const struct np_run *entry = &entries[run];
    expect(entry->state == NP_RUN_FREE, "step %lu: %u is not free", step, run);
    expect(entry->held == model_held(run, entry->pages), "step %lu: %u holds %u, not %u", step, run,
           entry->held, model_held(run, entry->pages));
    expect(owner_is_true(run, entry->pages, entry->owner), "step %lu: owner of %u", step, run);
    expect(!entry->held || on_age_list(run), "step %lu: %u has no age", step, run);
}

/* Every page of the map against the model. */
static void check_all(void)
{
    uint32_t free_runs = 0, with_age = 0, run = 0;
    uint64_t held = 0;
    expect(runs.end == model.end, "step %lu: ends at %u, not %u", step, runs.end, model.end);
    expect(memcmp(contents, model.content, model.end) == 0, "step %lu: contents differ", step);
    uint32_t in_list = check_ages();
    for (uint32_t pages; run < model.end; run += pages) {
        const struct np_run *entry = &entries[run];
        pages = entry->pages;
        if (!expect(pages && entry->state != NP_RUN_NONE && pages <= model.end - run,
                    "step %lu: no run at %u", step, run))
            return;
        expect(entries[run + pages - 1].back == pages, "step %lu: tags of %u differ", step, run);
        /* Free pages always form one run; neighbours that are away do not join each other. */
        uint32_t wanted = model_length(run);
        expect(model.owner[run] == AWAY ? pages <= wanted : pages == wanted,
               "step %lu: %u has %u pages, not %u", step, run, pages, wanted);
        for (uint32_t page = run + 1; page < run + pages; page++)
            expect(entries[page].state == NP_RUN_NONE, "step %lu: a run begins at %u inside of %u", step,
                   page, run);
        if (model.owner[run] == FREE) {
            check_free(run);
            free_runs++;
            held += entry->held;
            with_age += on_age_list(run);
        } else {
            expect(entry->state == (model.owner[run] == AWAY ? NP_RUN_AWAY : NP_RUN_LIVE),
                   "step %lu: state of %u", step, run);
        }
    }
    expect(held == runs.held, "step %lu: total held", step);
    expect(in_list == with_age, "step %lu: %u runs by age, %u have one", step, in_list, with_age);
    uint32_t in_tree = check_tree(runs.root, NP_NO_RUN, NP_NO_RUN);
    expect(in_tree == free_runs, "step %lu: %u runs in the tree, %u are free", step, in_tree, free_runs);
}

/* ---- Steps ---- */

static void model_set(uint32_t first, uint32_t pages, uint32_t owner)
{
    for (uint32_t page = first; page < first + pages; page++)
        model.owner[page] = owner;
}

/* That a page is zero is forgotten when it is given back: who takes it next might not look at it again. */
static void model_give(uint32_t first, uint32_t pages, uint32_t owner)
{
    model_set(first, pages, FREE);
    for (uint32_t page = first; page < first + pages; page++) {
        model.user[page] = owner;
        if (model.content[page] == NP_PAGE_ZERO)
            model.content[page] = NP_PAGE_USED;
    }
}

/* A random run in one of two states, or NP_NO_RUN. */
static uint32_t pick(enum np_run_state one, enum np_run_state other)
{
    uint32_t found = NP_NO_RUN, count = 0;
    for (uint32_t run = 0; run < runs.end; run += entries[run].pages)
        if ((entries[run].state == one || entries[run].state == other) && below(++count) == 0)
            found = run;
    return found;
}

/* What the heap does with a run that it holds: use pages, drop some. */
static void use(uint32_t run, uint32_t pages)
{
    uint32_t first = run + below(pages), count = 1 + below(run + pages - first);
    enum np_page_state state = (enum np_page_state)below(3);
    if (state != NP_PAGE_USED)
        entries[run].flags &= (uint8_t)~NP_RUN_ALL_USED;
    np_runs_mark(&runs, first, count, state);
    memset(model.content + first, state, count);
}

static void step_append(void)
{
    uint32_t room = MOST - model.end, pages = 1 + below(40);
    if (pages > room)
        return;
    enum np_page_state state = below(4) ? NP_PAGE_ABSENT : NP_PAGE_ZERO;
    memset(model.content + model.end, state, pages);
    model_give(model.end, pages, NP_OWNER_NONE);
    model.end += pages;
    np_runs_append(&runs, pages, state, (uint32_t)step);
}

static void step_chop(void)
{
    uint32_t tail = 0;
    while (tail < model.end && model.owner[model.end - tail - 1] == FREE)
        tail++;
    expect(np_runs_tail(&runs) == tail, "step %lu: tail of %u, not %u", step, np_runs_tail(&runs), tail);
    if (!tail || below(3))
        return;
    uint32_t pages = 1 + below(tail);
    np_runs_chop(&runs, pages);
    model.end -= pages;
    memset(model.content + model.end, NP_PAGE_ABSENT, pages);
}

/* The smallest free run of at least @pages, the lowest of its size. */
static uint32_t model_best(uint32_t pages)
{
    uint32_t best = NP_NO_RUN;
    for (uint32_t run = 0; run < model.end; run += model_length(run))
        if (model.owner[run] == FREE && model_length(run) >= pages &&
            (best == NP_NO_RUN || model_length(run) < model_length(best)))
            best = run;
    return best;
}

static void step_take(void)
{
    uint32_t pages = 1 + below(below(4) ? 20 : 120), align = below(2) ? 1 : 1u << below(7);
    uint32_t best = model_best(pages), surely = model_best(pages + align - 1);
    uint32_t run = np_runs_take(&runs, pages, align);
    if (run == NP_NO_RUN) {
        expect(surely == NP_NO_RUN, "step %lu: %u pages at %u not found", step, pages, align);
        return;
    }
    expect(run % align == 0, "step %lu: %u is no multiple of %u", step, run, align);
    expect(align > 1 || run == best, "step %lu: took %u, best is %u", step, run, best);
    for (uint32_t page = run; page < run + pages; page++)
        expect(page < model.end && model.owner[page] == FREE, "step %lu: %u was not free", step, page);
    bool all = model_held(run, pages) == pages;
    expect(all == !!(entries[run].flags & NP_RUN_ALL_USED), "step %lu: flags of %u", step, run);
    expect(entries[run].held == pages, "step %lu: live run %u has %u in use", step, run, entries[run].held);
    expect(owner_is_true(run, pages, entries[run].owner), "step %lu: owner of %u", step, run);
    model_set(run, pages, model.next_number++);
}

static void step_take_from(void)
{
    uint32_t run = pick(NP_RUN_FREE, NP_RUN_FREE);
    if (run == NP_NO_RUN)
        return;
    uint32_t front = below(2) ? 0 : below(entries[run].pages);
    uint32_t pages = 1 + below(entries[run].pages - front);
    bool away = below(2);
    uint32_t held = model_held(run + front, pages);
    expect(np_runs_take_from(&runs, run, run + front, pages, away ? NP_RUN_AWAY : NP_RUN_LIVE) == run + front,
           "step %lu: took elsewhere", step);
    if (away)
        expect(entries[run + front].held == held, "step %lu: %u away holds %u", step, run,
               entries[run + front].held);
    model_set(run + front, pages, away ? AWAY : model.next_number++);
}

static void step_absorb(void)
{
    uint32_t run = pick(NP_RUN_LIVE, NP_RUN_LIVE), owner;
    if (run == NP_NO_RUN)
        return;
    uint32_t end = run + entries[run].pages, pages = 1 + below(20);
    uint32_t room = end < model.end && model.owner[end] == FREE ? model_length(end) : 0;
    expect(np_runs_behind(&runs, run) == (room ? end : NP_NO_RUN), "step %lu: what is behind %u", step, run);
    bool grown = np_runs_absorb(&runs, run, pages, &owner);
    expect(grown == (pages <= room), "step %lu: %u of %u absorbed", step, pages, room);
    if (!grown)
        return;
    expect(owner_is_true(end, pages, owner), "step %lu: owner behind %u", step, run);
    expect(!(entries[run].flags & NP_RUN_ALL_USED), "step %lu: %u says all is used", step, run);
    model_set(end, pages, model.owner[run]);
}

static void step_cut(void)
{
    uint32_t run = pick(NP_RUN_LIVE, NP_RUN_LIVE);
    if (run == NP_NO_RUN || entries[run].pages < 2)
        return;
    uint32_t keep = 1 + below(entries[run].pages - 1), all = entries[run].pages;
    expect(np_runs_cut(&runs, run, keep) == run + keep, "step %lu: cut elsewhere", step);
    expect(entries[run].held <= keep, "step %lu: %u uses more than it has", step, run);
    model_set(run + keep, all - keep, model.next_number++);
}

static void step_give(void)
{
    uint32_t run = pick(NP_RUN_LIVE, NP_RUN_AWAY);
    if (run == NP_NO_RUN)
        return;
    uint32_t pages = entries[run].pages, owner = below(4);
    if (below(2))
        use(run, pages);
    np_runs_give(&runs, run, owner, (uint32_t)step);
    model_give(run, pages, owner);
}

static void step_find(void)
{
    uint32_t from = below(model.end + 1), to = from + below(model.end + 1 - from), first = 0, pages = 0;
    enum np_page_state state = (enum np_page_state)below(3);
    bool equal = below(2);
    uint32_t wanted = from;
    while (wanted < to && (model.content[wanted] == state) != equal)
        wanted++;
    bool found = np_runs_find(&runs, from, to, state, equal, &first, &pages);
    expect(found == (wanted < to), "step %lu: find in [%u, %u)", step, from, to);
    expect(!found || (first == wanted && first + pages <= to), "step %lu: found %u, not %u", step, first,
           wanted);
    expect(np_runs_count_held(&runs, from, to - from) == model_held(from, to - from), "step %lu: count",
           step);
}

static void random_steps(uint64_t seed, unsigned long steps)
{
    static void (*const kinds[])(void) = {step_append, step_chop,   step_take, step_take,     step_take,
                                          step_take,   step_absorb, step_cut,  step_give,     step_give,
                                          step_give,   step_give,   step_find, step_take_from};
    start(seed);
    for (; step < steps && !expect_failures; step++) {
        kinds[below(sizeof kinds / sizeof *kinds)]();
        check_all();
    }
    expect(expect_failures == 0, "with seed %lu", (unsigned long)seed);
}

static unsigned long steps_each = 10000;

static void agrees_with_the_model(void)
{
    for (uint64_t seed = 1; seed <= 8 && !expect_failures; seed++)
        random_steps(seed, steps_each);
}

static void gives_all_back_as_one_run(void)
{
    random_steps(77, steps_each);
    for (uint32_t run; (run = pick(NP_RUN_LIVE, NP_RUN_AWAY)) != NP_NO_RUN;) {
        model_give(run, entries[run].pages, NP_OWNER_NONE);
        np_runs_give(&runs, run, NP_OWNER_NONE, 0);
        check_all();
    }
    expect(runs.end == 0 || entries[0].pages == runs.end, "the free pages are not one run");
    if (runs.end)
        np_runs_chop(&runs, runs.end);
    expect(runs.root == NP_NO_RUN && runs.oldest == NP_NO_RUN && runs.held == 0,
           "an empty map holds something");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        steps_each = strtoul(argv[1], NULL, 0);
    run_test(agrees_with_the_model, "the page map agrees with an array of page owners after every step");
    run_test(gives_all_back_as_one_run, "after everything is given back one free run is left");
    return tap_done();
}
