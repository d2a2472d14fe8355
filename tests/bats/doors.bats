#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each dependency has one door, and each room uses only the rooms below it.

setup() {
    load helper
    cd "$NUMAPERF_ROOT" || return
}

# users PATTERN DIRECTORY...: the files whose code (not their comments) has a line with this extended pattern.
users() {
    local pattern=$1
    shift
    grep -rlE --include='*.[ch]' "$pattern" "$@" | sort
}

# expect_users PATTERN FILES: nobody in the rooms but these (an extended pattern of paths).
expect_users() {
    local found
    found=$(users "$1" core config preload cli | grep -vxE "$2" || true)
    assert_equal "$found" ''
}

@test "numaif.h and raw policy calls are the kernel module's" {
    expect_users '^ *# *include *<(numaif|numa|linux/mempolicy)\.h>' 'core/(kernel|probe)\.c'
    # preload/next.c passes the program's own calls on before the next functions are known.
    expect_users '^[^*/]*SYS_(mbind|set_mempolicy|get_mempolicy|move_pages|migrate_pages)' 'core/(kernel|probe)\.c|preload/next\.c'
}

@test "hwloc is the thorough topology maker's" {
    expect_users '^ *# *include *[<"]hwloc' 'core/topology_hwloc\.c'
}

@test "inih is the policy reader's" {
    expect_users '^ *# *include *[<"]ini\.h' 'config/ini\.c'
}

@test "ncurses is the command's screen's" {
    expect_users '^ *# *include *<(n?curses|term)' 'cli/screen\.c'
}

@test "dlsym is preload's next module's" {
    expect_users '^[^*/]*\<dl(v)?sym *\(' 'preload/next\.c'
}

@test "core knows nothing of config, preload and the command" {
    headers=$(find config preload cli -name '*.h' -printf '%f\n' | sort -u | paste -sd '|')
    run users "^ *# *include *\"(\\.\\./)?((config|preload|cli)/|($headers)\")" core
    assert_output ''
}

@test "config knows nothing of preload and the command" {
    headers=$(find preload cli -name '*.h' -printf '%f\n' | sort -u | paste -sd '|')
    run users "^ *# *include *\"(\\.\\./)?((preload|cli)/|($headers)\")" config
    assert_output ''
}

@test "nobody uses preload" {
    headers=$(find preload -name '*.h' -printf '%f\n' | sort -u | paste -sd '|')
    run users "^ *# *include *\"(\\.\\./)?(preload/|($headers)\")" core config cli
    assert_output ''
}

@test "what the shim embeds calls no allocator and no stdio" {
    mapfile -t embedded < <(ar t "$NUMAPERF_BUILD/core/libnp_core.a" | sed -E 's|.*/||; s|^|core/|; s|\.o$||')
    [ "${#embedded[@]}" -gt 20 ]
    run grep -nE '^[^*/"]*\<(malloc|calloc|realloc|free|strdup|asprintf|v?s?n?printf|fopen|getline) *\(' "${embedded[@]}"
    assert_output ''
}

@test "numaperf.h stands alone in C11 and in C++" {
    echo '#include <numaperf.h>' >"$BATS_TEST_TMPDIR/alone.c"
    cp "$BATS_TEST_TMPDIR/alone.c" "$BATS_TEST_TMPDIR/alone.cc"
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -Icore -fsyntax-only "$BATS_TEST_TMPDIR/alone.c"
    c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Icore -fsyntax-only "$BATS_TEST_TMPDIR/alone.cc"
}

@test "every public function is in the library, and nothing else" {
    declared=$(grep -ohE '\<(np_[a-z_]+|numaperf_version)\(' <(grep -E '^NP_PUBLIC' core/numaperf.h) | tr -d '(' | sort -u)
    exported=$(nm -D --defined-only --format=posix "$NUMAPERF_BUILD/core/libnumaperf.so" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort -u)
    assert_equal "$exported" "$declared"
}
