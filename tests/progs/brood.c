/* SPDX-License-Identifier: MIT */
/* Three blocks of 1 MiB, and in between a child and a grandchild that do all that is counted and end without a report: the
 * parent counts its own. */
#include "check.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE ((size_t)1 << 20)

static char *blocks[128];
static unsigned kept;

static void allocate(unsigned count)
{
    while (count-- > 0) {
        blocks[kept] = malloc(SIZE);
        if (check(blocks[kept] != NULL, "no memory"))
            blocks[kept++][0] = 1;
    }
}

/* Allocates, resizes, frees what is its own and what it inherited, and asks for what it cannot get. */
static void count_everything(void)
{
    allocate(100);
    char *grown = realloc(blocks[50], 3 * SIZE);
    check(grown != NULL, "no room to grow");
    free(grown);
    free(blocks[0]);
    const struct rlimit limit = {.rlim_cur = 300 * SIZE, .rlim_max = 300 * SIZE};
    check(setrlimit(RLIMIT_AS, &limit) == 0, "no limit");
    void *huge = malloc(2048 * SIZE);
    check(huge == NULL, "more than the limit");
    free(huge);
}

static void with_child(void (*run)(void))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        run();
        _exit(check_status());
    }
    check(waitpid(child, &status, 0) == child && status == 0, "the child failed");
}

static void count_in_grandchild_too(void)
{
    with_child(count_everything);
    count_everything();
}

int main(void)
{
    allocate(2);
    with_child(count_in_grandchild_too);
    allocate(1);
    return check_status();
}
