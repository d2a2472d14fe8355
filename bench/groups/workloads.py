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
        "workloads-failed": data.failures(),
    }


def plots(result):
    """The pictures: name -> a function that draws on a figure."""
    data = report.Data(result)
    return {
        "workloads-cpu": functools.partial(data.dots, "cpu", "CPU time as a multiple of glibc's"),
        "workloads-peak": functools.partial(data.dots, "peak", "peak memory as a multiple of glibc's"),
    }
