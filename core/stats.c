/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
    int code;
    const char *name;
} errors[NP_ERR_COUNT] = {
    [NP_ERR_EPERM] = {EPERM, "EPERM"},    [NP_ERR_ENOSYS] = {ENOSYS, "ENOSYS"},
    [NP_ERR_EINVAL] = {EINVAL, "EINVAL"}, [NP_ERR_ENOMEM] = {ENOMEM, "ENOMEM"},
    [NP_ERR_EFAULT] = {EFAULT, "EFAULT"}, [NP_ERR_EAGAIN] = {EAGAIN, "EAGAIN"},
    [NP_ERR_EIO] = {EIO, "EIO"},          [NP_ERR_OTHER] = {0, "other"},
};

_Static_assert(sizeof(struct np_stats_zone) == 128, "two cache lines");

struct np_stats *np_stats_create(void)
{
    void *block;
    if (np_kernel_map(NULL, sizeof(struct np_stats), PROT_READ | PROT_WRITE, 0, &block) < 0)
        return NULL;
    struct np_stats *stats = block;
    stats->magic = NP_STATS_MAGIC;
    stats->version = NP_STATS_VERSION;
    stats->size = sizeof *stats;
    stats->pid = (int32_t)getpid();
    return stats;
}

void np_stats_describe(struct np_stats_rule *rule, const struct np_placement *placement, bool serves)
{
    memcpy(rule->section, placement->section, sizeof rule->section);
    rule->mode = placement->mode;
    rule->hardness = placement->hardness;
    rule->huge = placement->huge;
    rule->prefault = placement->prefault;
    rule->nodes = placement->nodes;
    atomic_store_explicit(&rule->enforcement, serves ? NP_BEST_EFFORT : NP_NONE, memory_order_relaxed);
    if (placement->reason[0])
        np_stats_degrade(rule, serves ? NP_BEST_EFFORT : NP_NONE, placement->reason);
}

void np_stats_error(struct np_stats_rule *rule, int error)
{
    enum np_stats_error index = NP_ERR_EPERM;
    while (index != NP_ERR_OTHER && errors[index].code != error && errors[index].code != -error)
        index++;
    atomic_fetch_add_explicit(&rule->errors[index], 1, memory_order_relaxed);
}

const char *np_stats_error_name(enum np_stats_error error)
{
    return errors[(unsigned)error < NP_ERR_COUNT ? error : NP_ERR_OTHER].name;
}

/* Of several reasons the first stays. */
static void keep_reason(const char *section, char *kept, _Atomic uint32_t *state, const char *reason)
{
    uint32_t empty = 0;
    if (!atomic_compare_exchange_strong_explicit(state, &empty, 1, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    (void)np_format(kept, NP_REASON_SIZE, "%s", reason);
    atomic_store_explicit(state, 2, memory_order_release);
    np_log(NP_LOG_WARN, "%s: %s", section, kept);
}

void np_stats_thread_degrade(struct np_stats_thread *rule, const char *reason)
{
    keep_reason(rule->section, rule->reason, &rule->reason_state, reason);
}

void np_stats_degrade(struct np_stats_rule *rule, enum np_enforcement enforcement, const char *reason)
{
    uint32_t now = atomic_load_explicit(&rule->enforcement, memory_order_relaxed);
    while (now < (uint32_t)enforcement &&
           !atomic_compare_exchange_weak_explicit(&rule->enforcement, &now, (uint32_t)enforcement,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    if (reason != NULL && *reason != '\0')
        keep_reason(rule->section, rule->reason, &rule->reason_state, reason);
}

struct np_stats_sum np_stats_fold(const struct np_stats *stats, unsigned rule)
{
    const struct np_stats_rule *own = &stats->rules[rule];
    struct np_stats_sum sum = {
        .allocations = atomic_load_explicit(&own->mapped, memory_order_relaxed),
        .frees = atomic_load_explicit(&own->unmapped, memory_order_relaxed),
        .live_bytes = own->maps ? atomic_load_explicit(&own->in_use_bytes, memory_order_relaxed) : 0,
    };
    uint32_t zones = atomic_load_explicit(&stats->zone_count, memory_order_acquire);
    for (uint32_t i = 0; i < zones; i++) {
        const struct np_stats_zone *zone = &stats->zones[i];
        if (zone->rule != rule)
            continue;
        sum.allocations += atomic_load_explicit(&zone->allocations, memory_order_relaxed);
        sum.frees += atomic_load_explicit(&zone->frees, memory_order_relaxed);
        sum.live_bytes += atomic_load_explicit(&zone->live_bytes, memory_order_relaxed);
        sum.allocations += atomic_load_explicit(&zone->small_allocations, memory_order_relaxed);
        sum.frees += atomic_load_explicit(&zone->small_frees, memory_order_relaxed);
        sum.live_bytes += atomic_load_explicit(&zone->small_bytes, memory_order_relaxed);
        sum.remote_frees += atomic_load_explicit(&zone->remote_frees, memory_order_relaxed);
    }
    return sum;
}

uint64_t np_stats_remote_frees(const struct np_stats *stats)
{
    uint64_t sum = 0;
    uint32_t zones = atomic_load_explicit(&stats->zone_count, memory_order_acquire);
    for (uint32_t i = 0; i < zones; i++)
        sum += atomic_load_explicit(&stats->zones[i].remote_frees, memory_order_relaxed);
    return sum;
}
