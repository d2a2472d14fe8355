#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completion for bash: commands, options, their values, programs, and then the program's own business.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "${pid-}" ] || kill "$pid" 2>/dev/null || true
}

# complete WORD...: what the last word may become, sorted, on one line.
complete_words() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    bash --norc -c 'compopt() { [[ $2 != nospace ]] || echo no-blank; }
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _numaperf
        printf "%s\n" "${COMPREPLY[@]}"' bash "$NUMAPERF_ROOT/packaging/numaperf.bash" numaperf "$@" | sort | xargs
}

@test "commands" {
    assert_equal "$(complete_words '')" "--help --version check explain init report run top topology"
    assert_equal "$(complete_words re)" report
}

@test "every command and option that is completed is known to the command" {
    local command option
    for command in $(complete_words ''); do
        [[ $command != --* ]] || continue
        run -0 "$numaperf" "$command" --help
        for option in $(complete_words "$command" --); do
            assert_output --partial "$option"
        done
    done
}

@test "every option that the command tells is completed" {
    local command option
    for command in run init check explain topology report top; do
        for option in $("$numaperf" "$command" --help | grep -oE '(^|[ ,\[|])--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u); do
            [[ " $(complete_words "$command" --) " == *" $option "* ]] || fail "$command does not complete $option"
        done
    done
}

@test "values of options, files and programs" {
    touch own.ini
    assert_equal "$(complete_words run --policy inter)" interleave
    assert_equal "$(complete_words run --policy = inter)" interleave
    assert_equal "$(complete_words run --policy = preferred --huge-pages =)" "1G 2M default never thp"
    assert_equal "$(complete_words run --nodes f)" fastest
    assert_equal "$(complete_words run --nodes ne)" "near: no-blank"
    assert_equal "$(complete_words run --policy = local --ha)" --hard
    assert_equal "$(complete_words explain --kind s)" "shared stack"
    assert_equal "$(complete_words check -c own)" own.ini
    assert_equal "$(complete_words report own)" own.ini
    [[ " $(complete_words check slee) " == *" sleep "* ]]
    [[ " $(complete_words run --hard slee) " == *" sleep "* ]]
    assert_equal "$(complete_words run -c own.ini sleep --ha)" ""
    assert_equal "$(complete_words run --nodes = near : 0 --ha)" --hard
    assert_equal "$(complete_words run --nodes near :)" ""
    assert_equal "$(complete_words run sleep --policy '')" ""
    assert_equal "$(complete_words run --policy local sleep --policy = inter)" ""
    assert_equal "$(complete_words run -- --h)" ""
    assert_equal "$(complete_words run -- sleep --h)" ""
    assert_equal "$(complete_words check -- --v)" ""
    [[ " $(complete_words run --hard -- slee) " == *" sleep "* ]]
    assert_equal "$(complete_words top --interval '')" ""
    assert_equal "$(complete_words nonsense --)" ""
}

@test "processes under the shim, for report and top" {
    env LD_PRELOAD="$numaperf_preload" sleep 60 3>&- &
    pid=$!
    for _ in {1..100}; do
        ! grep -qs libnumaperf_preload "/proc/$pid/maps" || break
        sleep 0.05
    done
    run complete_words top "$pid"
    assert_output "$pid"
    run complete_words report "$pid"
    assert_output "$pid"
    run complete_words top $$
    assert_output ""
}
