#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The instrument of bench/locality, on programs whose misses are known. Slack is for what else a program touches: its
# stack, the C library.

setup_file() {
    [[ ${NUMAPERF_VM_TOPOLOGY-} == counted ]] || skip "needs tests/vm/run --topology counted"
    "$NUMAPERF_BUILD/bench/locality/instrument" calibrate
}

setup() {
    bats_load_library bats-support
    bats_load_library bats-assert
    programs=$NUMAPERF_BUILD/bench/locality
    exec {port}</dev/vport0p2
}

teardown() {
    exec {port}<&-
}

# listen - the plugin's answer: accesses[CPU], misses[CPU * 5 + NODE] and stale[] likewise, with a fifth node for memory
# of none; all_misses is their sum.
listen() {
    local fault
    IFS= read -r -t 60 -u "$port" answer
    {
        read -r fault
        read -ra cpu_nodes
        read -ra accesses
        read -ra misses
        read -ra stale
        read -r all_misses
    } < <(jq -r '.fault, (.cpu_nodes, .accesses, (.misses | flatten), (.stale | flatten) | join(" ")),
        (.misses | flatten | add)' <<<"$answer")
    assert_equal "$fault" 0
}

# run_known ARGUMENT... - the program, and the answer about it.
run_known() {
    "$programs/known" "$@"
    listen
}

# assert_near WANTED GOT - within a percent, or a few hundred lines that are not the buffer's.
assert_near() {
    local slack=$(($1 / 100 > 300 ? $1 / 100 : 300))
    (($2 >= $1 - slack && $2 <= $1 + slack)) || fail "$2 and not $1: $answer"
}

@test "each CPU is known by its node, and each pair of CPU and node has a counter of its own" {
    local cpu node
    for cpu in 0 1 2 3; do
        node=$(((cpu + 3) % 4))
        run_known "$cpu" "$node" 4194304 1
        assert_near 65536 "${misses[cpu * 5 + node]}"
        assert_near 65536 "$all_misses"
    done
    assert_equal "${cpu_nodes[*]}" '0 1 2 3'
}

@test "lines read from another node are as many misses on that node" {
    run_known 0 2 16777216 1
    assert_near 262144 "${accesses[0]}"
    assert_near 262144 "${misses[2]}"
    assert_near 262144 "$all_misses"
    assert_near 0 $((${stale[*]/%/+}0))
}

@test "lines read from the own node are no remote misses" {
    run_known 3 3 16777216 1
    assert_near 262144 "${misses[18]}"
    assert_near 0 $((all_misses - misses[18]))
}

@test "writes miss as reads do" {
    run_known 1 2 16777216 1 write
    assert_near 262144 "${misses[7]}"
}

@test "a buffer that fits into the cache misses once, however often it is read" {
    run_known 0 2 131072 100
    assert_near 204800 "${accesses[0]}"
    assert_near 2048 "$all_misses"
}

@test "a buffer of four times the cache misses at every reading" {
    run_known 0 2 1048576 10
    assert_near 163840 "${misses[2]}"
}

@test "lines that another CPU wrote miss although they fit into the cache" {
    run_known pass 1 131072 20
    assert_near 40960 "${misses[6]}"
    # CPU 1 had never had those of the first round, and what else ran there may have driven those of another one out.
    ((stale[6] > 36600 && stale[6] <= 39212)) || fail "${stale[6]} and not 38912: $answer"
    # CPU 0 had its own lines ever since, but for those that what else ran there drove out: without them it would be 40960.
    ((misses[1] >= 2048 && misses[1] < 4096)) || fail "${misses[1]} and not 2048: $answer"
}

@test "CPUs that were not asked for are not counted" {
    "$programs/instrument" begin 2
    taskset -c 0 "$programs/instrument" end
    listen
    assert_near 0 $((accesses[0] + accesses[2] + accesses[3]))
}
