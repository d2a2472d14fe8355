#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What programs map by themselves, under each policy: every page is where the rule says, and the report knows it.

load placement

teardown() {
    clean_up
}

# start_python CODE - runs it until it has said, with tell(MAPPING) or tell_range(ADDRESS, LENGTH), where its memory is;
# then it waits. blocks[] has the ranges. It ends without unmapping.
start_python() {
    start /usr/bin/python3 -c '
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for function in libc.mmap, libc.shmat, libc.mremap:
    function.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
M, RW, PRIVATE, FAILED = 1 << 20, 3, 0x22, (1 << 64) - 1
def fill(address, length):
    ctypes.memset(address, 1, length)
def tell_range(address, length):
    print(hex(address), length)
kept = []
def tell(mapping):
    kept.append(mapping)
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    fill(address, len(mapping))
    tell_range(address, len(mapping))
'"$1"'
print("ready", flush=True)
sys.stdin.read()
libc.exit(0)'
    hear_blocks
}

# counted - the same at the program's end, by its report, of all its blocks together.
counted() {
    hold
    # shellcheck disable=SC2046 # pairs of numbers
    count $(tr '\n' ' ' <<<"${blocks[*]}")
    finish
    [ "$status" -eq 0 ]
    assert_agrees "$1"
    [ "$(rule .misplaced_pages "$1")" -eq 0 ]
}

private='tell(mmap.mmap(-1, 16 * M, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))'

@test "shared memory of every sort is interleaved evenly by one rule" {
    rules '[mmap.shared]' 'kind = shared' 'size = 4M-' 'policy = interleave' 'nodes = 0-3'
    start_python '
tell(mmap.mmap(-1, 8 * M))
memory = os.memfd_create("memory")
os.ftruncate(memory, 8 * M)
tell(mmap.mmap(memory, 8 * M))
from multiprocessing import shared_memory
segment = shared_memory.SharedMemory(create=True, size=8 * M)
tell(segment.buf)
old = libc.shmget(0, 8 * M, 0o1600)
address = libc.shmat(old, None, 0)
libc.shmctl(old, 0, None)
fill(address, 8 * M)
tell_range(address, 8 * M)'
    assert_each assert_even 1 0 1 2 3
    [ ${#blocks[@]} -eq 4 ]
    counted mmap.shared
    [ "$(rule .allocations mmap.shared)" -eq 4 ]
}

@test "private memory is bound to two nodes, preferred on one, or left to another rule" {
    rules '[mmap.small]' 'kind = private' 'size = 4M-8M' 'policy = preferred' 'nodes = 3' \
        '[mmap.bind]' 'kind = private' 'size = 4M-' 'policy = bind' 'nodes = 1,2'
    start_python "$private"
    assert_each assert_only 1 2
    counted mmap.bind
    start_python "${private/16/5}"
    assert_each assert_only 3
    counted mmap.small
}

@test "weighted interleave is 3:1 within one stripe, with the kernel's mode and without" {
    rules '[mmap.weighted]' 'kind = private' 'size = 4M-' 'policy = weighted-interleave' 'nodes = 0*3,2*1'
    start_python "$private"
    assert_each assert_weighted 32 0*3 2*1
    counted mmap.weighted
}

@test "a striped mapping still grows and moves as one" {
    rules '[mmap.weighted]' 'kind = private' 'size = 4M-' 'policy = weighted-interleave' 'nodes = 0*3,2*1'
    start_python '
block = mmap.mmap(-1, 16 * M, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block[:] = b"1" * len(block)
block.resize(48 * M)
assert block[:16 * M] == b"1" * (16 * M)
tell(block)'
    assert_each assert_weighted 32 0*3 2*1
    counted mmap.weighted
}

@test "local is the node of the CPU that touches, whoever maps" {
    rules '[mmap.local]' 'kind = private' 'size = 4M-' 'policy = local'
    before=(taskset -c 0)
    start_python 'os.sched_setaffinity(0, [2])
'"$private"
    assert_each assert_only 2
    counted mmap.local
}

@test "pages that the kernel makes at once lie right: MAP_POPULATE, mlockall, prefault" {
    rules '[mmap.some]' 'kind = private' 'size = 16M-' 'policy = bind' 'nodes = 3' \
        '[mmap.prefault]' 'kind = private' 'size = 8M-9M' 'policy = interleave' 'nodes = 0,2' 'prefault = touch'
    start_python 'tell_range(libc.mmap(None, 16 * M, RW, PRIVATE | 0x8000, -1, 0), 16 * M)
libc.mlockall(2)
tell_range(libc.mmap(None, 16 * M, RW, PRIVATE, -1, 0), 16 * M)'
    assert_each assert_only 3
    counted mmap.some
    start_python 'tell_range(libc.mmap(None, 8 * M, RW, PRIVATE, -1, 0), 8 * M)'
    assert_each assert_even 1 0 2
    counted mmap.prefault
}

@test "a reservation keeps its policy, however it is opened" {
    rules '[mmap.heap]' 'kind = private' 'size = 64M-' 'policy = interleave' 'nodes = 1-3'
    start_python '
base = libc.mmap(None, 256 * M, 0, PRIVATE | 0x4000, -1, 0)
assert libc.mmap(base + 32 * M, 8 * M, RW, PRIVATE | 0x10, -1, 0) == base + 32 * M
fill(base + 32 * M, 8 * M)
tell_range(base + 32 * M, 8 * M)
libc.mprotect(base + 64 * M, 8 * M, RW)
fill(base + 64 * M, 8 * M)
tell_range(base + 64 * M, 8 * M)
libc.mmap(base + 32 * M, 4 * M, 0, PRIVATE | 0x4010, -1, 0)
libc.mmap(base + 32 * M, 4 * M, RW, PRIVATE | 0x10, -1, 0)
fill(base + 32 * M, 4 * M)
moved = libc.mremap(libc.mmap(None, 64 * M, RW, PRIVATE, -1, 0), 64 * M, 80 * M, 1)
fill(moved, 80 * M)
tell_range(moved, 80 * M)'
    assert_each assert_even 1 1 2 3
    counted mmap.heap
}

@test "a soft bind larger than its node spills, and the report says so" {
    rules '[mmap.soft]' 'kind = private' 'size = 64M-' 'policy = bind' 'nodes = 2'
    start_python "${private/16/500}"
    hold
    finish
    [ "$status" -eq 0 ]
    [ "$(rule .misplaced_pages mmap.soft)" -gt 1000 ]
    [ "$(rule .enforcement mmap.soft)" = best-effort ]
}

@test "a hard bind larger than its node is ENOMEM, without the OOM killer, and what fits is strict" {
    local before_kills
    before_kills=$(kills)
    rules '[mmap.hard]' 'kind = private' 'size = 16M-' 'policy = bind' 'nodes = 2' 'mode = hard'
    start_python '
tell_range(libc.mmap(None, 64 * M, RW, PRIVATE, -1, 0), 64 * M)
base = libc.mmap(None, 500 * M, RW, PRIVATE, -1, 0)
assert base == FAILED and ctypes.get_errno() == 12
base = libc.mmap(None, 500 * M, 0, PRIVATE, -1, 0)
assert base != FAILED
assert libc.mprotect(base, 500 * M, RW) == -1 and ctypes.get_errno() == 12
assert libc.mprotect(base, 500 * M, 0) == 0
libc.madvise(ctypes.c_void_p(base), ctypes.c_size_t(500 * M), 4)
assert libc.mmap(base, 450 * M, RW, PRIVATE | 0x10, -1, 0) == FAILED
assert libc.mmap(base, 32 * M, RW, PRIVATE | 0x10, -1, 0) == base
tell_range(base, 32 * M)'
    assert_each assert_only 2
    [ "$(kills)" -eq "$before_kills" ]
    counted mmap.hard
    [ "$(rule .enforcement mmap.hard)" = strict ]
    [ "$(rule .errors.ENOMEM mmap.hard)" -ge 2 ]
}

@test "a hard mapping stays where it is after a fork, and its growth is held too" {
    rules '[mmap.hard]' 'kind = private' 'size = 16M-' 'policy = bind' 'nodes = 1' 'mode = hard'
    start_python '
base = libc.mmap(None, 32 * M, RW, PRIVATE, -1, 0)
if os.fork() == 0:
    fill(base, 32 * M)
    os._exit(0)
os.wait()
base = libc.mremap(base, 32 * M, 64 * M, 1)
tell_range(base, 64 * M)'
    assert_each assert_only 1
    counted mmap.hard
}

@test "a child places what it maps, and the mapping that it inherits" {
    rules '[mmap.shared]' 'kind = shared' 'size = 4M-' 'policy = interleave' 'nodes = 0,3' \
        '[mmap.private]' 'kind = private' 'size = 4M-' 'policy = bind' 'nodes = 1'
    start_python '
block = mmap.mmap(-1, 16 * M)
if os.fork() == 0:
    address = ctypes.addressof(ctypes.c_char.from_buffer(block))
    fill(address, 16 * M)
    own = mmap.mmap(-1, 4 * M, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    own[0] = 1
    for line in open("/proc/self/numa_maps"):
        if int(line.split()[0], 16) <= ctypes.addressof(ctypes.c_char.from_buffer(own)):
            last = line.split()[1]
    os._exit(0 if last == "prefer=static:1" else 1)
assert os.wait()[1] == 0
tell(block)'
    assert_each assert_even 1 0 3
    hold
    finish
    [ "$status" -eq 0 ]
}

@test "what a program binds itself stays its own" {
    rules '[mmap.all]' 'kind = private' 'size = 4M-' 'policy = interleave' 'nodes = all'
    start_python '
numa = ctypes.CDLL("libnuma.so.1")
numa.numa_alloc_onnode.restype = ctypes.c_void_p
address = numa.numa_alloc_onnode(ctypes.c_size_t(16 * M), 2)
fill(address, 16 * M)
tell_range(address, 16 * M)
numa.numa_set_preferred(2)
'"$private"
    assert_each assert_only 2
    hold
    finish
    [ "$(rule .misplaced_pages mmap.all)" -eq 0 ]
    [ "$(rule .passed_on mmap.all)" -ge 1 ]
}

@test "huge pages: as many as the rule asks for, 2M falls back to transparent ones and says so" {
    rules '[mmap.huge]' 'kind = private' 'size = 4M-' 'policy = bind' 'nodes = 1' 'huge-pages = 2M'
    start_python '
base = libc.mmap(None, 64 * M, RW, PRIVATE, -1, 0)
fill(base, 64 * M)
tell_range(base, 64 * M)'
    assert_each assert_only 1
    counted mmap.huge
    [ "$(rule .huge_bytes mmap.huge)" -ge $((60 << 20)) ]
    [[ $(rule .reason mmap.huge) == *'transparent ones instead'* ]]
}
