#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Small blocks under each policy, threads that move from node to node among them.

bats_require_minimum_version 1.5.0

load placement

teardown() {
    clean_up
    echo 1 >/sys/devices/system/cpu/cpu3/online
}

# class SIZE LINE... - a policy file with one class.
class() {
    printf '%s\n' '[numaperf]' 'version = 1' '[malloc.large]' "size = $1" "${@:2}" >"$BATS_TEST_TMPDIR/policy.ini"
}

# fill COUNT SIZE [thin] - until the blocks are there; their pages are in blocks[].
fill() {
    start "$progs/small" "${3-fill}" "$1" "$2"
    hear_blocks
    # shellcheck disable=SC2068 # START and LENGTH
    count ${blocks[@]}
}

# end - and what the report says.
end() {
    hold
    finish
    assert_equal "$status" 0
    assert_equal "$(rule .misplaced_pages)" 0
}

walk() {
    run -0 "$@" "$progs/small" walk 1000000
    assert_output --partial ' 0 misplaced'
}

@test "over a million operations no block of a local class lies on another node" {
    class 0- 'policy = local'
    walk "$numaperf" run -c "$BATS_TEST_TMPDIR/policy.ini" --report "$BATS_TEST_TMPDIR/report.json" --
    report=$(cat "$BATS_TEST_TMPDIR/report.json")
    assert_equal "$(rule .misplaced_pages)" 0
    (($(jq .totals.remote_frees <<<"$report") > 10000))
    (($(jq .totals.node_migrations <<<"$report") > 1000))
}

@test "threads are followed where the kernel does not say by itself on which CPU they run" {
    class 0- 'policy = local'
    # Without rseq the CPU is asked for when a magazine is filled, so blocks may come from the last node until then.
    run env GLIBC_TUNABLES=glibc.pthread.rseq=0 "$numaperf" run -c "$BATS_TEST_TMPDIR/policy.ini" \
        --report "$BATS_TEST_TMPDIR/report.json" -- "$progs/small" walk 200000
    assert_output --partial ' misplaced'
    report=$(cat "$BATS_TEST_TMPDIR/report.json")
    assert_equal "$(rule .misplaced_pages)" 0
    (($(jq .totals.node_migrations <<<"$report") > 300))
}

@test "a CPU that comes later gets blocks of its node" {
    class 0- 'policy = local'
    echo 0 >/sys/devices/system/cpu/cpu3/online
    start "$progs/small" later 3
    hear
    assert_equal "$answer" ready
    echo 1 >/sys/devices/system/cpu/cpu3/online
    echo go >&"$to"
    hear
    assert_equal "$answer" '0 blocks not on node 3'
    end
}

@test "a few small blocks cost no huge page" {
    class 0- 'policy = local'
    assert_regex "$(cat /sys/kernel/mm/transparent_hugepage/enabled)" '\[always\]'
    fill 3000 100
    run -0 awk '$1 == "AnonHugePages:" { print $2 }' "/proc/$pid/smaps_rollup"
    assert_output 0
    end
}

@test "bound blocks of 16 bytes are on their nodes, in soft and in hard mode" {
    for mode in soft hard; do
        class 0-17 'policy = bind' 'nodes = 2' "mode = $mode"
        fill 300000 16
        assert_equal "${on[*]}" "0 0 $present 0"
        ((present > 1000))
        end
    done
}

@test "blocks on pages that a trim gave back are on their nodes again" {
    for policy in bind preferred; do
        class 0-5000 "policy = $policy" 'nodes = 2'
        fill 10000 3000 thin
        assert_equal "${on[*]}" "0 0 $present 0"
        ((present > 5000))
        end
    done
}

@test "interleaved blocks of 16 bytes are spread page by page" {
    class 0-17 'policy = interleave' 'nodes = all'
    fill 400000 16
    # shellcheck disable=SC2068 # START and LENGTH
    "$progs/placed" "$pid" 4 ${blocks[@]} >/dev/null
    for node in 0 1 2 3; do
        ((on[node] > present / 4 - 32 && on[node] < present / 4 + 32))
    done
    end
}

@test "small blocks are spread by weight" {
    class 0- 'policy = weighted-interleave' 'nodes = 1*3,3*1'
    for size in 16 100 1000 20000; do
        fill $((32000000 / size)) "$size"
        ((on[0] == 0 && on[2] == 0))
        ((on[1] * 100 > on[3] * 280 && on[1] * 100 < on[3] * 320))
        end
    done
}

@test "small blocks of a class with huge pages stay with their node" {
    class 0- 'policy = bind' 'nodes = 1' 'huge-pages = thp'
    fill 300000 64
    assert_equal "${on[*]}" "0 $present 0 0"
    end
    assert_equal "$(rule '.pages | keys | join(" ")')" 1
}

@test "huge pages that nobody asked for are not made of small blocks, also where they always are" {
    set_for_test /sys/kernel/mm/transparent_hugepage/enabled always
    class 0- 'policy = local'
    fill 300000 64
    hold
    finish
    assert_equal "$(rule .huge_bytes)" 0
    class 0- 'policy = local' 'huge-pages = thp'
    fill 300000 64
    hold
    finish
    (($(rule .huge_bytes) > 8 << 20))
}

@test "when threads have ended and all is freed, a trim leaves a twentieth of it, also of huge pages" {
    set_for_test /sys/kernel/mm/transparent_hugepage/enabled always
    run env LD_PRELOAD="$NUMAPERF_BUILD/preload/libnumaperf_preload.so" NUMAPERF_CONFIG= "$NUMAPERF_BUILD/tests/progs/tides" 64
    assert_equal "$status" 0
    read -r _ most rest <<<"${lines[0]}"
    ((most > 64 * 1024 && rest * 20 <= most)) || fail "of $most KiB $rest stay"
}

@test "a small program has no page of the shim's code that all programs can do without" {
    local shim=$NUMAPERF_BUILD/preload/libnumaperf_preload.so kib=()
    run -0 env LD_PRELOAD="$shim" NUMAPERF_CONFIG= "$NUMAPERF_BUILD/tests/progs/few"
    # What preload/layout.ld puts together is the first segment of code, and all the rest the second.
    mapfile -t kib < <(awk -v shim="$shim" '/^[0-9a-f]+-/ { code = $2 == "r-xp" && $6 == shim } code && $1 == "Rss:" { print $2 }' <<<"$output")
    ((${#kib[@]} > 1)) || skip "the code is not laid out"
    ((kib[0] > 0))
    assert_equal "${kib[1]}" 0
}
