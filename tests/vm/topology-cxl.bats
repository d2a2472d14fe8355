#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf topology on a machine with a memory-only node and an HMAT.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
}

@test "a memory-only node is named as such, with the firmware's bandwidth and latency" {
    "$numaperf" topology --json >topology.json
    assert_equal "$(jq -c '[.nodes[].memory_only]' topology.json)" "[false,false,true]"
    assert_equal "$(jq -c '.nodes[2] | .cpus, .read_bandwidth_mbps, .write_bandwidth_mbps, .read_latency_ns' topology.json | xargs)" \
        "[] 51200 51200 250"
    run -0 "$numaperf" topology
    assert_line --regexp '^ +2 +none \(memory only\) .* 51\.2 GB/s +250 ns +yes$'
}
