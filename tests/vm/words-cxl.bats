#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Words that name nodes by what they are, where one has memory only and firmware tells the bandwidth of each.

bats_require_minimum_version 1.5.0
load words

setup() {
    on_machine cxl
}

teardown() {
    clean_up
}

@test "dram, memory-only, fastest and largest are the nodes that they describe" {
    interleaved dram 0 1
    interleaved memory-only 2
    interleaved fastest 0 1
    interleaved '!fastest' 2
    interleaved 'all,!dram' 2
    interleaved '1,memory-only' 1 2
    interleaved largest "$(largest)"
}

@test "numpy, bind to memory-only: every page of an unmodified program's arrays is there" {
    policy 'policy = bind' 'nodes = memory-only'
    start /usr/bin/python3 -c '
import numpy, sys
arrays = [numpy.ones(size) for size in (100000, 262144, 1048576)]
for array in arrays:
    print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()
assert all(array.sum() == array.size for array in arrays)'
    hear_blocks
    assert_each assert_only 2
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_only 2
    assert_agrees
}

@test "weights that no list gives come from the bandwidths: 4:4:1" {
    counted_under 'policy = weighted-interleave' 'nodes = all'
    assert_weighted 16 0*4 1*4 2*1
    counted_under 'policy = weighted-interleave' 'nodes = 0,memory-only'
    assert_weighted 16 0*4 2*1
}

@test "weights behind words" {
    counted_under 'policy = weighted-interleave' 'nodes = dram*3,memory-only*1'
    assert_weighted 16 0*3 1*3 2*1
    counted_under 'policy = weighted-interleave' 'nodes = dram*2,memory-only'
    assert_weighted 16 0*2 1*2 2*1
    refused_at_start 'malloc\.large\.nodes: node 0 is given two weights' 'policy = weighted-interleave' \
        'nodes = dram*2,fastest*3'
}

@test "hwloc's memory attributes tell the same bandwidths" {
    NUMAPERF_FIXTURES=/numaperf/tests/unit/fixtures run -0 "$NUMAPERF_BUILD/tests/unit/test_makers"
    assert_line --partial 'this machine: the same CPUs, memory and bandwidths'
    assert_equal "$(cat /sys/devices/system/node/node2/access0/initiators/read_bandwidth)" 51200
}

@test "preferred takes one node, so not a word that two nodes fit" {
    refused_at_start 'malloc\.large\.nodes: preferred takes one node' 'policy = preferred' 'nodes = fastest'
    counted_under 'policy = preferred' 'nodes = memory-only'
    assert_only 2
}
