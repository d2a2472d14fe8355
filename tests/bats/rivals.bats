#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Others in the process that serve malloc: debuggers get every block, allocators in front come first; the report says so.

setup() {
    load helper
    requires jq
    cd "$BATS_TEST_TMPDIR" || return
    every=$(policy every '[malloc.small]' 'size = 0-1K' 'policy = interleave' 'nodes = all' \
        '[malloc.large]' 'size = 1K-' 'policy = local')
}

# resident [VARIABLE=VALUE...] COMMAND...: runs it, which succeeds, with a report.
resident() {
    run -0 --separate-stderr env NUMAPERF_CONFIG="$every" NUMAPERF_REPORT='report-%n.json' "$@"
    assert_output --partial ', 0 failed'
}

# finds MESSAGE COMMAND...: the debugger ends the program, or lets it go on, with this message.
finds() {
    run env NUMAPERF_CONFIG="$every" "${@:2}"
    assert_output --partial "$1"
}

# classes_are ENFORCEMENT ALLOCATIONS REASON PROGRAM: both classes are reported so; ALLOCATIONS is none or some.
classes_are() {
    run -0 field '.rules[] | "\(.enforcement) \(if .allocations > 0 then "some" else "none" end) \(.reason)"' \
        "report-$4.json"
    assert_output "$(printf '%s\n' "$1 $2 $3" "$1 $2 $3")"
}

@test "without another the classes serve" {
    resident LD_PRELOAD="$numaperf_preload" "$progs/resident"
    assert_equal "$stderr" ''
    classes_are best-effort some 'the kernel may spill' resident
}

@test "a program at a fixed address that takes the address of malloc has no allocator in front" {
    requires /usr/bin/python3
    run -0 env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG="$every" NUMAPERF_REPORT='report-%n.json' \
        /usr/bin/python3 -c 'pass'
    classes_are best-effort some 'the kernel may spill' python3
}

@test "AddressSanitizer keeps every block, behind us and in front" {
    requires "$progs/resident_address"
    export ASAN_OPTIONS=verify_asan_link_order=0
    ours='AddressSanitizer serves malloc in this process'
    # gcc links its run-time library, clang builds it in.
    asan=$(ldd "$progs/resident_address" | awk '/libasan/ { print $3 }')
    for order in "$numaperf_preload" ${asan:+"$asan:$numaperf_preload"}; do
        resident LD_PRELOAD="$order" "$progs/resident_address"
        assert_equal "$stderr" ''
        classes_are none none "$ours" resident_address
        finds 'heap-buffer-overflow' LD_PRELOAD="$order" "$progs/resident_address" overrun
    done
}

@test "ThreadSanitizer and LeakSanitizer keep every block" {
    for which in thread:ThreadSanitizer leak:LeakSanitizer; do
        program=$progs/resident_${which%:*}
        requires "$program"
        # The shadow memory has a fixed place, which the address randomisation of some kernels hits.
        resident LD_PRELOAD="$numaperf_preload" setarch "$(uname -m)" -R "$program"
        assert_equal "$stderr" ''
        classes_are none none "${which#*:} serves malloc in this process" "resident_${which%:*}"
    done
    finds 'detected memory leaks' LD_PRELOAD="$numaperf_preload" "$program" leak
}

@test "a hard class cannot be had under a debugger, which is one line" {
    requires "$progs/resident_leak"
    file=$(policy hard '[malloc.a]' 'size = 1G-' 'policy = bind' 'nodes = 0' 'mode = hard')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/resident_leak"
    assert_equal "$stderr" "numaperf: $file:3: malloc.a.mode: LeakSanitizer serves malloc in this process"
}

@test "valgrind keeps every block" {
    requires valgrind
    resident LD_PRELOAD="$numaperf_preload" valgrind -q "$progs/resident"
    assert_equal "$stderr" ''
    classes_are none none 'valgrind serves malloc in this process' resident
    finds 'Invalid write of size 1' LD_PRELOAD="$numaperf_preload" valgrind -q "$progs/resident" overrun
}

@test "heaptrack counts the blocks, and the classes serve behind it" {
    requires heaptrack
    resident LD_PRELOAD="$numaperf_preload" heaptrack -o counted "$progs/resident"
    assert_regex "$stderr" 'allocations:[[:space:]]+[0-9]{4}'
    classes_are best-effort some 'only what the malloc of libheaptrack_preload.so passes on is placed' resident
}

@test "an allocator in front comes first, one behind serves what is left" {
    for name in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2.0; do
        library=$(find /usr/lib /usr/lib64 -name $name 2>/dev/null | head -n 1)
        [ -n "$library" ] || skip_or_fail "needs $name"
        resident LD_PRELOAD="$library:$numaperf_preload" "$progs/resident"
        assert_equal "$stderr" ''
        classes_are best-effort none "only what the malloc of $name passes on is placed" resident
        resident LD_PRELOAD="$numaperf_preload:$library" "$progs/resident"
        assert_equal "$stderr" ''
        classes_are best-effort some 'the kernel may spill' resident
    done
}

@test "a library that is opened with RTLD_DEEPBIND gets along with the program's blocks" {
    mkdir plugins
    cp "$progs/plugin.so" .
    cp "$progs/plugin.so" plugins/inner.so
    resident LD_PRELOAD="$numaperf_preload" "$progs/host" ./plugin.so inner.so
    assert_equal "$stderr" ''
    classes_are best-effort some 'the kernel may spill' host
    resident LD_PRELOAD="$numaperf_preload" NUMAPERF_LOG=warn "$progs/host" ./plugin.so inner.so
    assert_equal "$stderr" "$(printf 'numaperf: %s is opened without RTLD_DEEPBIND\n' ./plugin.so 'the program')"
    resident LD_PRELOAD="$numaperf_preload" NUMAPERF_LOG=warn NUMAPERF_DISABLE=1 "$progs/host" ./plugin.so inner.so
    assert_equal "$stderr" ''
}

@test "a program with an allocator inside keeps its blocks" {
    resident LD_PRELOAD="$numaperf_preload" "$progs/resident_own"
    assert_equal "$stderr" ''
    classes_are best-effort none 'only what the malloc of resident_own passes on is placed' resident_own
}
