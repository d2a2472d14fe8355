#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf report of running programs on four nodes: its figures are those that an independent witness counts.

bats_require_minimum_version 1.5.0
load placement

teardown() {
    clean_up
}

# start_redis - until it holds values; a load goes on in the background.
start_redis() {
    serve_redis
    redis-benchmark -s redis.sock -t set -d 65536 -r 600 -n 900 -c 4 -q >fill 2>&1
    redis-benchmark -s redis.sock -t set,get -d 65536 -r 600 -n 1000000 -c 4 -q >load 2>&1 3>&- &
    programs[$!]=
}

# stand_still - the program, so that two counts mean the same moment.
stand_still() {
    kill -STOP "$pid"
    until grep -q '^State:.*stopped' "/proc/$pid/status"; do sleep 0.01; done
}

@test "a report of redis-server under load agrees page by page with the witness" {
    local misplaced
    for lines in 'policy = interleave;nodes = 0-3' 'policy = bind;nodes = 1,3' 'policy = local'; do
        mapfile -d ';' -t lines < <(printf %s "$lines")
        policy "${lines[@]}"
        start_redis
        stand_still
        report=$("$numaperf" report --json "$pid")
        count_zones
        ((present > 5000))
        assert_agrees
        assert_equal "$(rule .misplaced_pages)" 0
        "$numaperf" report "$pid" >shown
        grep -qE '^  malloc\.large +yes ' shown
        kill -CONT "$pid"
        clean_up
        programs=()
    done
}

@test "pages that somebody moves away are misplaced: status 1, and how many" {
    policy 'policy = bind' 'nodes = 1'
    start_puppet
    give 0 8M
    migratepages "$pid" 1 2
    run -1 "$numaperf" report --json "$pid"
    report=$output
    count_zones
    assert_agrees
    assert_only 2
    assert_equal "$(rule .misplaced_pages)" "$present"
    run -1 "$numaperf" report "$pid"
    assert_line --regexp "^  malloc\.large +no +bind .* $present\$"
    assert_line "      $present pages misplaced"
}

@test "what preferred spills is spilled, not misplaced" {
    policy 'policy = preferred' 'nodes = 1'
    start_puppet
    give 0 8M
    migratepages "$pid" 1 3
    run -0 "$numaperf" report --json "$pid"
    report=$output
    assert_equal "$(rule .misplaced_pages)" 0
    assert_equal "$(rule .spilled_pages)" "$(rule '.pages["3"]')"
}

@test "huge pages are counted" {
    policy 'policy = bind' 'nodes = 2' 'huge-pages = thp'
    start_puppet
    give 0 8M
    run -0 "$numaperf" report --json "$pid"
    report=$output
    (($(rule .huge_bytes) >= 8 << 20))
}

@test "top shows in a terminal what the report says, node by node" {
    local node pages expected=
    policy 'policy = interleave' 'nodes = 1-3'
    start_puppet
    give 0 12M
    report=$("$numaperf" report --json "$pid")
    for node in 0 1 2 3; do
        pages=$(rule ".pages[\"$node\"] // 0")
        expected+=$(awk -v pages="$pages" 'BEGIN { printf pages ? " +%.1fM" : " +0", pages / 256 }')
    done
    (sleep 10 && echo q) | TERM=vt100 script -qec "stty rows 40 cols 100; '$numaperf' top --interval 0.2 $pid" screen
    sed 's/\x1b[^A-Za-z]*[A-Za-z]/ /g; s/\r\|\x0f//g' screen >plain # what moves the cursor, for blanks
    grep -qE "malloc\.large .*$expected" plain || fail "no $expected in $(cat -v plain)"
    run ! grep 'every 0 s' plain
}

@test "processes of other users, and kernel threads, say why they are not read" {
    policy 'policy = local'
    start_puppet
    give 0 8M
    run -2 setpriv --reuid 1000 --clear-groups "$numaperf" report "$pid"
    assert_output --partial "it belongs to another user"
    run -2 "$numaperf" report 2
    assert_output "numaperf: report: 2: it is a thread of the kernel's"
}
