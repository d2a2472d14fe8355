#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The instruments: what scripts/bench stores, and what the report maker makes of it. Nothing here depends on a time.

setup() {
    load helper
    bench=$NUMAPERF_ROOT/scripts/bench
    canned=$NUMAPERF_ROOT/tests/data/bench/results.json
    document=$BATS_TEST_TMPDIR/document.md
}

# document PART...: a document with these parts still to be made.
document() {
    local part
    echo 'Written by hand.'
    for part; do
        printf '\n<!-- generated: %s -->\nold\n<!-- end -->\n' "$part"
    done
}

@test "scripts/bench names its groups" {
    run -0 "$bench" --list
    assert_line --regexp '^workloads  *[a-z]'
    assert_line --regexp '^startup  *[a-z]'
}

@test "an unknown group is refused" {
    run -2 "$bench" --only nonsense
    assert_output --partial 'nonsense'
}

@test "a run stores every field for every variant, and prints a table" {
    results=$BATS_TEST_TMPDIR/results.json
    NUMAPERF_BUILD=$NUMAPERF_BUILD run -0 "$bench" --quick --only startup --rounds 1 --output "$results"
    assert_output --partial '| numaperf, no policy file |'
    run -0 jq -e '.version == 1 and (.machine | has("processor", "CPUs", "nodes", "memory", "kernel"))' "$results"
    run -0 jq -r '.groups | keys[]' "$results"
    assert_output startup
    jq -e '.groups.startup | .mode == "quick" and .rounds == 1 and .build == "given" and (.load | length) == 2 and
        .seconds > 0 and (.revision | length) > 6 and (.began | test("^20..-..-.. ..:..$"))' "$results"
    jq -e '.groups.startup.measurements | length > 10 and all(.[]; .status == "ok" and (.values | length) == 1 and
        .values[0] > 0 and .median == .values[0] and .mad == 0 and .unit == "ms")' "$results"
    run -0 jq -r '[.groups.startup.measurements[].variant] | unique[]' "$results"
    assert_line 'an empty library'
    assert_line 'memtier'
    assert_line 'numaperf, three classes'
}

@test "a group that is not run keeps what was stored" {
    results=$BATS_TEST_TMPDIR/results.json
    cp "$canned" "$results"
    NUMAPERF_BUILD=$NUMAPERF_BUILD run -0 "$bench" --only startup --rounds 1 --output "$results"
    assert_equal "$(jq -c .groups.workloads "$results")" "$(jq -c .groups.workloads "$canned")"
}

@test "ratios are medians over the rounds, and what failed is left out and named" {
    document workloads-cpu workloads-peak workloads-goals workloads-failed >"$document"
    run -0 "$bench" --report --output "$canned" --document "$document"
    run -0 cat "$document"
    assert_line 'Written by hand.'
    refute_line old
    assert_line '| CPU time | glibc, s | jemalloc | numaperf | noise |'
    assert_line '| pairs | 0.500 | 0.50 | 1.25 | 0 % |'
    assert_line '| server | 0.200 | failed | 1.25 | 0 % |'
    assert_line '| **geometric mean** |  | **0.50** of 1 | **1.25** |  |'
    assert_line '| pairs | 10.0 | 0.50 | 1.25 | 0 % |'
    assert_line '| numaperf | CPU time, geometric mean: not above the best of the others | 0.50 | 1.25 | **missed** |'
    assert_line '| numaperf | no workload more than 5 % slower than glibc | 1.05 | pairs 1.25, server 1.25 | **missed** |'
    assert_line '- jemalloc, server: ended with status 139.'
}

@test "a second run is compared with the first" {
    results=$BATS_TEST_TMPDIR/results.json
    # The second run has numaperf a tenth slower.
    jq '.groups.workloads as $first | .groups.workloads.again = ($first | .measurements |= map(
        if .variant == "numaperf" then .values |= map(. * 1.1) else . end))' "$canned" >"$results"
    document agreement >"$document"
    run -0 "$bench" --report --output "$results" --document "$document"
    run -0 grep '^| workloads | cpu |' "$document"
    assert_output '| workloads | cpu | 3 | 0.0 % | 10 % | 10 % | 10 % | 33 % | 33 % | 0.1, 0.1 |'
    document agreement >"$document"
    run -0 "$bench" --report --output "$canned" --document "$document"
    run -0 grep -c '^No second run is stored.$' "$document"
}

@test "parts without results stay as they are" {
    document startup workloads-cpu >"$document"
    run -0 "$bench" --report --output "$canned" --document "$document"
    run -0 grep -c '^old$' "$document"
    assert_output 1
}

@test "the same results make the same document and pictures" {
    document about workloads-cpu >"$document"
    "$bench" --report --output "$canned" --document "$document"
    first=$(cat "$document" "$BATS_TEST_TMPDIR"/document/*.svg | sha256sum)
    "$bench" --report --output "$canned" --document "$document"
    assert_equal "$(cat "$document" "$BATS_TEST_TMPDIR"/document/*.svg | sha256sum)" "$first"
    run -0 grep -c '</svg>' "$BATS_TEST_TMPDIR/document/workloads-cpu.svg"
}
