/* SPDX-License-Identifier: MIT */
/* pairs - the tight loop: a block of 64 bytes is allocated and freed, again and again. */
#include "workload.h"

int main(int argc, char **argv)
{
    const uint64_t pairs = workload_amount(argc, argv, 30000000);
    for (uint64_t i = 0; i < pairs; i++)
        free(take(64));
    return workload_done(2 * pairs);
}
