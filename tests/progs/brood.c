/* SPDX-License-Identifier: MIT */
/* Three blocks of 1 MiB, and a hundred in a child that ends without a report: the parent counts its own. */
#include "check.h"

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

int main(void)
{
    allocate(2);
    pid_t child = fork();
    if (child == 0) {
        allocate(100);
        _exit(0);
    }
    check(waitpid(child, NULL, 0) == child, "no child");
    allocate(1);
    return check_status();
}
