#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the tests may expect of the machine that tests/vm/run boots by default.

setup() {
    load selftest
    [[ ${NUMAPERF_VM_TOPOLOGY-} == four ]] || skip "needs tests/vm/run --topology four"
}

# assert_total_on_node NODE: all pages of pagenodes' last line in $output are there, and at least 16 MiB of
# them.
assert_total_on_node() {
    local total=${output##*$'\n'} counted
    assert_regex "$total" "^total N$1=[0-9]+ absent="
    counted=${total#*=}
    [ "${counted%% *}" -ge 4096 ]
}

# hold_memory COMMAND...: runs it with Python that fills 32 MiB and waits; its id is in $holder.
hold_memory() {
    "$@" /usr/bin/python3 -c '
import mmap, sys, time
block = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE)
for at in range(0, len(block), 4096): block[at] = 1
open(sys.argv[1], "w").close()
time.sleep(600)' "$BATS_TEST_TMPDIR/ready" 3>&- &
    holder=$!
    until [ -e "$BATS_TEST_TMPDIR/ready" ]; do
        kill -0 "$holder"
        sleep 0.1
    done
}

teardown() {
    [ -z "${holder-}" ] || kill "$holder"
}

@test "four nodes with a CPU each are online, at the distances of a ring" {
    assert_equal "$(node online) $(node has_cpu) $(node has_memory)" "0-3 0-3 0-3"
    assert_equal "$(node node0/cpulist) $(node node3/cpulist)" "0 3"
    assert_equal "$(node node0/distance)" "10 21 31 21"
    assert_equal "$(node node3/distance)" "21 31 21 10"
}

@test "each node has 400 MB to give" {
    local id
    # Programs that ran before have left files in the page cache; that is not taken memory.
    echo 3 >/proc/sys/vm/drop_caches
    for id in 0 1 2 3; do
        echo "node $id: $(free_mib "$id") MiB"
        [ "$(free_mib "$id")" -ge 381 ]
    done
}

@test "the kernel's defaults are those of a machine in use" {
    assert_regex "$(cat /sys/kernel/mm/transparent_hugepage/enabled)" '\[always\]'
    assert_equal "$(cat /proc/sys/kernel/numa_balancing)" 1
    assert_equal "$(ulimit -c)" unlimited
}

@test "a cpuset can be made, and confines a program" {
    assert_regex "$(cat /sys/fs/cgroup/cgroup.controllers)" cpuset
    mkdir /sys/fs/cgroup/selftest
    echo 1-2 >/sys/fs/cgroup/selftest/cpuset.mems
    echo 1 >/sys/fs/cgroup/selftest/cpuset.cpus
    run bash -c 'echo $$ >/sys/fs/cgroup/selftest/cgroup.procs; grep _allowed_list: /proc/self/status'
    rmdir /sys/fs/cgroup/selftest
    assert_output $'Cpus_allowed_list:\t1\nMems_allowed_list:\t1-2'
}

@test "the programs of the tests run" {
    run redis-server --version
    assert_output --partial 'Redis server v='
    assert_equal "$(/usr/bin/python3 -c 'import numpy; print(numpy.arange(5).sum())')" 10
    assert_equal "$(sqlite3 :memory: 'select 6 * 7')" 42
    assert_equal "$(jq -n '1 + 1')" 2
    assert_equal "$(runuser -u user -- id -u)" 1000
    assert_equal "$(cat /sys/class/net/lo/flags)" 0x9
}

@test "pagenodes sees the memory of numactl --membind=2 on node 2" {
    hold_memory numactl --membind=2
    run "$NUMAPERF_BUILD/tests/vm/pagenodes" "$holder" --policy bind --name ''
    assert_success
    assert_total_on_node 2
}

@test "pagenodes counts only the range and the policy asked for" {
    local line range
    hold_memory numactl --interleave=1,3
    run "$NUMAPERF_BUILD/tests/vm/pagenodes" "$holder" --policy bind
    assert_output 'total absent=0 other=0'
    # Huge pages of 2 MiB in turn.
    run "$NUMAPERF_BUILD/tests/vm/pagenodes" "$holder" --policy interleave --name ''
    assert_success
    line=$(grep -E 'N1=[0-9]{4,} N3=[0-9]{4,}' <<<"${output%$'\n'total*}")
    range=${line%% *}
    range=${range%-*}-$(printf '%x' $((0x${range%-*} + 8192)))
    run "$NUMAPERF_BUILD/tests/vm/pagenodes" "$holder" --range "$range"
    assert_regex "$output" 'total (N[13]=2|N1=1 N3=1) absent=0 other=0'
}
