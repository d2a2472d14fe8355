#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rules for mappings, on programs that map memory by themselves, on a machine with whatever nodes it has: the kernel
# tells the policy of each mapping.

setup() {
    load helper
    report=$BATS_TEST_TMPDIR/report.json
}

# python CODE: runs it with show(NAME, MAPPING), which prints the policy that the kernel has for a mapping, as
# numa_maps tells it without flags and nodes.
python() {
    placed NUMAPERF_CONFIG="$policy" NUMAPERF_REPORT="$report" "${with[@]}" /usr/bin/python3 -c '
import ctypes, mmap, os, sys
def policy(address):
    found = None
    for line in open("/proc/self/numa_maps"):
        words = line.split()
        if int(words[0], 16) <= address:
            found = words[1]
    return found.split("=")[0].split(":")[0]
def show(name, mapping):
    print(name, policy(ctypes.addressof(ctypes.c_char.from_buffer(mapping))))
'"$1"
}
with=()

@test "mappings get the policy of the first rule that fits in kind and size" {
    policy=$(policy kinds '[mmap.shared]' 'kind = shared' 'size = 1M-' 'policy = interleave' 'nodes = all' \
        '[mmap.exempt]' 'kind = private' 'size = 8M-9M' 'policy = system' \
        '[mmap.private]' 'kind = private' 'size = 2M-' 'policy = preferred' 'nodes = 0')
    run -0 python '
anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
show("shared", mmap.mmap(-1, 4 << 20))
show("small", mmap.mmap(-1, 1 << 19))
show("private", mmap.mmap(-1, 4 << 20, anonymous))
show("exempt", mmap.mmap(-1, 8 << 20, anonymous))
memory = os.memfd_create("memory")
os.ftruncate(memory, 2 << 20)
show("memfd", mmap.mmap(memory, 2 << 20))
tmpfs = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR)
os.ftruncate(tmpfs, 2 << 20)
show("tmpfs", mmap.mmap(tmpfs, 2 << 20))'
    assert_output 'shared interleave
small default
private prefer
exempt default
memfd interleave
tmpfs interleave'
    assert_equal "$(field '.rules[] | select(.section == "mmap.shared") | .allocations' "$report")" 3
}

@test "a program that maps, grows and unmaps is told what it would be told without rules" {
    requires /usr/bin/python3
    policy=$(policy every '[mmap.all]' 'policy = interleave' 'nodes = all')
    run -0 python '
import errno
block = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block[:5] = b"first"
block.resize(64 << 20)
print(block[:5], len(block), block[-1])
show("grown", block)
block.close()
try:
    mmap.mmap(-1, 1 << 62)
except OSError as error:
    print(errno.errorcode[error.errno])
try:
    mmap.mmap(os.open("/proc/self/status", os.O_RDONLY), 4096, prot=mmap.PROT_READ)
except OSError as error:
    print(errno.errorcode[error.errno])
except ValueError as error:
    print("empty")'
    assert_output --partial "b'first' 67108864 0"
    assert_output --partial 'grown interleave'
    assert_output --partial ENOMEM
    assert_equal "$(field '.rules[0].misplaced_pages' "$report")" 0
}

@test "the report counts the pages of live mappings" {
    policy=$(policy one '[mmap.large]' 'kind = private' 'size = 30M-' 'policy = bind' 'nodes = 0')
    run -0 python '
import atexit
block = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 16 << 20, 4096):
    block[at] = 1
other = mmap.mmap(-1, 40 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
other.close()
libc = ctypes.CDLL(None)
libc.exit(0)'
    assert_equal "$(field '.rules[0] | [.allocations, .frees, .live_bytes, .peak_bytes] | join(" ")' "$report")" \
        "2 1 $((32 << 20)) $((72 << 20))"
    assert_equal "$(field '.rules[0].pages["0"]' "$report")" 4096
    assert_equal "$(field '.rules[0].enforcement' "$report")" best-effort
}

@test "protections that mmap passes over are passed over, and what cannot be written grows in hard mode" {
    requires /usr/bin/python3
    local mode
    for mode in soft hard; do
        policy=$(policy odd '[mmap.all]' 'kind = private' 'size = 1M-' 'policy = bind' 'nodes = 0' "mode = $mode")
        run -0 python '
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
failed = ctypes.c_void_p(-1).value
for protection in 0x40, 0x01000000: # no bit of any; PROT_GROWSDOWN
    print(libc.mmap(None, 1 << 20, mmap.PROT_READ | protection, anonymous | 0x8000, -1, 0) != failed)
for protection in mmap.PROT_READ, 0:
    block = libc.mmap(None, 1 << 20, protection, anonymous, -1, 0)
    print(libc.mremap(block, 1 << 20, 2 << 20, 1) != failed)'
        assert_output $'True\nTrue\nTrue\nTrue'
    done
}

@test "in hard mode the pages of a mapping are there before the program has it" {
    policy=$(policy hard '[mmap.hard]' 'kind = private' 'size = 30M-' 'policy = bind' 'nodes = 0' 'mode = hard')
    run -0 python '
block = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
show("hard", block)
libc = ctypes.CDLL(None)
sys.stdout.flush()
libc.exit(0)'
    assert_output 'hard bind'
    assert_equal "$(field '.rules[0].pages["0"]' "$report")" 8192
    assert_equal "$(field '.rules[0].enforcement' "$report")" strict
}

@test "hard mode maps /dev/zero at an offset, and commits what the kernel has memory for" {
    policy=$(policy zero '[mmap.hard]' 'kind = shared' 'size = 3M-' 'policy = bind' 'nodes = 0' 'mode = hard')
    run -0 python '
zero = os.open("/dev/zero", os.O_RDWR)
for offset in 0, 1 << 20, 4 << 20, 16 << 20:
    block = mmap.mmap(zero, 4 << 20, offset=offset, access=mmap.ACCESS_WRITE)
    if offset < 4 << 20:
        block[0] = 1
    print(len(block))
    sys.stdout.flush()'
    assert_output $'4194304\n4194304\n4194304\n4194304'
}

@test "what lies in a file is told without asking its file system, which may be on a server that is gone" {
    requires "$progs/deny"
    local refused
    policy=$(policy files '[mmap.shared]' 'kind = shared' 'policy = interleave' 'nodes = all' \
        '[mmap.files]' 'kind = file' 'policy = preferred' 'nodes = 0')
    for refused in fstatfs statx; do
        with=("$progs/deny" EPERM "$refused" --)
        run -0 python '
file = os.open(os.environ["NUMAPERF_CONFIG"], os.O_RDWR)
show("file", mmap.mmap(file, 0, flags=mmap.MAP_PRIVATE))
print("read", mmap.mmap(file, 0)[:10])
show("anonymous", mmap.mmap(-1, 4 << 20))'
        assert_output $'file prefer\nread b\'[numaperf]\'\nanonymous interleave'
    done
}

@test "mappings of a rule that hard mode refuses fail, and the program lives" {
    policy=$(policy refused '[mmap.refused]' 'kind = shared' 'policy = bind' 'nodes = 1023' 'mode = hard')
    run -0 --separate-stderr python '
try:
    mmap.mmap(-1, 4 << 20)
except OSError as error:
    print(error.strerror)
print(len(mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))'
    assert_output 'Cannot allocate memory
4194304'
    assert_regex "$stderr" 'mmap\.refused\.nodes: no such nodes'
}

@test "where mbind is refused the program runs on, and the report says why" {
    requires "$progs/deny"
    policy=$(policy denied '[mmap.all]' 'kind = private' 'size = 1M-' 'policy = interleave' 'nodes = all')
    with=("$progs/deny" EPERM mbind --)
    run -0 python 'print(len(mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))'
    assert_output 4194304
    assert_equal "$(field '.rules[0].enforcement' "$report")" none
    assert_regex "$(field '.rules[0].reason' "$report")" 'mbind: operation not permitted'
}

@test "where mbind begins to be refused later the program runs on, and the errors are counted" {
    requires /usr/bin/python3
    policy=$(policy later '[mmap.all]' 'kind = private' 'size = 1M-' 'policy = interleave' 'nodes = all')
    run -0 python '
libc = ctypes.CDLL(None, use_errno=True)
class Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]
rules = (Filter * 4)(Filter(0x20, 0, 0, 0), Filter(0x15, 0, 1, 237), Filter(6, 0, 0, 0x50001), Filter(6, 0, 0, 0x7fff0000))
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(Program(4, rules)), 0, 0) == 0
print(len(mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))'
    assert_output 4194304
    assert_equal "$(field '.rules[0].enforcement' "$report")" none
    assert_regex "$(field '.rules[0].reason' "$report")" 'mbind failed: '
    (($(field '.rules[0].errors.EPERM' "$report") >= 1))
}

@test "a policy that the program sets for itself is not replaced" {
    policy=$(policy own '[mmap.all]' 'kind = private' 'size = 1M-' 'policy = interleave' 'nodes = all')
    run -0 python '
numa = ctypes.CDLL("libnuma.so.1")
numa.numa_alloc_onnode.restype = ctypes.c_void_p
numa.numa_alloc_onnode.argtypes = [ctypes.c_size_t, ctypes.c_int]
print("libnuma", policy(numa.numa_alloc_onnode(4 << 20, 0)))
numa.numa_set_preferred(0)
show("task", mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))'
    refute_output --partial interleave
    assert_output --partial libnuma
}

@test "bash, perl and others map as they are used to under a rule for everything" {
    policy=$(policy every '[mmap.all]' 'policy = bind' 'nodes = 0')
    for program in 'bash -c true' 'perl -e 1' 'sort --parallel=2 /etc/passwd' 'awk 1 /etc/passwd' 'git --version'; do
        requires "${program%% *}"
        # shellcheck disable=SC2086 # words
        run -0 --separate-stderr $program
        expected=$output
        # shellcheck disable=SC2086
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$policy" $program
        assert_output "$expected"
        assert_equal "$stderr" ''
    done
}

@test "stress-ng's stressors of mappings pass under a rule for everything" {
    requires stress-ng
    policy=$(policy every '[mmap.stack]' 'kind = stack' 'policy = local' \
        '[mmap.large]' 'size = 1M-' 'policy = interleave' 'nodes = all' '[mmap.all]' 'policy = bind' 'nodes = 0')
    for stressor in mmap mmapfork mmapmany mremap shm shm-sysv munmap fork vfork mmapaddr; do
        run -0 placed NUMAPERF_CONFIG="$policy" stress-ng --"$stressor" 1 --"$stressor"-ops 20 --verify -q \
            --temp-path "$BATS_TEST_TMPDIR" --timeout 60
        refute_output --partial fail
    done
}
