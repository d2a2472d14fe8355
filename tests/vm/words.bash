# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the suites of node words share: a rule, a program under it, and where the kernel says its pages are.

load placement

# on_machine NAME - skip a suite elsewhere.
on_machine() {
    [[ ${NUMAPERF_VM_TOPOLOGY-} == "$1" ]] || skip "needs tests/vm/run --topology $1"
}

# counted_under LINE... - the puppet writes 8 MiB under a rule of these lines; its pages are counted, and the report must
# agree.
counted_under() {
    policy "$@"
    start_puppet
    give 0 8M
    tell check 0
    hold
    count_zones
    finish
    assert_equal "$status" 0
    assert_agrees
}

# interleaved LIST NODE... - a list of nodes comes to these, and no reason is given.
interleaved() {
    counted_under 'policy = interleave' "nodes = $1"
    assert_even 1 "${@:2}"
    assert_equal "$(rule '.nodes | join(" ")')" "${*:2}"
    assert_equal "$(rule .reason)" 'the kernel may spill'
}

# largest - the node with the most memory, of what the kernel has left of what the machine has.
largest() {
    awk '$3 == "MemTotal:" && $4 > most { most = $4; node = $2 } END { print node }' \
        /sys/devices/system/node/node*/meminfo
}

# refused_at_start MESSAGE LINE... - numaperf run does not start the program, and says why.
refused_at_start() {
    policy "${@:2}"
    run -125 --separate-stderr "$numaperf" run -c "$BATS_TEST_TMPDIR/policy.ini" -- true
    assert_regex "$stderr" "$1"
}
