# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The stages of scripts/check. Each is a function stage_NAME that runs in a process group of its own in the project's
# folder, and leaves in $OUT one TAP stream for each thing it ran (NAME.tap), with what else was printed in NAME.log.
# scripts/check adds the streams up: a stage reports by its TAP, not by its exit status.

# The table of stages, in the order they run: name, yes when --quick runs it too, what it does.
STAGES=(
    "packages yes  what the other stages need, from Debian"
    "gcc      yes  the build with gcc, warnings are errors"
    "clang    no   the build with clang, warnings are errors"
    "unit     yes  unit tests"
    "asan     no   unit tests under the address and undefined-behaviour sanitizers"
    "tsan     no   unit tests under the thread sanitizer"
    "bats     yes  the shim and the command on this machine"
    "lint     no   format, clang-tidy, shellcheck, the rules of the house"
    "install  no   the installed files, and programs built against them"
    "fuzz     no   short runs of the fuzzers"
    "vm       no   suites in virtual machines with several NUMA nodes"
)

CHECK=$ROOT/build-check

# tail_as_comment FILE - the end of a log, as TAP diagnostics.
tail_as_comment() {
    tail -n "${LOG_TAIL:-40}" -- "$1" | sed -e 's/^/# /'
}

# one NAME TEXT COMMAND... - run a command as a single test.
one() {
    local name=$1 text=$2
    shift 2
    if "$@" >"$OUT/$name.log" 2>&1; then
        printf '1..1\nok 1 - %s\n' "$text" >"$OUT/$name.tap"
    else
        {
            printf '1..1\nnot ok 1 - %s (exit status %s)\n' "$text" "$?"
            tail_as_comment "$OUT/$name.log"
        } >"$OUT/$name.tap"
        return 1
    fi
}

# tap NAME COMMAND... - run a command that prints TAP.
tap() {
    local name=$1 status=0
    shift
    "$@" >"$OUT/$name.tap" 2>"$OUT/$name.log" || status=$?
    if [[ $status != 0 ]] && ! grep -q '^not ok' "$OUT/$name.tap"; then
        {
            printf 'Bail out! %s ended with status %s\n' "$name" "$status"
            tail_as_comment "$OUT/$name.log"
        } >>"$OUT/$name.tap"
    fi
}

# skip NAME REASON - a stream that is skipped whole.
skip() {
    printf '1..0 # skip %s\n' "$2" >"$OUT/$1.tap"
}

# build FOLDER CC OPTION... - configure and compile.
build() {
    local folder=$1
    configure "$@" -Dtests=enabled && ninja -C "$folder" -k 0
}

stage_packages() {
    local lists=(build test bench)
    if [[ $QUICK == no ]]; then
        lists+=(clang lint "$ROOT/tests/vm/host-packages.list")
    fi
    one packages "every package is there" "$ROOT/scripts/install-packages" "${lists[@]}"
}

stage_gcc() {
    one build "gcc builds without a warning" build "$CHECK/gcc" gcc --werror
}

stage_clang() {
    one build "clang builds without a warning" build "$CHECK/clang" clang --werror
}

# unit_tests FOLDER OPTION... - those that meson knows, subtest by subtest. The bats suites have a stage of their own.
unit_tests() {
    local status=0
    rm -f "$1"/meson-logs/testlog*.json
    meson test -C "$1" --no-suite bats --timeout-multiplier 4 "${@:2}" >"$OUT/meson.log" 2>&1 || status=$?
    if ! compgen -G "$1/meson-logs/testlog*.json" >/dev/null; then
        tail -n 40 "$OUT/meson.log" >&2
        return 1
    fi
    "$ROOT/scripts/meson-tap" "$1"
    return "$status"
}

stage_unit() {
    tap unit unit_tests "$CHECK/gcc"
}

# sanitized NAME OPTION... - build with sanitizers and run the unit tests; the shim is not preloaded under them. Their
# shadow memory has fixed places, which the address randomisation of some kernels hits.
sanitized() {
    local name=$1
    shift
    # Their instrumentation makes gcc warn of what cannot happen, so warnings are no errors here.
    one build "builds with sanitizers" build "$CHECK/$name" gcc \
        --buildtype=debugoptimized -Db_lundef=false "$@" || return 0
    tap unit unit_tests "$CHECK/$name" --wrap "setarch $(uname -m) --addr-no-randomize"
}

stage_asan() {
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    sanitized asan -Db_sanitize=address,undefined
}

stage_tsan() {
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    sanitized tsan -Db_sanitize=thread
}

# bats_folder FOLDER - its suites, one stream for each file.
bats_folder() {
    local file
    for file in "$1"/*.bats; do
        [[ -e $file ]] || continue
        tap "$(basename "$file" .bats)" bats --tap "$file"
    done
}

stage_bats() {
    export NUMAPERF_BUILD=$CHECK/gcc BATS_LIB_PATH=/usr/lib/bats
    bats_folder tests/bats
}

stage_lint() {
    export NUMAPERF_BUILD=$CHECK/clang BATS_LIB_PATH=/usr/lib/bats
    bats_folder tests/lint
}

stage_install() {
    export NUMAPERF_BUILD=$CHECK/gcc BATS_LIB_PATH=/usr/lib/bats
    bats_folder tests/install
}

stage_fuzz() {
    if [[ ! -x tests/fuzz/run-short ]]; then
        skip fuzz "no tests/fuzz/run-short"
        return
    fi
    one fuzz "the fuzzers find nothing in a short run" tests/fuzz/run-short
}

# vm_machines - how many virtual machines may run at once: each wants a CPU and up to 3 GiB.
vm_machines() {
    awk -v cpus="$(nproc)" '$1 == "MemAvailable:" {
        n = int($2 / 1048576 / 3)
        n = n > cpus ? cpus : n
        n = n > 2 ? 2 : n
        print n < 1 ? 1 : n
    }' /proc/meminfo
}

# vm_setup KERNEL - bring the kernel and the packages of the machine up to date, once a day; prints nothing, or the
# reason why that cannot be.
vm_setup() {
    local log=$OUT/setup-$1.log stamp=$CHECK/vm-setup-$1
    if [[ -n $(find "$stamp" -mtime -1 2>/dev/null) ]]; then
        return 0
    fi
    if tests/vm/run --kernel "$1" --setup >"$log" 2>&1; then
        touch "$stamp"
        return 0
    fi
    if [[ $1 == backports ]] && grep -q unavailable "$log"; then
        echo "needs a Linux 6.12 kernel, which cannot be had here"
    else
        echo "failed: $(tail -n 1 "$log")"
    fi
}

# vm_suite TOPOLOGY KERNEL FILE... - one machine.
vm_suite() {
    local name
    name=$1-$2-$(basename -a -s .bats "${@:3}" | paste -sd+)
    tap "${name:0:100}" tests/vm/run --topology "$1" --kernel "$2" --build "$CHECK/gcc" --timeout 1200 "${@:3}"
}

stage_vm() {
    local topology kernel files file name running=0 machines
    local -A trouble=()
    for kernel in stable backports; do
        trouble[$kernel]=$(vm_setup "$kernel")
    done
    machines=$(vm_machines)
    echo "at most $machines machines at once"
    while read -r topology kernel files; do
        # shellcheck disable=SC2206 # the table has globs
        files=($files)
        for file in "${files[@]}"; do
            [[ -e $file ]] || echo "tests/vm/suites.list names $file, which is not there"
        done
        name=$topology-$kernel-$(basename -s .bats "${files[0]}")
        case ${trouble[$kernel]} in
        '') ;;
        failed:*)
            printf '1..1\nnot ok 1 - the %s kernel can be had\n# %s\n' "$kernel" "${trouble[$kernel]}" >"$OUT/$name.tap"
            continue
            ;;
        *)
            skip "$name" "${trouble[$kernel]}"
            continue
            ;;
        esac
        if ((running >= machines)); then
            wait -n || true
            running=$((running - 1))
        fi
        vm_suite "$topology" "$kernel" "${files[@]}" &
        running=$((running + 1))
    done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' tests/vm/suites.list)
    wait
}
