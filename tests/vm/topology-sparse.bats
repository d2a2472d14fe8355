#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf topology on a machine whose node ids have a gap.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
}

@test "ids with a gap are shown as they are" {
    run -0 "$numaperf" topology
    assert_line --regexp '^ +node +0 +2$'
    assert_line --regexp '^ +2 +21 +10$'
}
