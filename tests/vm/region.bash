# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the suites of the C library share: a program that makes regions as it is told, and the witness that counts its pages
# from outside.

load placement

# The library is used without the shim and the command.
run_program() {
    exec {to}>&- {from}>&-
    while read -r to from _; do
        exec {to}>&- {from}>&-
    done < <(printf '%s\n' "${programs[@]}" | grep .)
    exec "${before[@]}" "$@"
}

# start_regions - the program; asked by ask() and tell(). Before 6.6 the kernel says of pages that its balancing looks at
# that they are absent.
start_regions() {
    echo 0 >/proc/sys/kernel/numa_balancing
    start "$progs/regions"
}

# create I SIZE MODE NODES [HUGE [PREFAULT [HARDNESS [WEIGHT...]]]] - a region, in blocks[I].
create() {
    tell create "$1" "$2" "$3" "$4" "${5-default}" "${6-touch}" "${7-soft}" "${@:8}"
    blocks[$1]=$answer
}

# refuse ERROR I SIZE MODE NODES HUGE PREFAULT HARDNESS - a region that cannot be had.
refuse() {
    ask create "${@:2}"
    assert_equal "$answer" "$1"
}

# count START LENGTH - as in placement.bash, where ids have gaps too.
count() {
    local line node
    read -ra line < <("$progs/placed" "$pid" 1 "$@")
    absent=${line[-1]}
    on=("${line[@]::${#line[@]}-1}")
    present=0
    for node in "${on[@]}"; do
        present=$((present + node))
    done
}

# look I - counts the region's pages, and what the library says of them must be the same.
look() {
    local node said
    # shellcheck disable=SC2086 # two words
    count ${blocks[$1]}
    ask verify "$1"
    read -ra said <<<"$answer"
    assert_equal "${said[0]}" "$present"
    for node in "${nodes[@]##*/node}"; do
        assert_equal "${said[1 + node]}" "${on[node]}"
    done
}

# assert_how I ENFORCEMENT [REGEX] - how far the policy holds, and a part of the reason.
assert_how() {
    ask how "$1"
    assert_equal "${answer%% *}" "$2"
    [[ ${answer#* } =~ ${3-} ]] || fail "$answer; wanted: ${3-}"
}

# fill_node NODE - with hard regions of 8M, in blocks[1] to blocks[$filled].
fill_node() {
    for ((filled = 0; filled < 60; filled++)); do
        ask create $((filled + 1)) 8M bind "$1" default touch hard
        [[ $answer == 0x* ]] || break
        blocks[filled + 1]=$answer
    done
    assert_equal "$answer" ENOMEM
}

# pages SIZE-IN-MIB
pages() {
    echo $(($1 * 1048576 / page))
}

# quit - the program ends by itself, and well.
quit() {
    local status=0
    exec {to}>&-
    wait "$pid" || status=$?
    unset "programs[$pid]"
    assert_equal "$status" 0
    exec {from}>&-
}

# cgroup NAME SETTING=VALUE... - puts the program into a group of its own.
cgroup() {
    local folder=/sys/fs/cgroup/$1 setting
    mkdir -p "$folder"
    for setting in "${@:2}"; do
        echo "${setting#*=}" >"$folder/${setting%%=*}"
    done
    echo "$pid" >"$folder/cgroup.procs"
}
