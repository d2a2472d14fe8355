#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf explain: which rule applies, and where memory goes.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
    file=$(policy rules '[malloc.large]' 'size = 1M-16M' 'policy = interleave' 'nodes = all' \
        '[malloc.hard]' 'size = 16M-' 'policy = bind' 'nodes = 0' 'mode = hard' \
        '[malloc.left]' 'size = 0-32K' 'policy = system')
}

# section SIZE: the section that explain names for a request.
section() {
    "$numaperf" explain -c "$file" --size "$1" | sed -n 's/.*rule *\[\(.*\)\], line.*/\1/p'
}

@test "the borders of classes hold to the byte, and units are powers of 1024" {
    assert_equal "$(section 1048576)" malloc.large
    assert_equal "$(section 1M)" malloc.large
    assert_equal "$(section 1024k)" malloc.large
    assert_equal "$(section 16777215)" malloc.large
    assert_equal "$(section 16M)" malloc.hard
    assert_equal "$(section 1T)" malloc.hard
    assert_equal "$(section 32767)" malloc.left
    assert_equal "$(section 0)" malloc.left
    assert_equal "$(section 32768)" ""
    assert_equal "$(section 1048575)" ""
}

@test "a request outside of all rules goes to the next malloc" {
    run -0 "$numaperf" explain -c "$file" --size 64K
    assert_line "malloc of 65536 bytes (64.0 KiB)"
    assert_output --partial "no rule of $file has this size: left to the next malloc"
}

@test "where the bytes go, and what happens when there is no room" {
    run -0 "$numaperf" explain -c "$file" --size 2M
    assert_line --regexp "^  rule +\[malloc\.large\], line 3 of $file\$"
    assert_line --regexp '^  goes to +(page by page in turn to nodes 0|node 0$)'
    assert_line --regexp '^  when full +the kernel takes other nodes, and the report counts the pages$'
    run -0 "$numaperf" explain -c "$file" --size 16M
    assert_line --regexp '^  policy +bind, hard$'
    assert_line --regexp '^  goes to +node 0$'
    assert_line --regexp '^  when full +malloc fails with ENOMEM$'
}

@test "without a question every class is explained" {
    run -0 "$numaperf" explain -c "$file"
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 3
    run -0 "$numaperf" explain -c '' --kind malloc
    assert_line --regexp '^  rule +\[malloc\.default-large\] of the built-in default$'
}

@test "mappings: the first rule of the file that fits in kind and size" {
    for kind in private shared file stack; do
        run -0 "$numaperf" explain -c "$file" --kind $kind --size 1M
        assert_line "$kind mapping of 1048576 bytes (1.0 MiB)"
        assert_output --partial "no rule of $file has this kind and size: left alone"
    done
    printf '%s\n' '[mmap.buffers]' 'kind = shared' 'size = 16M-' 'policy = interleave' 'nodes = all' \
        '[mmap.rest]' 'policy = bind' 'nodes = 0' 'mode = hard' >>"$file"
    run -0 "$numaperf" explain -c "$file" --kind shared --size 16M
    assert_line --regexp 'rule +\[mmap\.buffers\], line 15 of '
    assert_line --regexp 'requests +shared, 16\.0 MiB and more$'
    assert_line --regexp 'goes to +(page by page in turn to nodes 0|node 0$)'
    for arguments in 'shared 16777215' 'private 1T' 'file 1' 'stack 8M'; do
        run -0 "$numaperf" explain -c "$file" --kind "${arguments% *}" --size "${arguments#* }"
        assert_line --regexp 'rule +\[mmap\.rest\], line 20 of '
        assert_line --regexp 'when full +mmap fails with ENOMEM$'
    done
    run -0 "$numaperf" explain -c "$file" --kind file
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 1
    run -0 "$numaperf" explain -c "$file"
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 5
    assert_line "every mapping, by $file"
    run -0 "$numaperf" check -c "$file"
    assert_line --regexp '^  mmap\.buffers +holds +shared, 16\.0 MiB and more +interleave +0'
    assert_line --regexp '^  mmap\.rest +holds +any, all +bind, hard +0$'
}

# thread NAME: what explain says of a thread, without headings and blanks between columns.
thread() {
    "$numaperf" explain -c "$file" --thread "$1" | sed -n 's/  */ /gp'
}

@test "threads: the first rule whose glob has the name, with its CPUs and the stack" {
    cpu=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
    printf '%s\n' '[thread.io]' 'name = io_*' 'pin = node' 'nodes = 0' \
        '[thread.late]' 'name = io_9' "pin = $cpu" '[thread.one]' 'name = one' "pin = $cpu" 'override = yes' >>"$file"
    run -0 thread io_9
    assert_line "thread io_9"
    assert_line " rule [thread.io], line 15 of $file"
    assert_line " threads name io_*"
    assert_line " pin node, soft"
    assert_line --regexp '^ CPUs [0-9]'
    assert_line " nodes 0"
    assert_line " stack on the node of its CPUs"
    assert_line " override no: left alone when the program binds it to CPUs itself"
    refute_output --partial thread.late
    run -0 thread one
    assert_line --regexp '^ rule \[thread\.one\], '
    assert_line " CPUs $cpu"
    assert_line " override yes: also when the program binds it to CPUs itself"
    run -0 thread other
    assert_output --partial "no rule of $file: left alone, with the CPUs of its creator"
    refute_output --partial "[thread."
}

@test "threads: rules that ask for more than a name, and what holds otherwise" {
    printf '%s\n' '[thread.workers]' 'index = 1-4,7' 'pin = 8191' '[thread.lib]' 'name = w*' 'start = lib*.so' \
        'pin = none' '[process]' 'pin = compact' >>"$file"
    run -0 thread worker
    assert_line " threads index 1-4,7"
    assert_line " degraded CPU 8191 cannot be used by this process"
    assert_line " threads name w*, start lib*.so"
    assert_equal "$(grep -c '^ if it is one of these threads:' <<<"$output")" 2
    assert_output --partial "no rule more of $file: left alone, with the CPUs of its creator"
    assert_line --regexp '^ main thread \[process\], line 22 of '
    run -0 thread io
    refute_output --partial thread.lib
    printf '%s\n' '[thread.rest]' 'pin = none' >>"$file"
    run -0 thread io
    assert_line " otherwise:"
    assert_line --regexp '^ rule \[thread\.rest\], '
    refute_output --partial "no rule"
}

@test "memory without a policy of its own follows that of [process]" {
    printf '%s\n' '[process]' 'policy = bind' 'nodes = 0' 'mode = hard' >>"$file"
    for arguments in '--size 64K' '--kind file --size 1M'; do
        # shellcheck disable=SC2086 # words
        run -0 "$numaperf" explain -c "$file" $arguments
        assert_line "  and its memory follows the policy of the process:"
        assert_line --regexp '^  rule +\[process\], line 15 of '
        assert_line --regexp '^  goes to +node 0$'
        assert_line --regexp '^  when full +the kernel has to kill a process'
    done
    run -0 "$numaperf" explain -c "$file" --size 10
    assert_line "malloc of 10 bytes"
    assert_line --regexp '^  goes to +the next malloc: node 0$'
    assert_line --regexp '^  decided by +the policy of \[process\]'
    run -0 "$numaperf" explain -c "$file"
    assert_line "all other memory, by $file"
    run -0 "$numaperf" explain -c "$file" --size 2M
    refute_output --partial process
}

@test "the file is the program's" {
    mkdir -p config/numaperf
    mv "$file" config/numaperf/sleep.ini
    run -0 "$numaperf" explain --size 1M sleep
    assert_output --partial "$XDG_CONFIG_HOME/numaperf/sleep.ini"
    run -0 "$numaperf" explain --size 1M true
    assert_output --partial "built-in default"
}

@test "2: files with problems, programs that are not there, wrong usage" {
    run -2 --separate-stderr "$numaperf" explain -c missing.ini
    assert_equal "$stderr" "numaperf: missing.ini: No such file or directory"
    run -2 --separate-stderr "$numaperf" explain no-such-program
    assert_equal "$stderr" "numaperf: explain: no-such-program: No such file or directory"
    run -2 --separate-stderr "$numaperf" explain "$file"
    assert_equal "$stderr" "numaperf: explain: $file looks like a policy file: use -c $file"
    for arguments in "--size" "--size 1X" "--size -1" "--size 1K2" "--size 99999999999999999999" "--size 18E" \
        "--kind heap" "--nonsense" "true false" "--size="; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr "$numaperf" explain $arguments
        assert_regex "$stderr" '^numaperf: explain: '
        assert_output ""
    done
    hard=$(policy hard 'mode = hard' '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = all,1000')
    run -2 --separate-stderr "$numaperf" explain -c "$hard" --size 1M
    assert_regex "$stderr" 'malloc\.a\.nodes: node 1000 does not exist'
}
