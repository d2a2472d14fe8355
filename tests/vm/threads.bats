#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Where threads run and where their stacks lie, by what the kernel says of them. On this machine each node has one CPU
# of its own number.

bats_require_minimum_version 1.5.0

load placement

crew=$progs/crew

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# shown [ARGUMENT]... - under the rules: "CPUS NODE-OF-FRAME" of each thread, the main one first, in $lines.
shown() {
    run -0 --separate-stderr "$numaperf" run -c policy.ini --report report -- "${before[@]}" "$crew" show "$@"
    mapfile -t lines < <(awk '{ print $3, $4 }' <<<"$output")
}

# expect LINE... - of the threads, without the main one.
expect() {
    assert_equal "$(printf '%s\n' "${lines[@]:1}")" "$(printf '%s\n' "$@")"
}

@test "scatter and compact give each thread a CPU, and its frames lie on the CPU's node" {
    rules '[thread.all]' 'pin = scatter'
    shown -n 6
    assert_equal "${lines[0]% *}" 0-3
    expect '0 0' '1 1' '2 2' '3 3' '0 0' '1 1'
    rules '[thread.all]' 'pin = compact' 'nodes = 1,3'
    shown -n 3
    expect '1 1' '3 3' '1 1'
}

@test "node, core and cache go round, a list is for all" {
    local pin
    for pin in node core; do
        rules '[thread.all]' "pin = $pin" 'nodes = 2-3'
        shown -n 3
        expect '2 2' '3 3' '2 2'
    done
    rules '[thread.all]' 'pin = 3'
    shown -n 2
    expect '3 3' '3 3'
    rules '[thread.all]' 'pin = 1-2'
    shown -n 2
    assert_equal "${lines[1]% *} ${lines[2]% *}" '1-2 1-2'
}

@test "rules go by index, by name, by routine and by file, the first that matches wins" {
    rules '[thread.second]' 'index = 2' 'pin = 3' '[thread.named]' 'name = io_*' 'pin = 2' \
        '[thread.rest]' 'pin = 1'
    shown -n 3
    expect '1 1' '3 3' '1 1'
    shown -n 3 -l io_
    expect '2 2' '3 3' '2 2'
    shown -n 3 -o io_
    expect '2 2' '3 3' '2 2'
    shown -n 3 -o ion
    expect '1 1' '3 3' '1 1'
    rules '[thread.symbol]' 'start = crew_mem*' 'pin = 3' '[thread.rest]' 'pin = 1'
    shown -n 2
    expect '3 3' '3 3'
    rules '[thread.file]' 'start = crew' 'index = 2' 'pin = 2' '[thread.other]' 'start = libcrew*' 'pin = 3'
    shown -n 2
    assert_equal "${lines[1]% *}" 0-3
    assert_equal "${lines[2]}" '2 2'
}

@test "threads of C11 follow the rules too" {
    rules '[thread.named]' 'name = io_2' 'pin = 3' '[thread.all]' 'pin = scatter' 'nodes = 1-2'
    shown -n 3 -c
    expect '1 1' '2 2' '1 1'
    shown -n 3 -c -l io_
    expect '1 1' '3 3' '1 1'
}

@test "the main thread is matched by index 0 alone" {
    rules '[thread.all]' 'pin = 2'
    shown -n 1
    assert_equal "${lines[0]% *}" 0-3
    rules '[thread.main]' 'index = 0' 'pin = 1'
    shown -n 2
    assert_equal "${lines[0]% *}" 1
    expect '1 1' '1 1' # no rule: they inherit
}

@test "an affinity of the program's own wins, unless the rule overrides it" {
    rules '[thread.all]' 'pin = 2'
    shown -n 2 -a 1
    assert_equal "${lines[1]% *} ${lines[2]% *}" '1 1'
    assert_equal "$(jq -c '.threads[0] | [.count, .pinned, .skipped]' report)" '[2,0,2]'
    shown -n 2 -s 1
    assert_equal "${lines[1]% *} ${lines[2]% *}" '1 1'
    rules '[thread.all]' 'pin = 2' 'override = yes'
    shown -n 2 -a 1
    expect '2 2' '2 2'
    shown -n 2 -s 1
    expect '2 2' '2 2'
    rules '[thread.named]' 'name = io*' 'pin = 3' '[thread.all]' 'pin = 2'
    shown -n 2 -s 1 -l io
    assert_equal "${lines[1]% *} ${lines[2]% *}" '1 1'
}

@test "a stack that the program brought stays as it is" {
    rules '[thread.all]' 'pin = 3'
    before=(taskset -c 0-3 numactl --preferred=1)
    shown -n 2 -w
    expect '3 1' '3 1'
}

@test "a thousand threads in a row on changing nodes have their frames there" {
    run -0 "$crew" turnover 1000 -p # without us: a stack that was used stays where it is
    refute_output --partial 'misplaced 0'
    rules '[thread.all]' 'pin = node'
    run -0 "$numaperf" run -c policy.ini -- "$crew" turnover 1000
    assert_output 'threads 1000 nodes 4 misplaced 0 policy 1'
}

@test "a stack that was placed does not hold a later thread's pages back" {
    rules '[thread.some]' 'index = 1-500' 'pin = node'
    run -0 "$numaperf" run -c policy.ini -- "$crew" turnover 500
    assert_output --partial 'policy 1' # preferred
    run -0 "$numaperf" run -c policy.ini -- "$crew" turnover 501
    assert_output --partial 'policy 0'
}

@test "what a cpuset or an affinity leaves is what strategies go by" {
    rules '[thread.all]' 'pin = scatter'
    run -0 taskset -c 1-2 "$numaperf" run -c policy.ini -- "$crew" show -n 3
    assert_equal "$(awk 'NR > 1 { print $3 }' <<<"$output" | paste -sd ' ')" '1 2 1'
    rules '[thread.all]' 'pin = scatter' 'nodes = 0-1'
    run -0 taskset -c 1-2 "$numaperf" run -c policy.ini --report report -- "$crew" show -n 2
    assert_equal "$(awk 'NR > 1 { print $3 }' <<<"$output" | paste -sd ' ')" '1 1'
    assert_equal "$(jq -r '.threads[0] | .enforcement, .reason' report)" \
        $'best-effort\nnode 0 has no CPUs that this process may use'
}

@test "hard mode refuses what cannot be had; under plain LD_PRELOAD threads run unpinned" {
    rules 'mode = hard' '[thread.all]' 'pin = node' 'nodes = 0,7'
    run -125 "$numaperf" run -c policy.ini -- "$crew" show -n 1
    assert_output --partial 'policy.ini:6: thread.all.nodes: node 7 does not exist'
    NUMAPERF_CONFIG=$PWD/policy.ini LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        run -0 --separate-stderr "$crew" show -n 1
    # shellcheck disable=SC2154 # set by run
    assert_equal "$stderr" "numaperf: $PWD/policy.ini:6: thread.all.nodes: node 7 does not exist"
    assert_equal "$(awk 'NR > 1 { print $3 }' <<<"$output")" 0-3
}

@test "the report counts threads, and only those that were pinned as pinned" {
    rules '[thread.a]' 'index = 1-2' 'pin = node' '[thread.none]' 'index = 3' 'pin = none' '[thread.idle]' 'index = 9' 'pin = core'
    shown -n 4
    assert_equal "$(jq -c '.threads[] | [.section, .count, .pinned, .skipped, .enforcement]' report)" \
        $'["thread.a",2,2,0,"strict"]\n["thread.none",1,0,0,"none"]\n["thread.idle",0,0,0,"strict"]'
}
