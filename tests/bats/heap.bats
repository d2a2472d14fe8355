#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The heap under programs that are hard on an allocator, on a machine with whatever nodes it has.

setup() {
    load helper
    requires "$progs/../heap/heap_native"
    native=$progs/../heap/heap_native
    report=$BATS_TEST_TMPDIR/report.json
    every_kind=$(policy kinds \
        '[malloc.first]' 'size = 32K-64K' 'policy = first-touch' \
        '[malloc.local]' 'size = 64K-128K' 'policy = local' \
        '[malloc.soft]' 'size = 128K-256K' 'policy = bind' 'nodes = 0' \
        '[malloc.hard]' 'size = 256K-1M' 'policy = bind' 'nodes = 0' 'mode = hard' \
        '[malloc.interleave]' 'size = 1M-2M' 'policy = interleave' 'nodes = all' \
        '[malloc.weighted]' 'size = 2M-8M' 'policy = weighted-interleave' 'nodes = 0*3' \
        '[malloc.huge]' 'size = 8M-32M' 'policy = preferred' 'nodes = 0' 'huge-pages = thp' \
        '[malloc.large]' 'size = 32M-' 'policy = first-touch')
}

one_class() {
    policy one '[malloc.every]' 'size = 32K-' "policy = $1" "${@:2}"
}

# quiet COMMAND...: it succeeds and says nothing.
quiet() {
    run -0 --separate-stderr "$@"
    assert_output ''
    assert_equal "$stderr" ''
}

@test "two arrays grow to 512 MiB side by side" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" arrays
    quiet placed NUMAPERF_CONFIG="$(one_class bind 'nodes = 0' 'mode = hard')" "$native" arrays
    quiet placed NUMAPERF_CONFIG="$(one_class preferred 'nodes = 0' 'huge-pages = thp')" "$native" arrays
}

@test "four allocating threads stand 300 forks" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" storm
}

@test "posix_spawn and vfork leave the heap alone" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" spawn
}

@test "threads with the least stack allocate large blocks" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" stacks
    quiet placed NUMAPERF_CONFIG= "$native" stacks
}

@test "threads allocate in their last destructors" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" exits
}

@test "signals interrupt malloc wherever it is" {
    quiet placed NUMAPERF_CONFIG="$every_kind" "$native" signals
    quiet placed NUMAPERF_CONFIG= "$native" signals
    quiet placed NUMAPERF_CONFIG="$(one_class bind 'nodes = 0' 'mode = hard')" "$native" signals
}

@test "random operations of threads that end and fork keep every block's contents" {
    stress=$progs/../heap/heap_stress_native
    small=$(policy small \
        '[malloc.bound]' 'size = 0-100' 'policy = bind' 'nodes = 0' 'mode = hard' \
        '[malloc.turns]' 'size = 100-3000' 'policy = interleave' 'nodes = all' \
        '[malloc.local]' 'size = 3000-10000' 'policy = local' 'mode = hard' \
        '[malloc.weighted]' 'size = 10000-' 'policy = weighted-interleave' 'nodes = 0*3')
    for config in '' "$small" "$every_kind"; do
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" "$stress" -n 2000 -s $((++seed))
        assert_equal "$stderr" ''
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" "$stress" -n 30000 -s $((++seed)) -k
        assert_equal "$stderr" ''
    done
}

@test "sixty classes are as good as one" {
    lines=()
    for ((i = 0; i < 60; i++)); do
        lines+=("[malloc.c$i]" "size = $((32 + i * 32))K-$((64 + i * 32))K" 'policy = interleave' 'nodes = all')
    done
    quiet placed NUMAPERF_CONFIG="$(policy sixty "${lines[@]}")" NUMAPERF_REPORT="$report" "$native" some
    quiet placed NUMAPERF_CONFIG="$(policy sixty "${lines[@]}")" "$native" spawn
}

@test "a limited address space leaves room for the program's own mappings" {
    quiet bash -c 'ulimit -v 400000 && exec "$@"' - \
        env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG="$(one_class local)" "$native" mapping
}

@test "under a tiny address space the next malloc serves, and the report says so" {
    quiet bash -c 'ulimit -v 200000 && exec "$@"' - \
        env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG="$(one_class local)" NUMAPERF_REPORT="$report" "$native" some
    assert_equal "$(jq -r '.. | objects | select(.section? == "malloc.every") | .enforcement // empty' "$report" | head -n 1)" none
    run -0 jq -c . "$report"
    assert_output --partial 'next malloc'
}

@test "a limited data segment is shared with the program" {
    for limit in 100000 400000 2000000; do
        quiet bash -c 'ulimit -d "$1" && exec "${@:2}"' - "$limit" \
            env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG="$(one_class local)" "$native" exits
    done
}

@test "when threads have ended and all is freed, a trim leaves a twentieth of it at most" {
    for config in '' "$(policy own '[malloc.every]' 'size = 0-' 'policy = local')" \
        "$(policy spread '[malloc.every]' 'size = 0-' 'policy = interleave' 'nodes = all')"; do
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" "$progs/tides" 192
        assert_equal "$stderr" ''
        read -r _ most rest <<<"${lines[0]}"
        ((most > 192 * 1024 && rest * 20 <= most)) || fail "of $most KiB $rest stay"
    done
}
