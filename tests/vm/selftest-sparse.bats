#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The machine whose node numbers have a hole.

setup() {
    load selftest
    [[ ${NUMAPERF_VM_TOPOLOGY-} == sparse ]] || skip "needs tests/vm/run --topology sparse"
}

@test "nodes 0 and 2 are there, node 1 is not" {
    assert_equal "$(node online) $(node has_cpu) $(node has_memory)" "0,2 0,2 0,2"
    [ ! -e /sys/devices/system/node/node1 ]
    assert_equal "$(node node2/cpulist)" 1
}

@test "memory bound to node 2 is there" {
    run numactl --membind=2 grep -m 1 Mems_allowed_list /proc/self/status
    assert_success
    run numactl --membind=1 true
    assert_failure
}
