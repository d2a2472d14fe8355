# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Programs that live in the background while numaperf looks at them (tests/progs/living), and their end.

started=()

# start COMMAND... - a `living`, in the background, until it is ready. $pid is its id, $child that of its child.
start() {
    rm -f input output
    mkfifo input output
    "$@" <input >output 2>errors 3>&- &
    pid=$!
    started+=("$pid")
    # shellcheck disable=SC2034 # held open
    exec {to}>input {from}<output
    IFS= read -r -t 60 -u "$from" answer || fail "not ready; errors: $(cat errors)"
    child=${answer#ready}
    child=${child# }
    # shellcheck disable=SC2206 # a number or nothing
    started+=($child)
}

# end_all - for teardown.
end_all() {
    local one
    for one in "${started[@]}"; do
        kill -KILL "$one" 2>/dev/null || true
        wait "$one" 2>/dev/null || true
    done
}
