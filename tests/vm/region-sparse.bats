#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Regions on nodes 0 and 2, where there is no node 1.

bats_require_minimum_version 1.5.0

load region

setup() {
    [[ ${NUMAPERF_VM_TOPOLOGY-} == sparse ]] || skip "needs tests/vm/run --topology sparse"
}

teardown() {
    clean_up
}

@test "bind and interleave go by ids, not by positions" {
    start_regions
    create 0 20M bind 2 default parallel
    look 0
    assert_only 2
    create 1 8M interleave 0,2
    look 1
    assert_even 0 0 2
    create 2 8M bind 2 default touch hard
    look 2
    assert_only 2
    assert_how 2 strict
    quit
}

@test "the node in the gap does not exist" {
    start_regions
    create 0 8M interleave 0-2
    assert_how 0 best-effort 'node 1 does not exist'
    look 0
    assert_even 0 0 2
    create 1 8M bind 1
    assert_how 1 none 'node 1 does not exist'
    refuse ENODEV 2 8M bind 0-2 default touch hard
    quit
}

@test "moved across the gap" {
    start_regions
    create 0 8M bind 0
    tell write 0
    tell move 0 bind 2
    look 0
    assert_only 2
    tell move 0 weighted-interleave 0,2 '0*1' '2*3'
    look 0
    assert_weighted 16 '0*1' '2*3'
    tell check 0
    quit
}

@test "the examples: a buffer on each of the nodes that are there" {
    run -0 "$NUMAPERF_BUILD/docs/examples/example-per-node-buffers" </dev/null
    assert_line --index 0 --regexp '^node 0:'
    assert_line --index 1 --regexp '^node 2:'
    assert_equal "${#lines[@]}" 2
    run -0 "$NUMAPERF_BUILD/docs/examples/example-pin-then-allocate" </dev/null
    assert_line --index 1 --regexp '^node 2:'
}
