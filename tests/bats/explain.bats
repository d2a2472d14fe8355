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

# section SIZE [FILE]: the section that explain names for a request.
section() {
    "$numaperf" explain -c "${2-$file}" --size "$1" | sed -n 's/.*rule *\[\(.*\)\], line.*/\1/p'
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
    assert_line --regexp '^  goes to +page by page in turn to nodes 0'
    assert_line --regexp '^  when full +the kernel takes other nodes, and the report counts the pages$'
    run -0 "$numaperf" explain -c "$file" --size 16M
    assert_line --regexp '^  policy +bind, hard$'
    assert_line --regexp '^  goes to +any of nodes 0$'
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
    assert_line --regexp 'goes to +page by page in turn to nodes 0'
    for arguments in 'shared 16777215' 'private 1T' 'file 1' 'stack 8M'; do
        run -0 "$numaperf" explain -c "$file" --kind "${arguments% *}" --size "${arguments#* }"
        assert_line --regexp 'rule +\[mmap\.rest\], line 20 of '
        assert_line --regexp 'when full +mmap fails with ENOMEM$'
    done
    run -0 "$numaperf" explain -c "$file" --kind file
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 1
    run -0 "$numaperf" explain -c "$file"
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 5
    run -0 "$numaperf" check -c "$file"
    assert_line --regexp '^  mmap\.buffers +shared, 16\.0 MiB and more +interleave .* holds$'
    assert_line --regexp '^  mmap\.rest +any, all +bind +0 .* hard +holds$'
}

@test "small blocks: the border belongs to the next class, and local names its node" {
    small=$(policy small '[malloc.tiny]' 'size = 0-1K' 'policy = local' '[malloc.next]' 'size = 1K-4K' \
        'policy = interleave' 'nodes = all')
    assert_equal "$(section 0 "$small")" malloc.tiny
    assert_equal "$(section 1 "$small")" malloc.tiny
    assert_equal "$(section 1023 "$small")" malloc.tiny
    assert_equal "$(section 1024 "$small")" malloc.next
    assert_equal "$(section 1K "$small")" malloc.next
    assert_equal "$(section 4095 "$small")" malloc.next
    assert_equal "$(section 4K "$small")" ""
    run -0 "$numaperf" explain -c "$small" --size 24
    assert_line "malloc of 24 bytes (24 B)"
    assert_line --regexp '^  policy +local, soft$'
    assert_line --regexp '^  goes to +the node of the CPU that calls malloc$'
    run -0 "$numaperf" explain -c '' --size 24
    assert_line --regexp '^  rule +\[malloc\.default-small\] of the built-in default$'
    run -0 "$numaperf" explain -c '' --size 128K
    assert_line --regexp '^  rule +\[malloc\.default-large\] of the built-in default$'
}

# first_cpu: the lowest CPU that this test may use.
first_cpu() {
    sed -n 's/^Cpus_allowed_list:\t*\([0-9]*\).*/\1/p' /proc/self/status
}

@test "a thread's name: the first rule of the file that it decides, and its CPUs" {
    cpu=$(first_cpu)
    threads=$(policy threads '[thread.io]' 'name = io_*' "pin = $cpu" '[thread.two]' 'name = [ab]?' 'pin = none' \
        '[thread.late]' 'name = io_1' 'pin = scatter')
    run -0 "$numaperf" explain -c "$threads" --thread io_1
    assert_line "thread io_1"
    assert_equal "$(grep -c '^  rule ' <<<"$output")" 1
    assert_line --regexp "^  rule +\[thread\.io\], line 3 of $threads\$"
    assert_line --regexp '^  pin +list, soft$'
    assert_line --regexp "^  runs on +CPU $cpu( |\$)"
    assert_line --regexp '^  unless +the program sets its affinity itself$'
    refute_output --partial 'only if'
    run -0 "$numaperf" explain -c "$threads" --thread b2
    assert_line --regexp '^  rule +\[thread\.two\], line 6 '
    assert_line --regexp '^  runs on +the CPUs of the thread that creates it$'
    for name in IO_1 b22 io ''; do
        run -0 "$numaperf" explain -c "$threads" --thread "$name"
        assert_output --partial "no rule of $threads has this name"
        refute_output --partial 'by [process]'
    done
    printf '%s\n' '[process]' "pin = $cpu" >>"$threads"
    run -0 "$numaperf" explain -c "$threads" --thread other
    assert_line "  it runs on the CPUs of the thread that creates it;"
    assert_line "  the main thread's are CPUs $cpu, by [process], line 12"
    run -0 "$numaperf" explain -c '' --thread other
    assert_output --partial "no rule of built-in has this name"
}

@test "a thread's name does not decide rules with index or start, and is cut as the kernel cuts it" {
    threads=$(policy threads '[thread.index]' 'name = io_*' 'index = 1-4,9' 'pin = node' 'override = yes' \
        '[thread.start]' 'start = lib*.so' 'pin = core' '[thread.rest]' 'pin = scatter' '[thread.never]' 'pin = none')
    run -0 "$numaperf" explain -c "$threads" --thread io_1
    assert_equal "$(sed -n 's/^  rule *\[\(.*\)\].*/\1/p' <<<"$output" | xargs)" "thread.index thread.start thread.rest"
    assert_line --regexp '^  only if +index 1-4,9: the name alone does not tell$'
    assert_line --regexp '^  only if +start lib\*\.so: the name alone does not tell$'
    assert_equal "$(grep -c '^  otherwise$' <<<"$output")" 2
    assert_equal "$(grep -c '^  unless ' <<<"$output")" 2
    run -0 "$numaperf" explain -c "$threads" --thread worker
    assert_equal "$(sed -n 's/^  rule *\[\(.*\)\].*/\1/p' <<<"$output" | xargs)" "thread.start thread.rest"
    threads=$(policy long '[thread.cut]' 'name = abcdefghijklmno' 'pin = none')
    run -0 "$numaperf" explain -c "$threads" --thread abcdefghijklmnop
    assert_line "  the kernel keeps 15 bytes of a name: abcdefghijklmno"
    assert_line --regexp '^  rule +\[thread\.cut\]'
}

@test "[process] has what no rule takes: stacks, data, brk, mappings and requests" {
    run -0 "$numaperf" explain -c "$file" --kind stack
    refute_output --partial process
    printf '%s\n' '[process]' 'policy = preferred' 'nodes = 0' >>"$file"
    for arguments in '' '--kind stack' '--kind stack --size 8M'; do
        # shellcheck disable=SC2086 # words
        run -0 "$numaperf" explain -c "$file" $arguments
        assert_line "what no rule takes, the main thread's stack included"
        assert_line --regexp "^  rule +\[process\], line 15 of $file\$"
        assert_line --regexp '^  goes to +node 0$'
    done
    for arguments in '--kind private --size 4K' '--size 64K'; do
        # shellcheck disable=SC2086 # words
        run -0 "$numaperf" explain -c "$file" $arguments
        assert_line '  and by [process], line 15, goes to: node 0'
        refute_output --partial "the main thread's stack"
    done
    sed -i 's/^policy = preferred/policy = bind\nmode = hard/' "$file"
    run -0 "$numaperf" explain -c "$file" --kind stack
    assert_line --regexp '^  when full +the out-of-memory killer comes'
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
