# SPDX-License-Identifier: MIT
"""Time and peak memory of the programs in bench/workloads/, under each allocator."""
import functools

import report
from harness import BUILD, allocators, measured

TITLE = "allocation workloads: time and peak memory, every allocator"
ROUNDS = {"quick": 3, "full": 7}

# Case -> program, its arguments but the last, amount of work (about 0.3 to 0.6 s under glibc), threads.
CASES = {
    "pairs": ("pairs", (), 40000000, 1),
    "batches": ("batches", (), 16000000, 4),
    "mixed": ("mixed", (), 4000000, 1),
    "server": ("server", (), 16000000, 4),
    "producers": ("producers", (), 12000000, 4),
    "visitors": ("visitors", (), 1000, 4),
    "growth": ("growth", (), 6, 1),
    "large": ("large", (), 500, 1),
    "trees": ("trees", (), 1600, 4),
    "neighbours active": ("neighbours", ("active",), 640000, 4),
    "neighbours passive": ("neighbours", ("passive",), 640000, 4),
    "cache": ("cache", (), 1500000, 1),
    "bundles": ("bundles", (), 8000000, 4),
    "passing": ("passing", (), 24000000, 4),
    "phases": ("phases", (), 3, 1),
}
UNITS = {"cpu": "s", "elapsed": "s", "peak": "KiB"}
GENERAL = ("glibc", "jemalloc", "mimalloc", "tcmalloc")
OURS = ("numaperf", "numaperf policy")
THREADED = [name for name, case in CASES.items() if case[3] > 1]


def command(case, amount):
    """The command line of a case."""
    program, arguments, _, _ = CASES[case]
    return [BUILD / "workloads" / program, *arguments, str(amount)]


def once(words, variant):
    """One run: its usage, or what went wrong."""
    result = measured(variant, words, timeout=120)
    return result if isinstance(result, str) else result[0]


def measure(run):
    """Each workload under each allocator."""
    variants = {variant.name: variant for variant in allocators()}
    for case, (_, _, amount, _) in CASES.items():
        run.by_turns(case, variants, UNITS, functools.partial(once, command(case, run.amount(amount))))


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    return {
        "workloads-cpu": data.ratios("cpu", "CPU time"),
        "workloads-elapsed": data.ratios("elapsed", "by the clock", THREADED),
        "workloads-peak": data.ratios("peak", "peak", scale=1 / 1024, unit="MiB"),
        "workloads-goals": goals(data),
        "workloads-failed": data.failures(),
    }


def goals(data):
    """What the heap is meant to reach, and whether it does."""
    general = [name for name in GENERAL if name in data.variants]
    best = min(report.geometric(data.column("cpu", name)) for name in general)
    rows = []
    for name in (each for each in OURS if each in data.variants):
        time, peak = report.geometric(data.column("cpu", name)), report.geometric(data.column("peak", name))
        slow = {case: pair[0] for case in data.cases if (pair := data.ratio("cpu", case, name)) and pair[0] > 1.05}
        rows += [
            [name, "CPU time, geometric mean: not above the best of the others",
             f"{best:.2f}", f"{time:.2f}", met(time <= best)],
            [name, "no workload more than 5 % slower than glibc", "1.05",
             ", ".join(f"{case} {ratio:.2f}" for case, ratio in slow.items()) or "none", met(not slow)],
            [name, "peak memory, geometric mean", "1.10", f"{peak:.2f}", met(peak <= 1.1)]]
    return report.table(["", "goal, as multiples of glibc", "limit", "measured", ""], rows)


def met(good):
    """A word for it."""
    return "met" if good else "**missed**"


def plots(result):
    """The pictures: name -> a function that draws on a figure."""
    data = report.Data(result)
    return {
        "workloads-cpu": functools.partial(data.dots, "cpu", "CPU time as a multiple of glibc's"),
        "workloads-peak": functools.partial(data.dots, "peak", "peak memory as a multiple of glibc's"),
    }
