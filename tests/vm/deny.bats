#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Kernels and sandboxes that refuse: the program's output is what it is without numaperf, and the report says why its
# memory is not placed.

bats_require_minimum_version 1.5.0
load placement

deny=$NUMAPERF_BUILD/tests/progs/deny
program=(sh -c 'sort -S 40M | sha256sum')

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    seq 100000 -1 1 >numbers
    "${program[@]}" <numbers >expected 2>&1
    policy 'policy = interleave' 'nodes = 0-3'
}

# same WRAPPER... - the program, under the wrapper, says the same as without numaperf. Its report is in $report.
same() {
    rm -f report-sort
    NUMAPERF_CONFIG=policy.ini NUMAPERF_REPORT="report-%n" LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        "$@" "${program[@]}" <numbers >output 2>&1
    cmp expected output
    report=$(cat report-sort)
}

@test "without a refusal: placed" {
    same env
    assert_equal "$(rule .enforcement)" best-effort
    [ "$(rule '.pages | length')" -eq 4 ]
}

@test "mbind: EPERM, ENOSYS and EINVAL are none, with the error's name" {
    local error
    for error in EPERM ENOSYS EINVAL; do
        same "$deny" $error mbind --
        assert_equal "$(rule .enforcement)" none
        assert_regex "$(rule .reason)" 'mbind'
        [ "$(rule ".errors.$error")" -gt 0 ]
        [ "$(rule .allocations)" -gt 0 ]
    done
}

# python [VARIABLE=VALUE...] - maps private and shared memory of a MiB and more, starts threads, and prints what is in it.
python() {
    env "$@" /usr/bin/python3 -c '
import mmap, threading
private = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
shared = mmap.mmap(-1, 4 << 20)
def fill(number):
    private[number << 20] = shared[number << 20] = 1 + number
threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([memory[number << 20] for memory in (private, shared) for number in range(4)])
private.resize(8 << 20)
print(len(private), sum(private[1 << 20:]), sum(shared[1 << 20:]))' 2>&1
}

# denied ERROR CALL... - the same output under rules for mappings, threads and the process when these calls are refused.
denied() {
    rm -f report
    python >expected
    printf '%s\n' '[numaperf]' 'version = 1' '[mmap.private]' 'kind = private' 'size = 1M-' 'policy = interleave' \
        'nodes = 0-3' '[mmap.shared]' 'kind = shared' 'size = 1M-' 'policy = bind' 'nodes = 2' \
        '[mmap.first]' 'policy = first-touch' '[thread.all]' 'pin = scatter' \
        '[process]' 'policy = preferred' 'nodes = 1' >rules.ini
    "$deny" "$@" -- bash -c "$(declare -f python)"'; python "$@"' python NUMAPERF_CONFIG="$PWD/rules.ini" \
        NUMAPERF_REPORT="$PWD/report" LD_PRELOAD="$NUMAPERF_BUILD/preload/libnumaperf_preload.so" >output
    cmp expected output
}

@test "rules for mappings, threads and the process without a refusal: all hold" {
    denied ENOSYS memfd_create
    run -0 jq -c '[.rules[] | select(.section | startswith("mmap")) | .enforcement], .process.enforcement, .threads[0].pinned' report
    assert_output $'["best-effort","best-effort","best-effort"]\n"best-effort"\n4'
}

@test "rules for mappings, threads and the process: EPERM, ENOSYS and EINVAL change no output, the report has the reason" {
    local error
    declare -A said=([EPERM]='operation not permitted' [ENOSYS]='function not implemented' [EINVAL]='invalid argument')
    for error in EPERM ENOSYS EINVAL; do
        denied $error mbind set_mempolicy
        run -0 jq -r '.rules[] | select(.section == ("mmap.private", "mmap.shared")) | "\(.enforcement): \(.reason)"' report
        assert_output "none: mbind: ${said[$error]}"$'\n'"none: mbind: ${said[$error]}"
        run -0 jq -e ".rules[] | select(.section == (\"mmap.private\", \"mmap.shared\")) | .errors.$error > 0" report
        run -0 jq -r '.process | "\(.enforcement): \(.reason)"' report
        assert_output "none: mbind: ${said[$error]}"
        assert_equal "$(jq '.threads[0].pinned' report)" 4
    done
}

@test "the process's policy alone is refused: the report names the call" {
    local error call
    for error in EPERM ENOSYS EINVAL; do
        for call in set_mempolicy get_mempolicy; do
            denied $error $call
            assert_equal "$(jq -r .process.enforcement report)" none
            assert_regex "$(jq -r .process.reason report)" "^$call failed: "
            assert_equal "$(jq -r '.rules[] | select(.section == "mmap.private") | .enforcement' report)" best-effort
        done
    done
}

@test "threads and their CPUs: EPERM and ENOSYS leave them where they are, and the report has the reason" {
    local error
    for error in EPERM ENOSYS; do
        denied $error sched_setaffinity
        run -0 jq -r '.threads[0] | "\(.enforcement), \(.pinned) of \(.count): \(.reason)"' report
        assert_regex "$output" '^none, 0 of 4: [A-Z]'
        denied $error sched_getaffinity
        assert_equal "$(jq '.threads[0].pinned' report)" 4
    done
}

@test "in hard mode refused mappings fail, and the program says so itself" {
    printf '%s\n' '[numaperf]' 'version = 1' 'mode = hard' '[mmap.shared]' 'kind = shared' 'size = 1M-' \
        'policy = bind' 'nodes = 2' >rules.ini
    run -0 --separate-stderr "$deny" EPERM mbind -- env NUMAPERF_CONFIG=rules.ini \
        LD_PRELOAD="$NUMAPERF_BUILD/preload/libnumaperf_preload.so" /usr/bin/python3 -c '
import mmap
try:
    mmap.mmap(-1, 4 << 20)
except OSError as error:
    print(error.strerror)'
    assert_output 'Cannot allocate memory'
    assert_regex "$stderr" '^numaperf: .*mmap\.shared\.policy: mbind: operation not permitted$'
}

@test "move_pages: EPERM and ENOSYS leave the placement, and the report says that it cannot be checked" {
    local error
    for error in EPERM ENOSYS; do
        same "$deny" $error move_pages --
        assert_equal "$(rule .enforcement)" best-effort
        assert_regex "$(rule .reason)" 'where the pages are'
        assert_equal "$(rule .pages)" '{}'
    done
}

@test "get_mempolicy and set_mempolicy: EPERM and ENOSYS change nothing for the program" {
    local error call
    for error in EPERM ENOSYS; do
        for call in get_mempolicy set_mempolicy; do
            same "$deny" $error $call --
            [ "$(rule .allocations)" -gt 0 ]
        done
    done
}

@test "all calls at once, as in a container without CAP_SYS_NICE" {
    same "$deny" EPERM mbind set_mempolicy get_mempolicy move_pages --
    assert_equal "$(rule .enforcement)" none
    [ "$(rule .errors.EPERM)" -gt 0 ]
}

@test "a kernel without preferred-many: bind on several nodes is placed all the same" {
    policy 'policy = bind' 'nodes = 1,3'
    same "$deny" EINVAL mbind:5 --
    assert_equal "$(rule .enforcement)" best-effort
    assert_equal "$(rule .misplaced_pages)" 0
    [ "$(rule '[.pages[]] | add')" -gt 0 ]
}

@test "no explicit huge pages: transparent ones instead, with the reason" {
    policy 'policy = bind' 'nodes = 1' 'huge-pages = 2M'
    same env
    assert_equal "$(rule .enforcement)" best-effort
    assert_regex "$(rule .reason)" 'huge pages of 2048 kB'
    assert_equal "$(rule .misplaced_pages)" 0
}

@test "no /sys: the program's output is the same" {
    NUMAPERF_CONFIG=policy.ini LD_PRELOAD=$NUMAPERF_BUILD/preload/libnumaperf_preload.so \
        unshare --mount sh -c 'mount -t tmpfs none /sys && exec "$@"' sh "${program[@]}" <numbers >output 2>errors
    cmp expected output
    [ "$(wc -l <errors)" -le 4 ]
}

@test "a tiny RLIMIT_AS: the next malloc serves, with the reason" {
    same prlimit --as=120000000
    [ "$(rule .enforcement)" != strict ]
    [ "$(rule .passed_on)" -gt 0 ]
    [ -n "$(rule .reason)" ]
}
