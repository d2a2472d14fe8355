#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf topology on a machine with several nodes, whichever.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
}

@test "nodes, CPUs, memory and distances are the kernel's" {
    "$numaperf" topology --json >topology.json
    assert_equal "$(jq -r '[.nodes[].id] | join(",")' topology.json)" \
        "$(printf '%s\n' /sys/devices/system/node/node[0-9]* | sed 's/.*node//' | paste -sd,)"
    local id
    for id in $(jq -r '.nodes[].id' topology.json); do
        jq ".nodes[] | select(.id == $id)" topology.json >node.json
        assert_equal "$(jq '.total_bytes / 1024' node.json)" "$(awk '$3 == "MemTotal:" { print $4 }' "/sys/devices/system/node/node$id/meminfo")"
        assert_equal "$(jq -r '.distances[]' node.json | xargs)" "$(xargs <"/sys/devices/system/node/node$id/distance")"
        assert_equal "$(jq -r '.cpus | length > 0' node.json)" "$([ -n "$(node "node$id/cpulist")" ] && echo true || echo false)"
    done
}

@test "the kernel's abilities are those of its version" {
    local weighted=false
    [[ ${NUMAPERF_VM_KERNEL-} == backports ]] && weighted=true
    assert_equal "$("$numaperf" topology --json | jq -c '.kernel | [.mbind, .preferred_many, .weighted_interleave]')" "[true,true,$weighted]"
}
