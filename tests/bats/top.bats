#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# numaperf top, in a terminal that tmux provides.

setup() {
    load helper
    load living
    requires jq tmux script "$progs/living"
    ! "$numaperf" top </dev/null 2>&1 | grep -q 'without ncurses' || skip_or_fail "needs a build with ncurses"
    export LC_ALL=C.UTF-8
    unset NO_COLOR TMUX
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    tmux -S tmux kill-server 2>/dev/null || true
    end_all
}

# terminal COLUMNS ROWS - one with a shell in it, whose prompt is "$ ".
terminal() {
    printf '%s\n' 'set -g default-terminal screen-256color' 'set -s escape-time 0' >tmux.conf
    tmux -S tmux -f tmux.conf new-session -d -x "$1" -y "$2" env PS1='$ ' bash --norc 3>&-
    shows '^\$$'
}

# keys KEY... - typed.
keys() {
    tmux -S tmux send-keys "$@"
}

screen() {
    tmux -S tmux capture-pane -p
}

# waits_for COMMAND... - until it succeeds.
waits_for() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        ! "$@" || return 0
        sleep 0.1
    done
    return 1
}

# shows PATTERN..., hides PATTERN - wait until lines of the screen have all these extended patterns; until none has it.
shows() {
    local pattern
    for pattern; do
        waits_for matches "$pattern" || fail "the screen has no $pattern: $(screen)"
    done
}

matches() {
    screen | grep -qE -- "$1"
}

hides() {
    waits_for lacks "$1" || fail "the screen still has $1: $(screen)"
}

lacks() {
    ! matches "$1"
}

# top [ARGUMENT]... - in the terminal, until it shows something.
top() {
    keys "'$numaperf' top $*" Enter
    shows '^numaperf top .* under the shim .*every .* s   [0-9:]{8}$'
}

# ticks - wait for another reading: the clock of the title tells when it was.
ticks() {
    local seen
    seen=$(clock)
    waits_for later "$seen" || fail "the clock stands still: $(screen)"
}

clock() {
    screen | grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}$' | head -n 1
}

# later CLOCK - has the clock gone on since?
later() {
    local now
    now=$(clock)
    [ -n "$now" ] && [ "$now" != "$1" ]
}

# short - bytes as top writes them.
short() {
    awk '{ unit = 0; for (value = $1 / 1024; value >= 1023.5; unit++) value /= 1024
        printf value < 99.95 ? "%.1f%s\n" : "%.0f%s\n", value, substr("KMGT", unit + 1, 1) }'
}

@test "one program: its rules, and on each node what the report says" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    bytes=$("$numaperf" report --json "$pid" | jq '.page_bytes * .rules[1].pages["0"]' | short)
    terminal 80 24
    top "$pid"
    shows "^ *$pid living " "^  malloc\\.default-large +first(-touch)? +$bytes +0 % .* +$bytes\$"
    shows "^  malloc\\.default-large +64\\.0M +64\\.0M .* yes\$" "^  policy built-in, mode soft"
    keys q
    shows '^\$$'
}

@test "all programs: sorted, one of them selected and looked at" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    small=$pid
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 128
    terminal 160 24
    top --interval 0.2
    shows "^ *$pid living" "^ *$small living" '^ *all programs '
    order() { [ "$(screen | grep -oE "^ *($small|$pid) living" | tr -dc '0-9\n' | paste -sd ' ')" = "$*" ]; }
    waits_for order "$pid $small"
    keys i
    waits_for order "$small $pid"
    keys m Up Up Up Up Down
    waits_for order "$pid $small"
    hides 'policy built-in'
    keys Enter
    shows 'policy built-in' "^ *$small living"
    hides "^ *$pid living"
    keys Escape
    shows "^ *$pid living"
}

@test "programs come and go" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 80 24
    top --interval 0.1 "$pid" "$$" "$pid"
    shows "^ *$pid living" "^ *$$ it was started without the shim in LD_PRELOAD" '^numaperf top   1 program under the shim '
    assert_equal "$(screen | grep -cE "^ *$pid living")" 1
    kill "$pid"
    wait "$pid" || true
    shows "^ *$pid there is no process $pid"
    keys q
    shows '^\$$'
    top --interval 0.1
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    shows "^ *$pid living"
    kill "$pid"
    wait "$pid" || true
    hides "^ *$pid living"
}

@test "p stops it and goes on, + and - change the interval" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 80 24
    top "$pid"
    shows ' every 1 s '
    keys +
    shows ' every 2 s '
    keys - - -
    shows ' every 0.2 s '
    keys p
    shows 'PAUSED'
    before=$(screen)
    sleep 1.5 # what must not happen has the time to
    assert_equal "$(screen)" "$before"
    keys p
    hides PAUSED
    ticks
    ticks
}

@test "the terminal may change its size, also to next to nothing" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 160 30
    top --interval 0.2 "$pid"
    shows 'as requested' ' █{10} '
    tmux -S tmux resize-window -x 80 -y 24
    hides ' █{10}'
    for size in '20 5' '10 2' '1 1' '300 60'; do
        tmux -S tmux resize-window -x "${size% *}" -y "${size#* }"
        sleep 0.3
    done
    shows "^ *$pid living"
    keys q
    shows '^\$$'
}

@test "signals give the terminal back, and end it as they end others" {
    terminal 80 24
    keys 'stty -g >before; clear; echo mark' Enter
    shows '^mark'
    for signal in INT:130 TERM:143 HUP:129 QUIT:131; do
        top --interval 0.2
        running=$(pgrep -P "$(tmux -S tmux display -p '#{pane_pid}')")
        kill -"${signal%:*}" "$running"
        shows '^mark' '^\$$'
        keys 'echo $? >status; stty -g >after; clear -x; echo mark; touch told' Enter
        waits_for test -e told
        assert_equal "${signal%:*} $(cat status)" "${signal%:*} ${signal#*:}"
        cmp after before
        rm told
        shows '^mark'
    done
    keys C-l
    top --interval 0.2
    keys C-c
    shows '^\$$'
    keys 'echo status $?' Enter
    shows '^status 130$'
    keys 'stty -g | cmp - before && echo same' Enter
    shows '^same$'
}

@test "it may be stopped and continued by the shell" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 80 24
    top --interval 0.2 "$pid"
    keys C-z
    shows 'Stopped'
    keys fg Enter
    shows "^ *$pid living"
}

@test "what has not changed is not written again: it does not flicker" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 80 24
    tmux -S tmux pipe-pane 'cat >written'
    top --interval 0.1 "$pid"
    sleep 3 # thirty readings
    keys q
    shows '^\$$'
    tmux -S tmux pipe-pane
    # ESC [ 2J or ESC [ J clears the screen: once at the start, once at the end. The figures are written once.
    [ "$(grep -oaE $'\e\\[[0-2]?J' written | wc -l)" -le 3 ]
    [ "$(grep -oaF malloc.default-large written | wc -l)" -le 2 ]
    [ "$(wc -c <written)" -lt 6000 ]
}

@test "colours are for terminals that have them" {
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    terminal 80 24
    coloured() { tmux -S tmux capture-pane -pe | grep -qE $'\e\\[[0-9;]*3[0-8]'; }
    top "$pid"
    waits_for coloured
    keys q
    for setting in NO_COLOR=1 TERM=vt100; do
        shows '^\$$'
        keys "$setting '$numaperf' top $pid" Enter
        shows "^ *$pid living"
        run ! coloured
        keys q
    done
    shows '^\$$' # also where the terminal cannot restore its screen
}

@test "columns of nodes move right as far as the last one, and back as far as the first" {
    local nodes
    start env LD_PRELOAD="$numaperf_preload" "$progs/living" 64
    mapfile -t nodes < <("$numaperf" report --json "$pid" | jq '.nodes[]')
    terminal 80 24
    top "$pid"
    shows " N${nodes[0]}( |\$)"
    keys "${nodes[@]/*/Right}" Right Right
    ticks # the keys have come, too
    shows " N${nodes[-1]}\$"
    ((${#nodes[@]} == 1)) || hides " N${nodes[0]}( |\$)"
    keys "${nodes[@]/*/Left}" Left
    ticks
    shows " N${nodes[0]}( |\$)"
}

@test "2: without a terminal, or one that cannot move its cursor" {
    run -2 "$numaperf" top </dev/null
    assert_output "numaperf: top: this is no terminal (numaperf report --all shows the same once)"
    run -2 script -qec "TERM=dumb '$numaperf' top" /dev/null
    assert_output $'numaperf: top: TERM names no terminal that can move its cursor\r' # and no blanks before it
    run -0 script -qec "stty -g >before; TERM=dumb '$numaperf' top; stty -g >after" /dev/null
    cmp before after
    run -2 script -qec "TERM=nonsense '$numaperf' top" /dev/null
    assert_output --partial "numaperf: top: TERM names no terminal that can move its cursor"
}

@test "2: wrong usage, and processes that cannot be read" {
    run -2 "$numaperf" top 2147483646 "$$"
    assert_line "numaperf: top: 2147483646: there is no process 2147483646"
    assert_line "numaperf: top: $$: it was started without the shim in LD_PRELOAD"
    for interval in 0 0.01 -1 4000 nan inf 1x ''; do
        run -2 "$numaperf" top --interval "$interval"
        assert_output "numaperf: top: --interval: a number of seconds from 0.1 to 3600: $interval"
    done
    run -2 "$numaperf" top redis
    assert_output "numaperf: top: no process id: redis (try numaperf top --help)"
}
