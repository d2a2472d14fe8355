#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# numaperf check and explain on four nodes: what a rule comes to where there is something to choose.

bats_require_minimum_version 1.5.0

setup() {
    load selftest
    numaperf=$NUMAPERF_BUILD/cli/numaperf
    cd "$BATS_TEST_TMPDIR" || return
    pages=$(sed 's/.*\[//; s/\].*//' /sys/kernel/mm/transparent_hugepage/enabled)
    balancing=$(cat /proc/sys/kernel/numa_balancing)
    file=$BATS_TEST_TMPDIR/policy.ini
    printf '%s\n' '[numaperf]' 'version = 1' \
        '[malloc.a]' 'size = 32K-64K' 'policy = interleave' 'nodes = all, !2' \
        '[malloc.b]' 'size = 64K-1M' 'policy = local' \
        '[malloc.c]' 'size = 1M-2M' 'policy = weighted-interleave' 'nodes = 0*3,1' \
        '[malloc.d]' 'size = 2M-' 'policy = bind' 'nodes = 1-5' >"$file"
}

# The suites that follow in this machine want the kernel's settings as they were.
teardown() {
    echo "$pages" >/sys/kernel/mm/transparent_hugepage/enabled
    echo "$balancing" >/proc/sys/kernel/numa_balancing
}

@test "nodes, weights and what was dropped are shown for each rule" {
    run -1 --separate-stderr "$numaperf" check -c "$file"
    assert_line --regexp '^  malloc\.a +holds .* interleave +0-1,3$'
    assert_line --regexp '^  malloc\.b +holds .* local +each of 0-3$'
    assert_line --regexp '^  malloc\.c +holds .* weighted-interleave +0\*3,1\*1$'
    assert_line --regexp '^  malloc\.d +degraded .* bind +1-3$'
    assert_line "      nodes 4-5 do not exist"
    assert_equal "$stderr" ""
}

@test "a cpuset takes nodes away: degraded in soft mode, refused in hard mode" {
    mkdir -p /sys/fs/cgroup/checked
    echo 0-1 >/sys/fs/cgroup/checked/cpuset.mems
    within="echo \$\$ >/sys/fs/cgroup/checked/cgroup.procs && $numaperf"
    run -1 bash -c "$within check -c $file"
    assert_line --regexp '^  malloc\.a +holds .* interleave +0-1$'
    assert_line --regexp '^  malloc\.d +degraded '
    assert_line "      nodes 4-5 do not exist, nodes 2-3 are not allowed"
    assert_line --regexp '^  nodes that may be used +0-1 +a cpuset keeps the others away$'
    sed -i 's/^version = 1/&\nmode = hard/' "$file"
    run -2 bash -c "$within check -c $file"
    assert_line "numaperf: $file:18: malloc.d.nodes: nodes 4-5 do not exist, nodes 2-3 are not allowed"
}

@test "settings of the kernel that move pages are named" {
    echo 1 >/proc/sys/kernel/numa_balancing
    echo always >/sys/kernel/mm/transparent_hugepage/enabled
    run -1 "$numaperf" check -c "$file"
    assert_line --regexp '^  numa_balancing +1 +the kernel moves pages'
    assert_line --regexp '^  transparent_hugepage +always +khugepaged'
    echo never >/sys/kernel/mm/transparent_hugepage/enabled
    sed -i 's/^policy = local/&\nhuge-pages = thp/' "$file"
    run -1 "$numaperf" check -c "$file"
    assert_line --regexp '^  malloc\.b +degraded '
    assert_line --regexp '^      transparent huge pages are switched off'
}

@test "explain names the section and the nodes" {
    run -0 "$numaperf" explain -c "$file" --size 32K
    assert_line --regexp '\[malloc\.a\], line 3 of '
    assert_line --regexp 'goes to +page by page in turn to nodes 0-1,3$'
    run -0 "$numaperf" explain -c "$file" --size 1M
    assert_line --regexp 'goes to +page by page in turn, by weight, to nodes 0\*3,1\*1$'
    run -0 "$numaperf" explain -c "$file" --size 1G
    assert_line --regexp 'degraded +nodes 4-5 do not exist$'
}
