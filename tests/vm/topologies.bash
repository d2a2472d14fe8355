# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The machines that tests/vm/run can be asked for. Each is a function topology_NAME that fills two arrays:
#   machine      QEMU arguments
#   kernel_args  arguments of the kernel
#   more_ports   QEMU arguments that must come behind the first serial port
#
# What all of them share is chosen for speed, because everything is emulated: KVM is not used even where it is
# there, so that each machine that runs the tests runs the same.

machine=(
    # A plain processor: with the newer features of `max` each switch of tasks saves more registers. rdrand
    # gives the kernel its entropy at once; pdpe1gb allows huge pages of 1 GiB. q35 has fewer things to look
    # for than pc. Without cx16, because QEMU 7.2 emulates cmpxchg16b wrongly: every second boot of a kernel
    # that used it in its allocator of small objects died with corrupted lists.
    -accel "tcg,thread=multi" -machine q35 -cpu "qemu64,+rdrand,+pdpe1gb,-cx16"
    -nodefaults -no-user-config -no-reboot -display none
)

more_ports=()

# Topologies whose guests have more packages than packages.list.
declare -A more_packages=([large]=packages-large.list)

kernel_args=(
    console=ttyS0 quiet panic=-1
    # A report from a test at the wrong time must not silence the marks that tests/vm/run waits for.
    printk.devkmsg=on
    # The emulator keeps translated code by its virtual address: with random addresses each exec translates
    # the C library anew, which makes an exec five times slower. A test that wants random addresses writes 2
    # to /proc/sys/kernel/randomize_va_space.
    norandmaps nokaslr
    # Nothing to protect, no time to spend on it.
    mitigations=off init_on_alloc=0 cryptomgr.notests
    # The clock needs no check and no calibration.
    tsc=reliable no_timer_check lpj=10000000
)

# node ID SIZE [QEMU's node options, e.g. cpus=0]: a node with memory of its own.
node() {
    machine+=(-object "memory-backend-ram,id=memory$1,size=$2"
        -numa "node,nodeid=$1,memdev=memory$1${3:+,$3}")
}

# distances A:B=VALUE...: both ways; a node's distance to itself is 10.
# Always given: without distances a boot can fail.
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

# Four nodes in a ring, a CPU each. Node 0, here and below, has 32M more because the kernel itself is there.
topology_four() {
    machine+=(-smp 4 -m 1824M)
    node 0 480M cpus=0
    node 1 448M cpus=1
    node 2 448M cpus=2
    node 3 448M cpus=3
    distances 0:1=21 1:2=21 2:3=21 0:3=21 0:2=31 1:3=31
}

# The same, where each program may have its accesses to memory counted: the plugin of bench/locality, from the build
# folder, answers on the second port, /dev/vport0p2.
topology_counted() {
    local plugin=$build/bench/locality/liblocality.so
    [ -e "$plugin" ] || give_up "no $plugin: counting needs a build folder with the tests or with -Dbench=enabled"
    topology_four
    mkfifo "$work/counts" || give_up "no pipe for the counts"
    machine+=(-plugin "file=${plugin//,/,,},answers=$work/counts")
    more_ports=(-chardev "pipe,id=counts,path=$work/counts" -device virtserialport,chardev=counts)
}

# The four nodes with more memory and more packages, for large programs.
topology_large() {
    machine+=(-smp 4 -m 3104M)
    node 0 800M cpus=0
    node 1 768M cpus=1
    node 2 768M cpus=2
    node 3 768M cpus=3
    distances 0:1=21 1:2=21 2:3=21 0:3=21 0:2=31 1:3=31
}

# Two sockets, and a node that has memory only, as CXL memory appears; the HMAT says how fast each is.
topology_cxl() {
    machine+=(-smp 2 -m 1376M -machine hmat=on)
    node 0 480M cpus=0,initiator=0
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

# Nodes 0 and 2 without a 1. The kernel numbers nodes in the order in which the firmware's table names them,
# CPUs first, so a CPU of node 1 must be named there between the two others, and then not be used. 6.1 has an
# argument for that, which later kernels dropped; those take the CPU of node 2 as one plugged in before the
# boot, on which 6.1 hangs.
topology_sparse() {
    machine+=(-m 928M)
    node 0 480M cpus=0
    machine+=(-numa "node,nodeid=1,cpus=1")
    node 2 448M cpus=2
    distances 0:1=15 0:2=21 1:2=15
    if [ "$kernel" = stable ]; then
        machine+=(-smp 3)
        kernel_args+=(disable_cpu_apicid=1)
    else
        machine+=(-smp "1,sockets=3,maxcpus=3"
            -device "qemu64-x86_64-cpu,socket-id=2,die-id=0,core-id=0,thread-id=0")
        kernel_args+=(possible_cpus=2)
    fi
}

# Two sockets, each with a PCI bridge of its own as real ones have, and a disk below the second one's.
topology_devices() {
    machine+=(-smp 2 -m 928M)
    node 0 480M cpus=0
    node 1 448M cpus=1
    distances 0:1=21
    machine+=(
        -device "pxb-pcie,id=socket1,bus=pcie.0,bus_nr=128,numa_node=1"
        -device "pcie-root-port,id=port1,bus=socket1,chassis=1"
        -blockdev "null-co,node-name=nothing,size=1048576,read-zeroes=on"
        -device "virtio-blk-pci,bus=port1,drive=nothing")
}

# What most machines are.
topology_one() {
    machine+=(-smp 2 -m 896M)
    node 0 896M cpus=0-1
}

# One node, with pools of explicit huge pages of both sizes.
topology_huge() {
    machine+=(-smp 2 -m 6G)
    node 0 6G cpus=0-1
    kernel_args+=(default_hugepagesz=2M hugepagesz=2M hugepages=64 hugepagesz=1G hugepages=2)
}

# nodes_apart COUNT SIZE CPUS: so many nodes, all equally far, the first ones with a CPU each.
nodes_apart() {
    local id other
    for ((id = 0; id < $1; id++)); do
        node "$id" "$2" "$([ "$id" -lt "$3" ] && echo "cpus=$id")"
        for ((other = 0; other < id; other++)); do
            distances "$other:$id=21"
        done
    done
}

# For what grows with the number of nodes: sixteen with a CPU each, and sixty-four of which eight have one.
topology_wide() {
    machine+=(-smp 16 -m 2560M)
    nodes_apart 16 160M 16
}

topology_vast() {
    machine+=(-smp 8 -m 6144M)
    nodes_apart 64 96M 8
}
