# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of numaperf(1) for bash, with or without the package bash-completion.

# Options of each command; a word after a colon says what belongs behind the option.
declare -gA _numaperf_options=(
    [run]="--config: --report: --hard --soft --policy: --nodes: --size: --huge-pages: --dry-run"
    [init]="--output:"
    [check]="--config: --verbose"
    [explain]="--config: --size: --kind: --thread:"
    [topology]="--json"
    [report]="--all --json --svg:"
    [top]="--interval:"
)

# _numaperf_pids WORD - the processes under the shim whose ids begin so.
_numaperf_pids() {
    local maps
    for maps in /proc/[1-9]*/maps; do
        [[ $maps == /proc/"$1"* ]] && grep -qs '/libnumaperf_preload\.so' "$maps" || continue
        maps=${maps#/proc/}
        COMPREPLY+=("${maps%/maps}")
    done
}

_numaperf_programs() {
    mapfile -t COMPREPLY < <(compgen -c -- "$1" | sort -u)
}

# _numaperf_values OPTION WORD - what may stand behind an option; false when it takes nothing.
_numaperf_values() {
    local words=
    case $1 in
    -c | --config | --report | --output | --svg)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        return
        ;;
    --policy) words="system first-touch local bind preferred preferred-many interleave weighted-interleave" ;;
    --huge-pages) words="default never thp 2M 1G" ;;
    --kind) words="malloc private shared file stack" ;;
    --nodes) words="all dram memory-only fastest largest rank near:" ;;
    --size | --thread | --interval) ;;
    *) return 1 ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
    # A node belongs right behind it.
    [[ ${COMPREPLY[*]} != near: ]] || compopt -o nospace
}

_numaperf() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} i
    local options=yes
    COMPREPLY=()
    # `--policy=inter` comes in three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "${!_numaperf_options[*]} --help --version" -- "$word")
        return
    fi
    [[ -v "_numaperf_options[$command]" ]] || return 0
    # What follows the program of `run` is the program's; `--` ends the options of every command. `near:0` comes in three
    # words, too.
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ $options ]]; then
            [[ ${COMP_WORDS[i]} != [=:] && ${COMP_WORDS[i - 1]} != [=:] ]] || continue
            [[ ! ${COMP_WORDS[i - 1]} =~ ^(-c|-o|--(config|report|output|svg|policy|nodes|size|huge-pages|kind|thread|interval))$ ]] || continue
            [[ ${COMP_WORDS[i]} != -- ]] || options=
            [[ ${COMP_WORDS[i]} != -* ]] || continue
        fi
        [[ $command == run ]] || continue
        compopt -o default
        return
    done
    if [[ $options ]]; then
        _numaperf_values "$before" "$word" && return
        [[ $word != : && $before != : ]] || return 0
    fi
    if [[ $options && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${_numaperf_options[$command]//:/} --help --version" -- "$word")
    elif [[ $command == report ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        _numaperf_pids "$word"
    elif [[ $command == top ]]; then
        _numaperf_pids "$word"
    elif [[ $command != topology ]]; then
        _numaperf_programs "$word"
    fi
}
complete -F _numaperf numaperf
