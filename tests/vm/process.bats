#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# [process]: what no other rule covers, the main thread, and what started programs get, by what the kernel says. On this
# machine each node has one CPU of its own number.

bats_require_minimum_version 1.5.0

load placement

crew=$progs/crew

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# heap_line - of Python's heap (brk), 16 MiB of which are filled under the rules: from numa_maps.
heap_line() {
    run -0 "$numaperf" run -c policy.ini --report report -- /usr/bin/python3 -c '
import ctypes
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
start = libc.sbrk(16 << 20)
ctypes.memset(start, 1, 16 << 20)
for line in open("/proc/self/numa_maps"):
    if "heap" in line:
        print(line)'
}

# pages NODE - in $output, over all its lines.
pages() {
    grep -o " N$1=[0-9]*" <<<"$output" | awk -F= '{ sum += $2 } END { print sum + 0 }'
}

@test "the task's policy places what no rule covers" {
    rules '[process]' 'policy = preferred' 'nodes = 2'
    heap_line
    (($(pages 2) > 4096))
    for node in 0 1 3; do
        (($(pages $node) < 20)) # written before the constructor, by the kernel's exec
    done
    assert_equal "$(jq -c '.process | [.policy, .nodes, .enforcement]' report)" '["preferred",[2],"best-effort"]'
    rules 'mode = hard' '[process]' 'policy = bind' 'nodes = 1'
    heap_line
    assert_output --regexp ' bind[=a-z]*:1 '
    (($(pages 1) > 4096))
}

@test "interleaving spreads it evenly" {
    echo madvise >/sys/kernel/mm/transparent_hugepage/enabled || true
    rules '[process]' 'policy = interleave' 'nodes = all'
    heap_line
    for node in 0 1 2 3; do
        (($(pages $node) > 900))
    done
}

@test "threads inherit the policy, and the CPUs of the main thread" {
    rules '[process]' 'policy = preferred' 'nodes = 3' 'pin = 1'
    run -0 "$numaperf" run -c policy.ini -- "$crew" show -n 2
    assert_equal "$(awk '{ print $3 }' <<<"$output" | paste -sd ' ')" '1 1 1'
    assert_equal "$(awk 'NR > 1 { print $4 }' <<<"$output" | paste -sd ' ')" '3 3'
}

@test "a pinned thread has its stack on its node, whatever the policy of the process" {
    rules '[process]' 'policy = interleave' 'nodes = 0-3' 'pin = node' '[thread.all]' 'pin = node'
    run -0 "$numaperf" run -c policy.ini -- "$crew" turnover 100
    assert_output 'threads 100 nodes 4 misplaced 0 policy 1'
}

@test "rules for threads go by what the process may use, not by the main thread's pin" {
    rules '[process]' 'pin = node' 'nodes = 2' '[thread.all]' 'pin = scatter'
    run -0 "$numaperf" run -c policy.ini -- "$crew" show -n 4
    assert_equal "$(awk '{ print $3 }' <<<"$output" | paste -sd ' ')" '2 0 1 2 3'
}

@test "a node that is not there degrades the policy or refuses it" {
    rules '[process]' 'policy = interleave' 'nodes = 1,9'
    heap_line
    assert_equal "$(jq -r '.process | .enforcement, .reason' report)" $'best-effort\nnode 9 does not exist'
    rules 'mode = hard' '[process]' 'policy = interleave' 'nodes = 1,9' 'pin = 0'
    run -125 "$numaperf" run -c policy.ini -- true
    assert_output --partial 'policy.ini:6: process.nodes: node 9 does not exist'
}

@test "what is started with children = scrub has the policy and the CPUs that were there before" {
    rules 'children = scrub' '[process]' 'policy = interleave' 'nodes = 1-2' 'pin = node'
    # shellcheck disable=SC2016 # for the child's shell
    run -0 numactl --preferred=3 taskset -c 1-3 "$numaperf" run -c policy.ini -- "$NUMAPERF_BUILD/tests/progs/starts" \
        'echo $(grep Cpus_allowed_list /proc/self/status | cut -f2) $(head -n 1 /proc/self/numa_maps | cut -d" " -f2)'
    assert_equal "${lines[15]}" 'self 1'
    for line in "${lines[@]:0:15}"; do
        assert_regex "$line" '^[a-z_]+ 1-3 prefer[=a-z ()]*:3$'
    done
}
