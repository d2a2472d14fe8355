/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include "digest.h"
#include "kernel.h"
#include "log.h"
#include "patience.h"
#include "stack.h"
#include "thread_table.h"

#include <errno.h>
#include <string.h>

#define PATIENCE 100 /* milliseconds until a rule has been applied */

bool np_threads_active, np_threads_by_name, np_threads_by_start;

static struct {
    const struct np_thread_rule *rules;
    const struct np_pinning *pinnings;
    unsigned count;
    np_cpuset cpus; /* of the process */
    struct np_stats *stats;
    uint32_t first;                               /* their entry for the first rule */
    _Atomic uint64_t born;                        /* threads ever created, the main thread too */
    _Atomic uint64_t handed[NP_MAX_THREAD_RULES]; /* sets handed out for each rule */
} threads;

static void clear(struct np_thread *thread)
{
    thread->starts = thread->creator_cpus = 0;
    thread->stack_size = 0;
    thread->places_itself = thread->stranger = thread->pinned = false;
    thread->stack_low = thread->stack_high = 0;
    thread->rule = -1;
    thread->wanted = false;
    thread->counted = NULL;
    for (unsigned i = 0; i < sizeof thread->name / sizeof *thread->name; i++)
        atomic_store_explicit(&thread->name[i], 0, memory_order_relaxed);
    atomic_store_explicit(&thread->own_affinity, false, memory_order_relaxed);
    atomic_store_explicit(&thread->again, false, memory_order_relaxed);
    atomic_store_explicit(&thread->busy, false, memory_order_relaxed);
}

struct np_thread *np_thread_new(void)
{
    struct np_thread *thread = np_thread_table_take();
    if (thread == NULL)
        return NULL;
    clear(thread);
    thread->index = atomic_fetch_add_explicit(&threads.born, 1, memory_order_relaxed);
    return thread;
}

void np_threads_missed(void)
{
    (void)atomic_fetch_add_explicit(&threads.born, 1, memory_order_relaxed);
    np_log(NP_LOG_WARN, "more than %d threads at once: those beyond are left alone", NP_THREADS_MOST);
}

/* ---- Rules ---- */

static struct np_stats_thread *stats_of(int rule)
{
    return &threads.stats->threads[threads.first + (uint32_t)rule];
}

/* Where a thread stands in its rule's figures. */
static void count_as(struct np_thread *thread, _Atomic uint64_t *counter)
{
    if (thread->counted != NULL)
        (void)atomic_fetch_sub_explicit(thread->counted, 1, memory_order_relaxed);
    thread->counted = counter;
    if (counter != NULL)
        (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The rule that held for a thread until it got a name counts it no more. */
static void leave_rule(struct np_thread *thread)
{
    count_as(thread, NULL);
    if (thread->rule >= 0)
        (void)atomic_fetch_sub_explicit(&stats_of(thread->rule)->count, 1, memory_order_relaxed);
    thread->rule = -1;
}

/* Gives a thread its rule, and its turn among the rule's threads. */
static void enter_rule(struct np_thread *thread, int rule)
{
    const struct np_thread_rule *asked = &threads.rules[rule];
    struct np_stats_thread *stats = stats_of(rule);
    const bool own = thread->places_itself || atomic_load(&thread->own_affinity);
    leave_rule(thread);
    thread->rule = rule;
    thread->wanted = false;
    (void)atomic_fetch_add_explicit(&stats->count, 1, memory_order_relaxed);
    if (asked->pin.strategy == NP_PIN_NONE)
        return;
    if ((own && !asked->override) || !threads.pinnings[rule].usable) {
        count_as(thread, &stats->skipped);
        return;
    }
    thread->wanted = true;
    thread->number = atomic_fetch_add_explicit(&threads.handed[rule], 1, memory_order_relaxed);
}

static void place_stack(struct np_thread *thread, int node)
{
    if (thread->stack_low == 0)
        return;
    if (node < 0)
        np_stack_release(thread->stack_low, thread->stack_high);
    else if (np_stack_place(thread->stack_low, thread->stack_high, node) < 0)
        np_stats_thread_degrade(stats_of(thread->rule), "stacks could not be placed");
}

/* Pins a thread to the set that it was handed. */
static void pin(struct np_thread *thread)
{
    np_cpuset cpus;
    struct np_stats_thread *stats = stats_of(thread->rule);
    const int node = np_pin_plan_set(&threads.pinnings[thread->rule].plan, thread->number, &cpus);
    int result = np_kernel_set_affinity(atomic_load(&thread->tid), &cpus);
    if (result == -ESRCH) { /* it has ended meanwhile */
        leave_rule(thread);
        return;
    }
    if (result < 0) {
        np_stats_thread_degrade(stats,
                                result == -EINVAL ? "its CPUs cannot be used any more" : np_strerror(result));
        count_as(thread, &stats->skipped);
        return;
    }
    thread->pinned = thread->stranger = true;
    count_as(thread, &stats->pinned);
    place_stack(thread, node);
}

/* `none` for a thread that another rule had pinned before it got its name. */
static void unpin(struct np_thread *thread)
{
    if (!thread->pinned)
        return;
    (void)np_kernel_set_affinity(atomic_load(&thread->tid), &threads.cpus); /* at worst it stays pinned */
    thread->pinned = false;
    place_stack(thread, -1);
}

/* The next thread of the rule gets the set instead. */
static void hand_back(struct np_thread *thread)
{
    uint64_t next = thread->number + 1;
    (void)atomic_compare_exchange_strong(&threads.handed[thread->rule], &next, thread->number);
    thread->wanted = false;
}

static void obey_rule(struct np_thread *thread)
{
    if (thread->wanted && !threads.rules[thread->rule].override && atomic_load(&thread->own_affinity)) {
        hand_back(thread);
        count_as(thread, &stats_of(thread->rule)->skipped);
    }
    if (thread->wanted)
        pin(thread);
    else if (thread->rule >= 0 && threads.rules[thread->rule].pin.strategy == NP_PIN_NONE)
        unpin(thread);
}

/* The rule of a thread by what is known now, or -1. */
static int find_rule(struct np_thread *thread)
{
    uint64_t words[NP_THREAD_NAME_SIZE / 8];
    char name[NP_THREAD_NAME_SIZE];
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = atomic_load(&thread->name[i]);
    memcpy(name, words, sizeof name);
    name[sizeof name - 1] = '\0';
    const struct np_thread_facts facts = {
        .index = thread->index,
        .name = *name != '\0' ? name : NULL,
        .starts = thread->starts,
    };
    return np_thread_rules_find(threads.rules, threads.count, &facts);
}

void np_thread_assign(struct np_thread *thread)
{
    int rule = find_rule(thread);
    if (rule >= 0)
        enter_rule(thread, rule);
    const bool yields = thread->wanted && !threads.rules[rule].override;
    if ((yields || np_threads_by_name) && !atomic_load(&thread->own_affinity))
        thread->creator_cpus = np_digest_affinity();
}

void np_thread_unborn(struct np_thread *thread)
{
    uint64_t next = thread->index + 1;
    (void)atomic_compare_exchange_strong(&threads.born, &next, thread->index);
    if (thread->wanted)
        hand_back(thread);
    leave_rule(thread);
    np_thread_table_give(thread);
}

/* A name that matches nothing leaves the thread as it is. */
static void evaluate(struct np_thread *thread)
{
    int rule = find_rule(thread);
    if (rule < 0 || rule == thread->rule)
        return;
    enter_rule(thread, rule);
    obey_rule(thread);
}

/* The thread itself and those that name it may come here at the same time; whoever comes second leaves a
 * note. */
static void settle(struct np_thread *thread)
{
    while (atomic_load(&thread->again) && !atomic_exchange(&thread->busy, true)) {
        atomic_store(&thread->again, false);
        evaluate(thread);
        atomic_store(&thread->busy, false);
    }
}

static void reconsider(struct np_thread *thread)
{
    atomic_store(&thread->again, true);
    settle(thread);
}

void np_thread_named(struct np_thread *thread, const char *name)
{
    char kept[NP_THREAD_NAME_SIZE] = "";
    uint64_t words[NP_THREAD_NAME_SIZE / 8];
    memcpy(kept, name, strnlen(name, sizeof kept - 1));
    memcpy(words, kept, sizeof words);
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        atomic_store(&thread->name[i], words[i]);
    reconsider(thread);
}

bool np_thread_bound(struct np_thread *thread)
{
    atomic_store(&thread->own_affinity, true);
    thread->stranger = false;
    /* Who is applying a rule may have looked before. */
    const bool met = atomic_load(&thread->busy);
    struct np_patience patience = {.milliseconds = PATIENCE};
    while (atomic_load(&thread->busy) && np_patience_wait(&patience)) {
    }
    if (thread->rule >= 0 && thread->pinned && threads.rules[thread->rule].override) {
        pin(thread);
        return false;
    }
    /* A thread that has just begun may have been pinned between the program's call and this one. */
    return met || thread->pinned;
}

void np_thread_begin(struct np_thread *thread, uint64_t handle)
{
    char name[NP_THREAD_NAME_SIZE];
    /* Before it can be found: its rule comes first, then what others say. */
    atomic_store(&thread->busy, true);
    atomic_store(&thread->tid, np_kernel_thread_id());
    atomic_store(&thread->handle, handle);
    /* Its creator may have named it before anyone could find it here. */
    const bool named = np_threads_by_name && np_kernel_thread_name(name) == 0 &&
                       strncmp(name, thread->creator_name, sizeof name) != 0;
    /* Or bound it. */
    if (thread->creator_cpus != 0 && np_digest_affinity() != thread->creator_cpus) {
        atomic_store(&thread->own_affinity, true);
        thread->stranger = false;
    }
    obey_rule(thread);
    atomic_store(&thread->busy, false);
    settle(thread);
    if (named)
        np_thread_named(thread, name);
    if (!thread->pinned)
        place_stack(thread, -1);
}

void np_thread_end(struct np_thread *thread)
{
    np_thread_table_give(thread);
}

/* ---- Start and fork ---- */

static void describe(struct np_stats_thread *stats, const struct np_thread_rule *rule,
                     const struct np_pinning *pinning)
{
    memcpy(stats->section, rule->section, sizeof stats->section);
    stats->strategy = (uint32_t)rule->pin.strategy;
    stats->hardness = (uint32_t)rule->hardness;
    stats->nodes = pinning->nodes;
    if (*pinning->reason != '\0')
        np_stats_thread_degrade(stats, pinning->reason);
}

int np_threads_configure(const struct np_thread_rule *rules, const struct np_pinning *pinnings,
                         unsigned count, const np_cpuset *cpus, uint64_t handle, struct np_stats *stats,
                         struct np_thread **ret_main)
{
    const int result = np_thread_table_create();
    if (result < 0)
        return result;
    threads.rules = rules;
    threads.pinnings = pinnings;
    threads.count = count;
    threads.cpus = *cpus;
    threads.stats = stats;
    threads.first = stats->thread_count;
    for (unsigned i = 0; i < count; i++) {
        describe(stats_of((int)i), &rules[i], &pinnings[i]);
        np_threads_by_name |= *rules[i].name != '\0';
        np_threads_by_start |= *rules[i].start != '\0';
    }
    stats->thread_count = threads.first + count;
    np_threads_active = true;
    struct np_thread *first = np_thread_new();
    if (first == NULL)
        return -ENOMEM; /* cannot be: the table is empty */
    np_thread_assign(first);
    np_thread_begin(first, handle);
    *ret_main = first;
    return 0;
}

void np_threads_after_fork(struct np_thread *self)
{
    if (!np_threads_active)
        return;
    np_thread_table_keep(self);
    for (unsigned i = 0; i < threads.count; i++) {
        struct np_stats_thread *stats = stats_of((int)i);
        atomic_store(&threads.handed[i], 0);
        atomic_store(&stats->count, 0);
        atomic_store(&stats->pinned, 0);
        atomic_store(&stats->skipped, 0);
    }
    atomic_store(&threads.born, 1);
    if (self == NULL)
        return;
    self->index = 0;
    self->rule = -1; /* that of a thread of the parent */
    self->counted = NULL;
    atomic_store(&self->busy, false); /* of a thread of the parent that named it just then */
    atomic_store(&self->tid, np_kernel_thread_id());
}
