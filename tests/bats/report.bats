#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The report: valid JSON, whole, where it was asked for, and true.

setup() {
    load helper
    requires jq "$progs/ending"
    cd "$BATS_TEST_TMPDIR" || return
    report=$BATS_TEST_TMPDIR/report.json
}

large() {
    policy large "$@" '[malloc.large]' 'size = 512K-' 'policy = interleave' 'nodes = all'
}

# ends STATUS WAY [VARIABLE=VALUE...]: runs `ending` with a report to $report.
ends() {
    run "-$1" placed NUMAPERF_REPORT="$report" "${@:3}" "$progs/ending" "$2"
    assert_output ""
}

@test "every field of version 1 is there" {
    ends 0 return NUMAPERF_CONFIG="$(large)"
    run -0 jq -e '.version == 1 and (.pid | type) == "number" and .program == "ending" and .mode == "soft" and
        (.nodes | length) >= 1 and (.threads == []) and .totals.remote_frees >= 0 and .totals.node_migrations >= 0 and
        (.notes | type) == "array"' "$report"
    run -0 jq -e '.rules[0] | .section == "malloc.large" and .policy == "interleave" and .mode == "soft" and
        (.nodes | length) >= 1 and .enforcement == "best-effort" and .reason == "the kernel may spill" and
        .misplaced_pages == 0 and .spilled_pages == 0 and (.errors | has("EPERM")) and (.pages | type) == "object" and
        .huge_bytes >= 0' "$report"
    assert_equal "$(field .config "$report")" "$BATS_TEST_TMPDIR/large.ini"
}

@test "allocations, frees and live bytes are counted" {
    ends 0 return NUMAPERF_CONFIG="$(large)"
    assert_equal "$(field '.rules[0] | .allocations, .frees, .live_bytes' "$report" | xargs)" "1 1 0"
    ends 3 exit NUMAPERF_CONFIG="$(large)"
    run -0 jq -e '.rules[0] | .allocations == 1 and .frees == 0 and .live_bytes >= 1048576 and
        .peak_bytes >= 1048576' "$report"
}

@test "nothing of what forked children do is counted as their parent's" {
    run -0 --separate-stderr placed NUMAPERF_REPORT="$report" NUMAPERF_CONFIG="$(large)" "$progs/brood"
    assert_equal "$stderr" ""
    run -0 jq -e '.rules[0] | .allocations == 3 and .frees == 0 and .live_bytes == 3 * 1048576 and
        .peak_bytes < 5 * 1048576 and .passed_on == 0 and ([.errors[]] | add) == 0 and
        .reason == "the kernel may spill"' "$report"
}

@test "pages are those that the kernel shows" {
    ends 3 exit NUMAPERF_CONFIG="$(large)"
    run -0 jq -e '([.rules[0].pages[]] | add) >= 256' "$report"
}

@test "the built-in policy is named as such" {
    ends 0 return NUMAPERF_CONFIG=
    run -0 jq -e '.config == "built-in" and [.rules[].section] == ["malloc.default-small", "malloc.default-large"] and
        [.rules[].policy] == ["local", "first-touch"] and
        all(.rules[]; .enforcement == "best-effort" and .reason == "the kernel may spill") and
        .rules[1].allocations >= 1' "$report"
}

@test "hard bind and hard local are strict when every page is in its place" {
    for rule in 'bind|nodes = all' 'local|'; do
        file=$(policy hard 'mode = hard' '[malloc.large]' 'size = 512K-' "policy = ${rule%%|*}" "${rule#*|}")
        ends 3 exit NUMAPERF_CONFIG="$file"
        assert_equal "$(field '.rules[0] | .mode, .enforcement, .misplaced_pages' "$report" | xargs)" "hard strict 0"
    done
}

@test "every orderly end of the program writes one" {
    for end in 0:return 3:exit 5:thread 0:last; do
        rm -f "$report"
        ends "${end%%:*}" "${end#*:}" NUMAPERF_CONFIG="$(large)"
        run -0 jq -e '.rules[0].allocations >= 1' "$report"
    done
}

@test "_exit and signals write none" {
    ends 4 quick
    run "$SHELL" -c : # bats keeps the output of the last run
    run -137 placed NUMAPERF_REPORT="$report" "$progs/ending" kill
    [ ! -e "$report" ]
}

@test "the report goes to stderr, also when the program has closed it" {
    for way in return closed; do
        run -0 --separate-stderr placed NUMAPERF_REPORT=- "$progs/ending" "$way"
        assert_output ""
        run -0 jq -e '.version == 1' <<<"$stderr"
    done
}

@test "a program that took over our descriptor does not find a report in its file" {
    run -0 --separate-stderr placed NUMAPERF_REPORT=- "$progs/ending" reused taken
    [ ! -s taken ]
}

@test "%p is the process id and %n the program's name; each forked child writes its own then" {
    run -0 placed NUMAPERF_REPORT="r-%n-%p.json" "$progs/ending" fork
    files=(r-ending-*.json)
    assert_equal "${#files[@]}" 2
    for file in "${files[@]}"; do
        assert_equal "r-ending-$(field .pid "$file").json" "$file"
    done
}

@test "a forked child does not overwrite the report of its parent" {
    run -0 placed NUMAPERF_REPORT="$report" bash -c 'echo $$; (:); ( (exit 3) ) || true'
    assert_equal "$(field .pid "$report")" "${lines[0]}"
}

@test "NUMAPERF_REPORT beats the file's report, also when empty" {
    file=$(large "report = $BATS_TEST_TMPDIR/from-file.json")
    run -0 placed NUMAPERF_CONFIG="$file" "$progs/ending"
    [ -e from-file.json ]
    rm from-file.json
    ends 0 return NUMAPERF_CONFIG="$file"
    [ -e "$report" ]
    [ ! -e from-file.json ]
    run -0 placed NUMAPERF_REPORT= NUMAPERF_CONFIG="$file" "$progs/ending"
    [ ! -e from-file.json ]
}

@test "no half-written file is left, whatever the old one was" {
    echo old >"$report"
    ends 0 return
    run -0 jq -e .version "$report"
    run -0 find . -name '*.tmp'
    assert_output ""
}

@test "a report that cannot be written is one line, and the status stays" {
    run -3 --separate-stderr placed NUMAPERF_REPORT=/no/such/folder/r.json "$progs/ending" exit
    assert_equal "${#stderr_lines[@]}" 1
    assert_regex "$stderr" '^numaperf: cannot write the report /no/such/folder/r\.json: No such file or directory$'
}

@test "devices and pipes are written to, not replaced" {
    mkfifo pipe
    cat pipe >got &
    run -0 placed NUMAPERF_REPORT=pipe "$progs/ending"
    wait
    [ -p pipe ]
    run -0 jq -e .version got
    run -0 placed NUMAPERF_REPORT=/dev/null "$progs/ending"
    [ -c /dev/null ]
}

@test "a reader that has gone does not kill the program" {
    run -0 bash -c "set -o pipefail; LD_PRELOAD='$numaperf_preload' NUMAPERF_REPORT=- '$progs/ending' 2>&1 | true"
}

@test "a limit of file sizes does not kill the program" {
    local where
    for where in "$report" -; do
        # shellcheck disable=SC2016 # for the shell that limits itself
        run -3 bash -c 'ulimit -f 0 && NUMAPERF_REPORT=$1 LD_PRELOAD=$2 exec "$3" exit 2>errors' bash "$where" \
            "$numaperf_preload" "$progs/ending"
        assert_output ''
        assert_equal "$(ls -A)" errors
        [ ! -s errors ]
    done
}

@test "names of any bytes are valid JSON" {
    name=$'odd "\\\t\xff\xc3\xa9 name'
    cp "$progs/ending" "$name"
    run -0 placed NUMAPERF_REPORT="$report" "./$name"
    run -0 jq -r .program "$report"
    assert_output $'odd "\\\t\xef\xbf\xbd\xc3\xa9 name'
}

@test "where move_pages is denied the report says that it does not know" {
    requires "$progs/deny"
    run -3 env LD_PRELOAD="$numaperf_preload" NUMAPERF_REPORT="$report" NUMAPERF_CONFIG="$(large)" \
        "$progs/deny" EPERM move_pages -- "$progs/ending" exit
    run -0 jq -e '.rules[0] | .pages == {} and .enforcement == "best-effort" and
        (.reason | test("does not say where the pages are"))' "$report"
}

@test "nothing is written with NUMAPERF_DISABLE or an invalid file" {
    ends 0 return NUMAPERF_DISABLE=1
    run -0 placed NUMAPERF_REPORT="$report" NUMAPERF_CONFIG="$(policy broken nonsense)" "$progs/ending"
    [ ! -e "$report" ]
}
