#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Words that name nodes by what they are, where ids have a gap.

bats_require_minimum_version 1.5.0
load words

setup() {
    on_machine sparse
}

teardown() {
    clean_up
}

@test "words name the nodes that there are" {
    interleaved dram 0 2
    interleaved 'all,!largest' $((2 - $(largest)))
}

@test "a rank is a place in the list, not an id" {
    before=(env SLURM_LOCALID=1)
    counted_under 'policy = bind' 'nodes = rank'
    assert_equal "$(rule '.nodes | tostring')" '[2]'
    assert_equal "$(rule '.pages | keys | tostring')" '["2"]'
}
