#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Programs that nobody changed, and one in C++, under each policy: every page is where the policy file says.

load placement

teardown() {
    clean_up
}

# start_vectors, start_numpy - until their arrays are filled; blocks[] has them.
start_vectors() {
    start "$progs/vectors"
    hear_blocks
}

start_numpy() {
    start /usr/bin/python3 -c '
import numpy, sys
sizes = [5000, 12345, 33333, 100000, 262144, 500000]
arrays = [numpy.ones(size) for size in sizes] + [numpy.arange(size) for size in sizes]
for array in arrays:
    print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()'
    hear_blocks
}

# start_redis - until it holds some 800 values of 64 KiB.
start_redis() {
    serve_redis
    redis-benchmark -s redis.sock -t set -d 65536 -r 1000 -n 1500 -c 4 -q >fill 2>&1
    [ "$(redis-cli -s redis.sock dbsize)" -gt 500 ]
}

# end_redis, end_vectors, end_numpy - until it stands at its report.
end_redis() {
    redis-cli -s redis.sock shutdown nosave 3>&- & # waits until the server has closed the connection: at its end
    await_report
}

end_vectors() {
    hold
}

end_numpy() {
    hold
}

# prove PROGRAM CHECK [ARGUMENT]... - every block by itself, and all that its zones hold, which the report knows too.
prove() {
    local program=$1
    shift
    "start_$program"
    [ ${#blocks[@]} -eq 0 ] || assert_each "$@"
    "end_$program"
    count_zones
    "${whole[@]:-$@}"
    finish
    [ "$status" -eq 0 ]
    assert_agrees
    [ "$(rule .misplaced_pages)" -eq 0 ]
}
whole=() # the check for all that the zones hold, where it is not the one for blocks

@test "C++, bind: every page is on the two nodes" {
    policy 'policy = bind' 'nodes = 1,3'
    prove vectors assert_only 1 3
    [ "$(rule .enforcement)" = best-effort ]
}

@test "C++, bind in hard mode: every page is on the node, and the report says strict" {
    policy 'policy = bind' 'nodes = 1' 'mode = hard'
    prove vectors assert_only 1
    [ "$(rule .enforcement)" = strict ]
}

@test "C++, preferred: every page is on the node while it has room" {
    policy 'policy = preferred' 'nodes = 2'
    prove vectors assert_only 2
    [ "$(rule .spilled_pages)" -eq 0 ]
}

@test "C++, interleave: each array is even within one page" {
    policy 'policy = interleave' 'nodes = 0-3'
    whole=(assert_in_turn 4)
    prove vectors assert_even 1 0 1 2 3
}

@test "C++, weighted interleave: each array is 3:1 within one stripe" {
    policy 'policy = weighted-interleave' 'nodes = 0*3,2*1'
    prove vectors assert_weighted 32 0*3 2*1
}

@test "C++, local: every page is on the node of the CPU" {
    local cpu
    policy 'policy = local'
    for cpu in 0 1 2 3; do
        before=(taskset -c "$cpu")
        prove vectors assert_only "$cpu"
    done
}

@test "numpy, bind: every page is on the node" {
    policy 'policy = bind' 'nodes = 2'
    prove numpy assert_only 2
}

@test "numpy, bind in hard mode: every page is on the two nodes, and the report says strict" {
    policy 'policy = bind' 'nodes = 0,3' 'mode = hard'
    prove numpy assert_only 0 3
    [ "$(rule .enforcement)" = strict ]
}

@test "numpy, preferred: every page is on the node while it has room" {
    policy 'policy = preferred' 'nodes = 1'
    prove numpy assert_only 1
}

@test "numpy, interleave: each array below 4 MiB is even within one page" {
    policy 'policy = interleave' 'nodes = 0-3'
    whole=(assert_in_turn 4)
    prove numpy assert_even 1 0 1 2 3
}

@test "numpy, weighted interleave: each array is 1:3 within one stripe" {
    policy 'policy = weighted-interleave' 'nodes = 1*1,3*3'
    prove numpy assert_weighted 32 1*1 3*3
}

@test "numpy, local: every page is on the node of the CPU" {
    policy 'policy = local'
    before=(taskset -c 2)
    prove numpy assert_only 2
}

@test "numpy, interleave: arrays that numpy wants huge pages for are even within one huge page" {
    policy 'policy = interleave' 'nodes = 0-3'
    start /usr/bin/python3 -c '
import numpy, sys
arrays = [numpy.ones(size) for size in (1048576, 2000000, 4194304)]
for array in arrays:
    print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()'
    hear_blocks
    assert_each assert_even $((2097152 / page)) 0 1 2 3
}

@test "redis-server, bind: every page is on the node" {
    policy 'policy = bind' 'nodes = 1'
    prove redis assert_only 1
}

@test "redis-server, bind in hard mode: every page is on the two nodes, and the report says strict" {
    policy 'policy = bind' 'nodes = 2-3' 'mode = hard'
    prove redis assert_only 2 3
    [ "$(rule .enforcement)" = strict ]
}

@test "redis-server, preferred: every page is on the node while it has room" {
    policy 'policy = preferred' 'nodes = 3'
    prove redis assert_only 3
}

@test "redis-server, interleave: the nodes take turns page by page" {
    policy 'policy = interleave' 'nodes = 0-3'
    prove redis assert_in_turn 4
}

@test "redis-server, weighted interleave: its pages are 3:1 within one percent" {
    policy 'policy = weighted-interleave' 'nodes = 1*3,2*1'
    prove redis assert_weighted 64 1*3 2*1
}

@test "redis-server, local: every page is on the node of the CPU" {
    policy 'policy = local'
    before=(taskset -c 1)
    prove redis assert_only 1
}
