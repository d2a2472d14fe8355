# SPDX-License-Identifier: MIT
"""Large blocks: what a loop over one size costs, what stays resident after a free, what growth by realloc costs."""
import functools

import report
from harness import BUILD, POLICIES, Variant, allocators, measured, numaperf

TITLE = "large blocks by size, memory kept after free, growth by realloc"
ROUNDS = {"quick": 3, "full": 7}

SIZES = (1, 2, 4, 8, 16, 32, 64)
RESIDENT = ("at start", "filled", "freed", "after idling")
GROWTH = "realloc to 512 MiB"


def compared():
    """glibc, the general allocators, and ours under several policies."""
    return {each.name: each for each in allocators() if each.name in ("glibc", "jemalloc", "mimalloc", "tcmalloc")} | {
        "numaperf": numaperf("numaperf", ""),
        "numaperf bind": numaperf("numaperf bind", POLICIES / "bind.ini"),
        "numaperf interleave": numaperf("numaperf interleave", POLICIES / "interleave.ini")}


def printed(program, arguments, names, variant: Variant):
    """The numbers that a program prints, under their names."""
    result = measured(variant, [BUILD / "workloads" / program, *map(str, arguments)], timeout=240)
    return result if isinstance(result, str) else dict(zip(names, map(float, result[1].split())))


def measure(run):
    """Loops, then memory, then growth; a quick run leaves out what takes minutes."""
    variants = compared()
    sizes = SIZES[::2] if run.quick else SIZES
    for touch, text in ((1, "touched"), (0, "untouched"))[:1 if run.quick else 2]:
        for size in sizes:
            run.by_turns(f"{size} MiB, {text}", variants, {"loop": "ns"}, functools.partial(
                printed, "large_blocks", ("loop", size << 20, touch), ("loop",)))
    if run.quick:
        return
    rounds, run.rounds = run.rounds, 1
    run.by_turns("508 MiB filled and freed", variants, dict.fromkeys(RESIDENT, "KiB"), functools.partial(
        printed, "large_blocks", ("resident", 12), RESIDENT))
    run.rounds = min(rounds, 3)
    run.by_turns(GROWTH, variants, {"growth": "s"}, functools.partial(
        printed, "realloc_growth", (512,), ("growth", "resident")))
    run.rounds = rounds


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    loops = [case for case in data.cases if "MiB, " in case]
    found = {"large-loops": data.ratios("loop", "allocate and free", loops, scale=1 / 1000, unit="µs")}
    if GROWTH in data.cases:
        found["large-resident"] = report.table(
            ["MiB resident", *RESIDENT],
            [[name, *[report.digits(data.value(metric, data.cases[-2], name) / 1024) for metric in RESIDENT]]
             for name in data.variants])
        found["large-growth"] = data.ratios("growth", "grow", [GROWTH])
    return found
