// SPDX-License-Identifier: MIT
//
// How programs in the guest speak to the plugin. The interface of QEMU's plugins shows where a store goes and not
// what it stores, so the address is the message: a store to MARK_BASE + command * MARK_PAGE + payload. The range is
// mapped by each program that has something to say. The plugin answers MARK_END with a line of JSON on a serial port.
#ifndef NUMAPERF_BENCH_PROTOCOL_H
#define NUMAPERF_BENCH_PROTOCOL_H

#define MARK_BASE UINT64_C(0x4e5500000000)
#define MARK_PAGE UINT64_C(4096)

enum mark_command {
    // value = value * 4096 + payload
    MARK_PUSH,
    // The CPU that stores is on node `payload`.
    MARK_CPU,
    // The page stored to is on node `payload` and has the physical address `value`.
    MARK_PROBE,
    // Node `payload` begins, and ends, at the physical address `value`. The node's probe comes first.
    MARK_FROM,
    MARK_TILL,
    // Empty the caches and the counters and count, on the CPUs whose bits are set in `payload`.
    MARK_BEGIN,
    // Stop and answer.
    MARK_END,
    MARK_COMMANDS
};

#define MARK_SIZE (MARK_COMMANDS * MARK_PAGE)

#endif
