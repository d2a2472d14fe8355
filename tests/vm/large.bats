#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A large program from Debian that maps its own memory: a database's shared buffers, placed by one rule and looked at
# page by page while it runs.

load placement

teardown() {
    [ -z "${postmaster-}" ] || kill -QUIT "$postmaster" 2>/dev/null || true
    clean_up
}

# ---- PostgreSQL ----

user=(setpriv --reuid 101 --regid 101 --clear-groups)

# start_postgres - a cluster in memory, and the server under the rules. $postmaster is its process.
start_postgres() {
    PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
    folder=/tmp/cluster.$BATS_TEST_NUMBER
    install -d -m 700 -o 101 "$folder"
    install -m 644 "$BATS_TEST_TMPDIR/policy.ini" "$folder/policy.ini"
    cd "$folder" || return
    "${user[@]}" initdb -D data -A trust -U postgres --no-sync --no-instructions >initdb.log 2>&1
    "${user[@]}" env NUMAPERF_REPORT="$folder/report-%p.json" "$numaperf" run -c policy.ini -- \
        postgres -D data -k "$folder" -c listen_addresses= -c shared_buffers=96MB -c jit=off -c fsync=off \
        -c autovacuum=off >server.log 2>&1 3>&- &
    postmaster=$!
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        ! "${user[@]}" pg_isready -q -h "$folder" || return 0
        kill -0 "$postmaster" || fail "$(cat server.log)"
        sleep 0.2
    done
    fail "the server does not come up: $(cat server.log)"
}

# stop_postgres - at once, but properly.
stop_postgres() {
    kill -INT "$postmaster"
    wait "$postmaster"
    postmaster=
}

# count_shared PID PERIOD - like count, what a process has touched of the server's shared memory. Fails when it has none
# (or is gone), and when the pages of the same place in each PERIOD are not all on the same node, of its own.
count_shared() {
    local line range
    range=$(awk '/\/dev\/zero \(deleted\)/ { split($1, ends, "-"); print "0x" ends[1], "0x" ends[2] }' \
        "/proc/$1/maps" 2>/dev/null) || return
    [ -n "$range" ] || return
    on=("${nodes[@]//*/0}")
    absent=0
    # shellcheck disable=SC2086 # two numbers
    line=$("$progs/placed" "$1" "$2" ${range% *} $((${range#* } - ${range% *}))) || {
        [ ! -d "/proc/$1" ] || fail "process $1: pages are not in turn: $line"
        return 1
    }
    read -ra line <<<"$line"
    add_line
    present=$((${on[*]/%/+}0))
}

@test "PostgreSQL's shared buffers are interleaved by one rule while pgbench runs" {
    rules '[mmap.shared-buffers]' 'kind = shared' 'size = 16M-' 'policy = interleave' 'nodes = 0-3'
    start_postgres
    "${user[@]}" pgbench -i -q -s 2 -h "$folder" postgres >pgbench.log 2>&1
    "${user[@]}" pgbench -n -c 2 -T 20 -h "$folder" postgres >run.log 2>&1 3>&- &
    local bench=$! process looks=0
    while kill -0 "$bench" 2>/dev/null; do
        for process in "$postmaster" $(pgrep -P "$postmaster"); do
            count_shared "$process" 4 || continue
            [ "$present" -ge 400 ] || continue
            assert_only 0 1 2 3
            looks=$((looks + 1))
        done
        sleep 1
    done
    wait "$bench"
    [ "$looks" -ge 3 ] || fail "too few looks: $looks; $(cat run.log)"
    grep -q 'number of failed transactions: 0 ' run.log

    local server=$postmaster
    stop_postgres
    jq -e '.rules[0] | .allocations == 1 and .misplaced_pages == 0 and .peak_bytes > 96*1048576' \
        "report-$server.json"
    [ "$(jq -s 'map(.rules[0].misplaced_pages) | add' report-*.json)" -eq 0 ]
    [ "$(jq -s 'map(.rules[0].pages | add // 0) | add' report-*.json)" -gt 1000 ]
}

@test "PostgreSQL with its example policy: shared buffers round the nodes, sorts where the backend runs" {
    cp "$NUMAPERF_BUILD/../config/examples/postgresql.ini" "$BATS_TEST_TMPDIR/policy.ini"
    start_postgres
    "${user[@]}" psql -q -h "$folder" -c 'CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 200000) i' \
        postgres
    "${user[@]}" psql -q -h "$folder" -c 'SET work_mem = 100000' -c 'SELECT * FROM t ORDER BY md5 LIMIT 1' postgres
    count_shared "$postmaster" 1
    [ "$present" -ge 1000 ] || fail "on ${on[*]}"
    assert_weighted 512 0*1 1*1 2*1 3*1
    local server=$postmaster
    stop_postgres
    jq -e '.rules[] | select(.section == "mmap.shared-buffers") | .allocations == 1 and .misplaced_pages == 0' \
        "report-$server.json"
    [ "$(jq -s 'map(.rules[] | select(.section == "malloc.work").allocations) | add' report-*.json)" -gt 0 ]
    [ "$(jq -s 'map(.rules[].misplaced_pages) | add' report-*.json)" -eq 0 ]
}

@test "PostgreSQL's shared buffers are bound to two nodes in hard mode, verified by the report" {
    rules '[mmap.shared-buffers]' 'kind = shared' 'size = 16M-' 'policy = bind' 'nodes = 1,2' 'mode = hard'
    start_postgres
    count_shared "$postmaster" 1
    [ "$present" -ge $((96 << 8)) ] || fail "on ${on[*]}: not all is there"
    assert_only 1 2
    "${user[@]}" pgbench -i -q -s 1 -h "$folder" postgres >pgbench.log 2>&1
    stop_postgres
}
