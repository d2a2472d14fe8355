#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Regions and pins where a node has memory only.

bats_require_minimum_version 1.5.0

load region

setup() {
    [[ ${NUMAPERF_VM_TOPOLOGY-} == cxl ]] || skip "needs tests/vm/run --topology cxl"
}

teardown() {
    clean_up
}

@test "a memory-only node holds regions, faulted in by the CPUs of the nearest node" {
    start_regions
    create 0 24M bind 2 default parallel
    look 0
    assert_only 2
    create 1 24M bind 2 default parallel hard
    look 1
    assert_only 2
    assert_how 1 strict '^$'
    create 2 8M interleave 0-2 default parallel
    look 2
    assert_even 1 0 1 2
    quit
}

@test "a caller on the other node has memory-only pages faulted in all the same" {
    start_regions
    tell pin 0 1 hard
    create 0 24M preferred 2 default parallel
    look 0
    assert_only 2
    ask cpus
    assert_equal "$answer" 1
    quit
}

@test "weights in the ratio of the nodes' bandwidth, without any given" {
    start_regions
    create 0 32M weighted-interleave 0-2
    look 0
    assert_only 0 1 2
    [ "${on[0]}" -gt "${on[1]}" ]
    [ "${on[1]}" -gt "${on[2]}" ]
    quit
}

@test "moved to the memory-only node and back" {
    start_regions
    create 0 8M bind 0 default touch hard
    tell write 0
    tell move 0 bind 2
    look 0
    assert_only 2
    assert_how 0 strict
    tell move 0 interleave 1-2
    look 0
    assert_even 0 1 2
    tell check 0
    quit
}

@test "a pin to the memory-only node: hard is refused, soft says that it has no CPUs, nearby ones do" {
    start_regions
    ask pin 0 - hard
    assert_equal "$answer" EINVAL
    tell pin 0 - soft
    ask how-pin 0
    assert_regex "$answer" '^none .*memory-only'
    tell unpin 0
    quit
    start "$NUMAPERF_BUILD/docs/examples/example-pin-then-allocate"
    local cpu
    for cpu in 0 1 0; do
        hear
        assert_equal "$(taskset -cp "$pid" | sed 's/.*: //')" $cpu
        echo >&"$to"
    done
    quit
}
