#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Words that name nodes by what they are, on four nodes of one kind without bandwidths; and the ranks of launchers.

bats_require_minimum_version 1.5.0
load words

setup() {
    on_machine four
}

teardown() {
    clean_up
}

# ranked VARIABLE=RANK LIST NODE - the process of this rank is placed there.
ranked() {
    before=(env "$1")
    counted_under 'policy = bind' "nodes = $2"
    assert_only "$3"
    assert_equal "$(rule '.nodes | tostring')" "[$3]"
    assert_equal "$(rule .reason)" 'the kernel may spill'
}

@test "rank: each launcher's local rank chooses from the list before it" {
    ranked OMPI_COMM_WORLD_LOCAL_RANK=2 rank 2
    ranked MPI_LOCALRANKID=5 rank 1
    ranked SLURM_LOCALID=3 1-2,rank 2
    ranked PMIX_LOCAL_RANK=1 '0-3,!1,rank' 2
}

@test "rank: four processes of a job are placed on four nodes" {
    local rank pids=()
    policy 'policy = bind' 'nodes = rank' 'mode = hard'
    for rank in 0 1 2 3; do
        before=(env "OMPI_COMM_WORLD_LOCAL_RANK=$rank")
        start_puppet
        pids+=("$pid")
    done
    for rank in 0 1 2 3; do
        switch_to "${pids[rank]}"
        blocks=()
        give 0 4M
        assert_each assert_only "$rank"
    done
    for rank in 0 1 2 3; do
        switch_to "${pids[rank]}"
        hold
        finish
        assert_equal "$status" 0
        assert_equal "$(rule .misplaced_pages)" 0
    done
}

@test "rank outside a launcher: the list before it, and the report says so" {
    counted_under 'policy = interleave' 'nodes = 1-2,rank'
    assert_even 1 1 2
    assert_regex "$(rule .reason)" 'rank: no launcher has told a local rank'
}

@test "dram is all of them, memory-only none, largest the one with the most memory" {
    interleaved dram 0 1 2 3
    interleaved dram,memory-only 0 1 2 3
    interleaved largest "$(largest)"
    refused_at_start 'malloc\.large\.nodes: no such nodes' 'policy = bind' 'nodes = memory-only'
    refused_at_start 'malloc\.large\.nodes: no such nodes' 'policy = bind' 'nodes = !dram'
}

@test "fastest without bandwidths: every node and a reason; hard mode refuses" {
    counted_under 'policy = interleave' 'nodes = fastest'
    assert_even 1 0 1 2 3
    assert_regex "$(rule .reason)" 'fastest: no bandwidths are known'
    refused_at_start 'malloc\.large\.nodes: fastest: no bandwidths are known' 'policy = interleave' 'nodes = fastest' \
        'mode = hard'
}

@test "weights that nobody gives are equal without bandwidths" {
    counted_under 'policy = weighted-interleave' 'nodes = all'
    assert_weighted 16 0*1 1*1 2*1 3*1
}
