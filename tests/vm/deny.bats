#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Kernels and sandboxes that refuse: the program's output is what it is without numaperf, and the report says why its
# memory is not placed.

bats_require_minimum_version 1.5.0
load placement

deny=$NUMAPERF_BUILD/tests/progs/deny
program=(sh -c 'sort -S 40M | sha256sum')

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    seq 100000 -1 1 >numbers
    "${program[@]}" <numbers >expected 2>&1
    policy 'policy = interleave' 'nodes = 0-3'
}

# same WRAPPER... - the program, under the wrapper, says the same as without numaperf. Its report is in $report.
same() {
    rm -f report-sort
    NUMAPERF_CONFIG=policy.ini NUMAPERF_REPORT="report-%n" LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        "$@" "${program[@]}" <numbers >output 2>&1
    cmp expected output
    report=$(cat report-sort)
}

@test "without a refusal: placed" {
    same env
    assert_equal "$(rule .enforcement)" best-effort
    [ "$(rule '.pages | length')" -eq 4 ]
}

@test "mbind: EPERM, ENOSYS and EINVAL are none, with the error's name" {
    local error
    for error in EPERM ENOSYS EINVAL; do
        same "$deny" $error mbind --
        assert_equal "$(rule .enforcement)" none
        assert_regex "$(rule .reason)" 'mbind'
        [ "$(rule ".errors.$error")" -gt 0 ]
        [ "$(rule .allocations)" -gt 0 ]
    done
}

@test "move_pages: EPERM and ENOSYS leave the placement, and the report says that it cannot be checked" {
    local error
    for error in EPERM ENOSYS; do
        same "$deny" $error move_pages --
        assert_equal "$(rule .enforcement)" best-effort
        assert_regex "$(rule .reason)" 'where the pages are'
        assert_equal "$(rule .pages)" '{}'
    done
}

@test "get_mempolicy and set_mempolicy: EPERM and ENOSYS change nothing for the program" {
    local error call
    for error in EPERM ENOSYS; do
        for call in get_mempolicy set_mempolicy; do
            same "$deny" $error $call --
            [ "$(rule .allocations)" -gt 0 ]
        done
    done
}

@test "all calls at once, as in a container without CAP_SYS_NICE" {
    same "$deny" EPERM mbind set_mempolicy get_mempolicy move_pages --
    assert_equal "$(rule .enforcement)" none
    [ "$(rule .errors.EPERM)" -gt 0 ]
}

@test "a kernel without preferred-many: bind on several nodes is placed all the same" {
    policy 'policy = bind' 'nodes = 1,3'
    same "$deny" EINVAL mbind:5 --
    assert_equal "$(rule .enforcement)" best-effort
    assert_equal "$(rule .misplaced_pages)" 0
    [ "$(rule '[.pages[]] | add')" -gt 0 ]
}

@test "no explicit huge pages: transparent ones instead, with the reason" {
    policy 'policy = bind' 'nodes = 1' 'huge-pages = 2M'
    same env
    assert_equal "$(rule .enforcement)" best-effort
    assert_regex "$(rule .reason)" 'huge pages of 2048 kB'
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "no /sys: the program's output is the same" {
    NUMAPERF_CONFIG=policy.ini LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        unshare --mount sh -c 'mount -t tmpfs none /sys && exec "$@"' sh "${program[@]}" <numbers >output 2>errors
    cmp expected output
    [ "$(wc -l <errors)" -le 4 ]
}

@test "a tiny RLIMIT_AS: the next malloc serves, with the reason" {
    same prlimit --as=120000000
    [ "$(rule .enforcement)" != strict ]
    [ "$(rule .passed_on)" -gt 0 ]
    [ -n "$(rule .reason)" ]
}
