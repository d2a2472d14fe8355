#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf report of a file: what is shown, what the exit status looks at, and files that are no reports.

setup() {
    load helper
    requires jq
    cd "$BATS_TEST_TMPDIR" || return
    cat >whole.json <<'END'
{ "version":1, "pid":7, "program":"redis-server", "config":"/etc/numaperf/redis-server.ini", "mode":"soft", "nodes":[0,1],
  "rules":[ { "section":"malloc.large", "policy":"interleave", "nodes":[0,1], "mode":"soft",
              "enforcement":"best-effort", "reason":"the kernel may spill", "allocations":10, "frees":4,
              "live_bytes":4194304, "peak_bytes":8388608, "pages":{"0":768,"1":256}, "misplaced_pages":0,
              "spilled_pages":0, "huge_bytes":2097152, "errors":{"EPERM":0} },
            { "section":"malloc.small", "policy":"system", "nodes":[], "mode":"soft", "enforcement":"none",
              "reason":"left to the next malloc", "pages":{} } ],
  "threads":[ { "section":"thread.io", "count":4, "pinned":3, "skipped":1 } ],
  "totals":{ "remote_frees":5, "node_migrations":6 } }
END
}

# with FILTER: the same report, changed by jq.
with() {
    jq "$1" whole.json >changed.json
}

@test "0: the rules, the share of each node, the threads and the totals" {
    run -0 --separate-stderr "$numaperf" report whole.json
    assert_equal "$stderr" ""
    assert_line "redis-server (7)"
    assert_line "  policy /etc/numaperf/redis-server.ini, mode soft"
    assert_line --regexp '^  malloc\.large +yes +interleave +0-1 +4\.0 MiB +8\.0 MiB +4\.0 MiB +50 %$'
    assert_line --regexp '^  malloc\.small +- +system '
    assert_line --regexp '^  rule +node 0 +node 1$'
    assert_line --regexp '^  malloc\.large +3\.0 MiB +1\.0 MiB$'
    assert_line --regexp '^ +########\.\. +###\.\.\.\.\.\.\.$'
    assert_line --regexp '^  thread\.io +yes +- +- +4 +3 +1$'
    assert_line "  5 remote frees, 6 changes of node"
}

@test "0 or 1: misplaced pages and degradations count, that the kernel may spill does not" {
    local filter
    for filter in . '.rules[0].enforcement = "strict" | .rules[0].reason = ""' '.rules[0].spilled_pages = 9' \
        'del(.threads, .totals, .nodes)' '.rules = []' '.more = {"a": [null, true, -1.5e3, "\u00e9\ud83d\ude00\\"]}'; do
        with "$filter"
        run -0 "$numaperf" report changed.json
    done
    for filter in '.rules[0].misplaced_pages = 1' '.rules[0].reason = "node 5 does not exist"' \
        '.rules[0].enforcement = "none" | .rules[0].reason = "mbind: operation not permitted"' \
        '.rules[0].enforcement = "none" | .rules[0].reason = ""'; do
        with "$filter"
        run -1 "$numaperf" report changed.json
        assert_line --regexp '^  malloc\.large +no +interleave '
        assert_line --regexp '^      (1 page misplaced|node 5 does|mbind: op|not placed)'
        run -1 "$numaperf" report --json changed.json
    done
}

@test "[process] and the threads have what they asked for, what they got, and why" {
    local threads='.threads = [{section: "thread.io", pin: "node", nodes: [1], mode: "hard", enforcement: "strict", reason: "", count: 4, pinned: 4},
            {section: "thread.rest", pin: "none", nodes: [], mode: "soft", enforcement: "none", reason: "left alone", count: 1}]'
    with "$threads"' | .process = {policy: "bind", nodes: [0], mode: "soft", enforcement: "best-effort", reason: "the kernel may spill"}'
    run -0 "$numaperf" report changed.json
    assert_line --regexp '^  process +yes +bind +0 +- +- +- +-$'
    assert_line --regexp '^  thread\.io +strict +node, hard +1 +4 +4 +0$'
    assert_line --regexp '^  thread\.rest +- +none +- +1 +0 +0$'
    with '.process = {policy: "bind", nodes: [0], enforcement: "best-effort", reason: "node 5 does not exist"}'
    run -1 "$numaperf" report changed.json
    assert_line --regexp '^  process +no +bind +0 '
    assert_line "      node 5 does not exist"
    with "$threads"' | .threads[0].reason = "CPU 77 cannot be used by this process"'
    run -1 "$numaperf" report changed.json
    assert_line --regexp '^  thread\.io +no +node, hard '
    assert_line "      CPU 77 cannot be used by this process"
    # Bound by the program, which is its right.
    with "$threads"' | .threads[0].reason = "the program or its runtime binds threads itself"'
    run -0 "$numaperf" report changed.json
    assert_line "      the program or its runtime binds threads itself"
}

@test "what is 0 everywhere has no column and no line, and a row of plain rules fits a terminal" {
    with '.rules[0] += {section: "malloc.default-large", policy: "first-touch", huge_bytes: 0, live_bytes: 0} | .totals.node_migrations = 0'
    run -0 "$numaperf" report changed.json
    assert_line --regexp '^  rule +holds +policy +nodes +live +peak +resident$'
    assert_line "      nothing is in use: what is resident is kept for the next requests"
    assert_line "  5 remote frees"
    [ "$(wc -L <<<"$output")" -le 80 ]
    with '.totals = {}'
    run -0 "$numaperf" report changed.json
    refute_output --partial remote
    with '.rules[0].spilled_pages = 9 | .rules[0].misplaced_pages = 1'
    run -1 "$numaperf" report changed.json
    assert_line --regexp '^  malloc\.large +no .* 50 % +1 +9$'
}

@test "--json gives the report as it is" {
    run -0 "$numaperf" report whole.json --json
    assert_equal "$(jq -S . <<<"$output")" "$(jq -S . whole.json)"
}

@test "many nodes go into several rows" {
    with '.rules[0].pages = ([range(20)] | map({key: tostring, value: 100}) | from_entries)'
    run -0 "$numaperf" report changed.json
    assert_equal "$(grep -cE '^  rule +node' <<<"$output")" 3
    assert_line --regexp '^  rule +node 16 +node 17 +node 18 +node 19$'
}

@test "a report that the shim wrote can be read" {
    run -0 placed NUMAPERF_REPORT=own.json "$progs/ending" return
    run -0 "$numaperf" report own.json
    assert_line --regexp '^ending \('
}

@test "2: files that are no JSON, or no reports" {
    local text
    for text in '' 'x' '{' '{"version":1' '{"version":1,}' '{"version" 1}' '[1,2' '"abc' $'"a\nb"' '"\q"' '"\u12g4"' '01x' '.5' '+1' 'nul' \
        '{"version":1} {}' '{1:2}' "$(printf '[%.0s' {1..10000})" '[]' '5' 'null' '{}' '{"version":2,"rules":[]}' \
        '{"version":1}' '{"version":1,"rules":{}}' '{"version":1,"rules":[1]}' '{"version":1,"rules":[{}]}' \
        '{"version":1,"rules":[{"section":5}]}' '{"version":"1","rules":[]}'; do
        printf '%s' "$text" >broken.json
        run -2 --separate-stderr "$numaperf" report broken.json
        assert_output ""
        assert_regex "$stderr" '^numaperf: report: broken\.json'
        assert_equal "${#stderr_lines[@]}" 1
    done
    printf '{"version":1,\n"rules":[\n}' >broken.json
    run -2 --separate-stderr "$numaperf" report broken.json
    assert_equal "$stderr" "numaperf: report: broken.json:3: no JSON: no value where one must be"
    printf '{"version":1,"rules":[],"a":"\0"}' >broken.json
    run -2 "$numaperf" report broken.json
}

# svg FILTER: the picture of the report, changed by jq, as what python's parser makes of it: TEXT or COLOUR and HEIGHT.
svg() {
    with "$1"
    "$numaperf" report changed.json --svg picture.svg >/dev/null || (($? == 1))
    python3 -c '
import xml.etree.ElementTree as tree
for element in tree.parse("picture.svg").getroot():
    print(element.text if element.text else (element.get("fill"), element.get("height")))'
}

@test "--svg draws a box for each node, with what each rule holds there to scale" {
    run -0 svg .
    assert_line "redis-server (7)"
    assert_line "malloc.large"
    assert_line "interleave 0-1"
    assert_line "as requested"
    assert_line "node 0"
    assert_line "node 1"
    assert_line "('#0072B2', '240')"
    assert_line "('#0072B2', '80')"
    refute_line "malloc.small"
    run -0 svg '.rules[0].misplaced_pages = 3'
    assert_line "not as requested"
    assert_line "3 pages misplaced"
    run -0 svg '.rules[0].nodes = [1, 3, 5, 7, 9, 11, 13, 15]'
    assert_line "interleave 1,3,5,7,9,11,13,15"
    run -0 svg '.rules[0].nodes = [range(1; 64; 2)]'
    assert_line "interleave 1,3,5,7,9,11,13,15,17,19,21,..."
    run -0 svg '.process = {policy: "bind", nodes: [1], reason: "node 5 does not exist"}'
    assert_line "process"
    assert_line "bind 1"
    assert_line "node 5 does not exist"
    assert_line "thread.io"
    assert_line "3 of 4"
    run -0 "$numaperf" report whole.json --svg picture.svg
    assert_output picture.svg
    "$numaperf" report whole.json --svg - >written
    cmp written picture.svg
    [ ! -e ./- ]
    run -2 bash -c "$numaperf report whole.json --svg - >/dev/full"
}

@test "--svg is XML whatever names there are" {
    run -0 svg '.program = "<&>\"\u0001\u00e9" | .rules[0].section = "a<b" | .config = ("x" * 5000)'
    assert_line '<&>"??? (7)'
    assert_line "a<b"
    run -0 svg '.rules = [] | .nodes = []'
    run -0 svg '.rules[0].pages = ([range(200)] | map({key: tostring, value: 100}) | from_entries)'
    run -2 --separate-stderr "$numaperf" report whole.json --svg /no/such/folder/file
    assert_equal "$stderr" "numaperf: report: /no/such/folder/file: No such file or directory"
    run -2 "$numaperf" report whole.json --svg /dev/full
    run -2 "$numaperf" report whole.json --json --svg picture.svg
    run -2 "$numaperf" report --all --svg picture.svg
}

@test "absurd numbers and ids are no trouble" {
    with '.pid = 1e300 | .rules[0].live_bytes = -5 | .rules[0].pages = {"0": 1e18, "-1": 4, "1024": 5, "x": 6, "": 7, "99999999999": 8} |
        .nodes = [0, -1, 1024, 1e99, "a", null] | .rules[0].policy = ("p" * 5000) | .rules[1].section = ("s" * 5000)'
    run -0 "$numaperf" report changed.json
}

@test "2: files that cannot be read, and wrong usage" {
    run -2 --separate-stderr "$numaperf" report missing.json
    assert_equal "$stderr" "numaperf: report: missing.json: No such file or directory"
    run -2 --separate-stderr "$numaperf" report .
    assert_equal "$stderr" "numaperf: report: .: Is a directory"
    for arguments in "" "whole.json whole.json" "--all whole.json" "--nonsense whole.json" "--json"; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr "$numaperf" report $arguments
        assert_regex "$stderr" '^numaperf: report: '
        assert_output ""
    done
    run -2 bash -c "$numaperf report whole.json >/dev/full"
}
