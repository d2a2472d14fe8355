#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The threads of programs that nobody changed: their CPUs are those of the rules, by /proc/PID/task. On this machine each
# node has one CPU of its own number.

# shellcheck disable=SC2030,SC2031 # each test has a server of its own
bats_require_minimum_version 1.5.0

load placement

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "${server-}" ] || kill "$server" 2>/dev/null || true
}

# tasks PID - "NAME CPUS" of each thread, sorted.
tasks() {
    local task
    for task in /proc/"$1"/task/*; do
        echo "$(cat "$task/comm") $(awk '/^Cpus_allowed_list/ { print $2 }' "$task/status")"
    done | sort
}

# serve COMMAND... - start a server under the rules and wait until it has @ threads.
serve() {
    local count=$1 tries
    shift
    NUMAPERF_CONFIG=$PWD/policy.ini NUMAPERF_REPORT=$PWD/report LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        "$@" >server.log 2>&1 3>&- &
    server=$!
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(find "/proc/$server/task" -maxdepth 1 -name '[0-9]*' | wc -l)" -lt "$count" ] || return 0
        sleep 0.1
    done
    cat server.log
    return 1
}

@test "redis: its I/O threads by their name, the others elsewhere" {
    rules '[thread.io]' 'name = io_thd_*' 'pin = node' 'nodes = 2-3' '[thread.rest]' 'pin = 1'
    serve 7 redis-server --port 0 --unixsocket "$PWD/redis.sock" --save '' --io-threads 4 --io-threads-do-reads yes --dir .
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [ "$(tasks "$server" | grep -c '^io_thd_')" -lt 3 ] || break
        sleep 0.1
    done
    run -0 tasks "$server"
    assert_equal "$(grep '^io_thd_' <<<"$output" | awk '{ print $2 }' | sort | paste -sd ' ')" '2 2 3'
    assert_equal "$(grep '^bio_' <<<"$output" | awk '{ print $2 }' | sort -u)" 1
    assert_equal "$(grep '^redis-server ' <<<"$output" | awk '{ print $2 }')" 0-3
    redis-cli -s redis.sock set key value
    run -0 redis-cli -s redis.sock get key
    assert_output value
    redis-cli -s redis.sock shutdown nosave || true
    wait "$server" || true
    server=
    assert_equal "$(jq -c '.threads[0] | [.section, .count, .pinned, .skipped]' report)" '["thread.io",3,3,0]'
}

@test "memcached: its workers scattered over the nodes" {
    rules '[thread.workers]' 'name = mc-worker*' 'pin = scatter' '[thread.other]' 'name = mc-*' 'pin = 0'
    serve 5 memcached -u root -s "$PWD/memcached.sock" -t 4
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [ "$(tasks "$server" | grep -c '^mc-worker [0-3]$')" -lt 4 ] || break
        sleep 0.1
    done
    assert_equal "$(tasks "$server" | awk '/^mc-worker/ { print $2 }' | paste -sd ' ')" '0 1 2 3'
}

@test "numpy: the threads of OpenBLAS by their library" {
    rules '[thread.blas]' 'start = lib*blas*' 'pin = scatter' 'nodes = 1-3' '[thread.rest]' 'pin = 0'
    run -0 env OPENBLAS_NUM_THREADS=4 OPENBLAS_CORETYPE=Prescott LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-pthread "$numaperf" run -c policy.ini --report report -- /usr/bin/python3 -c '
import numpy, os, threading
a = numpy.ones((400, 400))
numpy.dot(a, a)
cpus = []
for task in os.listdir("/proc/self/task"):
    if int(task) != os.getpid():
        cpus += [",".join(map(str, os.sched_getaffinity(int(task))))]
print("blas", *sorted(cpus))
thread = threading.Thread(target=lambda: print("python", *os.sched_getaffinity(0)))
thread.start()
thread.join()'
    assert_line 'python 0'
    assert_line 'blas 1 2 3'
    assert_equal "$(jq -c '.threads[0] | [.count, .pinned]' report)" '[3,3]'
}

@test "stress-ng: threads, forks and clones without an error" {
    rules 'children = scrub' '[process]' 'policy = interleave' 'nodes = all' '[thread.all]' 'pin = scatter'
    local stressor
    for stressor in pthread fork vfork clone; do
        run -0 "$numaperf" run -c policy.ini -- stress-ng --"$stressor" 2 --"$stressor"-ops 200 --timeout 60 --temp-path .
        assert_output --partial 'successful run completed'
    done
}
