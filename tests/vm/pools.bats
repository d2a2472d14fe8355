#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Explicit huge pages where another node has the pool: mmap and mbind promise them, the first touch would be a SIGBUS.

load placement

# pool NODE PAGES - a node's share of the pool of 2 MiB pages.
pool() {
    echo "$2" >"/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages"
    assert_equal "$(cat "/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/free_hugepages")" "$2"
}

setup() {
    pool 0 16
}

teardown() {
    clean_up
    pool 0 0
    pool 3 0
}

# close_counted - the puppet ends, the report says what was counted.
close_counted() {
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
}

@test "the wanted node has none in its pool: ordinary pages of that node, with the reason" {
    for mode in soft hard; do
        policy 'policy = bind' 'nodes = 3' 'huge-pages = 2M' "mode = $mode"
        start_puppet
        blocks=()
        give 0 8M
        give 1 3M
        assert_each assert_only 3
        tell check 0
        tell check 1
        assert_equal "$(cat /sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages)" 16
        close_counted
        assert_only 3
        assert_regex "$(rule .reason)" 'explicit huge pages of 2048 kB cannot be had'
        assert_equal "$(rule .misplaced_pages)" 0
    done
}

@test "the wanted node's pool runs out: the rest is ordinary pages of that node" {
    pool 3 4
    policy 'policy = bind' 'nodes = 3' 'huge-pages = 2M'
    start_puppet
    give 0 8M
    assert_equal "$(cat /sys/devices/system/node/node3/hugepages/hugepages-2048kB/free_hugepages)" 0
    give 1 8M
    assert_each assert_only 3
    tell check 0
    tell check 1
    close_counted
    assert_only 3
    assert_regex "$(rule .reason)" 'explicit huge pages of 2048 kB cannot be had'
}

@test "interleave and weighted interleave take turns by huge page of the pools" {
    local rule mode nodes shares
    pool 3 16
    for rule in 'interleave|0,3|0*1 3*1' 'weighted-interleave|0,3*3|0*1 3*3'; do
        IFS='|' read -r mode nodes shares <<<"$rule"
        policy "policy = $mode" "nodes = $nodes" 'huge-pages = 2M'
        start_puppet
        give 0 8M
        tell check 0
        give 1 8M
        tell check 1
        close_counted
        # shellcheck disable=SC2086 # a list
        assert_weighted 512 $shares
        assert_equal "$(rule .huge_bytes)" $((16 << 20))
        assert_equal "$(rule .reason)" 'the kernel may spill'
    done
}

@test "interleave over a node without a pool: every page is on the nodes, the others' pools are left" {
    pool 3 4
    policy 'policy = interleave' 'nodes = 2,3' 'huge-pages = 2M'
    start_puppet
    give 0 8M
    tell check 0
    close_counted
    assert_only 2 3
    assert_equal "$(cat /sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages)" 16
}
