#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Regions of the C library on four nodes, pages counted by the kernel.

bats_require_minimum_version 1.5.0

load region

setup() {
    kills_before=$(kills)
}

teardown() {
    clean_up
    assert_equal "$(kills)" "$kills_before"
}

@test "bind, preferred and preferred-many: all pages on the nodes" {
    start_regions
    create 0 8M bind 3
    create 1 8M preferred 2
    create 2 8M preferred-many 1,3
    create 3 8M bind 1-2
    local i
    for i in 0 1 2 3; do
        look $i
        assert_equal "$present" "$(pages 8)"
        assert_how $i best-effort 'the kernel may spill.*where it belongs'
    done
    look 0 && assert_only 3
    look 1 && assert_only 2
    look 2 && assert_only 1 3
    look 3 && assert_only 1 2
    quit
}

@test "interleave: page by page, in steps of huge pages where these were asked for" {
    start_regions
    create 0 8M interleave 0-3
    look 0
    assert_even 0 0 1 2 3
    # shellcheck disable=SC2086 # two words
    "$progs/placed" "$pid" 4 ${blocks[0]} >/dev/null
    create 1 16M interleave 1,3 thp
    look 1
    assert_even 0 1 3
    create 2 1M interleave 0,2 never parallel
    look 2
    assert_even 0 0 2
    quit
}

@test "weighted interleave: by the policy's weights, whatever the kernel's are" {
    start_regions
    create 0 16M weighted-interleave 0,2 default touch soft '0*3' '2*1'
    look 0
    assert_weighted 16 '0*3' '2*1'
    create 1 16M weighted-interleave 1-3
    look 1
    assert_even 32 1 2 3
    quit
}

@test "local: on the caller's node, also when threads fault in" {
    start_regions
    local cpu
    for cpu in 0 1 2 3; do
        tell pin 0 $cpu hard
        create $cpu 24M local - default parallel
        look $cpu
        assert_only $cpu
        create 10 4M first-touch -
        look 10
        assert_only $cpu
        tell destroy 10
        tell unpin 0
    done
    quit
}

@test "parallel prefault: a caller that is pinned elsewhere has workers, and every page is where it belongs" {
    start_regions
    tell pin 0 0 hard
    create 0 40965K bind 3 default parallel
    look 0
    assert_only 3
    assert_equal "$absent" 0
    ask cpus
    assert_equal "$answer" 0
    quit
}

@test "no prefault: nothing is present, and what is written later goes to its node" {
    start_regions
    create 0 4M bind 2 default none
    look 0
    assert_equal "$present" 0
    tell write 0
    look 0
    assert_only 2
    tell check 0
    quit
}

@test "hard bind: strict, committed whatever the prefault" {
    start_regions
    local prefault
    for prefault in none touch parallel; do
        create 0 20M bind 1,3 default $prefault hard
        assert_how 0 strict '^$'
        look 0
        assert_equal "$present" "$(pages 20)"
        assert_only 1 3
        assert_how 0 strict '^$'
        tell destroy 0
    done
    create 0 8M bind 2 thp touch hard
    look 0
    assert_only 2
    assert_how 0 strict
    quit
}

@test "hard, other modes: best-effort, since the kernel may spill" {
    start_regions
    local mode
    for mode in preferred interleave weighted-interleave preferred-many local first-touch; do
        create 0 4M $mode 2 default touch hard
        assert_how 0 best-effort 'the kernel may spill'
        look 0
        [[ $mode == local || $mode == first-touch ]] || assert_only 2
        tell destroy 0
    done
    quit
}

@test "a narrowed mask: best-effort and the nodes' names in soft, refused in hard" {
    start_regions
    create 0 4M bind 1,9,63-64,1023
    assert_how 0 best-effort 'nodes 9,63-64,1023 do not exist'
    look 0
    assert_only 1
    refuse ENODEV 1 4M bind 1,9 default touch hard
    refuse ENODEV 1 4M interleave 0-4 default touch hard
    refuse ENODEV 1 4M preferred 63 default touch hard
    create 1 4M preferred 63 default touch
    assert_how 1 none 'node 63 does not exist'
    quit
}

@test "only absent nodes: usable memory with enforcement none, not faulted in on nodes that nobody chose" {
    start_regions
    create 0 4M bind 7-9
    assert_how 0 none 'nodes 7-9 do not exist.*not faulted in'
    look 0
    assert_equal "$present" 0
    tell write 0
    tell check 0
    quit
}

@test "more than the nodes have free: ENOMEM in hard before anything is touched, and nobody is killed" {
    start_regions
    local free
    free=$(free_pages 2)
    refuse ENOMEM 0 $((free * page + 4194304)) bind 2 default touch hard
    refuse ENOMEM 0 900M bind 1-2 default parallel hard
    [ $((free - $(free_pages 2))) -lt "$(pages 8)" ]
    create 0 16M bind 2 default touch hard
    quit
}

@test "a node that regions fill: ENOMEM in hard, spilled and said in soft, and the others stay" {
    start_regions
    fill_node 3
    [ "$filled" -gt 20 ]
    create 61 64M bind 3 default touch soft
    look 61
    assert_equal "$present" "$(pages 64)"
    [ "${on[3]}" -lt "$present" ]
    assert_how 61 best-effort 'pages were elsewhere'
    look 1
    assert_only 3
    assert_how 1 strict
    quit
}

@test "more than all nodes have free: soft does not fault in and says so, hard refuses" {
    start_regions
    create 0 1700M interleave 0-3
    assert_how 0 best-effort 'not faulted in'
    refuse ENOMEM 1 1700M interleave 0-3 default touch hard
    quit
}

@test "a node full of page cache still serves a hard bind" {
    echo 3 >/proc/sys/vm/drop_caches
    numactl --membind=2 cat /dev/vda >/dev/null
    find /usr -xdev -type f -print0 | xargs -0 numactl --membind=2 cat >/dev/null
    [ "$(free_pages 2)" -lt "$(pages 150)" ] || fail "still $(free_pages 2) pages free"
    start_regions
    create 0 250M bind 2 default touch hard
    look 0
    assert_only 2
    quit
}

# assert_held_or_full - the answer is ENOMEM, or a region all of whose pages are on node 1.
assert_held_or_full() {
    [[ $answer != ENOMEM ]] || return 0
    [[ $answer == 0x* ]] || fail "$answer"
    count "${answer% *}" "${answer#* }"
    assert_only 1
}

@test "two programs compete for a node with hard regions: ENOMEM in the end, no page is misplaced" {
    start_regions
    local first=$pid i
    start_regions
    local second=$pid
    for ((i = 0; i < 16; i++)); do
        switch_to "$first"
        echo "create $i 20M bind 1 default touch hard" >&"$to"
        switch_to "$second"
        ask create $i 20M bind 1 default touch hard
        assert_held_or_full
        switch_to "$first"
        hear
        assert_held_or_full
    done
    quit
    switch_to "$second"
    quit
}

@test "after mlockall(MCL_FUTURE) pages are where the policy says, not where mmap filled them in" {
    start_regions
    tell pin 0 0 hard
    tell lock-future
    create 0 4M interleave 1-3
    look 0
    assert_even 1 1 2 3
    create 1 4M bind 2
    look 1
    assert_only 2
    create 2 4M bind 3 default touch hard
    look 2
    assert_only 3
    quit
}

@test "a cpuset with nodes 0 and 2: the others are dropped by name, or refused" {
    start_regions
    cgroup zero-two cpuset.mems=0,2 cpuset.cpus=0,2
    create 0 4M interleave 0-3
    assert_how 0 best-effort 'nodes 1,3 are not allowed'
    look 0
    assert_even 0 0 2
    create 1 4M bind 1
    assert_how 1 none 'node 1 is not allowed'
    tell write 1
    refuse ENODEV 2 4M interleave 0-3 default touch hard
    create 2 20M bind 2 default parallel hard
    look 2
    assert_only 2
    assert_how 2 strict
    quit
}

@test "a cpuset that shrinks between two regions is noticed" {
    start_regions
    create 0 4M bind 3
    create 1 4M interleave 0-3
    cgroup shrinking cpuset.mems=0-1
    create 2 4M bind 3
    assert_how 2 none 'node 3 is not allowed'
    create 3 4M interleave 0-3
    assert_how 3 best-effort 'nodes 2-3 are not allowed'
    look 3
    assert_even 0 0 1
    cgroup shrinking cpuset.mems=0-3
    create 4 4M bind 3
    assert_how 4 best-effort '^the kernel may spill$'
    look 4
    assert_only 3
    quit
}

@test "a program whose pages others move away: verification takes strict back" {
    start_regions
    create 0 4M bind 1 default touch hard
    assert_how 0 strict
    migratepages "$pid" 1 2
    look 0
    assert_only 2
    assert_how 0 best-effort "$(pages 4) of $(pages 4) pages were elsewhere"
    quit
}

@test "a fork with full nodes: parent and child live, the region is no longer strict until it is moved" {
    start_regions
    create 0 64M bind 3 default touch hard
    fill_node 3
    ask child 0
    assert_equal "$answer" 'exit 0'
    assert_how 0 best-effort 'fork'
    tell check 0
    for ((; filled > 0; filled--)); do
        tell destroy "$filled"
    done
    tell move 0 bind 3
    assert_how 0 strict '^$'
    tell check 0
    look 0
    assert_only 3
    quit
}

@test "mbind refused: none with the error in soft, the error in hard" {
    local error
    for error in EPERM ENOSYS EINVAL; do
        before=("$NUMAPERF_BUILD/tests/progs/deny" "$error" mbind --)
        start_regions
        create 0 4M bind 1
        assert_how 0 none 'mbind'
        tell write 0
        create 1 4M interleave 0-3 default parallel
        assert_how 1 none 'mbind'
        refuse $error 2 4M interleave 0-3 default touch hard
        ask move 0 interleave 0-3
        assert_equal "$answer" ok
        tell check 0
        quit
    done
}

@test "move_pages refused: hard bind is refused, soft cannot be verified and moves nothing" {
    local error
    for error in EPERM ENOSYS; do
        before=("$NUMAPERF_BUILD/tests/progs/deny" "$error" move_pages --)
        start_regions
        refuse $error 0 4M bind 1 default touch hard
        create 0 4M bind 1
        ask verify 0
        assert_equal "$answer" $error
        tell move 0 bind 2
        assert_how 0 best-effort 'pages stay where they were'
        count "${blocks[0]% *}" "${blocks[0]#* }"
        assert_only 1
        quit
    done
}

@test "an old kernel: preferred-many, populating and moving of mappings are missing" {
    before=("$NUMAPERF_BUILD/tests/progs/deny" EINVAL mbind:5 mbind:6 madvise:23 mremap:4 --)
    start_regions
    create 0 8M bind 1,3
    look 0
    assert_only 1 3
    create 1 8M bind 1,3 default parallel hard
    look 1
    assert_only 1 3
    assert_how 1 strict
    create 2 16M weighted-interleave 0,1 default touch soft '0*3' '1*1'
    look 2
    assert_weighted 16 '0*3' '1*1'
    quit
}

@test "pins: a cpuset that shrinks meanwhile is noticed, and what is left is restored" {
    start_regions
    tell pin 0 1-2 hard
    cgroup pinned cpuset.cpus=2-3
    ask cpus
    [[ $answer == 2 || $answer == 2,3 ]] || fail "$answer" # Linux before 6.2 forgets what the thread had asked for
    ask unpin 0
    assert_equal "$answer" EAGAIN
    ask cpus
    assert_equal "$answer" 2,3
    ask pin 0 0-1 hard
    assert_equal "$answer" EINVAL
    tell pin 0 1-2 soft
    ask how-pin 0
    assert_regex "$answer" '^best-effort .*CPUs 1'
    tell unpin 0
    quit
}
