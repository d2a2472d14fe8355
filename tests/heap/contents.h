/* SPDX-License-Identifier: MIT */
/* contents - a pattern for each block, in which a write by another block's owner shows. */
#ifndef NP_TESTS_HEAP_CONTENTS_H
#define NP_TESTS_HEAP_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/** fill(), check_filled() - a pattern over the first 128 KiB and over some words of each page behind. */
void fill(void *block, size_t size, uint64_t seed);
void check_filled(const void *block, size_t size, uint64_t seed, const char *when);
void check_zero(const void *block, size_t size, const char *when);

#endif
