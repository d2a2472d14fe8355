#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The machine with a node that has memory only, and firmware that says how fast each node is.

setup() {
    load selftest
    [[ ${NUMAPERF_VM_TOPOLOGY-} == cxl ]] || skip "needs tests/vm/run --topology cxl"
}

@test "node 2 has memory and no CPU" {
    assert_equal "$(node online) $(node has_cpu) $(node has_memory)" "0-2 0-1 0-2"
    assert_equal "$(node node2/cpulist)" ""
    [ "$(free_mib 2)" -ge 400 ]
}

@test "the kernel tells the bandwidth and latency of each node, as its nearest CPUs see it" {
    assert_equal "$(node node1/access0/initiators/read_bandwidth)" 204800
    assert_equal "$(node node1/access0/initiators/read_latency)" 80
    assert_equal "$(node node2/access0/initiators/read_bandwidth)" 51200
    assert_equal "$(node node2/access0/initiators/write_bandwidth)" 51200
    assert_equal "$(node node2/access0/initiators/read_latency)" 250
    [ -e /sys/devices/system/node/node2/access0/initiators/node0 ]
}
