#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What large programs do, and what their own tests say, is the same with every block and mapping placed.

setup() {
    load helper
    cd "$BATS_TEST_TMPDIR" || return
    blocks=('[malloc.turns]' 'size = 0-1K' 'policy = interleave' 'nodes = all'
        '[malloc.local]' 'size = 1K-8K' 'policy = local'
        '[malloc.hard]' 'size = 8K-32K' 'policy = bind' 'nodes = 0' 'mode = hard'
        '[malloc.weighted]' 'size = 32K-256K' 'policy = weighted-interleave' 'nodes = 0*3'
        '[malloc.large]' 'size = 256K-' 'policy = first-touch')
    only_blocks=$(policy blocks "${blocks[@]}")
    everything=$(policy everything "${blocks[@]}" '[mmap.any]' 'policy = interleave' 'nodes = all')
}

# python_tests MODULE...: they pass under the built-in policy and with everything placed.
python_tests() {
    local module config
    requires /usr/bin/python3
    for module; do
        /usr/bin/python3 -c "import test.$module" 2>/dev/null || skip_or_fail "needs libpython3.11-testsuite"
        for config in "" "$everything"; do
            # SIGINT, which the tests send, is ignored in what a shell runs in the background.
            run -0 --separate-stderr placed NUMAPERF_CONFIG="$config" env --default-signal=INT /usr/bin/python3 -m test "$module"
            assert_output --regexp '[Rr]esult: SUCCESS'
        done
    done
}

@test "python3's own tests of arrays, JSON, mappings and foreign functions pass" {
    python_tests test_array test_json test_mmap test_ctypes
}

@test "python3's own tests of threads pass" {
    python_tests test_threading
}

@test "gcc makes the same objects" {
    requires gcc
    for source in "$NUMAPERF_ROOT"/core/{heap,node_list,report}.c; do # as much as takes a few seconds
        gcc -D_GNU_SOURCE -O2 -I "$NUMAPERF_ROOT" -I "$NUMAPERF_ROOT/core" -c "$source" -o plain.o
        for config in "" "$everything"; do
            placed NUMAPERF_CONFIG="$config" gcc -D_GNU_SOURCE -O2 -I "$NUMAPERF_ROOT" -I "$NUMAPERF_ROOT/core" \
                -c "$source" -o with.o
            cmp plain.o with.o
        done
    done
}

@test "the engine's own unit tests pass with every block placed" {
    for name in unit/test_format unit/test_live unit/test_mapping unit/test_node_list unit/test_nodeset unit/test_policy \
        unit/test_stats unit/test_topology unit/test_weights heap/test_heap_slab heap/test_heap_explicit heap/test_stripes; do
        run -0 "$NUMAPERF_BUILD/tests/$name"
        plain=$output
        run -0 placed NUMAPERF_CONFIG="$only_blocks" "$NUMAPERF_BUILD/tests/$name"
        assert_equal "$(grep -E '^(not )?ok' <<<"$output")" "$(grep -E '^(not )?ok' <<<"$plain")"
    done
}
