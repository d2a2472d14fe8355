/* SPDX-License-Identifier: MIT */
#include "task.h"

#include "core/log.h"
#include "core/plan.h"
#include "threading.h"

#include <errno.h>
#include <string.h>

static struct {
    bool scrub;
    bool has_policy, has_cpus; /* the process got ours */
    struct np_mpol policy, policy_before;
    np_cpuset cpus, cpus_before;
} task;

/* ---- Start ---- */

/* Return: NULL, or what is lacking. */
static const char *apply_policy(const struct np_placement *placement)
{
    static char refusal[NP_REASON_SIZE];
    struct np_plan plan;
    np_plan_make(placement, -1, false, &plan);
    /* Only the kernel allocates stacks and data, so bind is all that can hold them: with its nodes full, the
     * OOM killer comes. Hence soft bind prefers. */
    task.policy = placement->hardness == NP_HARD && placement->mode == NP_BIND ? plan.bound : plan.policy;
    if (plan.striped && placement->mode == NP_WEIGHTED_INTERLEAVE)
        task.policy.mode = NP_MPOL_INTERLEAVE;
    const char *call = "get_mempolicy";
    int result = np_kernel_task_policy(&task.policy_before);
    if (result == 0) {
        call = "set_mempolicy";
        result = np_kernel_set_task_policy(&task.policy);
    }
    if (result < 0) {
        (void)np_format(refusal, sizeof refusal, "%s failed: %s", call, np_strerror(result));
        return refusal;
    }
    task.has_policy = true;
    if (!plan.striped)
        return NULL;
    return placement->mode == NP_WEIGHTED_INTERLEAVE
               ? "the kernel has no such weights: interleaved evenly"
               : "the kernel has no preferred-many: one node is preferred";
}

static void start_policy(const struct np_process *process)
{
    const struct np_placement *placement = process->task_placement;
    struct np_stats_rule *stats = &process->stats->task;
    memcpy(stats->section, placement->section, sizeof stats->section);
    stats->mode = (uint32_t)placement->mode;
    stats->hardness = (uint32_t)placement->hardness;
    stats->nodes = placement->nodes;
    if (placement->mode == NP_SYSTEM)
        return;
    if (placement->refused) {
        np_stats_degrade(stats, NP_NONE, placement->reason);
        return;
    }
    np_stats_degrade(stats, NP_BEST_EFFORT, placement->reason);
    const char *lack = apply_policy(placement);
    if (lack == NULL)
        return;
    np_stats_degrade(stats, task.has_policy ? NP_BEST_EFFORT : NP_NONE, lack);
    if (placement->hardness == NP_HARD)
        np_log(NP_LOG_ERROR, "%s: %s", placement->section, lack);
}

static void start_pin(const struct np_process *process)
{
    const struct np_pinning *pinning = process->task_pinning;
    if (pinning->strategy == NP_PIN_NONE)
        return;
    struct np_stats_thread *stats = &process->stats->threads[process->stats->thread_count++];
    (void)np_format(stats->section, sizeof stats->section, "process");
    stats->strategy = (uint32_t)pinning->strategy;
    stats->hardness = (uint32_t)process->config->process.policy.hardness;
    stats->nodes = pinning->nodes;
    if (*pinning->reason != '\0')
        np_stats_thread_degrade(stats, pinning->reason);
    atomic_store(&stats->count, 1);
    int result = -EINVAL;
    if (pinning->usable) {
        (void)np_pin_plan_set(&pinning->plan, 0, &task.cpus);
        result = np_kernel_set_affinity(0, &task.cpus);
    }
    task.has_cpus = result == 0;
    atomic_store(task.has_cpus ? &stats->pinned : &stats->skipped, 1);
    if (pinning->usable && result < 0)
        np_stats_thread_degrade(stats, np_strerror(result));
}

void np_task_start(const struct np_process *process, bool scrub)
{
    task.scrub = scrub;
    task.cpus_before = process->cpus;
    if (process->task_placement == NULL)
        return;
    start_policy(process);
    start_pin(process);
}

/* ---- Programs that are started ---- */

/* A child of vfork(2) may have bound itself, which its parent's record does not say. */
static bool has_parents_cpus(const np_cpuset *now)
{
    np_cpuset cpus;
    return np_kernel_affinity(atomic_load(&np_thread_self->tid), &cpus) == 0 && np_cpuset_equal(now, &cpus);
}

/* Are the calling thread's CPUs of our choosing? Threads without a record have those of the main thread, or what
 * the program gave them. */
static bool has_our_cpus(const np_cpuset *now)
{
    if (np_thread_self != NULL && np_thread_self->stranger)
        return np_thread_current() != NULL || has_parents_cpus(now);
    return task.has_cpus && np_cpuset_equal(now, &task.cpus) &&
           (np_thread_self == NULL || !atomic_load(&np_thread_self->own_affinity));
}

static bool has_our_policy(void)
{
    struct np_mpol now;
    return task.has_policy && np_kernel_task_policy(&now) == 0 && now.mode == task.policy.mode &&
           np_nodeset_equal(&now.nodes, &task.policy.nodes);
}

void np_task_lay_down(struct np_task *ret_task)
{
    ret_task->policy = ret_task->cpus = false;
    if (!task.scrub)
        return;
    ret_task->policy = has_our_policy() && np_kernel_set_task_policy(&task.policy_before) == 0;
    if (!task.has_cpus && !np_threads_active)
        return;
    ret_task->cpus = np_kernel_affinity(0, &ret_task->kept) == 0 && has_our_cpus(&ret_task->kept) &&
                     np_kernel_set_affinity(0, &task.cpus_before) == 0;
}

void np_task_take_up(const struct np_task *kept)
{
    /* What was there a moment ago is there again, or the cpuset has changed. */
    if (kept->policy)
        (void)np_kernel_set_task_policy(&task.policy);
    if (kept->cpus)
        (void)np_kernel_set_affinity(0, &kept->kept);
}
