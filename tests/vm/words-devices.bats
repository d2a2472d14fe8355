#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# near:DEVICE in a machine with a disk below the PCI bridge of its second socket.

bats_require_minimum_version 1.5.0
load words

setup() {
    on_machine devices
}

teardown() {
    clean_up
}

@test "near: by PCI address, short or whole, by the disk, and as an exclusion" {
    local device
    for device in 0000:81:00.0 81:00.0 0000:80:00.0 vdc; do
        interleaved "near:$device" 1
    done
    interleaved 'all,!near:vdc' 0
    interleaved 'near:vdc,0' 0 1
}

@test "near: in hard mode, on an unmodified program" {
    policy 'policy = bind' 'nodes = near:vdc' 'mode = hard'
    start /usr/bin/python3 -c '
import numpy, sys
array = numpy.ones(1048576)
print(hex(array.ctypes.data), array.nbytes)
print("ready", flush=True)
sys.stdin.read()'
    hear_blocks
    assert_each assert_only 1
    hold
    count_zones
    finish
    assert_only 1
    assert_agrees
    assert_equal "$(rule .enforcement)" strict
}

@test "near: a device that no node is known of, or that is not there, is left out and told" {
    local device
    for device in 'vda|the device.s node is not known' 'lo|the device.s node is not known' 'eth7|no such device'; do
        counted_under 'policy = interleave' "nodes = 0,near:${device%|*}"
        assert_only 0
        assert_regex "$(rule .reason)" "near:${device%|*}: ${device#*|}"
        refused_at_start "malloc\.large\.nodes: near:${device%|*}: ${device#*|}" 'policy = interleave' \
            "nodes = 0,near:${device%|*}" 'mode = hard'
        refused_at_start "malloc\.large\.nodes: no such nodes: near:${device%|*}: ${device#*|}" 'policy = bind' \
            "nodes = near:${device%|*}"
    done
}
