/* SPDX-License-Identifier: MIT */
/* The kernel keeps the contents of locked memory when it is told to drop them: calloc must not take such pages for zeroes.
 * The lock comes by a raw system call, which nobody interposes. */
#include "check.h"

#include <malloc.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE ((size_t)4 << 20)

static bool is_zero(const char *block)
{
    for (size_t i = 0; i < SIZE; i++)
        if (block[i] != 0)
            return false;
    return true;
}

int main(void)
{
    char *block = aligned_alloc(4096, SIZE);
    if (!block)
        return EXIT_FAILURE;
    memset(block, 1, SIZE);
    check(syscall(SYS_mlock, block, SIZE / 2) == 0, "memory cannot be locked");
    free(block);
    (void)malloc_trim(0);
    block = calloc(1, SIZE);
    if (!block)
        return EXIT_FAILURE;
    check(is_zero(block), "calloc after locked memory was freed");
    memset(block, 2, SIZE);
    free(block);
    block = calloc(SIZE, 1);
    check(block && is_zero(block), "calloc after a block of the same size");
    free(block);
    return check_status();
}
