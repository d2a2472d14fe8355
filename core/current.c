/* SPDX-License-Identifier: MIT */
#include "current.h"

#include "kernel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Taken by trylock only: whoever finds it held, be it by a thread that a fork has left behind, reads for himself. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct np_current *kept;

static struct np_current *find_kept(const np_nodeset *mems)
{
    struct np_current *found = NULL;
    if (pthread_mutex_trylock(&lock) != 0)
        return NULL;
    if (kept != NULL && np_nodeset_equal(&kept->mems, mems)) {
        found = kept;
        atomic_fetch_add(&found->users, 1);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static void keep(struct np_current *current)
{
    if (pthread_mutex_trylock(&lock) != 0)
        return;
    struct np_current *old = kept;
    atomic_fetch_add(&current->users, 1);
    kept = current;
    (void)pthread_mutex_unlock(&lock);
    np_current_give(old);
}

int np_current_take(struct np_current **ret_current)
{
    np_nodeset mems;
    const bool mems_known = np_kernel_mems_allowed(&mems) == 0;
    struct np_current *current = mems_known ? find_kept(&mems) : NULL;
    if (current == NULL) {
        current = calloc(1, sizeof *current);
        if (current == NULL)
            return -ENOMEM;
        const int error = np_topology_read_sysfs("", &current->topology);
        if (error < 0) {
            free(current);
            return error;
        }
        atomic_store(&current->users, 1);
        current->mems = mems;
        if (mems_known)
            keep(current);
    }
    *ret_current = current;
    return 0;
}

bool np_current_allows(int node)
{
    if (pthread_mutex_trylock(&lock) != 0)
        return false;
    const bool allows = kept != NULL && np_nodeset_has(np_topology_allowed(kept->topology), node);
    (void)pthread_mutex_unlock(&lock);
    return allows;
}

void np_current_give(struct np_current *current)
{
    if (current == NULL || atomic_fetch_sub(&current->users, 1) != 1)
        return;
    np_topology_free(current->topology);
    free(current);
}
