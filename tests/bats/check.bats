#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf check: every problem of a file, what its rules come to here, and whether a program can be interposed.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
}

good() {
    policy good '[malloc.large]' 'size = 1M-' 'policy = interleave' 'nodes = all'
}

@test "all problems of every broken file of the reader's tests are printed, exactly, with status 2" {
    local file name count=0
    for file in "$NUMAPERF_ROOT"/tests/config/bad/*.ini "$NUMAPERF_ROOT"/tests/config/bad/*.printf; do
        name=$(basename "${file%.*}").ini
        if [[ $file == *.printf ]]; then
            # shellcheck disable=SC2059 # the file is a format
            printf "$(cat "$file")" >"$name"
        else
            cp "$file" "$name"
        fi
        run -2 --separate-stderr "$numaperf" check -c "$name"
        assert_equal "$stderr" "$(cat "${file%.*}.expected")"
        assert_output ""
        count=$((count + 1))
    done
    ((count >= 100))
}

@test "2: files that cannot be read say why, once" {
    touch unreadable.ini
    for file in missing.ini . /dev/null unreadable.ini/below "$(printf 'x%.0s' {1..5000})"; do
        run -2 --separate-stderr "$numaperf" check -c "$file"
        assert_equal "${#stderr_lines[@]}" 1
        assert_regex "$stderr" '^numaperf: '
    done
    head -c 2M /dev/zero >large.ini
    run -2 --separate-stderr "$numaperf" check -c large.ini
    assert_equal "$stderr" "numaperf: large.ini:1: file: the file is over 1 MiB"
    run -2 --separate-stderr "$numaperf" check -c missing.ini
    assert_equal "$stderr" "numaperf: missing.ini: No such file or directory"
}

@test "0: a file that holds is shown rule by rule" {
    file=$(good)
    run -0 --separate-stderr "$numaperf" check -c "$file"
    assert_equal "$stderr" ""
    assert_line "Policy $file"
    assert_line --regexp '^  malloc\.large +holds +1\.0 MiB and more +interleave +[0-9,-]+$'
    assert_line "  requests of other sizes are left to the next malloc"
    refute_output --partial works
    assert_line --regexp '^  .*--verbose shows '
    run -0 "$numaperf" check --verbose -c "$file"
    assert_line --regexp '^  memory policies \(mbind\) +works'
    refute_output --partial -- --verbose
    printf '%s\n' '[malloc.pages]' 'size = 0-1M' 'policy = first-touch' 'huge-pages = thp' 'prefault = touch' >>"$file"
    run "$numaperf" check -c "$file"
    assert_line --regexp '^  rule +here +requests +policy +nodes +pages +prefault$'
    assert_line --regexp '^  malloc\.pages +[a-z]+ +0 to 1\.0 MiB +first-touch +- +thp +touch$'
}

@test "threads and the process have their rows, with the reason below" {
    cpu=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
    file=$(policy threads 'children = scrub' '[thread.io]' 'name = io_*' 'index = 1-4,9' "pin = $cpu" \
        '[thread.rest]' 'pin = none' '[process]' 'policy = interleave' 'nodes = 0' 'pin = node' 'mode = hard')
    run -0 --separate-stderr "$numaperf" check -c "$file"
    assert_line "  mode soft, report none, children scrub"
    assert_line --regexp '^  process +holds +what no rule has +interleave, hard +0$'
    assert_line "  requests of all sizes are left to the next malloc, placed by [process]"
    assert_line --regexp '^  process +holds +node, hard +[0-9,-]+ +[0-9,-]+ +the main thread$'
    assert_line --regexp "^  thread\.io +holds +list +[0-9]+ +$cpu +name io_\*, index 1-4,9\$"
    assert_line --regexp '^  thread\.rest +left alone +none +- +- +every created thread$'
    run -0 "$numaperf" run -c "$file" --dry-run true
    assert_line --regexp '^  thread\.io +holds '
    file=$(policy workers '[thread.workers]' 'index = 1-4' 'pin = 8191')
    run -1 --separate-stderr "$numaperf" check -c "$file"
    assert_line --regexp '^  thread\.workers +degraded +list +- +- +index 1-4$'
    assert_line "      CPU 8191 cannot be used by this process"
    assert_line "  requests of all sizes are left to the next malloc"
    file=$(policy process '[process]' 'policy = bind' 'nodes = 0,1000' 'pin = compact')
    run -1 --separate-stderr "$numaperf" check -c "$file"
    assert_line --regexp '^  process +degraded +what no rule has +bind +0$'
    assert_equal "$(grep -c '^      node 1000 does not exist$' <<<"$output")" 2
    echo 'mode = hard' >>"$file"
    run -2 --separate-stderr "$numaperf" check -c "$file"
    assert_equal "$stderr" "numaperf: $file:5: process.nodes: node 1000 does not exist"
    assert_equal "$(grep -c '^  process +refused ' -E <<<"$output")" 2
}

@test "0: every example of the project is valid on any machine" {
    for file in "$NUMAPERF_ROOT"/config/examples/*.ini; do
        "$numaperf" check -c "$file" >out 2>err && continue
        # Less than asked for is fine here, as long as that is what it says.
        grep -qE ' degraded |^numaperf: .*: (no such nodes|nodes? .*)' out err
    done
}

@test "1: a rule that gets less than it asks for is degraded, with the reason" {
    file=$(policy wide '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = all,1000')
    run -1 --separate-stderr "$numaperf" check -c "$file"
    assert_line --regexp '^  malloc\.a +degraded .* bind +[0-9,-]+$'
    assert_line "      node 1000 does not exist"
    assert_equal "$stderr" ""
    file=$(policy pages '[malloc.a]' 'size = 1M-' 'policy = first-touch' 'huge-pages = 1G')
    run "$numaperf" check -c "$file"
    if [ "$(cat /sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages 2>/dev/null || echo 0)" = 0 ]; then
        assert_equal "$status" 1
        assert_line --regexp '^  malloc\.a +degraded '
        assert_line --regexp '^      .*1G pages'
    fi
}

@test "1: without mbind, and under a small address space, nothing can be placed" {
    requires strace
    run -1 strace -f -o trace -e trace=mbind -e inject=mbind:error=EPERM "$numaperf" check -c "$(good)"
    assert_line --regexp '^      mbind: operation not permitted'
    assert_line --regexp 'memory policies \(mbind\) +no +.*nothing can be placed'
    run -1 bash -c "ulimit -v 400000; $numaperf check -c $(good)"
    assert_line --regexp '^      ulimit -v or -d is too small'
}

@test "2: hard mode that the machine cannot give is refused, and shown so" {
    file=$(policy hard 'mode = hard' '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = all,1000')
    run -2 --separate-stderr "$numaperf" check -c "$file"
    assert_equal "$stderr" "numaperf: $file:7: malloc.a.nodes: node 1000 does not exist"
    assert_line --regexp '^  malloc\.a +refused '
    assert_line "      node 1000 does not exist"
    file=$(policy none '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = 1000')
    run -2 --separate-stderr "$numaperf" check -c "$file"
    assert_equal "$stderr" "numaperf: $file:6: malloc.a.nodes: no such nodes"
}

@test "the file is found by the program's name, as run finds it" {
    mkdir -p config/numaperf
    mv "$(good)" config/numaperf/sleep.ini
    run -0 "$numaperf" check sleep
    assert_line "Policy $XDG_CONFIG_HOME/numaperf/sleep.ini"
    run -0 "$numaperf" check true
    assert_line "Policy built-in"
    echo nonsense >config/numaperf/default.ini
    run -2 "$numaperf" check true
    run -0 "$numaperf" check -c '' true
    assert_line "Policy built-in"
    run -2 env NUMAPERF_CONFIG=missing.ini "$numaperf" check sleep
}

@test "a script is judged by its interpreter, also behind env, and found by its own name" {
    printf '#!/bin/bash\n' >script
    printf '#!/usr/bin/env bash\n' >behind
    chmod +x script behind
    run -0 "$numaperf" check ./script
    assert_line "  a script, run by /bin/bash"
    run -0 "$numaperf" check ./behind
    assert_line "  a script, run by $(command -v bash)"
    mkdir -p config/numaperf
    cp "$(good)" config/numaperf/script.ini
    run -0 "$numaperf" check ./script
    assert_line "Policy $XDG_CONFIG_HOME/numaperf/script.ini"
    # What env executes has its own name.
    cp "$(good)" config/numaperf/bash.ini
    rm config/numaperf/script.ini
    run -0 "$numaperf" check ./behind
    assert_line "Policy $XDG_CONFIG_HOME/numaperf/bash.ini"
    # By the base name of the binary, where none has the script's.
    run -0 "$numaperf" check ./script
    assert_line "Policy $XDG_CONFIG_HOME/numaperf/bash.ini"
}

# obstacle PROGRAM TEXT: status 1, the reason on both streams.
obstacle() {
    run -1 --separate-stderr "$numaperf" check "$1"
    assert_line "  cannot be interposed: $2"
    assert_equal "$stderr" "numaperf: check: $1: $2, so nothing would be placed"
}

@test "1: programs that cannot be interposed, and why" {
    obstacle /bin/busybox "it is linked statically"
    perl -0777 -pe 's{/lib64/ld-linux-x86-64\.so\.2}{/lib/ld-musl-x86_64.so.1\0\0}' /bin/true >musl
    chmod +x musl
    obstacle ./musl "it uses another C library"
    perl -0777 -pe 's{^(.{4})\x02}{$1\x01}s' /bin/true >narrow
    chmod +x narrow
    obstacle ./narrow "it is a 32-bit program"
    perl -0777 -pe 's{^(.{18})..}{$1\xb7\x00}s' /bin/true >foreign
    chmod +x foreign
    obstacle ./foreign "it is for another processor"
    printf '#!%s\n' "$PWD/musl" >script
    printf '#!/no/such/shell\n' >lost
    chmod +x script lost
    obstacle ./script "it uses another C library"
    obstacle ./lost "its interpreter cannot be executed"
}

@test "1: set-uid programs of another user cannot be interposed" {
    requires root
    cp /bin/true raised
    chown nobody raised
    chmod u+s raised
    obstacle ./raised "it is set-uid or set-gid"
}

@test "a program's file may be cut or absurd" {
    local size
    for size in 3 17 64 100 300 700; do
        head -c "$size" /bin/true >"short"
        chmod +x short
        run "$numaperf" check ./short
        ((status <= 1))
    done
    perl -0777 -pe 's{^(.{32}).{8}}{$1\xff\xff\xff\xff\xff\xff\xff\x7f}s' /bin/true >absurd
    perl -0777 -pe 's{^(.{56})..}{$1\xff\xff}s' /bin/true >many
    chmod +x absurd many
    run -0 "$numaperf" check ./absurd
    run -0 "$numaperf" check ./many
}

@test "2: a program that is not there, also beside a broken file" {
    run -2 --separate-stderr "$numaperf" check no-such-program
    assert_equal "$stderr" "numaperf: check: no-such-program: No such file or directory"
    assert_output ""
    run -2 --separate-stderr "$numaperf" check -c missing.ini no-such-program
    assert_equal "${#stderr_lines[@]}" 2
    file=$(good)
    run -2 --separate-stderr "$numaperf" check "$file"
    assert_equal "$stderr" "numaperf: check: $file looks like a policy file: use -c $file"
    assert_output ""
    touch plain
    run -2 --separate-stderr "$numaperf" check ./plain
    assert_equal "$stderr" "numaperf: check: ./plain: Permission denied"
}

@test "a program that forks is warned of explicit huge pages" {
    file=$(policy pages '[malloc.a]' 'size = 1M-' 'policy = first-touch' 'huge-pages = 2M')
    run "$numaperf" check -c "$file" bash
    assert_line --regexp '^  the program forks +yes +a child .*SIGBUS'
    run "$numaperf" check -c "$file" true
    refute_output --partial "the program forks"
    run "$numaperf" check -c "$(good)" bash
    refute_output --partial "the program forks"
}

@test "2: wrong usage" {
    for arguments in "--nonsense" "true false" "-c" "--size 1"; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr "$numaperf" check $arguments
        assert_regex "$stderr" '^numaperf: check: '
        assert_output ""
    done
    run -2 --separate-stderr bash -c "$numaperf check true >/dev/full"
    assert_equal "$stderr" "numaperf: cannot write: No space left on device"
}
