/* SPDX-License-Identifier: MIT */
/* A program that is linked with libnuma puts a block on node 0: that holds while the block lives, and is gone from the next
 * block at the same place. The block is too small for its policy to be asked for when it is freed, so the call itself has
 * to be noticed. Prints the policy modes of both blocks. */
#include "check.h"

#include <numa.h>
#include <numaif.h>
#include <stdint.h>
#include <string.h>

#define SIZE ((size_t)128 << 10)

static int mode_at(const void *address)
{
    int mode = -1;
    return get_mempolicy(&mode, NULL, 0, (void *)(uintptr_t)address, MPOL_F_ADDR) == 0 ? mode & 0xfff : -1;
}

int main(void)
{
    numa_set_bind_policy(1);
    char *block = aligned_alloc(4096, SIZE);
    memset(block, 1, SIZE);
    numa_tonode_memory(block, SIZE, 0);
    int own = mode_at(block);
    free(block);
    char *again = aligned_alloc(4096, SIZE);
    check(again == block, "the next block is at %p, not %p", (void *)again, (void *)block);
    (void)printf("%d %d\n", own, mode_at(again));
    free(again);
    return check_status();
}
