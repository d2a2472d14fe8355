#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Regions of huge pages: sizes, pools that run out, what comes instead.

bats_require_minimum_version 1.5.0

load region

pools=/sys/kernel/mm/hugepages
thp=/sys/kernel/mm/transparent_hugepage/enabled

setup() {
    [[ ${NUMAPERF_VM_TOPOLOGY-} == huge ]] || skip "needs tests/vm/run --topology huge"
    taken=$(free_of 2048)-$(free_of 1048576)
    thp_before=$(sed -e 's/.*\[\(.*\)\].*/\1/' $thp)
}

teardown() {
    clean_up
    echo "$thp_before" >$thp
    assert_equal "$(free_of 2048)-$(free_of 1048576)" "$taken"
}

# free_of KILOBYTES - free pages of a pool.
free_of() {
    cat "$pools/hugepages-$1kB/free_hugepages"
}

# length I - of a region, in bytes.
length() {
    echo "${blocks[$1]##* }"
}

@test "sizes are rounded up to whole pages of the pool, which are given back" {
    start_regions
    local free
    free=$(free_of 2048)
    create 0 1 bind 0 2M touch hard
    assert_equal "$(length 0)" $((2 << 20))
    create 1 4097K bind 0 2M none
    assert_equal "$(length 1)" $((6 << 20))
    assert_equal "$(free_of 2048)" $((free - 4))
    assert_how 0 strict '^$'
    look 0
    assert_equal "$present" 512
    tell write 0
    tell write 1
    tell destroy 0
    tell destroy 1
    assert_equal "$(free_of 2048)" "$free"
    quit
}

@test "pages of 1 GiB" {
    start_regions
    local free
    free=$(free_of 1048576)
    create 0 4096 bind 0 1G touch
    assert_equal "$(length 0)" $((1 << 30))
    assert_equal "$(free_of 1048576)" $((free - 1))
    tell write 0
    tell check 0
    tell destroy 0
    assert_equal "$(free_of 1048576)" "$free"
    quit
}

@test "a pool that has not enough: refused in hard, smaller pages and the reason in soft" {
    start_regions
    local free
    free=$(free_of 2048)
    refuse ENOMEM 0 $((free * 2 + 2))M bind 0 2M touch hard
    refuse ENOMEM 0 100G bind 0 2M touch hard
    create 0 $((free * 2 + 2))M bind 0 2M touch
    assert_how 0 best-effort '2M pages are not to be had from the pool: transparent huge pages instead'
    tell write 0
    tell check 0
    assert_equal "$(free_of 2048)" "$free"
    quit
}

@test "no transparent ones either: base pages and the reason" {
    echo never >$thp
    start_regions
    create 0 5000 bind 0 thp touch
    assert_equal "$(length 0)" 8192
    assert_how 0 best-effort 'transparent huge pages are off: base pages instead'
    refuse EOPNOTSUPP 1 5000 bind 0 thp touch hard
    create 1 4000M bind 0 1G none
    assert_how 1 best-effort '1G pages are not to be had from the pool: base pages instead'
    quit
}

@test "transparent huge pages begin and end where one does, and are used" {
    echo madvise >$thp
    start_regions
    create 0 5M interleave 0 thp touch
    assert_equal "$(length 0)" $((6 << 20))
    assert_equal $((${blocks[0]% *} % (2 << 20))) 0
    assert_equal "$(awk '$1 == "AnonHugePages:" { sum += $2 } END { print sum }' "/proc/$pid/smaps")" 6144
    echo always >$thp
    create 1 6M bind 0 never touch
    create 2 6M interleave 0 default touch
    create 3 6M bind 0 default touch hard
    assert_equal "$(awk '$1 == "AnonHugePages:" { sum += $2 } END { print sum }' "/proc/$pid/smaps")" 6144
    quit
}

@test "a pool that no prefault empties for others: the pages are taken when the region is made" {
    start_regions
    local free i
    free=$(free_of 2048)
    for ((i = 0; i < free; i++)); do
        create "$i" 2M bind 0 2M none
        ((i < 30)) || break
    done
    ask verify 0
    assert_equal "${answer%% *}" 512
    for ((; i >= 0; i--)); do
        tell write "$i"
        tell destroy "$i"
    done
    quit
}
