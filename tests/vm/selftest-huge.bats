#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The machine with pools of explicit huge pages.

setup() {
    load selftest
    [[ ${NUMAPERF_VM_TOPOLOGY-} == huge ]] || skip "needs tests/vm/run --topology huge"
}

@test "the pools hold 64 huge pages of 2 MiB and 2 of 1 GiB" {
    assert_equal "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)" 64
    assert_equal "$(cat /sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages)" 2
}

@test "a program can map a huge page" {
    /usr/bin/python3 -c '
import mmap
block = mmap.mmap(-1, 2 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
block[0] = 1'
}
