#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What threads see of the shim on any machine: libc's contract, and the CPUs that the rules name.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
}

# each_policy COMMAND... - under rules of every kind.
each_policy() {
    local pin
    for pin in none compact scatter node core cache 0; do
        NUMAPERF_CONFIG=$(policy "$pin" '[thread.io]' 'name = io_*' 'pin = core' '[thread.even]' 'index = 2,4,6' \
            'start = *.so*' 'pin = scatter' '[thread.main]' 'index = 0' 'pin = node' '[thread.rest]' "pin = $pin" \
            'override = yes') placed "$@"
    done
}

@test "threads are created, cancelled, joined and fail as libc documents" {
    run -0 each_policy "$progs/births"
    refute_output --regexp '[1-9][0-9]* failed'
    run -0 placed "$progs/births"
    assert_output --regexp ', 0 failed$'
}

@test "rules that a container forbids leave the threads alone, and the report says so" {
    requires jq
    NUMAPERF_CONFIG=$(policy denied '[thread.all]' 'pin = scatter') NUMAPERF_REPORT=report \
        run -0 "$progs/deny" EPERM sched_setaffinity mbind move_pages -- env LD_PRELOAD="$numaperf_preload" "$progs/births"
    assert_output --regexp ', 0 failed$'
    run -0 jq -r '.threads[0] | (.pinned, .count == .skipped, .enforcement, .reason)' report
    assert_output $'0\ntrue\nnone\n'"$(jq -r '.threads[0].reason' report)"
    assert_output --partial 'permi'
}

@test "the example for OpenMP pins the threads of the runtime, and leaves the team its size" {
    requires cc jq
    printf '%s\n' '#include <omp.h>' '#include <stdio.h>' 'int main(void) {' 'printf("%d\n", omp_get_max_threads());' \
        '#pragma omp parallel num_threads(4)' '{ }' 'return 0; }' >omp.c
    cc -fopenmp omp.c -o omp
    run -0 env -u OMP_NUM_THREADS ./omp
    size=$output
    run -0 env -u OMP_NUM_THREADS -u OMP_PROC_BIND "$numaperf" run -c "$NUMAPERF_ROOT/config/examples/openmp.ini" \
        --report report -- ./omp
    assert_output "$size"
    run -0 jq -c '.threads[0] | [.section, .count, .pinned]' report
    assert_output '["thread.team",3,3]'
}

@test "an OpenMP program is pinned, unless it was told to bind its threads" {
    requires cc jq
    printf '%s\n' '#include <omp.h>' 'int main(void) {' '#pragma omp parallel num_threads(4)' '{ }' 'return 0; }' >omp.c
    cc -fopenmp omp.c -o omp
    local file bind
    file=$(policy omp '[thread.all]' 'pin = compact')
    NUMAPERF_CONFIG=$file NUMAPERF_REPORT=report placed ./omp
    assert_equal "$(jq -c '.threads[0] | [.count, .pinned, .skipped]' report)" '[3,3,0]'
    for bind in OMP_PROC_BIND=close OMP_PLACES=cores GOMP_CPU_AFFINITY=0 OMP_PROC_BIND=true; do
        NUMAPERF_CONFIG=$file NUMAPERF_REPORT=report placed "$bind" ./omp
        assert_equal "$bind $(jq -c '.threads[0] | [.count, .pinned, .skipped]' report)" "$bind [3,0,3]"
    done
    NUMAPERF_CONFIG=$file NUMAPERF_REPORT=report placed OMP_PROC_BIND=false ./omp
    assert_equal "$(jq -c '.threads[0] | [.count, .pinned, .skipped]' report)" '[3,3,0]'
}

@test "a broken rule switches everything off, with one line" {
    NUMAPERF_CONFIG=$(policy broken '[thread.a]' 'pin = sideways') run -0 --separate-stderr placed "$progs/births"
    assert_output --regexp ', 0 failed$'
    # shellcheck disable=SC2154 # set by run
    assert_equal "${#stderr_lines[@]}" 1
    assert_regex "$stderr" 'broken.ini:4: thread.a.pin: "sideways" is not known'
}

# children LINE... - what programs get that are started in every way: their CPUs, LD_PRELOAD and memory policy.
children() {
    # shellcheck disable=SC2016 # for the child's shell
    NUMAPERF_CONFIG=$(policy children "$@") placed "$progs/starts" \
        'echo $(grep Cpus_allowed_list /proc/self/status | cut -f2) ${LD_PRELOAD-none} $(head -n 1 /proc/self/numa_maps | cut -d" " -f2)'
}

@test "with children = scrub programs start without the shim, on all CPUs and under no policy of ours" {
    requires /proc/self/numa_maps
    local all
    all=$(awk '/Cpus_allowed_list/ { print $2 }' /proc/self/status)
    [ "$all" != 0 ] || skip_or_fail "needs two CPUs"
    run -0 children 'children = scrub' '[process]' 'policy = interleave' 'nodes = 0' 'pin = 0'
    assert_line 'self 0'
    assert_equal "${#lines[@]}" 16
    for line in "${lines[@]:0:15}"; do
        assert_equal "${line#* }" "$all none default"
    done
}

@test "with children = inherit they have all of it" {
    requires /proc/self/numa_maps
    run -0 children 'children = inherit' '[process]' 'policy = interleave' 'nodes = 0' 'pin = 0'
    assert_equal "${#lines[@]}" 16
    for line in "${lines[@]:0:15}"; do
        assert_regex "$line" "^[a-z_]+ 0 $numaperf_preload interleave"
    done
}

@test "scrub takes our entry alone out of LD_PRELOAD" {
    local file
    file=$(policy scrub 'children = scrub')
    cp "$progs/early.so" libother.so
    for list in "$numaperf_preload:./libother.so" "./libother.so $numaperf_preload" "./libother.so:$numaperf_preload:"; do
        # shellcheck disable=SC2016 # for the child's shell
        NUMAPERF_CONFIG=$file LD_PRELOAD=$list run -0 /bin/sh -c 'echo "$LD_PRELOAD"; env | grep -c ^LD_PRELOAD='
        assert_output $'./libother.so\n1'
    done
    # shellcheck disable=SC2016 # for the child's shell
    NUMAPERF_CONFIG=$file LD_PRELOAD=$numaperf_preload run -0 /bin/sh -c 'echo "${LD_PRELOAD-gone}"; env | grep -c NUMAPERF_CONFIG'
    assert_output $'gone\n1'
}

@test "what a creator binds or names at once is so, and what a vfork child does to itself is not its parent's" {
    [ "$(nproc)" -ge 2 ] || skip_or_fail "needs two CPUs"
    NUMAPERF_CONFIG=$(policy binds '[thread.io]' 'name = io_*' 'pin = 1' '[thread.rest]' 'pin = 0') \
        run -0 placed "$progs/binds"
    assert_output --regexp ', 0 failed$'
}

@test "an affinity that the program gave itself goes to its children, scrubbed or not" {
    requires taskset
    # shellcheck disable=SC2016 # for the child's shell
    NUMAPERF_CONFIG=$(policy own 'children = scrub' '[thread.main]' 'index = 0' 'pin = 0') run -0 placed /usr/bin/python3 -c '
import os
os.sched_setaffinity(0, {1})
os.execv("/bin/grep", ["grep", "Cpus_allowed_list", "/proc/self/status"])'
    assert_output --regexp '[[:space:]]1$'
}
