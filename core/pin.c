/* SPDX-License-Identifier: MIT */
/* Scoped pins. Those of a thread form a list, the latest first. Each remembers what it found; one that ends below others
 * hands that on to the one above it, so that whatever the order, the last to end restores what the first found. */
#include "kernel.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>

struct np_pin_state {
    struct np_pin_state *older;
    np_cpuset found;                   /* what the end restores */
    np_cpuset set;                     /* what the kernel made of the wish; empty: nothing is pinned */
    struct np_pin_state *const *owner; /* the thread's list */
    enum np_enforcement enforcement;
    char reason[160];
};

static _Thread_local struct np_pin_state *pins;

static bool is_empty(const np_cpuset *cpus)
{
    return np_cpuset_next(cpus, -1) < 0;
}

static void explain_narrowed(struct np_pin_state *state, const np_cpuset *wanted)
{
    np_cpuset missing = *wanted;
    char list[64];
    np_cpuset_andnot(&missing, &state->set);
    const bool cut = np_cpuset_format(&missing, list, sizeof list) >= (int)sizeof list;
    (void)np_format(state->reason, sizeof state->reason, "not to be had: CPUs %s%s", list, cut ? "..." : "");
}

/* Sets and reads back: the kernel quietly takes what it likes of a set. On any error the thread is where it was. */
static int set_cpus(struct np_pin_state *state, const np_cpuset *cpus, enum np_hardness hardness)
{
    if (is_empty(cpus))
        return -EINVAL;
    int error = np_kernel_set_affinity(0, cpus);
    if (error)
        return error;
    error = np_kernel_affinity(0, &state->set);
    if (!error && hardness == NP_HARD && !np_cpuset_equal(&state->set, cpus))
        error = -EINVAL;
    if (!error)
        return 0;
    (void)np_kernel_set_affinity(0, &state->found);
    np_cpuset_zero(&state->set);
    return error;
}

static void judge(struct np_pin_state *state, const np_cpuset *wanted, int error)
{
    if (!error && np_cpuset_equal(&state->set, wanted)) {
        state->enforcement = NP_STRICT;
    } else if (!error) {
        state->enforcement = NP_BEST_EFFORT;
        explain_narrowed(state, wanted);
    } else {
        state->enforcement = NP_NONE;
        const char *why = is_empty(wanted)   ? "the set is empty (a memory-only node has no CPUs)"
                          : error == -EINVAL ? "this process may use none of the CPUs"
                                             : np_strerror(error);
        (void)np_format(state->reason, sizeof state->reason, "not pinned: %s", why);
    }
}

int np_pin_begin(np_pin *pin, const np_cpuset *cpus, enum np_hardness hardness)
{
    if (pin == NULL)
        return -EINVAL;
    pin->state = NULL;
    if (cpus == NULL || (unsigned)hardness > NP_HARD)
        return -EINVAL;
    struct np_pin_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return -ENOMEM;
    int error = np_kernel_affinity(0, &state->found);
    if (!error)
        error = set_cpus(state, cpus, hardness);
    if (error && hardness == NP_HARD) {
        free(state);
        return error;
    }
    judge(state, cpus, error);
    state->owner = &pins;
    if (!is_empty(&state->set)) {
        state->older = pins;
        pins = state;
    }
    pin->state = state;
    return 0;
}

/* Have others changed the thread's CPUs since they were @expected? A cpuset that has shrunk changes them as well (before
 * Linux 6.2 to all that it has left), but then what was set cannot be set again. */
static bool changed_by_others(const np_cpuset *expected)
{
    np_cpuset now, again;
    if (np_kernel_affinity(0, &now) < 0 || np_cpuset_equal(&now, expected))
        return false;
    if (np_kernel_set_affinity(0, expected) < 0 || np_kernel_affinity(0, &again) < 0 ||
        !np_cpuset_equal(&again, expected))
        return false;
    (void)np_kernel_set_affinity(0, &now);
    return true;
}

/* The pin that began next, or NULL. */
static struct np_pin_state *newer_than(const struct np_pin_state *state)
{
    struct np_pin_state *newer = pins;
    while (newer != NULL && newer->older != state)
        newer = newer->older;
    return newer;
}

static int restore(const struct np_pin_state *state)
{
    np_cpuset now;
    if (changed_by_others(&state->set))
        return -EBUSY;
    int error = np_kernel_set_affinity(0, &state->found);
    if (error)
        return error == -EINVAL ? -EAGAIN : error;
    error = np_kernel_affinity(0, &now);
    if (error)
        return error;
    return np_cpuset_equal(&now, &state->found) ? 0 : -EAGAIN;
}

/* A later pin is in force, and restores in its time what this one would; unless it found something else than this one's
 * CPUs, which others then have put there. */
static int hand_on(const struct np_pin_state *state, struct np_pin_state *newer)
{
    newer->older = state->older;
    if (!np_cpuset_equal(&newer->found, &state->set))
        return -EBUSY;
    newer->found = state->found;
    return 0;
}

int np_pin_end(np_pin *pin)
{
    if (pin == NULL || pin->state == NULL)
        return 0;
    struct np_pin_state *state = pin->state;
    int error = 0;
    if (state->owner != &pins)
        return -ESRCH;
    if (!is_empty(&state->set)) {
        struct np_pin_state *newer = newer_than(state);
        if (newer == NULL)
            pins = state->older;
        error = newer != NULL ? hand_on(state, newer) : restore(state);
    }
    pin->state = NULL;
    free(state);
    return error;
}

enum np_enforcement np_pin_enforcement(const np_pin *pin, const char **ret_reason)
{
    const struct np_pin_state *state = pin != NULL ? pin->state : NULL;
    if (ret_reason != NULL)
        *ret_reason = state != NULL ? state->reason : "there is no pin";
    return state != NULL ? state->enforcement : NP_NONE;
}

const np_cpuset *np_pin_cpus(const np_pin *pin)
{
    static const np_cpuset none;
    return pin != NULL && pin->state != NULL ? &pin->state->set : &none;
}

const np_cpuset *np_pin_previous(const np_pin *pin)
{
    static const np_cpuset none;
    return pin != NULL && pin->state != NULL ? &pin->state->found : &none;
}
