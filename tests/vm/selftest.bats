#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the tests may expect of the machine that tests/vm/run boots by default.

@test "four nodes are online" {
    [ "$(cat /sys/devices/system/node/online)" = 0-3 ]
}
