#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# clang-tidy over what the clang build compiled; .clang-tidy says which checks.

setup() {
    load helper
    database=${NUMAPERF_BUILD:-build-check/clang}
    [[ -f $database/compile_commands.json ]] || fail "no $database/compile_commands.json: scripts/check --only clang first"
}

# tidy FILE... - two at a time; only what it finds is printed.
tidy() {
    printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$database" 2>/dev/null
}

@test "clang-tidy finds nothing in core" {
    mapfile -t files < <(project_files 'core/*.c')
    tidy "${files[@]}"
}

@test "clang-tidy finds nothing in config, preload and cli" {
    mapfile -t files < <(project_files 'config/*.c' 'preload/*.c' 'cli/*.c')
    tidy "${files[@]}"
}
