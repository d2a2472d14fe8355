#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf topology on four nodes: memory in use, cpusets.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
}

@test "a node's free memory falls by what a program takes from it" {
    local before after
    before=$("$numaperf" topology --json | jq '.nodes[] | select(.id == 3) | .free_bytes')
    numactl --membind=3 perl -e '$x = "x" x (100 << 20); print "full\n"; $| = 1; print ""; sleep 600' >out &
    until grep -q full out; do kill -0 $!; sleep 0.1; done
    after=$("$numaperf" topology --json | jq '.nodes[] | select(.id == 3) | .free_bytes')
    kill $!
    ((before - after >= 100 << 20))
}

@test "a cpuset is what this process may use; the other nodes are shown as not allowed" {
    mkdir -p /sys/fs/cgroup/narrow
    echo 1-2 >/sys/fs/cgroup/narrow/cpuset.mems
    echo 1 >/sys/fs/cgroup/narrow/cpuset.cpus
    run -0 bash -c "echo \$\$ >/sys/fs/cgroup/narrow/cgroup.procs && $numaperf topology --json"
    assert_equal "$(jq -c '.allowed.nodes, .allowed.cpus, [.nodes[].allowed]' <<<"$output" | xargs)" \
        "[1,2] [1] [false,true,true,false]"
    run -0 bash -c "echo \$\$ >/sys/fs/cgroup/narrow/cgroup.procs && $numaperf topology"
    assert_line --regexp '^ +0 +none allowed .* no$'
    assert_line --regexp '^ +1 +1 .* yes$'
}
