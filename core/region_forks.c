/* SPDX-License-Identifier: MIT */
/* What a fork does to hard regions. Parent and child share their pages, and a write makes a copy: under bind, on full nodes,
 * that copy would bring the out-of-memory killer. So they go on under the preferred policy. */
#include "commit.h"
#include "region.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct np_region *watched;

static void share(struct np_region *region)
{
    (void)np_kernel_mbind(region->data, region->size, &region->policy.plan.policy);
    atomic_store(&region->shared, true);
}

static void before_fork(void)
{
    (void)pthread_mutex_lock(&lock);
    np_commit_note_fork();
    for (struct np_region *region = watched; region != NULL; region = region->next_watched)
        if (region->policy.plan.committed)
            share(region);
}

static void after_fork(void)
{
    (void)pthread_mutex_unlock(&lock);
}

static void prepare(void)
{
    (void)pthread_atfork(before_fork, after_fork,
                         after_fork); /* without memory for it a fork is not noticed */
}

void np_region_watch(struct np_region *region)
{
    (void)pthread_once(&once, prepare);
    (void)pthread_mutex_lock(&lock);
    region->next_watched = watched;
    region->watched_by = &watched;
    if (watched != NULL)
        watched->watched_by = &region->next_watched;
    watched = region;
    (void)pthread_mutex_unlock(&lock);
}

void np_region_unwatch(struct np_region *region)
{
    if (region->watched_by == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    *region->watched_by = region->next_watched;
    if (region->next_watched != NULL)
        region->next_watched->watched_by = region->watched_by;
    (void)pthread_mutex_unlock(&lock);
}

void np_region_exchange(struct np_region *region, const struct np_region_policy *policy)
{
    (void)pthread_mutex_lock(&lock);
    region->policy = *policy;
    (void)pthread_mutex_unlock(&lock);
}
