// SPDX-License-Identifier: MIT
//
// What programs in the guest say to the plugin. Without the plugin nobody hears them; nothing else changes.
#ifndef NUMAPERF_BENCH_MARK_H
#define NUMAPERF_BENCH_MARK_H

#include "protocol.h"

#include <stdint.h>

enum {
    MARK_ALL_CPUS = 0xfff,
};

// Maps the range of the marks. Ends the program when it is taken.
void mark_open(void);

void mark_say(enum mark_command command, unsigned payload);

// A number for the next command.
void mark_push(uint64_t value);

// Where the store of a command goes.
char *mark_place(enum mark_command command);

#endif
