#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The shim is a guest: programs behave as they do without it, and nothing is said unless asked for.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
    config=$(policy classes \
        '[malloc.small]' 'size = 32K-128K' 'policy = local' \
        '[malloc.large]' 'size = 128K-' 'policy = interleave' 'nodes = all')
}

# unchanged COMMAND...: stdout, stderr and the status are the same without the shim, with it, and with a policy file.
unchanged() {
    local with
    "$@" >plain.out 2>plain.err && plain=0 || plain=$?
    for with in NUMAPERF_CONFIG= NUMAPERF_CONFIG="$config" NUMAPERF_DISABLE=1; do
        placed "$with" "$@" >with.out 2>with.err && status=0 || status=$?
        assert_equal "$status" "$plain"
        cmp plain.out with.out
        cmp plain.err with.err
    done
}

@test "true, false and a missing file" {
    unchanged true
    unchanged false
    unchanged ls /no/such/file
}

@test "sh and its children" {
    unchanged sh -c 'for i in 1 2 3; do echo $i | cat; done; ls / | sort | tail -n 3; exit 5'
    unchanged bash -c 'x=$(head -c 300000 /dev/zero | tr "\0" x); echo ${#x}; (exit 3) || echo $?'
}

@test "grep, sort and awk" {
    seq 200000 >numbers
    unchanged grep -c 7 numbers
    unchanged sort -rn numbers
    unchanged awk '{ a[$1 % 1000] += $1 } END { for (i = 0; i < 1000; i++) print a[i] }' numbers
}

@test "git" {
    requires git
    git init -q repository
    seq 100000 >repository/file
    unchanged git -C repository status --short
    git -C repository add file
    git -C repository -c user.name=a -c user.email=b commit -qm text
    unchanged git -C repository log -p --format=%s
    unchanged git -C repository fsck
}

@test "perl" {
    requires perl
    unchanged perl -e 'my %h = map { $_ => "x" x $_ } 1..3000; print length(join("", sort values %h)), "\n"'
}

@test "python3" {
    requires /usr/bin/python3
    unchanged /usr/bin/python3 -c '
import hashlib, subprocess, threading
blocks = [bytes([i % 256]) * (i * 4096) for i in range(200)]
print(hashlib.sha256(b"".join(blocks)).hexdigest())
threads = [threading.Thread(target=lambda: bytearray(1 << 21)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(subprocess.run(["sh", "-c", "echo child"], capture_output=True))'
}

@test "sqlite3" {
    requires sqlite3
    unchanged sqlite3 :memory: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
        SELECT count(*), sum(i), length(group_concat(i)) FROM n"
}

@test "sort with threads and compression with large windows" {
    requires xz
    head -c 3000000 /dev/zero | tr '\0' 'a' >plain
    unchanged sort --parallel=4 -S 64M plain
    unchanged sh -c 'xz -T2 -9 <plain | xz -d | cksum'
}

@test "what a program may lock and limit stays as it was" {
    for call in setrlimit prlimit prlimit-pid; do
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" "$progs/limits" "$call"
        assert_equal "$stderr" ""
    done
}

@test "mlockall works under a limit that holds without the shim" {
    # shellcheck disable=SC2016
    for who in "" NUMAPERF_CONFIG="$config"; do
        run -0 bash -c 'ulimit -l 131072; env ${2:+LD_PRELOAD=$1} ${2:+"$2"} "$3" mlockall' - "$numaperf_preload" \
            "$who" "$progs/limits"
    done
}

@test "a program under a small address space limit still gets the memory it maps" {
    run -0 bash -c "ulimit -v 400000; LD_PRELOAD='$numaperf_preload' NUMAPERF_CONFIG='$config' \
        /usr/bin/env true"
    requires /usr/bin/python3
    run -0 --separate-stderr bash -c "ulimit -v 400000; LD_PRELOAD='$numaperf_preload' NUMAPERF_CONFIG='$config' \
        /usr/bin/python3 -c 'import mmap; m = mmap.mmap(-1, 200 << 20); b = bytearray(40 << 20); print(len(b))'"
    assert_output $((40 << 20))
    assert_equal "$stderr" ""
}

@test "closed standard streams stay closed" {
    run -0 bash -c "LD_PRELOAD='$numaperf_preload' NUMAPERF_CONFIG='$config' ls /proc/self/fd <&- 2>&-"
    assert_output "$(printf '0\n1\n')" || assert_output "$(bash -c 'ls /proc/self/fd <&- 2>&-')"
}

@test "an invalid file is one line, and the program runs as if nothing were there" {
    file=$(policy broken 'nonsense = 1' '[malloc.a]' 'size = 1M-' 'policy = nonsense')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/ending"
    assert_output ""
    assert_equal "$stderr" "$(sed -n 1p <<<"$stderr")"
    assert_regex "$stderr" "^numaperf: $file:3: numaperf\.nonsense: "
    run -0 --separate-stderr placed NUMAPERF_LOG=off NUMAPERF_CONFIG="$file" "$progs/ending"
    assert_equal "$stderr" ""
}

@test "a missing file named by NUMAPERF_CONFIG is one line" {
    for file in missing.ini "$BATS_TEST_TMPDIR"; do
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/ending"
        assert_equal "${#stderr_lines[@]}" 1
        assert_regex "$stderr" "^numaperf: $file: "
    done
}

@test "a hard rule that this machine cannot give is one line, and its allocations fail" {
    file=$(policy hard 'mode = hard' '[malloc.a]' 'size = 1G-' 'policy = bind' 'nodes = 1000,all')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/ending"
    assert_equal "${#stderr_lines[@]}" 1
    assert_regex "$stderr" "^numaperf: $file:7: malloc\.a\.nodes: "
    requires /usr/bin/python3
    run -0 --separate-stderr placed NUMAPERF_LOG=off NUMAPERF_CONFIG="$file" /usr/bin/python3 -c '
try: bytearray(2 << 30)
except MemoryError: print("refused")'
    assert_output refused
}

@test "variables without a meaning are one line each and ignored" {
    run -0 --separate-stderr placed NUMAPERF_LOG=loud NUMAPERF_MODE=maybe "$progs/ending"
    assert_equal "${#stderr_lines[@]}" 2
    assert_regex "${stderr_lines[0]}" '^numaperf: NUMAPERF_LOG: .*loud$'
    assert_regex "${stderr_lines[1]}" '^numaperf: NUMAPERF_MODE: .*maybe$'
}

@test "a soft degradation is one warning, and silent by default" {
    file=$(policy absent '[malloc.a]' 'size = 1M-' 'policy = bind' 'nodes = 0,1000')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" true
    assert_equal "$stderr" ""
    run -0 --separate-stderr placed NUMAPERF_LOG=warn NUMAPERF_CONFIG="$file" true
    assert_equal "$stderr" "numaperf: malloc.a: node 1000 does not exist"
    run -0 --separate-stderr placed NUMAPERF_LOG= NUMAPERF_CONFIG="$file" true
    assert_equal "$stderr" ""
}

@test "NUMAPERF_DISABLE: any value but empty and 0" {
    file=$(policy broken nonsense)
    for value in 1 yes no; do
        run -0 --separate-stderr placed NUMAPERF_DISABLE=$value NUMAPERF_CONFIG="$file" true
        assert_equal "$stderr" ""
    done
    for value in "" 0; do
        run -0 --separate-stderr placed NUMAPERF_DISABLE=$value NUMAPERF_CONFIG="$file" true
        assert_equal "${#stderr_lines[@]}" 1
    done
}

@test "the log goes to the file named, with the process id for %p" {
    run -0 --separate-stderr placed NUMAPERF_LOG_FILE='log-%p' NUMAPERF_CONFIG=missing.ini sh -c 'echo $$'
    assert_equal "$stderr" ""
    assert_regex "$(cat "log-$output")" '^numaperf: missing\.ini: '
}

@test "the program's own mbind and madvise win, and leave no trace in the next block" {
    run -0 "$progs/advice"
    for rule in 'interleave|nodes = all|3' 'bind|nodes = all|[15]' 'first-touch||0'; do
        IFS='|' read -r mode nodes expected <<<"$rule"
        file=$(policy own '[malloc.a]' 'size = 1M-' "policy = $mode" "$nodes")
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/advice"
        assert_equal "$stderr" ""
        assert_line --index 0 --regexp "^$expected\$"
        assert_line --index 1 --partial ", 0 failed"
    done
}

@test "what a program does through libnuma wins, and leaves no trace in the next block" {
    file=$(policy own '[malloc.a]' 'size = 64K-' 'policy = interleave' 'nodes = all')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/tonode"
    assert_equal "$stderr" ""
    assert_line --index 0 '2 3'
    assert_line --index 1 --partial ", 0 failed"
}

# clean_under RULE... - our puppet $program finds nothing wrong under each of MODE|NODES.
clean_under() {
    local rule mode nodes file
    for rule in "$@"; do
        IFS='|' read -r mode nodes <<<"$rule"
        file=$(policy clean '[malloc.a]' 'size = 1M-' "policy = $mode" "$nodes")
        run -0 --separate-stderr placed NUMAPERF_CONFIG="$file" "$progs/$program"
        assert_equal "$stderr" ""
        assert_output --partial ", 0 failed"
    done
}

@test "a part that the program protected, locked or kept from its children is ordinary in the next block" {
    program=marks clean_under 'interleave|nodes = all' 'bind|nodes = all' 'first-touch|'
}

@test "calloc clears what the kernel kept of a freed block" {
    program=zeroes clean_under 'interleave|nodes = all' 'bind|nodes = all' 'first-touch|' 'local|'
}

@test "an exec costs two and a half dozen system calls more without a file" {
    requires strace
    # What the loader does is the same in both.
    run -0 strace -o without env LD_PRELOAD="$numaperf_preload" NUMAPERF_DISABLE=1 true
    run -0 strace -o with env LD_PRELOAD="$numaperf_preload" true
    (($(wc -l <with) - $(wc -l <without) <= 30))
}

teardown() {
    [ -z "${installed-}" ] || rm -f "$installed"
}

@test "a signal handler may allocate at any moment of a thread's end" {
    run -0 placed "$progs/steps" libnumaperf_preload
    assert_output --regexp ', 0 failed$'
}

@test "a set-uid program ignores what its user says" {
    requires root setpriv
    ! findmnt -no OPTIONS -T . | grep -q nosuid || skip_or_fail "needs a folder without nosuid"
    [ -w /usr/lib ] || skip_or_fail "needs a writable /usr/lib"
    # In a set-uid program the loader preloads set-uid libraries of the system's folders alone.
    installed=/usr/lib/libnumaperf_preload_test.so
    cp "$numaperf_preload" $installed
    chmod u+s $installed
    cp "$(command -v cat)" suid
    chmod 4755 suid
    chmod 755 .. .
    run -0 --separate-stderr setpriv --reuid 65534 --clear-groups env LD_PRELOAD=libnumaperf_preload_test.so \
        NUMAPERF_CONFIG=missing.ini NUMAPERF_REPORT=- ./suid /proc/self/maps
    assert_output --partial libnumaperf_preload_test.so
    assert_equal "$stderr" ""
}
