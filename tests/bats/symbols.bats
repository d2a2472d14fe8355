#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the shim shows to the linker, and what it needs.

setup() {
    load helper
    requires nm readelf
}

@test "the shim exports the functions that it interposes and its version, nothing else" {
    run -0 nm -D --defined-only "$numaperf_preload"
    names=$(awk '{ print $3 }' <<<"$output" | LC_ALL=C sort)
    assert_equal "$names" "$(cat "$NUMAPERF_ROOT/tests/data/exports.txt")"
}

@test "each of them is code, under the name that programs call" {
    # With meson's 64-bit file offsets a definition of setrlimit would come out as setrlimit64.
    run -0 nm -D --defined-only "$numaperf_preload"
    refute_line --regexp '^[0-9a-f]+ [^T] '
    assert_line --regexp ' T setrlimit$'
    assert_line --regexp ' T setrlimit64$'
}

@test "the shim needs the C library alone" {
    run -0 readelf -dW "$numaperf_preload"
    needed=$(awk '/NEEDED/ { gsub(/[][]/, "", $NF); print $NF }' <<<"$output" | grep -v '^ld-linux' || true)
    assert_equal "$needed" libc.so.6
}

@test "the shim is initialised first, bound at start and never unloaded" {
    run -0 readelf -dW "$numaperf_preload"
    assert_line --regexp 'FLAGS_1.*NOW.*NODELETE.*INITFIRST'
}

@test "thread-local storage is below 256 bytes and of the initial-exec kind" {
    run -0 readelf -lW "$numaperf_preload"
    size=$(awk '$1 == "TLS" { print $6 }' <<<"$output")
    ((${size:-0} < 256))
    run -0 readelf -rW "$numaperf_preload"
    refute_line --partial DTPMOD
}

@test "only next.c asks the dynamic linker" {
    run -0 grep -l -E 'dlsym|dlvsym' -r "$NUMAPERF_ROOT/preload" "$NUMAPERF_ROOT/core" --include '*.c'
    assert_output --regexp '(^|/)preload/next\.c$'
    run -0 nm -D --undefined-only "$numaperf_preload"
    assert_line --partial ' dlsym@'
    refute_output --regexp ' (dlopen|dlmopen|dlvsym|dladdr)@'
}

@test "the shim uses no stdio" {
    run -0 nm -D --undefined-only "$numaperf_preload"
    refute_output --regexp ' (f?printf|fputs|puts|fwrite|snprintf|vsnprintf|fopen)@'
}
