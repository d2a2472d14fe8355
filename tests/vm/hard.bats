#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Hard mode: what cannot be had is refused with ENOMEM, nothing is misplaced, and nobody is killed.

bats_require_minimum_version 1.5.0

load placement

setup() {
    kills_before=$(kills)
}

teardown() {
    clean_up
    assert_equal "$(kills)" "$kills_before"
}

hard_bind() {
    policy 'policy = bind' "nodes = $1" 'mode = hard'
}

# close_strict - the puppet ends; its pages are all on the node, and the report says so and strict.
close_strict() {
    hold
    count_zones
    assert_only "$@"
    finish
    [ "$status" -eq 0 ]
    assert_agrees
    assert_equal "$(rule .misplaced_pages)" 0
    assert_equal "$(rule .enforcement)" strict
    assert_equal "$(rule .reason)" ''
}

@test "a full node: malloc answers ENOMEM, the program lives and its blocks stay" {
    hard_bind 3
    start_puppet
    give 0 1M
    ask fill 8M
    [[ $answer == *' ENOMEM' ]]
    [ "${answer% *}" -gt 300000000 ]
    tell check 0
    ask malloc 1 64M
    assert_equal "$answer" ENOMEM
    tell free 0
    give 2 1M
    close_strict 3
    [ "$(rule .errors.ENOMEM)" -gt 0 ]
}

@test "a full node: realloc answers ENOMEM and leaves the block as it was" {
    hard_bind 1
    start_puppet
    give 0 2M
    ask fill 4M
    ask realloc 0 200M
    assert_equal "$answer" ENOMEM
    tell check 0
    close_strict 1
}

@test "a node full of page cache still serves" {
    echo 3 >/proc/sys/vm/drop_caches
    numactl --membind=2 cat /dev/vda >/dev/null
    find /usr -xdev -type f -print0 | xargs -0 numactl --membind=2 cat >/dev/null
    [ "$(free_pages 2)" -lt $((150 * 1048576 / page)) ] || fail "still $(free_pages 2) pages free"
    hard_bind 2
    start_puppet
    give 0 300M
    tell check 0
    close_strict 2
}

@test "two programs compete for a node: both get ENOMEM in the end, no page is misplaced" {
    hard_bind 1
    start_puppet
    local first=$pid
    start_puppet
    local second=$pid
    echo fill 4M >&"$to"
    switch_to "$first"
    ask fill 4M
    [[ $answer == *' ENOMEM' ]]
    switch_to "$second"
    hear
    [[ $answer == *' ENOMEM' ]]
    switch_to "$first"
    close_strict 1
    switch_to "$second"
    close_strict 1
}

@test "pages that were given back are committed again before a block is handed out" {
    hard_bind 2
    start_puppet
    give 0 160M
    count_zones
    local full=$present
    tell free 0
    count_zones
    [ "$present" -lt "$full" ]
    give 0 160M
    assert_each assert_only 2
    close_strict 2
}

@test "pages that were given back and that somebody else has now: ENOMEM, or none is missing" {
    hard_bind 2
    start_puppet
    local program=$pid
    give 0 200M
    tell free 0
    start_puppet
    local other=$pid
    ask fill 4M
    switch_to "$program"
    ask malloc 0 200M
    assert_equal "$answer" ENOMEM
    give 1 1M
    close_strict 2
    switch_to "$other"
    close_strict 2
}

@test "fork when the node is full: parent and child live, and what had to go elsewhere is reported" {
    hard_bind 3
    start_puppet
    give 0 64M
    ask fill 4M
    ask fork 0
    assert_equal "$answer" 'exit 0'
    tell check 0
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
    assert_equal "$(rule .misplaced_pages)" $((present - on[3]))
    [ "$(rule .misplaced_pages)" -eq 0 ] || [ "$(rule .enforcement)" = best-effort ]
}

@test "a forked child's own allocations are held to the node" {
    hard_bind 1
    start_puppet
    give 0 8M
    ask child 16M
    assert_equal "$answer" 'exit 0'
    ask fill 4M
    ask child 64M
    assert_equal "$answer" 'exit 1'
    hold
}

@test "local: each CPU's blocks are on its node, and a full node answers ENOMEM" {
    policy 'policy = local' 'mode = hard'
    start_puppet
    local cpu
    for cpu in 0 1 2 3; do
        tell cpu $cpu
        blocks=()
        give $cpu 5M
        assert_each assert_only $cpu
    done
    ask fill 8M
    [[ $answer == *' ENOMEM' ]]
    hold
    count_zones
    finish
    assert_agrees
    assert_equal "$(rule .misplaced_pages)" 0
    assert_equal "$(rule .enforcement)" strict
}

@test "an absent node: numaperf run refuses to start the program" {
    hard_bind 1,9
    run -125 "$numaperf" run -c "$BATS_TEST_TMPDIR/policy.ini" -- echo started
    refute_output --partial started
    assert_equal "${#lines[@]}" 1
    assert_line --partial malloc.large
}

@test "an absent node under LD_PRELOAD: one error line, ENOMEM for the rule, the program lives" {
    hard_bind 1,9
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' 'malloc 0 1M' 'malloc 1 1K' 'calloc 2 64K' 'realloc 1 1M' |
        NUMAPERF_CONFIG=policy.ini NUMAPERF_REPORT=report LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
            "$progs/puppet" >output 2>errors
    run cat output
    assert_line --index 0 ENOMEM
    assert_line --index 1 --partial ' 1024'
    assert_line --index 2 ENOMEM
    assert_line --index 3 ENOMEM
    run cat errors
    assert_equal "${#lines[@]}" 1
    report=$(cat report)
    assert_equal "$(rule .enforcement)" none
}
