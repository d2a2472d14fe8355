#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The C library from outside: what it exports is declared and documented, and its examples run.

bats_require_minimum_version 1.5.0

setup() {
    load helper
    library=$NUMAPERF_BUILD/core/libnumaperf.so
    header=$BATS_TEST_DIRNAME/../../core/numaperf.h
    manual=$BATS_TEST_DIRNAME/../../docs/man/numaperf.3
}

# exported - the library's names.
exported() {
    nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

@test "the library exports what its map lists, no pattern among it" {
    run -0 exported
    assert_output "$(sed -n 's/^    \([a-z_]*\);$/\1/p' "$BATS_TEST_DIRNAME/../../core/libnumaperf.map" | sort)"
}

@test "every exported name is declared in the header, and every declared one is exported" {
    run -0 exported
    assert_output "$(tr '\n' ' ' <"$header" | grep -oE 'NP_PUBLIC [^;]*;' | grep -oE '\b(np|numaperf)_[a-z_]+\(' | tr -d '(' | sort)"
}

@test "every exported name and every constant is in the manual page" {
    local name missing=()
    for name in $(exported) $(grep -oE '\bNP_(SYSTEM|FIRST_TOUCH|LOCAL|BIND|PREFERRED|PREFERRED_MANY|INTERLEAVE|WEIGHTED_INTERLEAVE|HUGE_[A-Z0-9]+|PREFAULT_[A-Z]+|SOFT|HARD|STRICT|BEST_EFFORT|NONE|AUTO_[A-Z]+)\b' "$header" | sort -u); do
        grep -qw -- "$name" "$manual" || missing+=("$name")
    done
    assert_equal "${missing[*]}" ''
}

@test "the manual page has no fault that mandoc finds" {
    run -0 mandoc -T lint -W warning "$manual"
    assert_output ''
}

@test "the manual page's example compiles and runs" {
    sed -n '/^\.EX/,/^\.EE/p' "$manual" | grep -v '^\.' | sed -e 's/\\&//' -e 's/\\-/-/g' -e 's/\\e/\\/g' >"$BATS_TEST_TMPDIR/example.c"
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$(dirname "$header")" -o "$BATS_TEST_TMPDIR/example" \
        "$BATS_TEST_TMPDIR/example.c" -L "$NUMAPERF_BUILD/core" -lnumaperf -Wl,-rpath,"$NUMAPERF_BUILD/core"
    run -0 "$BATS_TEST_TMPDIR/example"
}

@test "the examples run on this machine, whatever nodes it has" {
    local example
    for example in "$NUMAPERF_BUILD"/docs/examples/example-*; do
        [[ -x $example && -f $example ]] || continue
        run -0 "$example" </dev/null
        assert_output --partial ' bytes at 0x'
    done
}

@test "the example of hard mode refuses what no machine has" {
    run -1 "$NUMAPERF_BUILD/docs/examples/example-hard-mode" 900000000 </dev/null
    assert_output --partial 'refused: There is not enough memory'
}

@test "the example of enforcement names the nodes that are not there" {
    run -0 "$NUMAPERF_BUILD/docs/examples/example-enforcement" 0,1000 </dev/null
    assert_output --partial 'best-effort: node 1000 does not exist'
    run -0 "$NUMAPERF_BUILD/docs/examples/example-enforcement" 1000 </dev/null
    assert_output --partial 'none: node 1000 does not exist'
}

@test "a region under the shim is the library's, not the shim's" {
    NUMAPERF_CONFIG='' LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so run -0 \
        "$NUMAPERF_BUILD/docs/examples/example-hard-mode" </dev/null
    assert_output --partial 'strict: 16777216 bytes'
}
