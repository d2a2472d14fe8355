# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The machines that tests/vm/run can be asked for. Each is a function topology_NAME that fills two arrays:
#   machine      QEMU arguments
#   kernel_args  arguments of the kernel
#
# The distances are always given: without them a boot can fail.

machine=()
kernel_args=()

# node ID SIZE [QEMU's node options, e.g. cpus=0]: a node with memory of its own.
node() {
    machine+=(-object "memory-backend-ram,id=memory$1,size=$2"
        -numa "node,nodeid=$1,memdev=memory$1${3:+,$3}")
}

# distances A:B=VALUE...: both ways; a node's distance to itself is 10.
distances() {
    local ends
    for ends; do
        machine+=(-numa "dist,src=${ends%%:*},dst=$(middle "$ends"),val=${ends#*=}"
            -numa "dist,src=$(middle "$ends"),dst=${ends%%:*},val=${ends#*=}")
    done
}

middle() {
    local rest=${1#*:}
    echo "${rest%=*}"
}

# reach FROM TO NANOSECONDS BANDWIDTH: one line of the HMAT, as a CPU of node FROM sees the memory of node TO.
reach() {
    local line="hmat-lb,initiator=$1,target=$2,hierarchy=memory"
    machine+=(-numa "$line,data-type=access-latency,latency=$3"
        -numa "$line,data-type=access-bandwidth,bandwidth=$4")
}

# Four nodes in a ring, a CPU each.
topology_four() {
    machine+=(-smp 4 -m 1792M)
    node 0 448M cpus=0
    node 1 448M cpus=1
    node 2 448M cpus=2
    node 3 448M cpus=3
    distances 0:1=21 1:2=21 2:3=21 0:3=21 0:2=31 1:3=31
}

# Two sockets, and a node that has memory only, as CXL memory appears; the HMAT says how fast each is.
topology_cxl() {
    machine+=(-smp 2 -m 1344M -machine hmat=on)
    node 0 448M cpus=0,initiator=0
    node 1 448M cpus=1,initiator=1
    node 2 448M initiator=0
    distances 0:1=21 0:2=30 1:2=40
    reach 0 0 80 200G
    reach 0 1 140 100G
    reach 0 2 250 50G
    reach 1 0 140 100G
    reach 1 1 80 200G
    reach 1 2 350 40G
}

# Nodes 0 and 2 without a 1. The kernel numbers nodes in the order in which the firmware's table names them, CPUs
# first, so the CPU of node 1 must be named there between the two others, and not be plugged in.
topology_sparse() {
    machine+=(-smp 1,sockets=3,maxcpus=3 -m 896M
        -device "cpu,socket-id=2,core-id=0,thread-id=0")
    node 0 448M cpus=0
    machine+=(-numa node,nodeid=1,cpus=1)
    node 2 448M cpus=2
    distances 0:1=15 0:2=21 1:2=15
    kernel_args+=(possible_cpus=2)
}

# What most machines are.
topology_one() {
    machine+=(-smp 2 -m 896M)
    node 0 896M cpus=0-1
    machine+=(-numa dist,src=0,dst=0,val=10)
}

# One node, with pools of explicit huge pages of both sizes.
topology_huge() {
    machine+=(-smp 2 -m 6G)
    node 0 6G cpus=0-1
    machine+=(-numa dist,src=0,dst=0,val=10)
    kernel_args+=(default_hugepagesz=2M hugepagesz=2M hugepages=64 hugepagesz=1G hugepages=2)
}
