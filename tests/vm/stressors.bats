#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# stress-ng under rules that take every mapping: its own checks find nothing wrong.

bats_require_minimum_version 1.5.0

load placement

@test "stress-ng's stressors of mappings and processes pass, with every mapping placed" {
    printf "%s\n" "[numaperf]" "version = 1" '[mmap.shared]' 'kind = shared' 'policy = interleave' 'nodes = all' \
        '[mmap.weighted]' 'kind = private' 'size = 1M-' 'policy = weighted-interleave' 'nodes = 0*3,2*1' \
        '[mmap.all]' 'policy = bind' 'nodes = 1,3' >"$BATS_TEST_TMPDIR/policy.ini"
    local stressor
    for stressor in mmap mmapfork mremap shm shm-sysv fork vfork clone pthread; do
        run -0 "$numaperf" run -c "$BATS_TEST_TMPDIR/policy.ini" -- stress-ng --"$stressor" 1 \
            --"$stressor"-ops 3 --verify -q --temp-path "$BATS_TEST_TMPDIR" --timeout 30 \
            --mmap-bytes 16M --mremap-bytes 16M --shm-bytes 8M --shm-sysv-bytes 8M
        refute_output --partial fail
    done
}
