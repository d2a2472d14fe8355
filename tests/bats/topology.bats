#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf topology: what this machine has, held against the kernel's own files.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
    nodes=(/sys/devices/system/node/node[0-9]*)
}

@test "every node is there with its CPUs, memory and distances, as sysfs has them" {
    "$numaperf" topology --json >topology.json
    assert_equal "$(jq '.nodes | length' topology.json)" "${#nodes[@]}"
    local folder id
    for folder in "${nodes[@]}"; do
        id=${folder##*/node}
        assert_equal "$(jq ".nodes[] | select(.id == $id) | .total_bytes / 1024" topology.json)" \
            "$(awk '$3 == "MemTotal:" { print $4 }' "$folder/meminfo")"
        assert_equal "$(jq -r ".nodes[] | select(.id == $id) | .distances[]" topology.json | xargs)" \
            "$(xargs <"$folder/distance")"
    done
}

@test "the CPUs are those that the affinity leaves" {
    requires taskset
    local cpu
    cpu=$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')
    assert_equal "$(taskset -c "$cpu" "$numaperf" topology --json | jq -c '.allowed.cpus, ([.nodes[].cpus[]] | unique)' | xargs)" \
        "[$cpu] [$cpu]"
}

@test "the kernel's abilities are found by trying, not by its version" {
    requires strace
    assert_equal "$("$numaperf" topology --json | jq .kernel.mbind)" true
    run -0 strace -f -o trace -e trace=mbind -e inject=mbind:error=EPERM "$numaperf" topology --json
    assert_equal "$(jq -c '[.kernel.mbind, .kernel.preferred_many]' <<<"$output")" '[false,false]'
    run -0 strace -f -o trace -e trace=mbind -e inject=mbind:error=EPERM "$numaperf" topology
    assert_output --regexp 'memory policies \(mbind\) +no +.*nothing can be placed'
    run -0 strace -f -o trace -e trace=move_pages -e inject=move_pages:error=ENOSYS "$numaperf" topology --json
    assert_equal "$(jq -c '[.kernel.mbind, .kernel.move_pages]' <<<"$output")" '[true,false]'
}

@test "settings are those of the kernel's files" {
    assert_equal "$("$numaperf" topology --json | jq -r .settings.max_map_count)" "$(cat /proc/sys/vm/max_map_count)"
}

@test "the tables name each node, and show bars as the locale can" {
    run -0 "$numaperf" topology
    assert_line --regexp '^ *node +CPUs +memory +free'
    assert_line --regexp '^  max_map_count +[0-9]+ +/proc/sys/vm/max_map_count$'
    assert_line --regexp '^ +0 .* (GiB|MiB) .*[#.]{10} '
    LC_ALL=C.UTF-8 run -0 "$numaperf" topology
    assert_line --regexp '^ +0 .*(█|░)'
}

@test "colour is for terminals only, and NO_COLOR refuses it" {
    requires script
    run -0 env TERM=xterm "$numaperf" topology
    refute_output --partial $'\033'
    run -0 env TERM=xterm script -qec "$numaperf topology" /dev/null
    assert_output --partial $'\033[1m'
    run -0 env TERM=xterm NO_COLOR=1 script -qec "$numaperf topology" /dev/null
    refute_output --partial $'\033'
}

@test "2: wrong usage, and output that cannot be written" {
    for arguments in "--nonsense" "word" "--json word" "--json=yes"; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr "$numaperf" topology $arguments
        assert_regex "$stderr" '^numaperf: topology: '
        assert_output ""
    done
    run -2 --separate-stderr bash -c "$numaperf topology >/dev/full"
    assert_regex "$stderr" '^numaperf: cannot write: No space left on device$'
    run -2 --separate-stderr bash -c "$numaperf topology --json >/dev/full"
    assert_regex "$stderr" '^numaperf: cannot write: No space left on device$'
}
