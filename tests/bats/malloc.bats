#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The malloc family keeps libc's contract under every policy, beside every other allocator, and across fork.

setup() {
    load helper
    requires "$progs/sweep"
}

classes() {
    policy classes "$@" \
        '[malloc.small]' 'size = 32K-128K' 'policy = local' \
        '[malloc.medium]' 'size = 128K-1M' 'policy = interleave' 'nodes = all' \
        '[malloc.large]' 'size = 1M-' 'policy = bind' 'nodes = all'
}

one_class() {
    policy one '[malloc.every]' 'size = 32K-' "policy = $1" "${@:2}"
}

# sweeps [VARIABLE=VALUE...]: all checks hold, and nothing else is said.
sweeps() {
    run -0 --separate-stderr placed "$@" "$progs/sweep" "$progs/late.so"
    assert_output --regexp '^[0-9]+ checks, 0 failed$'
    assert_equal "$stderr" ""
}

@test "the sweep holds without the shim" {
    run -0 "$progs/sweep" "$progs/late.so"
    assert_output --partial ", 0 failed"
}

@test "the contract holds under the built-in policy" {
    sweeps NUMAPERF_CONFIG=
}

@test "the contract holds with NUMAPERF_DISABLE" {
    sweeps NUMAPERF_DISABLE=1 NUMAPERF_CONFIG="$(policy broken nonsense)"
}

@test "the contract holds across three classes" {
    sweeps NUMAPERF_CONFIG="$(classes)"
}

@test "the contract holds across three classes in hard mode" {
    sweeps NUMAPERF_CONFIG="$(classes 'mode = hard')"
}

@test "the contract holds when one class takes every size that it may" {
    for mode in first-touch local; do
        sweeps NUMAPERF_CONFIG="$(one_class $mode)"
    done
    for mode in bind interleave preferred-many weighted-interleave; do
        sweeps NUMAPERF_CONFIG="$(one_class $mode 'nodes = all')"
    done
    sweeps NUMAPERF_CONFIG="$(one_class preferred "nodes = $(first_node)")"
}

first_node() {
    local path
    path=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | sort -V | head -n 1)
    echo "${path##*/node}"
}

@test "the contract holds with huge pages and prefault" {
    for huge in never thp 2M; do
        sweeps NUMAPERF_CONFIG="$(one_class local "huge-pages = $huge" 'prefault = touch')"
    done
}

@test "the contract holds with an invalid file, which is said in one line" {
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$(policy broken nonsense)" "$progs/sweep" "$progs/late.so"
    assert_output --partial ", 0 failed"
    assert_equal "${#stderr_lines[@]}" 1
}

@test "blocks of a constructor that runs around ours are ours or the next malloc's, never lost" {
    behind=$progs/early.so sweeps NUMAPERF_CONFIG="$(classes)"
    run -0 --separate-stderr env LD_PRELOAD="$progs/early.so:$numaperf_preload" NUMAPERF_CONFIG="$(classes)" \
        "$progs/sweep" "$progs/late.so"
    assert_output --partial ", 0 failed"
    assert_equal "$stderr" ""
}

jemalloc() {
    local path
    path=$(find /usr/lib /usr/lib64 -name 'libjemalloc.so.2' 2>/dev/null | head -n 1)
    [ -n "$path" ] || skip_or_fail "needs libjemalloc.so.2"
    echo "$path"
}

@test "jemalloc behind the shim is the next malloc" {
    jemalloc=$(jemalloc)
    for config in "" "$(classes)"; do
        behind=$jemalloc sweeps NUMAPERF_CONFIG="$config"
        behind=$jemalloc:$progs/early.so sweeps NUMAPERF_CONFIG="$config"
    done
}

@test "jemalloc in front of the shim gets its own blocks back" {
    jemalloc=$(jemalloc)
    run -0 --separate-stderr env LD_PRELOAD="$jemalloc:$numaperf_preload" NUMAPERF_CONFIG="$(classes)" \
        "$progs/sweep" "$progs/late.so"
    assert_output --partial ", 0 failed"
    assert_equal "$stderr" ""
}

@test "a process with allocating threads forks a hundred times" {
    for config in "" "$(classes)" "$(one_class local 'mode = hard')"; do
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" "$progs/forks" 100
        assert_output --partial ", 0 failed"
        assert_equal "$stderr" ""
    done
}

@test "fork handlers of other libraries may allocate" {
    for order in "$numaperf_preload:$progs/early.so" "$progs/early.so:$numaperf_preload"; do
        run -0 --separate-stderr env LD_PRELOAD="$order" NUMAPERF_CONFIG="$(classes)" "$progs/forks" 50
        assert_output --partial ", 0 failed"
        assert_equal "$stderr" ""
    done
}

@test "a block freed twice ends the program with one line" {
    requires "$progs/misuse"
    for way in twice inside; do
        run --separate-stderr placed NUMAPERF_CONFIG="$(classes)" "$progs/misuse" "$way"
        assert_equal "$status" 134
        assert_equal "${#stderr_lines[@]}" 1
        assert_regex "$stderr" '^numaperf: '
    done
}
