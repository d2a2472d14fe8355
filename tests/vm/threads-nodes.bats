#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Threads on machines whose nodes are not in a row or have no CPUs: what the rules do, by what sysfs and the kernel say.

bats_require_minimum_version 1.5.0

load placement

crew=$progs/crew
sysfs=/sys/devices/system/node

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    with_cpus=() without=() cpus=()
    local node
    for node in $(cd "$sysfs" && printf '%s\n' node[0-9]* | sed 's/node//' | sort -n); do
        if [ -n "$(cat "$sysfs/node$node/cpulist")" ]; then
            with_cpus+=("$node")
            cpus+=("$(cat "$sysfs/node$node/cpulist")")
        else
            without+=("$node")
        fi
    done
}

# shown COUNT - "CPUS NODE-OF-FRAME" of each created thread, in one line.
shown() {
    run -0 --separate-stderr "$numaperf" run -c policy.ini --report report -- "$crew" show -n "$1"
    shown=$(awk 'NR > 1 { print $3, $4 }' <<<"$output" | paste -sd ';')
}

@test "node goes round the nodes that have CPUs, whatever their numbers" {
    rules '[thread.all]' 'pin = node'
    shown $((${#with_cpus[@]} + 1))
    local wanted='' i
    for i in "${!with_cpus[@]}" 0; do
        wanted+="${wanted:+;}${cpus[i]} ${with_cpus[i]}"
    done
    assert_equal "$shown" "$wanted"
}

@test "a node without CPUs is left out with a reason, and refused in hard mode" {
    local last=${with_cpus[-1]} bare=${without[0]-9}
    rules '[thread.all]' 'pin = node' "nodes = $last,$bare"
    shown 2
    assert_equal "$shown" "${cpus[-1]} $last;${cpus[-1]} $last"
    assert_equal "$(jq -r '.threads[0].enforcement' report)" best-effort
    assert_regex "$(jq -r '.threads[0].reason' report)" "^node $bare (has no CPUs|does not exist)$"
    rules 'mode = hard' '[thread.all]' 'pin = node' "nodes = $last,$bare"
    run -125 "$numaperf" run -c policy.ini -- true
}

@test "threads in a row on changing nodes have their frames there" {
    rules '[thread.all]' 'pin = node'
    run -0 "$numaperf" run -c policy.ini -- "$crew" turnover 200
    assert_output "threads 200 nodes ${#with_cpus[@]} misplaced 0 policy 1"
}
