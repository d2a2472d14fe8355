# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the suites share that test the virtual machines themselves.

bats_load_library bats-support
bats_load_library bats-assert

# node FILE: what sysfs says about the nodes.
node() {
    cat "/sys/devices/system/node/$1"
}

# free_mib NODE: memory that a program can have there without reclaim, in MiB.
free_mib() {
    awk '$3 == "MemFree:" { print int($4 / 1024) }' "/sys/devices/system/node/node$1/meminfo"
}
