# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Shared by the scripts of this folder: where the project is, messages, meson build folders.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

# Debian's own tools first: meson, bats and the Python modules they use are Debian's packages, and another Python
# in front of them would not find those.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH LC_ALL=C.UTF-8

if [[ -t 1 && -z ${NO_COLOR-} ]]; then
    BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
    BOLD='' RED='' GREEN='' PLAIN=''
fi

# say TEXT... - a line of progress.
say() {
    printf '%s\n' "$*"
}

# heading TEXT... - a line that opens a part of the output.
heading() {
    printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"
}

# die TEXT... - say what is wrong and end.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# seconds_since START - with one decimal, START being an earlier $EPOCHREALTIME.
seconds_since() {
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

# project_files [PATTERN...] - the files of the project, tracked or new, that exist; not what git ignores.
# The project may belong to another user than the one who runs the checks (sudo): git wants to be told so.
project_files() {
    git -c safe.directory="$ROOT" -C "$ROOT" ls-files --cached --others --exclude-standard -- "$@" |
        LC_ALL=C sort -u | while IFS= read -r file; do
            if [[ -f $ROOT/$file ]]; then
                printf '%s\n' "$file"
            fi
        done
}

# configure FOLDER CC OPTION... - a meson build folder, made once; ninja notices by itself when meson files change.
# A folder that was left half made, or made with other options, is made anew.
configure() {
    local folder=$1 cc=$2
    shift 2
    local wanted="$cc $*"
    if [[ -f $folder/build.ninja && -f $folder/.options && $(<"$folder/.options") == "$wanted" ]]; then
        return 0
    fi
    rm -rf -- "$folder"
    mkdir -p -- "$(dirname -- "$folder")"
    CC=$cc meson setup "$folder" "$ROOT" "$@" || return
    printf '%s\n' "$wanted" >"$folder/.options"
}
