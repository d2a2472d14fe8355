/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include "commit.h"
#include "log.h"
#include "stripes.h"
#include "zone.h"

#include <errno.h>

/* Stripes begin at multiples of what they are made of, so that huge pages fit in them. */
static int lay_stripes(const struct np_mapping_rule *rule, char *start, size_t length)
{
    const uintptr_t unit = rule->stripes->first_size, inside = (uintptr_t)start % unit;
    if (!np_vma_take(np_stripes_count(rule->stripes, inside, inside + length))) {
        np_stats_degrade(rule->stats, NP_BEST_EFFORT,
                         "too many mappings for stripes: interleaved without weights");
        return np_kernel_mbind(start, length, &rule->plan.policy);
    }
    return np_stripes_apply(rule->stripes, start - inside, inside, inside + length);
}

static int lay_policy(const struct np_mapping_rule *rule, char *start, size_t length)
{
    if (rule->stripes)
        return lay_stripes(rule, start, length);
    if (rule->plan.policy.mode != NP_MPOL_DEFAULT)
        return np_kernel_mbind(start, length, &rule->plan.policy);
    /* First touch: without a policy of its own it would follow one that the process was started under. */
    struct np_mpol task;
    if (np_kernel_task_policy(&task) < 0 || task.mode == NP_MPOL_DEFAULT || task.mode == NP_MPOL_LOCAL)
        return 0;
    return np_kernel_mbind(start, length, &(struct np_mpol){.mode = NP_MPOL_LOCAL});
}

static void advise(const struct np_mapping_rule *rule, char *start, size_t length)
{
    /* A kernel without transparent huge pages answers EINVAL, which is as good as following the advice. */
    if (rule->plan.advice == NP_ADVICE_BASE_PAGES)
        (void)np_kernel_advise(start, length, MADV_NOHUGEPAGE);
    else if (rule->plan.advice == NP_ADVICE_HUGE_PAGES)
        (void)np_kernel_advise(start, length, MADV_HUGEPAGE);
}

int np_settle_lay(const struct np_mapping_rule *rule, char *start, size_t length)
{
    advise(rule, start, length);
    int error = lay_policy(rule, start, length);
    if (!error)
        return 0;
    char reason[NP_REASON_SIZE];
    np_stats_error(rule->stats, error);
    np_format(reason, sizeof reason, "mbind failed: %s", np_strerror(error));
    np_stats_degrade(rule->stats, NP_NONE, reason);
    return error;
}

void np_settle_smooth(const struct np_mapping_rule *rule, char *start, size_t length)
{
    (void)np_kernel_mbind(start, length, &rule->plan.policy); /* what laid the stripes can lay this */
}

static void populate(const struct np_settling *mapping)
{
    int error = 0;
    if (mapping->filled_length == 0)
        return;
    if (!(mapping->protection & PROT_WRITE) || mapping->file)
        error = np_kernel_advise(mapping->start, mapping->filled_length, MADV_POPULATE_READ);
    else if (mapping->anonymous)
        error = np_kernel_populate(mapping->start, mapping->filled_length);
    else /* never by touching: the file may be cut meanwhile */
        error = np_kernel_advise(mapping->start, mapping->filled_length, MADV_POPULATE_WRITE);
    if (error)
        np_stats_error(mapping->rule->stats, error);
}

/* Pages that the program may have written: none may be given back. */
static int commit_used(const struct np_plan *plan, char *start, size_t length)
{
    int error = np_kernel_populate(start, length);
    if (!error)
        error = np_commit_check(start, length, &plan->bound.nodes);
    return error ? error : np_kernel_mbind(start, length, &plan->bound);
}

int np_settle_commit(const struct np_mapping_rule *rule, char *start, size_t length, bool used)
{
    int error = used ? commit_used(&rule->plan, start, length)
                     : np_commit_range(start, length, &rule->plan.policy, &rule->plan.bound);
    if (!error)
        return 0;
    np_stats_error(rule->stats, error);
    return -ENOMEM;
}

/* Can hard bind be held for pages that the program is about to write? Where it cannot be said of some of
 * them, this is said. */
static int commit(const struct np_settling *mapping)
{
    const struct np_mapping_rule *rule = mapping->rule;
    if (mapping->file)
        np_stats_degrade(rule->stats, NP_BEST_EFFORT, "pages of files are not committed");
    else if (mapping->filled_length < mapping->length)
        np_stats_degrade(rule->stats, NP_BEST_EFFORT,
                         "files that grow once they are mapped are not committed");
    if (mapping->file || !(mapping->protection & PROT_WRITE) || mapping->filled_length == 0)
        return 0;
    return np_settle_commit(rule, mapping->start, mapping->filled_length, mapping->used);
}

/* Private mappings that are split merge again only when they share what the kernel notes at their first fault: so
 * that comes before the stripes, or the program's mremap(2) would work on one of them at a time. */
static void fault_once(const struct np_settling *mapping)
{
    if (mapping->rule->stripes == NULL || !mapping->anonymous || mapping->shared || mapping->closed ||
        !(mapping->protection & PROT_WRITE) || np_kernel_populate(mapping->start, np_kernel_page_size()) < 0)
        return;
    (void)np_kernel_advise(mapping->start, mapping->length, MADV_DONTNEED); /* nothing else is there yet */
}

/* mmap(2) passes over bits of the protection that mprotect(2) refuses. */
static int open_up(const struct np_settling *mapping)
{
    const int protection = mapping->protection & ~(PROT_GROWSDOWN | PROT_GROWSUP);
    int error = np_kernel_protect(mapping->start, mapping->length, protection);
    if (error == -EINVAL)
        error = np_kernel_protect(mapping->start, mapping->length,
                                  protection & (PROT_READ | PROT_WRITE | PROT_EXEC));
    return error;
}

int np_settle(const struct np_settling *mapping)
{
    const struct np_mapping_rule *rule = mapping->rule;
    fault_once(mapping);
    int error = np_settle_lay(rule, mapping->start, mapping->length);
    if (error && rule->placement->hardness == NP_HARD)
        return -ENOMEM;
    if (mapping->closed) {
        error = open_up(mapping);
        if (error)
            return error;
    }
    if (rule->plan.committed) {
        error = commit(mapping);
        if (error)
            return error;
    }
    if ((mapping->populate || rule->placement->prefault != NP_PREFAULT_NONE) &&
        (mapping->protection & (PROT_READ | PROT_WRITE)))
        populate(mapping);
    return 0;
}
