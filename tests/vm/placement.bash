# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the suites share that place memory and count pages: start a program under a policy file, hold it still, and ask
# the kernel, from another process, on which node each of its pages is.

bats_load_library bats-support
bats_load_library bats-assert

numaperf=$NUMAPERF_BUILD/cli/numaperf
progs=$NUMAPERF_BUILD/tests/vm/progs
nodes=(/sys/devices/system/node/node[0-9]*)
page=$(getconf PAGESIZE)

# The program under test, set by start(). Its standard input and output are ours through two pipes.
pid=
to=
from=

# rules LINE... - a policy file with these sections.
rules() {
    printf '%s\n' '[numaperf]' 'version = 1' "$@" >"$BATS_TEST_TMPDIR/policy.ini"
}

# policy LINE... - one with one class for everything from 32K.
policy() {
    rules '[malloc.large]' 'size = 32K-' "$@"
}

# start PROGRAM [ARGUMENT]... - under numaperf, in the background, in a folder of its own. Its report is a pipe: at its
# end the program waits there, before it counts, until we read.
start() {
    cd "$(mktemp -d "$BATS_TEST_TMPDIR/run.XXXXXX")" || return
    blocks=()
    mkfifo input output report
    exec {to}<>input {from}<>output
    run_program "$@" <input >output 2>errors 3>&- &
    pid=$!
    programs[$pid]="$to $from $PWD"
}
before=(env)
declare -A programs=()

# run_program PROGRAM [ARGUMENT]... - becomes the program, without our ends of its own pipes and of others'.
run_program() {
    exec {to}>&- {from}>&-
    while read -r to from _; do
        exec {to}>&- {from}>&-
    done < <(printf '%s\n' "${programs[@]}" | grep .)
    exec "${before[@]}" "$numaperf" run -c ../policy.ini --report "$PWD/report" -- "$@"
}

# switch_to PID - the other functions mean this program from now on.
switch_to() {
    local folder
    pid=$1
    read -r to from folder <<<"${programs[$pid]}"
    cd "$folder" || return
}

# hear - the program's next line, in $answer.
hear() {
    local tries part=
    for ((tries = 0; tries < 90; tries++)); do
        if IFS= read -r -t 1 -u "$from" answer; then
            answer=$part$answer
            return
        fi
        part+=$answer # the time may be up in the middle of a line
        kill -0 "$pid" 2>/dev/null || break
    done
    fail "no answer; errors: $(cat errors)"
}

# ask COMMAND... - give the puppet a command; what it says is in $answer.
ask() {
    echo "$*" >&"$to"
    hear
}

# tell COMMAND... - the same for commands that must succeed.
tell() {
    ask "$@"
    [[ $answer == ok || $answer == 0x* ]] || fail "$*: $answer; errors: $(cat errors)"
}

# hear_blocks - START LENGTH of the program's blocks, until it says that it is ready.
hear_blocks() {
    while hear && [ "$answer" != ready ]; do
        blocks+=("$answer")
    done
}

# hold - close the program's input, which ends it, and wait until it stands still at its report.
hold() {
    exec {to}>&-
    await_report
}

await_report() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        ! grep -qs wait_for_partner /proc/"$pid"/task/*/wchan || return 0
        kill -0 "$pid" 2>/dev/null || fail "the program has ended; errors: $(cat errors)"
        sleep 0.05
    done
    fail "the program does not end"
}

# finish - let the program count and end. Its report is in $report, its exit status in $status.
finish() {
    report=$(cat report)
    status=0
    wait "$pid" || status=$?
    unset "programs[$pid]"
    pid=
    exec {from}>&-
}

# rule FIELD [SECTION] - from the report.
rule() {
    jq -r --arg section "${2-malloc.large}" ".rules[] | select(.section == \$section) | $1" <<<"$report"
}

# zones - START and LENGTH of what is open in the program's zones. The zones are one stretch of address space that has
# far more closed parts than anything else; what lies right below it may belong to others.
zones() {
    awk -v memory="$(awk '$1 == "MemTotal:" { print $2 * 1024 }' /proc/meminfo)" '
        function flush(   i, base) {
            base = limit - int((limit - first) / zone) * zone
            for (i = 0; big && i < count; i++)
                if (end[i] > base)
                    printf "%d %d\n", (start[i] > base ? start[i] : base), end[i] - (start[i] > base ? start[i] : base)
            count = big = 0
        }
        BEGIN { for (zone = 4194304; zone < 4 * memory; zone *= 2); }
        {
            split($1, ends, "-")
            from = strtonum("0x" ends[1]); till = strtonum("0x" ends[2])
            foreign = $6 != "" && $6 !~ /numaperf:|anon_hugepage/
            if (from != limit || foreign) {
                flush()
                first = from
            }
            limit = till
            if (foreign)
                next
            if ($2 == "---p" && till - from >= 1073741824)
                big = 1
            if ($2 != "rw-p")
                next
            if (!count || end[count - 1] != from)
                start[count++] = from
            end[count - 1] = till
        }
        END { flush() }' "/proc/${1-$pid}/maps"
}

# count START LENGTH... - pages on each node in the array on[], those on none in $absent, all that are in $present.
count() {
    local line
    on=("${nodes[@]//*/0}")
    absent=0
    while read -ra line; do
        add_line
    done < <("$progs/placed" "$pid" 1 "$@")
    present=$((${on[*]/%/+}0))
}

add_line() {
    local node
    for node in "${!on[@]}"; do
        on[node]=$((on[node] + line[node]))
    done
    absent=$((absent + line[-1]))
}

# count_zones - the same of all that the program's zones hold, by another witness.
count_zones() {
    local word start length ranges=()
    while read -r start length; do
        ranges+=(--range "$(printf '%x-%x' "$start" $((start + length)))")
    done < <(zones)
    [ ${#ranges[@]} -gt 0 ] || fail "no zones"
    on=("${nodes[@]//*/0}")
    for word in $("$NUMAPERF_BUILD/tests/vm/pagenodes" "$pid" "${ranges[@]}" | tail -n 1); do
        case $word in
        N*) on[${word:1:1}]=${word#*=} ;;
        absent=*) absent=${word#*=} ;;
        esac
    done
    present=$((${on[*]/%/+}0))
}

# assert_only NODE... - pages were counted, and all of them are there.
assert_only() {
    local node rest=$present
    [ "$present" -gt 0 ] || fail "no pages"
    for node; do
        rest=$((rest - on[node]))
    done
    [ "$rest" -eq 0 ] || fail "on ${on[*]}, but wanted on nodes $*"
}

# assert_weighted SLACK NODE*WEIGHT... - all on these nodes, and none is further off its share than SLACK pages or one
# percent, whichever is more.
assert_weighted() {
    local slack=$1 part sum=0 off
    shift
    assert_only "${@%\**}"
    slack=$((slack > present / 100 ? slack : present / 100))
    for part; do
        sum=$((sum + ${part#*\*}))
    done
    for part; do
        off=$((on[${part%\**}] * sum - present * ${part#*\*}))
        [ "${off#-}" -le $((slack * sum)) ] || fail "on ${on[*]}: not as $* within $slack"
    done
}

# assert_even SLACK NODE... - all on these nodes, and none has more than SLACK pages above another.
assert_even() {
    local slack=$1 node least=999999999 most=0
    shift
    assert_only "$@"
    for node; do
        least=$((on[node] < least ? on[node] : least))
        most=$((on[node] > most ? on[node] : most))
    done
    [ $((most - least)) -le "$slack" ] || fail "on ${on[*]}: not even within $slack"
}

# assert_each CHECK [ARGUMENT]... - the check holds for every one of the program's blocks[] by itself.
assert_each() {
    local line
    [ ${#blocks[@]} -gt 0 ] || fail "no blocks"
    while read -ra line; do
        on=("${nodes[@]//*/0}")
        absent=0
        add_line
        present=$((${on[*]/%/+}0))
        [ "$absent" -eq 0 ] || fail "pages are absent"
        "$@"
    done < <(xargs "$progs/placed" "$pid" 1 <<<"${blocks[*]}")
}

# assert_in_turn COUNT - in the zones, COUNT nodes take turns page by page.
assert_in_turn() {
    local ranges
    ranges=$(zones)
    # shellcheck disable=SC2086 # pairs of numbers
    "$progs/placed" "$pid" "$1" $ranges >/dev/null || fail "the nodes do not take turns"
}

# assert_agrees [SECTION] - the report says of each node what was counted.
assert_agrees() {
    local node
    for node in "${!on[@]}"; do
        [ "$(rule ".pages[\"$node\"] // 0" "${1-malloc.large}")" -eq "${on[node]}" ] ||
            fail "counted ${on[*]}, but the report says $(rule '.pages | tostring' "${1-malloc.large}")"
    done
}

# serve_redis - start redis-server on a socket in its folder, until it answers.
serve_redis() {
    start redis-server --unixsocket redis.sock --port 0 --save '' --dir .
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [ "$(redis-cli -s redis.sock ping 2>&1)" != PONG ] || break
        sleep 0.1
    done
}

restore=()
# set_for_test FILE VALUE - a setting of the kernel, until the test ends.
set_for_test() {
    local old
    old=$(cat "$1")
    old=${old##*\[}
    old=${old%%\]*}
    restore+=("$1=$old")
    echo "$2" >"$1"
}

# clean_up - for teardown.
clean_up() {
    local one
    for one in "${!programs[@]}"; do
        kill -KILL "$one" 2>/dev/null || true
        wait "$one" 2>/dev/null || true
    done
    for one in "${restore[@]}"; do
        echo "${one#*=}" >"${one%%=*}"
    done
}

# kills - how often the OOM killer came, since the machine was booted.
kills() {
    awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# free_pages NODE - pages that the node has free.
free_pages() {
    awk -v page="$page" '$3 == "MemFree:" { print int($4 * 1024 / page) }' "/sys/devices/system/node/node$1/meminfo"
}

# start_puppet - a program that allocates as ask() and tell() say.
start_puppet() {
    start "$progs/puppet"
}

# give NAME SIZE - the puppet makes a block and writes to every page of it; blocks[] has it.
give() {
    tell malloc "$1" "$2"
    blocks[$1]=$answer
    tell write "$1"
}
