#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Explicit huge pages, in a machine with pools of 2 MiB and of 1 GiB pages: they are used, run out, and come back.

load placement

small=/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
large=/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages

setup() {
    [ -e "$large" ] || skip "no pool of 1 GiB pages: this machine is not the one called huge"
    small_before=$(cat $small)
    large_before=$(cat $large)
}

teardown() {
    clean_up
    assert_equal "$(cat $small) $(cat $large)" "$small_before $large_before"
}

# explicit_kib - what the kernel says that the program has of explicit huge pages.
explicit_kib() {
    awk '$1 == "Private_Hugetlb:" { sum += $2 } END { print sum + 0 }' "/proc/$pid/smaps"
}

# close_counted - the puppet ends, the report says what was counted.
close_counted() {
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
}

@test "2 MiB pages are taken from the pool, and given back at the end" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    start_puppet
    give 0 16M
    [ "$(cat $small)" -le $((small_before - 8)) ]
    [ "$(explicit_kib)" -ge 16384 ]
    assert_each assert_only 0
    tell check 0
    close_counted
    [ "$(rule .huge_bytes)" -ge $((16 << 20)) ]
}

@test "1 GiB pages are taken from the pool, and given back at the end" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 1G'
    start_puppet
    give 0 600M
    assert_equal "$(cat $large)" $((large_before - 1))
    [ "$(explicit_kib)" -ge 1048576 ]
    tell check 0
    close_counted
    [ "$(rule .huge_bytes)" -ge $((1 << 30)) ]
}

@test "a pool that runs out: transparent pages for the rest, with the reason" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    start_puppet
    give 0 $((small_before + 20))M
    give 1 $((small_before * 2))M
    tell check 0
    tell check 1
    [ "$(explicit_kib)" -gt 0 ]
    close_counted
    assert_regex "$(rule .reason)" 'explicit huge pages of 2048 kB'
    [ "$(rule .huge_bytes)" -gt 0 ]
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "explicit pages and fork: the parent lives, and a warning says what may happen to the child" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    before=(env NUMAPERF_LOG=warn)
    start_puppet
    give 0 $((small_before + 20))M
    ask fork 0
    [[ $answer == 'exit 0' || $answer == 'killed by BUS' ]] || fail "$answer"
    tell check 0
    close_counted
    grep -q 'fork with' errors
}

@test "explicit pages and fork with a pool that has enough: the child lives" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    start_puppet
    give 0 16M
    ask fork 0
    assert_equal "$answer" 'exit 0'
    tell check 0
    close_counted
}

@test "an unmodified python with numpy arrays in explicit pages" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    start /usr/bin/python3 -c '
import numpy, sys
arrays = [numpy.ones(size) for size in (100000, 262144, 1048576)]
for array in arrays:
    print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()
assert all(array.sum() == array.size for array in arrays)'
    hear_blocks
    assert_each assert_only 0
    [ "$(explicit_kib)" -gt 8192 ]
    close_counted
}

@test "calloc of explicit pages that were used before reads as zeroes" {
    policy 'policy = bind' 'nodes = 0' 'huge-pages = 2M'
    start_puppet
    give 0 8M
    tell free 0
    tell calloc 1 8M
    close_counted
}
