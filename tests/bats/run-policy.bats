#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Without a policy file: numaperf run --policy; what would be run; a file to start from.

setup() {
    load helper
    requires jq
    cd "$BATS_TEST_TMPDIR" || return
}

@test "--policy is one class, for the program and what it executes" {
    run -0 "$numaperf" run --policy interleave --nodes all --size 1M- --huge-pages never --report 'own-%n.json' -- \
        bash -c 'cat /proc/self/stat; true'
    run -0 jq -e '.config == "built-in" and (.rules | length) == 1 and
        (.rules[0] | .section == "malloc.all" and .policy == "interleave" and .mode == "soft")' own-bash.json
    run -0 jq -e '.rules[0].policy == "interleave"' own-cat.json
    run -0 "$numaperf" run --policy first-touch --size 64K-1M --hard --report own.json -- true
    run -0 jq -e '.rules[0] | .policy == "first-touch" and .mode == "hard"' own.json
}

@test "nothing is left behind, and no descriptor is handed on" {
    run -0 "$numaperf" run --policy first-touch --size 1M- -- sh -c 'ls /proc/$$/fd'
    assert_equal "$(xargs <<<"$output")" "$(sh -c 'ls /proc/$$/fd' | xargs)"
    run -0 find . -type f
    assert_output ""
}

@test "--policy beats NUMAPERF_CONFIG and files found by name; -c in a run inside beats it" {
    mkdir -p config/numaperf
    echo broken >config/numaperf/true.ini
    run -0 env NUMAPERF_CONFIG=missing.ini "$numaperf" run --policy first-touch --size 1M- --report own.json -- true
    assert_equal "$(field .config own.json)" built-in
    file=$(policy inner '[malloc.inner]' 'size = 1M-' 'policy = first-touch')
    run -0 "$numaperf" run --policy first-touch --size 1M- -- "$numaperf" run -c "$file" --report own.json true
    assert_equal "$(field .config own.json)" "$file"
    run -0 "$numaperf" run --policy first-touch --size 2M- -- "$numaperf" run --report own.json true
    assert_equal "$(field .config own.json)" built-in
}

@test "125: options that make no rule name the option" {
    local arguments
    while read -r arguments; do
        # shellcheck disable=SC2086 # words
        run -125 --separate-stderr "$numaperf" run $arguments -- touch started
        assert_regex "${stderr_lines[0]}" '^numaperf: run: --(policy|nodes|size|huge-pages)'
    done <<'END'
--policy nonsense
--policy interleave --size 1M-
--policy bind --nodes 1000 --size 1M-
--policy bind --nodes 0-x --size 1M-
--policy local --nodes 0 --size 1M-
--policy local --size 1M
--policy local --size 1M- --huge-pages 3M
--policy bind --nodes 0,1000 --size 1M- --hard
--policy bind --nodes 0;1 --size 1M-
--nodes 0
--size 1M-
--huge-pages thp
--policy local --size 1M- -c file
END
    run -125 "$numaperf" run --policy local --size $'1M-\npolicy = bind' -- touch started
    [ ! -e started ]
}

@test "--dry-run prints what a shell would need, and the effective policy, and runs nothing" {
    run -0 "$numaperf" run --dry-run --policy first-touch --size 1M- -- touch "it's started" plain
    [ ! -e plain ]
    assert_line "export LD_PRELOAD=$(realpath "$numaperf_preload")"
    assert_line "exec touch 'it'\\''s started' plain"
    assert_line --regexp '^  malloc\.all +holds +1\.0 MiB and more +first-touch '
    "$numaperf" run --dry-run --policy first-touch --size 1M- --report own.json -- touch plain | sed '/^exec/q' >script
    run -0 sh script
    [ -e plain ]
    assert_equal "$(field .config own.json)" built-in
    run -125 "$numaperf" run --dry-run -c missing.ini true
    run -127 "$numaperf" run --dry-run no-such-program
}

@test "init writes a file that is valid, is found, and is not overwritten" {
    run -0 "$numaperf" init sleep
    assert_output "$XDG_CONFIG_HOME/numaperf/sleep.ini"
    run -0 "$numaperf" check sleep
    assert_line "Policy $XDG_CONFIG_HOME/numaperf/sleep.ini"
    assert_line --regexp '^  malloc\.large +holds +1\.0 MiB and more +first-touch '
    run -2 --separate-stderr "$numaperf" init sleep
    assert_equal "$stderr" "numaperf: init: $XDG_CONFIG_HOME/numaperf/sleep.ini: File exists"
    env -u XDG_CONFIG_HOME HOME="$PWD/home" "$numaperf" init true
    [ -e home/.config/numaperf/true.ini ]
    "$numaperf" init --output - sleep >own.ini
    cmp own.ini config/numaperf/sleep.ini
    run -0 "$numaperf" init --output other.ini sleep
    cmp own.ini other.ini
}

@test "2: init of what is not there, or cannot be written" {
    run -2 --separate-stderr "$numaperf" init no-such-program
    assert_equal "$stderr" "numaperf: init: no-such-program: No such file or directory"
    run -2 env -u HOME -u XDG_CONFIG_HOME "$numaperf" init sleep
    run -2 "$numaperf" init --output /no/such/folder/file sleep
    run -2 bash -c "$numaperf init --output - sleep >/dev/full"
    for arguments in "" "sleep true" "--nonsense sleep" "--output"; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr "$numaperf" init $arguments
        assert_regex "$stderr" '^numaperf: init: '
    done
}
