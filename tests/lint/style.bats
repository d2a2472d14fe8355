#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The rules of the house that a machine can check. CONTRIBUTING.md says why they are there.

setup() {
    load helper
}

# scripts - the files of a shell or of bats, whatever their name.
scripts() {
    project_files | while IFS= read -r file; do
        case $file in
        *.bash | *.bats | *.sh) echo "$file" ;;
        *.*) ;;
        *) head -c 40 "$file" | head -n 1 | grep -qE '^#!.*(bash|/sh)$' && echo "$file" ;;
        esac
    done
}

# not_fixtures - drops files that are data for a test: what stands in them is what the test is about.
not_fixtures() {
    grep -vE '^tests/([a-z]+/)?(fixtures|data|corpus|good|bad|sysfs|topologies)/|\.expected$'
}

@test "every file names its licence in its first lines" {
    mapfile -t bad < <(project_files | not_fixtures | grep -vxE 'LICENSE' | while IFS= read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
    done)
    [[ ${#bad[@]} -eq 0 ]] || printf 'no licence line: %s\n' "${bad[@]}"
    assert_equal "${#bad[@]}" 0
}

@test "headers, sources and functions keep to their sizes" {
    # core/numaperf.h is the public interface with its documentation, which belongs into one file.
    mapfile -t files < <(project_files '*.c' '*.h' | grep -vxF core/numaperf.h)
    run -0 scripts/size-limits "${files[@]}"
    assert_output ''
}

@test "clang-format would change nothing" {
    mapfile -t files < <(project_files '*.c' '*.h' '*.cc')
    clang-format --dry-run -Werror "${files[@]}"
}

@test "no source includes the same header twice" {
    mapfile -t files < <(project_files '*.c' '*.h')
    run -0 awk 'FNR == 1 { delete seen }
        /^#include/ && seen[$2]++ { print FILENAME ":" FNR ": " $2 " once more" }' "${files[@]}"
    assert_output ''
}

@test "no file carries a path of somebody's machine" {
    # Written so that this line does not find itself.
    run bash -c 'source scripts/lib.bash; project_files | xargs grep -nIE "$1"' - \
        '(^|[^A-Za-z0-9_.}])/(wor[k]|far[m]|Users|hom[e]/([^u/]|u[^s])[a-z]*)/[A-Za-z.]|[.]pyen[v]|/tmp/bash_job[s]'
    assert_output ''
}

@test "no file names the host of a package registry" {
    run bash -c 'source scripts/lib.bash; project_files | xargs grep -nIE "$1"' - \
        '(deb|security|snapshot)[.]debia[n][.]org|registry[.]npmj[s]|pyp[i][.]org|crate[s][.]io'
    assert_output ''
}

@test "every unfinished place says what is missing" {
    run bash -c 'source scripts/lib.bash; project_files "*.c" "*.h" "*.bash" "*.bats" scripts tests/vm |
        xargs grep -nIE "$1"' - '\b(TOD[O]|FIXM[E]|HAC[K])\b[^A-Za-z]*$'
    assert_output ''
}

@test "shellcheck finds nothing in scripts and bats files" {
    mapfile -t files < <(scripts)
    shellcheck "${files[@]}"
}

@test "scripts parse and are executable when they have an interpreter line" {
    mapfile -t files < <(scripts)
    for file in "${files[@]}"; do
        bash -n <(sed -e 's/^@test .*{$/f() {/' "$file")
    done
    mapfile -t bad < <(project_files scripts bench .ci tests/vm/run tests/fuzz/run-short | while IFS= read -r file; do
        head -c 2 "$file" | grep -q '^#!' && [[ ! -x $file ]] && echo "$file"
    done)
    assert_equal "${bad[*]}" ''
}

@test "every suite for virtual machines has a line in tests/vm/suites.list, and every line its suite" {
    listed=$(sed -e 's/#.*//' tests/vm/suites.list | awk 'NF { for (i = 3; i <= NF; i++) print $i }' |
        while read -r glob; do compgen -G "$glob" || echo "$glob is not there"; done | sort -u)
    assert_equal "$(project_files 'tests/vm/*.bats')" "$listed"
}
