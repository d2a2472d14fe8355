#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Programs of Open MPI under its own launcher: each rank's memory and threads on the node of its local rank. On this
# machine each node has one CPU of its own number.

bats_require_minimum_version 1.5.0

load placement

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "mpirun: each rank's memory on its own node, and its threads there" {
    rules '[malloc.large]' 'size = 32K-' 'policy = bind' 'nodes = rank' '[thread.all]' 'pin = node' 'nodes = rank'
    cat >rank.py <<'PYTHON'
import ctypes, os, threading
import numpy
array = numpy.ones(1 << 20)
rank = os.environ["OMPI_COMM_WORLD_LOCAL_RANK"]
nodes = {}
for line in open("/proc/self/numa_maps"):
    start = int(line.split()[0], 16)
    if start > array.ctypes.data:
        break
    last = line
cpus = []
thread = threading.Thread(target=lambda: cpus.extend(os.sched_getaffinity(0)))
thread.start()
thread.join()
pages = [word for word in last.split() if word[0] == "N" and word[1].isdigit()]
print("rank", rank, "cpus", *cpus, "pages", *pages, flush=True)
PYTHON
    run -0 env OPENBLAS_NUM_THREADS=1 mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none -np 4 \
        "$numaperf" run -c policy.ini -- /usr/bin/python3 rank.py
    for rank in 0 1 2 3; do
        assert_line --regexp "^rank $rank cpus $rank pages N$rank=[0-9]+$"
    done
}
