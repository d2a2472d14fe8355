#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The examples of docs/examples, on four nodes: while each waits for its reader, its pages are counted from outside.

bats_require_minimum_version 1.5.0

load region

examples=$NUMAPERF_BUILD/docs/examples/example

teardown() {
    clean_up
}

# hear_buffer - the program's next line that tells of a buffer: it is counted.
hear_buffer() {
    while hear && [[ $answer != *' bytes at 0x'* ]]; do
        :
    done
    count "${answer##* }" "$(grep -oE '[0-9]+ bytes' <<<"$answer" | cut -d ' ' -f 1)"
    assert_equal "$absent" 0
}

@test "per-node buffers: each on its node" {
    start "$examples-per-node-buffers"
    local node
    for node in 0 1 2 3; do
        hear_buffer
        assert_regex "$answer" "^node $node:"
        assert_equal "$present" "$(pages 4)"
        assert_only $node
    done
    quit
}

@test "per-node buffers in a cpuset: those of the nodes that are allowed" {
    start sh -c "read -r _ && exec $examples-per-node-buffers"
    cgroup some cpuset.mems=1,3
    echo >&"$to"
    hear_buffer
    assert_only 1
    hear_buffer
    assert_only 3
    quit
}

@test "a large shared buffer: interleaved over all nodes" {
    start "$examples-shared-buffer"
    hear_buffer
    assert_even 0 0 1 2 3
    assert_equal "$present" "$(pages 64)"
    quit
}

@test "pin, then allocate: each buffer near its thread" {
    start "$examples-pin-then-allocate"
    local node
    for node in 0 1 2 3; do
        hear_buffer
        assert_only $node
        assert_equal "$(taskset -cp "$pid" | sed 's/.*: //')" $node
        echo >&"$to"
    done
    quit
}

@test "enforcement: all nodes, some, none" {
    start "$examples-enforcement" 1-2
    hear
    assert_regex "$answer" '^best-effort: the kernel may spill'
    hear_buffer
    assert_only 1 2
    quit
    start "$examples-enforcement" 2,7
    hear
    assert_regex "$answer" '^best-effort: node 7 does not exist'
    hear_buffer
    assert_only 2
    quit
    start "$examples-enforcement" 7
    hear
    assert_regex "$answer" '^none: node 7 does not exist'
    quit
}

@test "hard mode: strict, or refused when the node cannot hold it" {
    local before_kills
    before_kills=$(kills)
    start "$examples-hard-mode" 100
    hear_buffer
    assert_regex "$answer" '^strict'
    assert_only 0
    quit
    run -1 "$examples-hard-mode" 1000
    assert_output --partial 'refused'
    assert_equal "$(kills)" "$before_kills"
}
