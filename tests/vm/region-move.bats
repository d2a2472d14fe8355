#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Moves of regions on four nodes: each present page goes to where it would be if it were touched now, and keeps its contents.

bats_require_minimum_version 1.5.0

load region

setup() {
    kills_before=$(kills)
    thp=$(sed -e 's/.*\[\(.*\)\].*/\1/' /sys/kernel/mm/transparent_hugepage/enabled)
}

teardown() {
    clean_up
    echo "$thp" >/sys/kernel/mm/transparent_hugepage/enabled
    assert_equal "$(kills)" "$kills_before"
}

# moved I MODE NODES [WEIGHT...] - and its contents are still there.
moved() {
    tell move "$@"
    tell check "$1"
    look "$1"
}

@test "from mode to mode and back" {
    start_regions
    create 0 8M bind 1
    tell write 0
    moved 0 interleave 0-3
    assert_even 0 0 1 2 3
    moved 0 bind 2
    assert_only 2
    moved 0 weighted-interleave 1,3 '1*3' '3*1'
    assert_weighted 16 '1*3' '3*1'
    moved 0 preferred 0
    assert_only 0
    moved 0 interleave 1-2
    assert_even 0 1 2
    moved 0 preferred-many 0,3
    assert_only 0 3
    assert_how 0 best-effort '^the kernel may spill'
    assert_equal "$present" "$(pages 8)"
    quit
}

@test "a region of huge pages becomes an interleaved one of base pages" {
    echo always >/sys/kernel/mm/transparent_hugepage/enabled
    start_regions
    create 0 12M bind 3
    tell write 0
    moved 0 interleave 0-3
    assert_even 1 0 1 2 3
    create 1 12M bind 3 thp
    tell write 1
    moved 1 interleave 0-2
    assert_even 0 0 1 2
    quit
}

@test "local: to the node of the caller" {
    start_regions
    create 0 4M interleave 0-3
    tell write 0
    tell pin 0 2 hard
    moved 0 local -
    assert_only 2
    quit
}

@test "bind: to the nearest of the nodes, as a touch would" {
    start_regions
    create 0 4M bind 2
    tell write 0
    tell pin 0 0 hard
    moved 0 bind 2-3
    assert_only 3
    quit
}

@test "pages that are absent stay so, and come to the new node when they are written" {
    start_regions
    create 0 4M bind 1 default none
    tell move 0 bind 3
    look 0
    assert_equal "$present" 0
    tell write 0
    look 0
    assert_only 3
    quit
}

@test "hard: strict on the new nodes, what was absent committed" {
    start_regions
    create 0 8M bind 1 default touch hard
    tell write 0
    moved 0 bind 2-3
    assert_only 2 3
    assert_how 0 strict '^$'
    moved 0 interleave 0-3
    assert_even 0 0 1 2 3
    assert_how 0 best-effort
    tell drop 0
    tell move 0 bind 1
    look 0
    assert_only 1
    assert_equal "$present" "$(pages 8)"
    assert_how 0 strict
    quit
}

@test "hard: a move to absent nodes or to nodes without room is refused, the region is as it was" {
    start_regions
    create 0 100M bind 1 default touch hard
    tell write 0
    ask move 0 bind 2,9
    assert_equal "$answer" ENODEV
    fill_node 2
    ask move 0 bind 2
    assert_equal "$answer" ENOMEM
    tell check 0
    look 0
    assert_only 1
    assert_how 0 strict '^$'
    quit
}

@test "soft: what finds no room stays where it was, and is counted" {
    start_regions
    create 0 100M bind 1
    tell write 0
    fill_node 2
    moved 0 bind 2
    [ "${on[1]}" -gt 0 ]
    assert_equal "$present" "$(pages 100)"
    assert_how 0 best-effort 'could not be moved'
    quit
}

@test "nodes that a cpuset took away are named" {
    start_regions
    create 0 4M bind 1
    tell write 0
    cgroup moving cpuset.mems=0-1
    moved 0 interleave 1-3
    assert_only 1
    assert_how 0 best-effort 'nodes 2-3 are not allowed'
    quit
}

@test "explicit huge pages move whole, while the other pool has some" {
    echo 8 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
    echo 8 >/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
    start_regions
    create 0 8M bind 1 2M touch hard
    tell write 0
    look 0
    assert_only 1
    assert_how 0 strict
    moved 0 bind 2
    assert_only 2
    assert_how 0 strict
    moved 0 interleave 1-2
    assert_even 0 1 2
    refuse ENOMEM 1 8M bind 3 2M touch hard
    refuse ENOMEM 1 40M bind 1 2M touch hard
    create 1 8M bind 3 2M
    tell write 1
    tell destroy 0
    quit
    echo 0 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
    echo 0 >/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
}
