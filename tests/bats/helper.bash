# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the suites share. NUMAPERF_BUILD is the build folder (default: build, in the root of the tree). A suite that
# skips says why; with NUMAPERF_TEST_STRICT=1 a skip is a failure.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

NUMAPERF_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NUMAPERF_BUILD=$(cd "${NUMAPERF_BUILD:-$NUMAPERF_ROOT/build}" && pwd)
numaperf=$NUMAPERF_BUILD/cli/numaperf
numaperf_preload=$NUMAPERF_BUILD/preload/libnumaperf_preload.so
# shellcheck disable=SC2034 # for the suites
progs=$NUMAPERF_BUILD/tests/progs
export numaperf numaperf_preload progs
[ -x "$numaperf" ] && [ -f "$numaperf_preload" ] || fail "$NUMAPERF_BUILD holds no finished build"

# What the machine's own user has set must not reach the tests.
unset NUMAPERF_CONFIG NUMAPERF_DISABLE NUMAPERF_LOG NUMAPERF_LOG_FILE NUMAPERF_REPORT NUMAPERF_MODE LD_PRELOAD
export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config LC_ALL=C

# skip_or_fail REASON: skip, or fail where every test has to run.
skip_or_fail() {
    [ "${NUMAPERF_TEST_STRICT-}" != 1 ] || fail "skipped in strict mode: $1"
    skip "$1"
}

# requires COMMAND|FILE...: skip without one of them. requires nodes:2 wants as many NUMA nodes; requires root.
requires() {
    local what nodes
    for what; do
        case $what in
        nodes:*)
            nodes=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)
            [ "$nodes" -ge "${what#nodes:}" ] || skip_or_fail "needs ${what#nodes:} NUMA nodes"
            ;;
        root) [ "$(id -u)" = 0 ] || skip_or_fail "needs root" ;;
        */*) [ -e "$what" ] || skip_or_fail "needs $what" ;;
        *) command -v "$what" >/dev/null || skip_or_fail "needs $what" ;;
        esac
    done
}

# policy NAME [LINE...]: writes $BATS_TEST_TMPDIR/NAME.ini, [numaperf] with its version and these lines, and prints
# the path.
policy() {
    local file=$BATS_TEST_TMPDIR/$1.ini
    shift
    printf '%s\n' '[numaperf]' 'version = 1' "$@" >"$file"
    echo "$file"
}

# placed [VARIABLE=VALUE...] COMMAND...: runs the command under the shim, with what $behind names preloaded behind it.
placed() {
    env LD_PRELOAD="$numaperf_preload${behind:+:$behind}" "$@"
}

# field FILTER FILE: one field of a report, by jq.
field() {
    jq -r "$1" "$2"
}
