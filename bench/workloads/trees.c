/* SPDX-License-Identifier: MIT */
/* trees - binary trees of three sizes of node are built and torn down by four threads, while one big tree stays. */
#include "workload.h"

#define DEPTH 12

struct node {
    struct node *left, *right;
    char payload[];
};

static struct node *build(unsigned depth, size_t payload, uint64_t *calls)
{
    struct node *node = (struct node *)take(sizeof *node + payload);
    ++*calls;
    node->left = depth > 0 ? build(depth - 1, payload, calls) : NULL;
    node->right = depth > 0 ? build(depth - 1, payload, calls) : NULL;
    return node;
}

static void tear_down(struct node *node, uint64_t *calls)
{
    if (node == NULL)
        return;
    tear_down(node->left, calls);
    tear_down(node->right, calls);
    free(node);
    ++*calls;
}

static void *body(void *argument)
{
    static const size_t payloads[] = {8, 24, 80};
    struct worker *me = argument;
    struct node *big = build(DEPTH + 2, 8, &me->calls);
    for (uint64_t i = 0; i < me->work; i++)
        tear_down(build(DEPTH, payloads[i % 3], &me->calls), &me->calls);
    tear_down(big, &me->calls);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    return workload_done(workers_run(workers, THREADS, workload_amount(argc, argv, 1600), body));
}
