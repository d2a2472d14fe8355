#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the modes promise beyond the usual: node lists, full nodes, threads that move, weights, huge pages.

load placement

huge=$((2097152 / page))

# What other suites read may fill a node with page cache, and preferred memory goes elsewhere then.
setup() {
    echo 3 >/proc/sys/vm/drop_caches
}

teardown() {
    clean_up
}

# close_agreed - the puppet ends, and its report says what is counted.
close_agreed() {
    hold
    count_zones
    finish
    [ "$status" -eq 0 ]
    assert_agrees
}

@test "node lists: all, ranges and exclusions" {
    local list
    while read -r list expected; do
        policy 'policy = interleave' "nodes = $list"
        start_puppet
        give 0 1M
        # shellcheck disable=SC2086 # a list of nodes
        assert_each assert_even 1 $expected
        close_agreed
        [ "$(rule '.nodes | join(" ")')" = "$expected" ]
    done <<-'END'
		all 0 1 2 3
		0-1,3 0 1 3
		!2 0 1 3
		all,!0-1 2 3
	END
}

@test "preferred-many: every page is on one of the nodes while they have room" {
    policy 'policy = preferred-many' 'nodes = 1,3'
    start_puppet
    give 0 8M
    give 1 100K
    assert_each assert_only 1 3
    close_agreed
    [ "$(rule .spilled_pages)" -eq 0 ]
}

@test "preferred: spills when its node is full, and the report counts the pages" {
    policy 'policy = preferred' 'nodes = 2'
    start_puppet
    ask many 0 $(($(free_pages 2) * page / 1048576 + 40)) 1M
    assert_equal "$answer" ok
    hold
    count_zones
    [ "${on[2]}" -gt 80000 ]
    [ $((present - on[2])) -gt 4000 ]
    finish
    assert_agrees
    assert_equal "$(rule .spilled_pages)" $((present - on[2]))
    assert_equal "$(rule .misplaced_pages)" 0
    assert_equal "$(rule '[.errors[]] | add')" 0
}

@test "bind in soft mode: spills when its node is full, and the report says so" {
    policy 'policy = bind' 'nodes = 2'
    local before_kills
    before_kills=$(kills)
    start_puppet
    ask many 0 $(($(free_pages 2) * page / 1048576 + 40)) 1M
    assert_equal "$answer" ok
    hold
    count_zones
    [ $((present - on[2])) -gt 4000 ]
    finish
    assert_agrees
    assert_equal "$(rule .misplaced_pages)" $((present - on[2]))
    assert_equal "$(rule .enforcement)" best-effort
    assert_equal "$(kills)" "$before_kills"
}

@test "local: a thread that moves gets memory of its new node at its next allocation" {
    local step cpu
    policy 'policy = local'
    start_puppet
    for step in 0 1 2 3 4 5 6 7; do
        cpu=$((step * 3 % 4))
        tell cpu $cpu
        blocks=()
        give $step $((step * 100 + 40))K
        tell cpu $(((cpu + 1) % 4))
        tell write $step
        assert_each assert_only $cpu
    done
    close_agreed
    [ "$(rule .misplaced_pages)" -eq 0 ]
}

@test "weighted interleave: blocks of all sizes are 3:1 within one stripe" {
    policy 'policy = weighted-interleave' 'nodes = 0*3,2*1'
    start_puppet
    give 0 100K
    give 1 1M
    give 2 10M
    give 3 777K
    give 4 20M
    assert_each assert_weighted 32 0*3 2*1
    close_agreed
    assert_weighted 16 0*3 2*1
}

@test "weighted interleave: three nodes, weights that have no common divisor" {
    policy 'policy = weighted-interleave' 'nodes = 1*5,2*2,3*1'
    start_puppet
    give 0 10M
    give 1 4M
    assert_each assert_weighted 32 1*5 2*2 3*1
    close_agreed
}

@test "interleave with huge-pages = thp: each block is even within one huge page" {
    policy 'policy = interleave' 'nodes = 0-3' 'huge-pages = thp'
    start_puppet
    give 0 16M
    give 1 30M
    give 2 8M
    assert_each assert_even $huge 0 1 2 3
    close_agreed
    [ "$(rule .huge_bytes)" -ge $((50 << 20)) ]
}

@test "interleave with huge-pages = never: no huge page, also where the program advises them" {
    policy 'policy = interleave' 'nodes = 0-3' 'huge-pages = never'
    start_puppet
    give 0 16M
    assert_each assert_even 1 0 1 2 3
    close_agreed
    assert_equal "$(rule .huge_bytes)" 0
}
