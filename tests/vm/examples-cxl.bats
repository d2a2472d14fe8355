#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The example policy for fast and slow memory, on two nodes with CPUs and one with memory only.

load placement

teardown() {
    clean_up
}

@test "memory-tiers: medium blocks in DRAM, the largest over all memory by the bandwidths that the firmware tells" {
    cp "$NUMAPERF_BUILD/../config/examples/memory-tiers.ini" "$BATS_TEST_TMPDIR/policy.ini"
    start_puppet
    give 0 100K
    give 1 8M
    assert_each assert_only 0 1
    give 2 128M
    # shellcheck disable=SC2086 # two numbers
    count ${blocks[2]}
    assert_weighted 64 0*4 1*4 2*1 # 200, 200 and 50 GB/s, see topologies.bash
    hold
    finish
    [ "$status" -eq 0 ]
    [ "$(rule .misplaced_pages malloc.medium)" -eq 0 ]
    [ "$(rule .misplaced_pages malloc.largest)" -eq 0 ]
}
