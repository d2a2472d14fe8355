#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a heap that places memory must not break: one test for each thing that has gone wrong in an experiment.

bats_require_minimum_version 1.5.0
load placement

setup() {
    kills_before=$(kills)
}

teardown() {
    clean_up
    assert_equal "$(kills)" "$kills_before"
}

# vmas - how many mappings the program has.
vmas() {
    wc -l <"/proc/$pid/maps"
}

# end - the puppet ends as it should, its report says what is counted.
end() {
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
}

# leave - the puppet ends as it should, whether it may still write to our pipe or not.
leave() {
    local ear
    exec {ear}<>report {to}>&-
    wait "$pid"
    unset "programs[$pid]"
    exec {from}>&- {ear}>&-
}

@test "first-touch: an array that four threads initialise lies a quarter on each node" {
    policy 'policy = first-touch'
    set_for_test /proc/sys/kernel/numa_balancing 0
    start_puppet
    tell malloc 0 16M
    blocks[0]=$answer
    tell share 0 4
    assert_each assert_even $((2097152 / page)) 0 1 2 3
    end
}

@test "local: an array that four threads initialise lies on the node of the one that allocated it" {
    policy 'policy = local'
    start_puppet
    tell cpu 2
    tell malloc 0 16M
    blocks[0]=$answer
    tell share 0 4
    assert_each assert_only 2
    end
}

@test "first-touch: freed pages go to another thread's node only when it touches them first" {
    policy 'policy = first-touch'
    set_for_test /proc/sys/kernel/numa_balancing 0
    start_puppet
    tell cpu 0
    tell malloc 0 8M
    blocks[0]=$answer
    tell share 0 4
    tell free 0
    tell cpu 3
    tell malloc 0 8M
    blocks[0]=$answer
    tell share 0 4
    assert_each assert_even $((2097152 / page)) 0 1 2 3
}

@test "khugepaged, scanning without pause, leaves interleaved pages where they are" {
    local knobs=/sys/kernel/mm/transparent_hugepage/khugepaged scans tries
    set_for_test $knobs/scan_sleep_millisecs 0
    set_for_test $knobs/alloc_sleep_millisecs 0
    policy 'policy = interleave' 'nodes = 0-3'
    start_puppet
    give 0 32M
    scans=$(cat $knobs/full_scans)
    # Its count stands still while it has nothing that it may join.
    for ((tries = 0; tries < 40; tries++)); do
        [ "$(cat $knobs/full_scans)" -lt $((scans + 3)) ] || break
        sleep 0.1
    done
    assert_each assert_even 1 0 1 2 3
    end
    assert_equal "$(rule .huge_bytes)" 0
}

@test "RLIMIT_AS set while running: the stack grows, mmap works, later blocks are served" {
    policy 'policy = bind' 'nodes = 1'
    start_puppet
    give 0 1M
    tell limit-as 4G
    tell stack 3M
    tell mmap 512M
    tell mmap 1G
    give 1 64M
    give 2 100K
    tell check 0
    assert_each assert_only 1
    hold
    finish
    assert_equal "$status" 0
}

@test "RLIMIT_AS before the start: a small one leaves the program its own address space" {
    policy 'policy = bind' 'nodes = 1'
    before=(prlimit --as=400000000)
    start_puppet
    tell mmap 200M
    ask malloc 0 20M
    [[ $answer == 0x* ]]
    tell write 0
    hold
    finish
    assert_equal "$status" 0
}

@test "RLIMIT_DATA of 256 MiB: many zones do not use it up" {
    policy 'policy = local'
    before=(prlimit --data=268435456)
    start_puppet
    local cpu
    for cpu in 0 1 2 3; do
        tell cpu $cpu
        give $cpu 24M
    done
    give 4 64M
    hold
    finish
    assert_equal "$status" 0
}

@test "overcommit_memory = 2: many zones, a large malloc and a fork fit into what is committed" {
    set_for_test /proc/sys/vm/overcommit_memory 2
    set_for_test /proc/sys/vm/overcommit_ratio 60
    printf '%s\n' '[numaperf]' 'version = 1' >"$BATS_TEST_TMPDIR/policy.ini"
    local class
    for class in 32K-64K 64K-128K 128K-256K 256K-512K 512K-1M 1M-; do
        printf '[malloc.%s]\nsize = %s\npolicy = local\n' "c$class" "$class" >>"$BATS_TEST_TMPDIR/policy.ini"
    done
    start_puppet
    local cpu size
    for cpu in 0 1 2 3; do
        tell cpu $cpu
        for size in 40K 80K 160K 300K 600K 2M; do
            tell malloc 0 $size
            tell write 0
        done
    done
    give 1 300M
    ask child 1M
    assert_equal "$answer" 'exit 0'
    hold
    finish
    assert_equal "$status" 0
}

@test "a request beyond all memory is refused, as it is without a policy" {
    set_for_test /proc/sys/vm/overcommit_memory 0
    local total
    total=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
    for mode in first-touch local; do # beyond memory, but less than a zone
        policy "policy = $mode"
        start_puppet
        ask malloc 0 $((total * 2))M
        assert_equal "$answer" ENOMEM
        give 0 16M
        tell check 0
        leave
    done
}

@test "a core through a pipe holds what is used, not what is reserved" {
    cat >/tmp/core-size <<-'END'
		#!/bin/bash
		wc -c >/tmp/core-bytes.tmp
		mv /tmp/core-bytes.tmp /tmp/core-bytes
	END
    chmod +x /tmp/core-size
    rm -f /tmp/core-bytes
    set_for_test /proc/sys/kernel/core_pattern '|/tmp/core-size'
    policy 'policy = interleave' 'nodes = 0-3'
    start_puppet
    give 0 8M
    echo crash >&"$to"
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [ ! -e /tmp/core-bytes ] || break
        sleep 0.1
    done
    [ "$(cat /tmp/core-bytes)" -lt 40000000 ] || fail "the core has $(cat /tmp/core-bytes) bytes"
    [ "$(cat /tmp/core-bytes)" -gt 8000000 ]
}

@test "mlockall: works without a limit, as root and as a user, and later blocks are served" {
    policy 'policy = bind' 'nodes = 1'
    local user
    for user in 0 1000; do
        before=(prlimit --memlock=unlimited)
        start_puppet
        give 0 1M
        tell user $user
        tell lock
        give 1 8M
        tell check 0
        assert_each assert_only 1
        leave
        [ "$(free_pages 1)" -gt 50000 ]
    done
}

@test "mlockall: a limit of 64 MiB is enough for a program that uses little" {
    policy 'policy = bind' 'nodes = 1'
    before=(prlimit --memlock=67108864)
    start_puppet
    tell user 1000
    give 0 1M
    tell lock
    give 1 4M
    tell check 0
    leave
}

@test "a fragmented heap stays within a bounded number of mappings" {
    policy 'policy = interleave' 'nodes = 0-3'
    start_puppet
    local first
    tell many 0 400 100K
    first=$(vmas)
    tell churn 4000 33K 400K
    [ $(($(vmas) - first)) -lt 20 ] || fail "from $first to $(vmas) mappings"
    end
}

@test "a fragmented heap in hard mode stays within a bounded number of mappings" {
    policy 'policy = bind' 'nodes = 1' 'mode = hard'
    start_puppet
    tell many 0 400 100K
    tell churn 3000 33K 400K
    [ "$(vmas)" -lt 1500 ] || fail "$(vmas) mappings"
    end
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "400 blocks with huge pages, a locked page in each: a bounded number of mappings" {
    policy 'policy = bind' 'nodes = 1' 'huge-pages = thp'
    start_puppet
    tell many 0 400 100K
    local before_lock
    before_lock=$(vmas)
    [ "$before_lock" -lt 100 ]
    tell mlock 0 399
    [ "$(vmas)" -le $((before_lock + 800 + 2)) ]
    end
}

@test "two arrays grown by realloc stay even and cost few mappings" {
    policy 'policy = interleave' 'nodes = 0-3'
    start_puppet
    local first
    give 0 1M
    give 1 1M
    first=$(vmas)
    tell grow 0 1 200M 4M
    tell check 0
    tell check 1
    [ $(($(vmas) - first)) -lt 30 ] || fail "from $first to $(vmas) mappings"
    hold
    count_zones
    assert_only 0 1 2 3
    # A moved array keeps its pages, so its nodes begin elsewhere: even all the same.
    assert_even 64 0 1 2 3
    finish
    assert_agrees
}

@test "THP = always: an almost empty program stays small" {
    set_for_test /sys/kernel/mm/transparent_hugepage/enabled always
    policy 'policy = local'
    local free_before rss_before
    start_puppet
    tell cpu 1
    tell sleep 1
    rss_before=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status")
    free_before=$(free_pages 1)
    give 0 40K
    [ $(($(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status") - rss_before)) -lt 400 ]
    [ $((free_before - $(free_pages 1))) -lt 400 ]
    end
}

@test "a cpuset that changes: what is allocated later follows it, and back again" {
    local group=/sys/fs/cgroup/numaperf-test
    mkdir -p $group
    echo 0-3 >$group/cpuset.mems
    policy 'policy = local'
    start_puppet
    echo "$pid" >$group/cgroup.procs
    tell cpu 1
    give 0 1M
    assert_each assert_only 1
    echo 2-3 >$group/cpuset.mems
    blocks=()
    give 1 64M
    assert_each assert_only 2 3
    tell cpu 3
    blocks=()
    give 2 8M
    assert_each assert_only 3
    echo 0-3 >$group/cpuset.mems
    tell cpu 1
    blocks=()
    give 3 100M
    assert_each assert_only 1
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
}

@test "the program's own mbind is respected while the block lives and put right afterwards" {
    policy 'policy = bind' 'nodes = 1'
    start_puppet
    give 9 64K # what libc used before main, and freed
    local call name=0
    for call in mbind raw-mbind; do
        blocks=()
        tell malloc $name 1M
        blocks[name]=$answer
        tell $call $name 3
        tell write $name
        assert_each assert_only 3
        tell free $name
        give $name 1M
        assert_each assert_only 1
        name=$((name + 1))
    done
    end
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "pages that are only read are absent, in the report too" {
    policy 'policy = bind' 'nodes = 3'
    start_puppet
    give 9 64K # what libc used before main, and freed
    tell malloc 0 1M
    blocks[0]=$answer
    ask read 0
    assert_equal "$answer" 0
    # shellcheck disable=SC2086 # a pair of numbers
    count ${blocks[0]}
    assert_equal "$present" 0
    end
    [ "$(rule '.pages["3"]')" -lt 32 ]
}

@test "only zones that are used cost an mbind" {
    policy 'policy = local'
    cd "$BATS_TEST_TMPDIR" || return
    export NUMAPERF_CONFIG=policy.ini
    local preload=LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so
    strace -f -e trace=mbind -o none env "$preload" true
    run ! grep 'PREFERRED' none
    printf 'malloc 0 1M\nmalloc 1 2M\nmalloc 2 100K\n' |
        taskset -c 2 strace -f -e trace=mbind -o one -E "$preload" "$progs/puppet"
    # One for the zone, and one for the tables beside it.
    assert_equal "$(grep -c 'PREFERRED' one)" 2
}
