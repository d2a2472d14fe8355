#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What `meson install` leaves behind, as a packager and as a programmer would use it.

bats_require_minimum_version 1.5.0

setup_file() {
    export STAGED=$BATS_FILE_TMPDIR/root
    DESTDIR=$STAGED meson install --no-rebuild -C "${NUMAPERF_BUILD:?the build folder}" >"$BATS_FILE_TMPDIR/log" 2>&1 ||
        { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
    PC=$(find "$STAGED" -name numaperf.pc)
    LIBDIR=$(dirname "$(find "$STAGED" -name libnumaperf_preload.so)")
    BIN=$(dirname "$(find "$STAGED" -type f -name numaperf -perm -u+x)")
    export PC LIBDIR BIN
}

setup() {
    bats_load_library bats-support
    bats_load_library bats-assert
    PKG_CONFIG_PATH=$(dirname "$PC")
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$STAGED LD_LIBRARY_PATH=$LIBDIR
}

# compile COMPILER SOURCE OPTION... - against what pkg-config says.
compile() {
    local flags
    read -ra flags <<<"$(pkg-config --cflags --libs numaperf)"
    "$1" "${@:3}" -Wall -Wextra -Wpedantic -Werror -o "$BATS_TEST_TMPDIR/consumer" \
        "$2" "${flags[@]}"
}

@test "the library, the shim, the command, the header and the pkg-config file are installed" {
    assert [ -e "$LIBDIR/libnumaperf.so" ]
    assert [ -e "$LIBDIR/libnumaperf_preload.so" ]
    assert [ -x "$BIN/numaperf" ]
    assert [ -f "$(find "$STAGED" -name numaperf.h)" ]
    assert [ -f "$PC" ]
}

@test "manual pages, the completion and the snippets for services, jobs and containers are installed" {
    for file in man1/numaperf.1 man5/numaperf.ini.5 man7/libnumaperf_preload.7 completions/numaperf packaging/numaperf.conf \
        packaging/slurm-job packaging/containers.md; do
        assert [ -f "$(find "$STAGED" -path "*/$file*")" ]
    done
}

@test "the example policies are installed as they are in the tree" {
    run -0 find "$STAGED" -path '*/share/numaperf/examples/*.ini'
    mapfile -t installed < <(printf '%s\n' "${lines[@]##*/}" | sort)
    mapfile -t written < <(basename -a "$BATS_TEST_DIRNAME"/../../config/examples/*.ini | sort)
    assert_equal "${installed[*]}" "${written[*]}"
    for file in "${lines[@]}"; do
        diff "$file" "$BATS_TEST_DIRNAME/../../config/examples/$(basename "$file")"
    done
}

@test "nothing else of the build is installed" {
    run -0 find "$STAGED" \( -name '*.a' -o -name 'test*' -o -name '*.bats' \)
    assert_output ''
}

@test "pkg-config knows the version that the header's function tells" {
    compile cc "$BATS_TEST_DIRNAME/consumer.c"
    run -0 "$BATS_TEST_TMPDIR/consumer"
    assert_output --partial "numaperf $(pkg-config --modversion numaperf):"
}

@test "a C program builds against the installed library and runs" {
    compile cc "$BATS_TEST_DIRNAME/consumer.c" -std=c11
    run -0 "$BATS_TEST_TMPDIR/consumer"
    assert_output --partial 'a set reads 0-2,5'
}

@test "the program in the README builds against the installed library and runs" {
    readme=$(find "$STAGED" -path '*/doc/numaperf/README.md')
    awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$readme" >"$BATS_TEST_TMPDIR/program.c"
    compile cc "$BATS_TEST_TMPDIR/program.c" -std=c11
    run -0 "$BATS_TEST_TMPDIR/consumer"
}

@test "a C++ program builds against the installed library and runs" {
    compile g++ "$BATS_TEST_DIRNAME/consumer.cc" -std=c++17
    run -0 "$BATS_TEST_TMPDIR/consumer"
    assert_output --partial '1 node in the set'
}

@test "a C program uses regions and pins without a warning in any dialect" {
    local dialect
    for dialect in c99 c11 gnu17; do
        compile cc "$BATS_TEST_DIRNAME/regions.c" -std=$dialect
        run -0 "$BATS_TEST_TMPDIR/consumer"
        assert_output --regexp '^region: [1-9][0-9]* pages, .'
    done
}

@test "a C++ program uses regions and pins without a warning in any dialect" {
    local dialect
    for dialect in c++11 c++17 gnu++20; do
        compile g++ "$BATS_TEST_DIRNAME/regions.cc" -std=$dialect
        run -0 "$BATS_TEST_TMPDIR/consumer"
        assert_output --regexp '^enforcement [12]: .'
    done
}

@test "the installed examples build against the installed library and run" {
    local example examples
    examples=$(find "$STAGED" -path '*/doc/numaperf/examples/*.c')
    assert_equal "$(wc -l <<<"$examples")" 5
    for example in $examples; do
        cp "$example" "$BATS_TEST_TMPDIR/example.c"
        read -ra flags <<<"$(pkg-config --cflags --libs numaperf)"
        cc -std=c11 -Wall -Wextra -Wpedantic -Werror -o "$BATS_TEST_TMPDIR/example" "$BATS_TEST_TMPDIR/example.c" "${flags[@]}"
        run -0 "$BATS_TEST_TMPDIR/example" </dev/null
        assert_output --partial ' bytes at 0x'
    done
}

@test "the installed library exports its own names only" {
    run -0 bash -c 'nm -D --defined-only "$1" | awk "\$3 !~ /^(np_|numaperf_version|NUMAPERF_)/"' - "$LIBDIR/libnumaperf.so"
    assert_output ''
}
