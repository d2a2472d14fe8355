#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Weighted interleave where the kernel has it (6.9): its mode while its weights are the rule's, our stripes else.

load placement

weights=/sys/kernel/mm/mempolicy/weighted_interleave

setup() {
    [ -d "$weights" ] || skip "this kernel has no weighted interleave"
    policy 'policy = weighted-interleave' 'nodes = 0*3,2*1'
}

teardown() {
    clean_up
    local node
    for node in 0 1 2 3; do
        [ ! -d "$weights" ] || echo 1 >"$weights/node$node"
    done
}

# weigh WEIGHT... - the kernel's weights of nodes 0, 1 and so on.
weigh() {
    local node=0 weight
    for weight; do
        echo "$weight" >"$weights/node$node"
        node=$((node + 1))
    done
}

give_all() {
    start_puppet
    give 0 100K
    give 1 1M
    give 2 10M
    give 3 777K
}

close_agreed() {
    hold
    count_zones
    finish
    assert_agrees
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "the kernel's weights are the rule's: its own mode, and each block is 3:1 within one turn" {
    weigh 3 1 1 1
    give_all
    run grep -c '^[0-9a-f]* weighted interleave' "/proc/$pid/numa_maps"
    [ "$output" -gt 0 ]
    assert_each assert_weighted 4 0*3 2*1
    close_agreed
}

@test "the kernel's weights are in the same ratio: its own mode" {
    weigh 6 1 2 1
    give_all
    run grep -c '^[0-9a-f]* weighted interleave' "/proc/$pid/numa_maps"
    [ "$output" -gt 0 ]
    assert_each assert_weighted 8 0*3 2*1
    close_agreed
}

@test "the kernel's weights differ: stripes, and each block is 3:1 within one of them" {
    weigh 1 1 5 1
    give_all
    run grep -c '^[0-9a-f]* weighted interleave' "/proc/$pid/numa_maps"
    assert_equal "$output" 0
    assert_each assert_weighted 32 0*3 2*1
    close_agreed
}
