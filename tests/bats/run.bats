#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf run: what it refuses, what it hands on, and its exit statuses.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
}

good() {
    policy good '[malloc.large]' 'size = 1M-' 'policy = interleave' 'nodes = all'
}

@test "the program's own status comes through" {
    run -0 "$numaperf" run true
    run -7 "$numaperf" run -- sh -c 'exit 7'
    run -143 "$numaperf" run sh -c 'kill -TERM $$'
}

@test "127: there is no such program" {
    run -127 --separate-stderr "$numaperf" run no-such-program
    assert_equal "$stderr" "numaperf: run: no-such-program: No such file or directory"
    run -127 "$numaperf" run ./no-such-program
    run -127 "$numaperf" run ''
}

@test "126: the program cannot be executed" {
    touch plain
    mkdir folder
    run -126 "$numaperf" run ./plain
    run -126 "$numaperf" run ./folder
}

@test "125: wrong usage" {
    for arguments in "" "--no-such-option true" "-c" "--report" "--hard --soft true"; do
        # shellcheck disable=SC2086 # words
        run -125 --separate-stderr "$numaperf" run $arguments
        assert_regex "$stderr" '^numaperf: run: '
        assert_output ""
    done
}

@test "125: every problem of the file is printed, and the program does not start" {
    file=$(policy broken '[malloc.a]' 'size = nonsense' 'policy = nonsense')
    run -125 --separate-stderr "$numaperf" run -c "$file" touch started
    assert_equal "${#stderr_lines[@]}" 2
    assert_regex "${stderr_lines[0]}" "^numaperf: $file:4: malloc\.a\.size: "
    assert_regex "${stderr_lines[1]}" "^numaperf: $file:5: malloc\.a\.policy: "
    [ ! -e started ]
}

@test "125: a file that is missing, a folder, or named by NUMAPERF_CONFIG and missing" {
    run -125 --separate-stderr "$numaperf" run -c missing.ini true
    assert_regex "$stderr" '^numaperf: .*missing\.ini: '
    run -125 "$numaperf" run -c / true
    run -125 env NUMAPERF_CONFIG=missing.ini "$numaperf" run true
}

@test "125: hard mode that the machine cannot give is refused, soft mode is not" {
    file=$(policy hard 'mode = hard' '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = all,1000')
    run -125 --separate-stderr "$numaperf" run -c "$file" touch started
    assert_regex "$stderr" "^numaperf: $file:7: malloc\.a\.nodes: "
    [ ! -e started ]
    run -0 --separate-stderr "$numaperf" run --soft -c "$file" true
    assert_equal "$stderr" ""
    sed -i 's/^mode = hard/mode = soft/' "$file"
    run -0 "$numaperf" run -c "$file" true
    run -125 "$numaperf" run --hard -c "$file" true
}

@test "--hard and --soft leave sections alone that have a mode of their own" {
    file=$(policy mixed '[malloc.a]' 'size = 1M-2M' 'policy = first-touch' 'mode = hard' \
        '[malloc.b]' 'size = 2M-' 'policy = first-touch')
    for mode in hard soft; do
        run -0 "$numaperf" run -c "$file" --$mode --report report.json true
        assert_equal "$(field '.mode, .rules[].mode' report.json | xargs)" "$mode hard $mode"
    done
}

@test "the shim comes first in LD_PRELOAD, and what was there stays" {
    run -0 env -u LD_PRELOAD "$numaperf" run sh -c 'echo "$LD_PRELOAD"'
    assert_output "$(realpath "$numaperf_preload")"
    run -0 env LD_PRELOAD="$progs/early.so" "$numaperf" run sh -c 'echo "$LD_PRELOAD"'
    assert_output "$(realpath "$numaperf_preload"):$progs/early.so"
    run -0 "$numaperf" run "$numaperf" run sh -c 'echo "$LD_PRELOAD"'
    assert_output "$(realpath "$numaperf_preload")"
}

@test "paths are handed on absolute, so that they hold in another folder" {
    file=$(good)
    run -0 "$numaperf" run -c good.ini --report here.json env -C / sh -c 'echo "$NUMAPERF_CONFIG $NUMAPERF_REPORT"'
    assert_output "$file $BATS_TEST_TMPDIR/here.json"
    run -0 "$numaperf" run -c good.ini --report here.json env -C / true
    [ -e here.json ]
}

@test "-c beats NUMAPERF_CONFIG; an empty one is the built-in default" {
    file=$(good)
    run -0 env NUMAPERF_CONFIG=missing.ini "$numaperf" run -c "$file" --report - true
    assert_equal "$(jq -r .config <<<"$output")" "$file"
    run -0 env NUMAPERF_CONFIG="$file" "$numaperf" run -c '' --report - true
    assert_equal "$(jq -r .config <<<"$output")" built-in
}

@test "the file is found by the program's name" {
    mkdir -p config/numaperf
    mv "$(good)" config/numaperf/true.ini
    run -0 "$numaperf" run --report - true
    assert_equal "$(jq -r .config <<<"$output")" "$XDG_CONFIG_HOME/numaperf/true.ini"
    echo nonsense >config/numaperf/sleep.ini
    run -125 "$numaperf" run sleep 0
}

@test "a static program runs, with a word that nothing will be placed" {
    requires /bin/busybox
    ldd /bin/busybox >/dev/null 2>&1 && skip_or_fail "needs a static busybox"
    run -0 --separate-stderr "$numaperf" run /bin/busybox true
    assert_equal "$stderr" "numaperf: run: /bin/busybox: it is linked statically, so nothing will be placed"
}

@test "a script without a first line runs, as by execvp" {
    echo 'exit 9' >script
    chmod +x script
    run -9 "$numaperf" run ./script
}

@test "options behind the program's name are the program's" {
    run -0 "$numaperf" run echo --hard --help
    assert_output -- "--hard --help"
}

@test "--help and --version answer on stdout, everywhere" {
    for command in "" run init check explain topology report top; do
        # shellcheck disable=SC2086 # no word for the first
        run -0 --separate-stderr "$numaperf" $command --help
        assert_output --partial "Usage: numaperf"
        [ "$(wc -L <<<"$output")" -le 80 ]
        assert_equal "$stderr" ""
        # shellcheck disable=SC2086
        run -0 --separate-stderr "$numaperf" $command --version
        assert_output --regexp '^numaperf [0-9]+\.[0-9]+\.[0-9]+$'
    done
}

@test "2: usage errors of the command itself" {
    run -2 "$numaperf"
    run -2 "$numaperf" no-such-command
    run -2 --separate-stderr "$numaperf" report
    assert_regex "$stderr" '^numaperf: report: '
}
