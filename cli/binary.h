/* SPDX-License-Identifier: MIT */
/* binary - what a 64-bit ELF file says of itself. Files are read with bounds: they may be cut, absurd or hostile. */
#ifndef NP_CLI_BINARY_H
#define NP_CLI_BINARY_H

#include <limits.h>
#include <stdbool.h>

enum np_binary_kind {
    NP_BINARY_UNKNOWN, /* no ELF file, or one that makes no sense */
    NP_BINARY_32_BIT,
    NP_BINARY_FOREIGN, /* for another processor */
    NP_BINARY_STATIC,  /* without a dynamic linker */
    NP_BINARY_DYNAMIC,
};

struct np_binary {
    enum np_binary_kind kind;
    char interpreter[PATH_MAX]; /* the dynamic linker, of NP_BINARY_DYNAMIC */
    bool forks;                 /* the name `fork` is among its dynamic symbols' */
};

/** np_binary_read() - read the headers of an open file. */
void np_binary_read(int descriptor, struct np_binary *ret_binary);

#endif
