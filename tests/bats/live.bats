#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf report of running programs: what it says, and why it says nothing.

setup() {
    load helper
    requires jq "$progs/living"
    load living
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    touch stop
    end_all
}

@test "0: a running program, as tables and as JSON" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    run -0 --separate-stderr "$numaperf" report "$pid"
    assert_equal "$stderr" ""
    assert_line "living ($pid)"
    assert_line "  policy built-in, mode soft"
    assert_line --regexp '^  malloc\.default-large +yes +first-touch +- +64\.0 MiB '
    assert_line --regexp '^  rule +node 0'
    run -0 "$numaperf" report --json "$pid"
    run -0 jq -e --argjson pid "$pid" '.version == 1 and .pid == $pid and .program == "living" and
        .config == "built-in" and (.nodes | length) >= 1 and
        (.rules[1] | .live_bytes >= 67108864 and ([.pages[]] | add) >= 16384)' <<<"$output"
}

@test "the page that is read is a sealed memfd that nobody can cut, above the low descriptors" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    number=$(find "/proc/$pid/fd" -lname '/memfd:numaperf (deleted)' -printf '%f\n')
    ((number >= 32))
    run -1 python3 -c 'import os, sys; os.truncate(sys.argv[1], 0)' "/proc/$pid/fd/$number"
    assert_output --partial 'Operation not permitted'
    run -0 grep -w flags "/proc/$pid/fdinfo/$number"
    assert_output --regexp '02[0-7]{6}$' # O_CLOEXEC
}

@test "a program that has published nothing yet is read all the same, where its memory may be read" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 1
    run -0 find "/proc/$pid/fd" -lname '/memfd:numaperf*'
    assert_output ""
    run -0 "$numaperf" report --json "$pid"
    run -0 jq -e '.rules[1].live_bytes >= 1048576' <<<"$output"
}

@test "so is one that closes all descriptors" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64 closes
    run -0 find "/proc/$pid/fd" -lname '/memfd:numaperf*'
    assert_output ""
    run -0 "$numaperf" report --json "$pid"
    run -0 jq -e '.rules[1].live_bytes >= 67108864' <<<"$output"
}

@test "so is one that may write no file as large as what it would publish: it is not killed" {
    # shellcheck disable=SC2016 # for the other shell
    start bash -c 'ulimit -f 100 && LD_PRELOAD=$0 exec "$1" 64' "$numaperf_preload" "$progs/living"
    run -0 find "/proc/$pid/fd" -lname '/memfd:numaperf*'
    assert_output ""
    run -0 "$numaperf" report --json "$pid"
    run -0 jq -e '.rules[1].live_bytes >= 67108864' <<<"$output"
}

@test "a forked child has counters of its own, and leaves its parent's alone" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64 forks
    run -0 "$numaperf" report --json "$pid"
    run -0 jq -e --argjson pid "$pid" '.pid == $pid and .rules[1].live_bytes < 80 * 1048576' <<<"$output"
    run -0 "$numaperf" report --json "$child"
    run -0 jq -e --argjson pid "$child" '.pid == $pid and .rules[1].live_bytes >= 192 * 1048576' <<<"$output"
    run -0 find "/proc/$child/fd" -lname '/memfd:numaperf*' -printf .
    assert_output .
}

@test "2: a child made past the handlers of fork says whose counters it has" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64 past
    run -2 --separate-stderr "$numaperf" report "$child"
    assert_equal "$stderr" "numaperf: report: $child: it was forked past the handlers of fork(), so its counters are those of process $pid"
}

@test "--all: every process under the shim, in tables or as an array" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64 forks
    run -0 "$numaperf" report --all
    assert_line "living ($pid)"
    assert_line "living ($child)"
    run -0 "$numaperf" report --all --json
    run -0 jq -e --argjson pid "$pid" --argjson child "$child" '[.[].pid] | contains([$pid, $child])' <<<"$output"
}

@test "1: a program that gets less than it asks for" {
    file=$(policy wide '[malloc.a]' 'size = 512K-' 'policy = interleave' 'nodes = all,1000')
    start env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG="$file" "$progs/living" 64
    run -1 "$numaperf" report "$pid"
    assert_line --regexp '^  malloc\.a +no '
    assert_line "      node 1000 does not exist"
    run -1 "$numaperf" report "$pid" --json
}

# refused PID REASON - status 2 and the reason.
refused() {
    run -2 --separate-stderr "$numaperf" report "$1"
    assert_output ""
    assert_equal "$stderr" "numaperf: report: $1: $2"
}

@test "2: no shim in the process, and why" {
    start "$progs/living" 1
    refused "$pid" "it was started without the shim in LD_PRELOAD"
    start env LD_PRELOAD="$numaperf_preload" NUMAPERF_DISABLE=1 "$progs/living" 1
    refused "$pid" "the shim is disabled in it (NUMAPERF_DISABLE)"
    start env LD_PRELOAD="$numaperf_preload" NUMAPERF_CONFIG=missing.ini "$progs/living" 1
    refused "$pid" "its policy file is invalid, so the shim passes every call on; numaperf check says more"
    start env LD_PRELOAD="$numaperf_preload" bash -c "LD_PRELOAD= $progs/living 1; true"
    refused "$(pgrep -P "$pid")" "its parent runs under the shim, but LD_PRELOAD was scrubbed for it"
    pkill -P "$pid"
    start env LD_PRELOAD="$numaperf_preload" /bin/busybox sh -c 'echo ready; read -r x'
    refused "$pid" "it is linked statically"
}

@test "2: processes that are not there, have ended, or are another's" {
    refused 2147483646 "there is no process 2147483646"
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 1 zombie
    refused "$child" "it has ended, and its parent has not waited for it yet"
    requires root setpriv
    run -2 --separate-stderr setpriv --reuid 65534 --clear-groups "$numaperf" report "$pid"
    assert_regex "$stderr" "^numaperf: report: $pid: it belongs to another user, or may not be inspected"
    run -2 --separate-stderr setpriv --reuid 65534 --clear-groups "$numaperf" report --all
    assert_equal "$stderr" "numaperf: report: no process that may be inspected runs under the shim"
}

@test "programs that come and go do not disturb --all" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    (while [ ! -e stop ]; do placed /bin/true; done) 3>&- &
    started+=($!)
    for _ in {1..20}; do
        run -0 --separate-stderr "$numaperf" report --all --json
        assert_equal "$stderr" ""
        jq -e . <<<"$output" >/dev/null
    done
}
