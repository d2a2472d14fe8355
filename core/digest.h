/* SPDX-License-Identifier: MIT */
/* digest - the CPUs of the calling thread in one number, to see whether they have changed. Context: hook-safe. */
#ifndef NP_CORE_DIGEST_H
#define NP_CORE_DIGEST_H

#include "kernel.h"

/** np_digest_affinity() - FNV-1a by words, whose upper bits would not reach the others, over as many
 * words as the kernel has: it has the same number each time. Return: never 0 unless the
 * kernel does not tell. */
static inline uint64_t np_digest_affinity(void)
{
    np_cpuset cpus;
    uint64_t value = 0xcbf29ce484222325;
    const ssize_t bytes = np_kernel_affinity_bytes(0, &cpus);
    if (bytes < 0)
        return 0;
    for (size_t i = 0; i < (size_t)bytes / sizeof *cpus.bits; i++) {
        value = (value ^ cpus.bits[i]) * 0x100000001b3;
        value ^= value >> 32;
    }
    return value | 1;
}

#endif
