#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf topology on a machine with pools of explicit huge pages.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
}

@test "pools of explicit huge pages, both sizes, total and free" {
    assert_equal "$("$numaperf" topology --json | jq -c '.nodes[0].huge_pages | map([.page_bytes, .total, .free])')" \
        "[[2097152,64,64],[1073741824,2,2]]"
    run -0 "$numaperf" topology
    assert_line --regexp '^ +0 +2\.0 MiB +64 +64 +128 MiB$'
}
