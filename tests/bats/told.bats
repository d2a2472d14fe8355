#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A broken policy file is one line for a tree of processes, however its programs start each other.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
    broken=$(policy broken 'nonsense = 1')
    line="numaperf: $broken:3: numaperf.nonsense: "
}

# tree COMMAND... - runs it with the broken file. $output is what it printed, $count how many messages it made.
tree() {
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$broken" "$@"
    # shellcheck disable=SC2154 # set by run
    count=$(grep -cF "$line" <<<"$stderr" || true)
    assert_equal "$(grep -vF "$line" <<<"$stderr" | xargs)" ""
}

@test "a tree of shells and their children says it once" {
    tree bash -c 'for i in {1..20}; do /bin/true; (sh -c "/bin/true; exec env /bin/true"); done; echo done'
    assert_equal "$output $count" "done 1"
    tree dash -c 'for i in 1 2 3; do /bin/true & done; wait; ls / | sort | xargs -n 1 /bin/true'
    assert_equal "$count" 1
}

@test "every tree says it" {
    for _ in 1 2; do
        tree sh -c '/bin/true; /bin/true'
        assert_equal "$count" 1
    done
}

@test "an emptied environment in the middle of the tree does not make it forget, and stays empty" {
    # shellcheck disable=SC2016 # expanded inside
    tree sh -c 'env -i LD_PRELOAD="$LD_PRELOAD" NUMAPERF_CONFIG="$NUMAPERF_CONFIG" /bin/sh -c "/bin/true; env /bin/true"; /bin/true'
    assert_equal "$count" 1
    tree env -i /usr/bin/env
    assert_equal "$output $count" " 1"
    tree sh -c 'unset LD_PRELOAD; env | grep -c NUMAPERF_TOLD || true'
    assert_equal "$output $count" "0 1"
}

@test "every way to start a program hands it on" {
    requires /usr/bin/python3
    tree /usr/bin/python3 -c '
import os, subprocess
environment = dict(os.environ)
def child(execute):
    pid = os.fork()
    if pid == 0:
        execute()
    os.waitpid(pid, 0)
true = "/bin/true"
child(lambda: os.execv(true, [true]))
child(lambda: os.execve(true, [true], environment))
child(lambda: os.execvp("true", [true]))
child(lambda: os.execve(os.open(true, os.O_RDONLY), [true], environment))
os.waitpid(os.posix_spawn(true, [true], environment), 0)
os.waitpid(os.posix_spawnp("true", [true], environment), 0)
subprocess.run([true])
subprocess.run([true], env=environment, close_fds=False)
for i in range(3):
    os.system("/bin/true; /bin/true")
    subprocess.run("/bin/true; /bin/true", shell=True)
'
    assert_equal "$count" 1
}

@test "a file that has changed speaks again, and another one for itself" {
    tree sh -c '/bin/true; touch -d "2001-01-01" '"$broken"'; /bin/true; sh -c "/bin/true; /bin/true"'
    assert_equal "$count" 3 # those that the changed file is new to: the second, and the third with its own children
    other=$(policy other 'rubbish = 1')
    run -0 --separate-stderr placed NUMAPERF_CONFIG="$broken" sh -c "for i in 1 2 3; do
        NUMAPERF_CONFIG=$other sh -c '/bin/true; NUMAPERF_CONFIG=$broken /bin/true'; done; /bin/true"
    assert_equal "$(grep -cF "$line" <<<"$stderr")" 1
    assert_equal "$(grep -cF "numaperf: $other:3: " <<<"$stderr")" 3 # below a process to which it is new
}

@test "a process that is asked to say more, or to a file of its own, says it whatever was said" {
    tree sh -c 'NUMAPERF_LOG=info /bin/true; /bin/true'
    assert_equal "$count" 2
    # shellcheck disable=SC2016 # expanded inside
    tree sh -c 'NUMAPERF_LOG_FILE=own.log /bin/true'
    assert_equal "$count $(grep -cF "$line" own.log)" "1 1"
}

@test "a large environment on a small stack is handed on as it is" {
    requires /usr/bin/python3
    tree /usr/bin/python3 -c '
import os, threading
environment = dict(os.environ, **{"VARIABLE_%d" % i: "" for i in range(3000)})
threading.stack_size(32768)
def start():
    os.waitpid(os.posix_spawn("/bin/true", ["/bin/true"], environment), 0)
thread = threading.Thread(target=start)
thread.start()
thread.join()
print("started")
'
    assert_equal "$output $count" "started 2"
}

@test "what was not written was not said" {
    tree NUMAPERF_LOG=off sh -c '/bin/true; NUMAPERF_LOG=error sh -c "/bin/true; /bin/true"'
    assert_equal "$count" 1
    tree sh -c 'NUMAPERF_TOLD="0123 nonsense" /bin/true'
    assert_equal "$count" 1
}

@test "a hard rule that is refused is said by each process" {
    broken=$(policy hard 'mode = hard' '[malloc.a]' 'size = 1G-' 'policy = bind' 'nodes = 1000,all')
    line="numaperf: $broken:7: malloc.a.nodes: "
    tree sh -c '/bin/true; /bin/true'
    assert_equal "$count" 3
}
