#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The example policies of config/examples with the programs that they are for: every page is where the file's words say.
# On this machine each node has one CPU of its own number.

# shellcheck disable=SC2030,SC2031 # each test has a program of its own
bats_require_minimum_version 1.5.0

load placement

teardown() {
    clean_up
}

# example NAME - the example is the policy file.
example() {
    cp "$NUMAPERF_BUILD/../config/examples/$1.ini" "$BATS_TEST_TMPDIR/policy.ini"
}

# count_block START LENGTH - the pages that lie in the block whole.
count_block() {
    local first=$((($1 + page - 1) / page * page)) end=$((($1 + $2) / page * page))
    count "$first" $((end - first))
}

# assert_counted SECTION... - what the zones hold, by the kernel, is what the report says of these sections together.
assert_counted() {
    local node section sum
    for node in "${!on[@]}"; do
        sum=0
        for section; do
            sum=$((sum + $(rule ".pages[\"$node\"] // 0" "$section")))
        done
        [ "$sum" -eq "${on[node]}" ] || fail "counted ${on[*]}, but the report says $sum on node $node"
    done
    for section; do
        [ "$(rule .misplaced_pages "$section")" -eq 0 ] || fail "$section: misplaced pages"
    done
}

@test "default: small blocks on the node of the CPU, large ones where they are written first" {
    example default
    before=(taskset -c 2)
    start_puppet
    give 0 1000
    give 1 100000
    give 2 8M
    assert_each assert_only 2
    hold
    count_zones
    assert_only 2
    finish
    [ "$status" -eq 0 ]
    assert_counted malloc.small malloc.large
}

@test "hard-bind: all on node 0, malloc fails when it is full, and the program lives" {
    example hard-bind
    start_puppet
    tell malloc 0 4M
    # shellcheck disable=SC2086 # two numbers
    count $answer
    assert_only 0
    assert_equal "$absent" 0
    local block
    for ((block = 1; block < 12; block++)); do
        ask malloc $block 64M
        [ "$answer" != ENOMEM ] || break
        assert_regex "$answer" '^0x'
    done
    assert_equal "$answer" ENOMEM
    tell malloc 12 100K
    hold
    finish
    [ "$status" -eq 0 ]
    assert_equal "$(rule '[.enforcement, .misplaced_pages] | join(" ")' malloc.data)" 'strict 0'
    assert_equal "$(kills)" 0
}

@test "redis: tables and large values take turns round the nodes, the rest is where the server runs" {
    example redis
    before=(taskset -c 3)
    serve_redis
    redis-benchmark -s redis.sock -t set -d 40000 -r 400 -n 800 -c 4 -q >fill 2>&1
    redis-benchmark -s redis.sock -t set -d 2000000 -r 20 -n 30 -c 2 -q >>fill 2>&1
    redis-cli -s redis.sock shutdown nosave 3>&- &
    await_report
    count_zones
    finish
    [ "$status" -eq 0 ]
    local sections
    mapfile -t sections < <(jq -r '.rules[].section' <<<"$report")
    assert_counted "${sections[@]}"
    assert_equal "$(rule '.pages | keys | join(" ")' malloc.values)" 3
    assert_equal "$(rule '.pages | keys | join(" ")' malloc.tables)" '0 1 2 3'
    [ "$(rule '[.pages[]] | max - min' malloc.tables)" -le "$(rule '[.pages[]] | add / 20 | floor' malloc.tables)" ]
}

@test "memcached: the memory of its values takes turns round the nodes" {
    example memcached
    start memcached -u root -s memcached.sock -m 200 -t 4
    cat >fill.py <<'PYTHON'
import socket, time
for _ in range(300):
    try:
        server = socket.socket(socket.AF_UNIX)
        server.connect("memcached.sock")
        break
    except OSError:
        time.sleep(0.1)
answers = server.makefile("rb")
for key in range(200):
    server.sendall(b"set %d 0 0 200000\r\n" % key + b"x" * 200000 + b"\r\n")
    assert answers.readline() == b"STORED\r\n"
PYTHON
    /usr/bin/python3 fill.py
    count_zones
    [ "$present" -gt $((40000000 / page)) ] || fail "only $present pages"
    assert_in_turn 4
    kill -INT "$pid"
    await_report
    count_zones
    finish
    assert_counted malloc.slabs
}

@test "python-numpy: arrays in huge pages round the nodes, temporaries where they are computed" {
    example python-numpy
    before=(taskset -c 1)
    start /usr/bin/python3 -c '
import numpy, sys
arrays = [numpy.ones(25000), numpy.ones(100000), numpy.ones(4 << 20)]
for array in arrays:
    print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()'
    hear_blocks
    local temporary
    for temporary in "${blocks[@]:0:2}"; do
        # shellcheck disable=SC2086 # two numbers
        count_block $temporary
        assert_only 1
    done
    # shellcheck disable=SC2086
    count_block ${blocks[2]}
    assert_even $((2097152 / page)) 0 1 2 3
    hold
    count_zones
    finish
    [ "$status" -eq 0 ]
    assert_counted malloc.temporaries malloc.arrays
}

@test "openmp: a CPU for each thread, its part of the array and its small blocks on the CPU's node" {
    example openmp
    start env OMP_NUM_THREADS=4 "$progs/team" 4 33554432
    hear_blocks
    [ ${#blocks[@]} -eq 4 ]
    local line index cpus first length small
    for line in "${blocks[@]}"; do
        read -r index cpus first length small <<<"$line"
        [ "$index" -ne 0 ] || continue # the main thread is left alone
        assert_regex "$cpus" '^[0-3]$'
        # what lies in the thread's part whole, in huge pages where the machine gives them
        first=$(((first + 2097151) / 2097152 * 2097152))
        count $first $((length / 2097152 * 2097152 - 2097152))
        assert_only "$cpus"
        count $((small / page * page)) "$page"
        assert_only "$cpus"
    done
    assert_equal "$(printf '%s\n' "${blocks[@]}" | awk '$1 > 0 { print $2 }' | sort -u | wc -l)" 3
    hold
    count_zones
    finish
    [ "$status" -eq 0 ]
    assert_counted malloc.small malloc.arrays
}

@test "mpi: each rank's blocks, other memory and threads on its own node" {
    example mpi
    cd "$BATS_TEST_TMPDIR" || return
    cat >rank.py <<'PYTHON'
import ctypes, os, threading
import numpy
rank = os.environ["OMPI_COMM_WORLD_LOCAL_RANK"]
blocks = [numpy.ones(1 << 20), numpy.ones(100)]
buffer = __import__("mmap").mmap(-1, 4 << 20, flags=0x22)
buffer.write(bytes(4 << 20))
addresses = [block.ctypes.data for block in blocks] + [ctypes.addressof(ctypes.c_char.from_buffer(buffer))]
libnuma = ctypes.CDLL("libnuma.so.1")
def node(address):
    page, status = (ctypes.c_void_p * 1)(address & -4096), (ctypes.c_int * 1)(-1)
    assert libnuma.numa_move_pages(0, 1, page, None, status, 0) == 0
    return status[0]
cpus = []
thread = threading.Thread(target=lambda: cpus.extend(os.sched_getaffinity(0)))
thread.start()
thread.join()
print("rank", rank, "cpus", *os.sched_getaffinity(0), *cpus, "nodes", *map(node, addresses), flush=True)
PYTHON
    run -0 env OPENBLAS_NUM_THREADS=1 mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none -np 4 \
        "$numaperf" run -c policy.ini -- /usr/bin/python3 rank.py
    for rank in 0 1 2 3; do
        assert_line "rank $rank cpus $rank $rank nodes $rank $rank $rank"
    done
}
