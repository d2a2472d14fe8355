# SPDX-License-Identifier: MIT
"""What placement costs: intercepted calls, memory made present beforehand, verification."""
import functools

import report
from groups import interception
from harness import BUILD, POLICIES, Variant, measured, need, numaperf

TITLE = "mmap and thread calls with and without rules, prefault, verification of 1 GiB"
ROUNDS = {"quick": 3, "full": 9}

CALLS = BUILD / "workloads" / "calls"
GIB = 1 << 30


def printed(arguments, variant: Variant):
    """The number that the program prints."""
    result = measured(variant, [CALLS, *map(str, arguments)])
    return result if isinstance(result, str) else {"time": float(result[1])}


def prefault(run):
    """The same number of bytes made present by several ways."""
    size = run.amount(GIB)
    ways = {"madvise": (Variant("glibc"), "populate"), "a store to each page": (Variant("glibc"), "touch")}
    for how in ("touch", "parallel"):
        ways[f"malloc, prefault = {how}"] = (numaperf("numaperf", POLICIES / f"prefault-{how}.ini"), "malloc")
    run.by_turns("prefault", ways, {"time": "s", "GiB": "GiB/s"}, lambda way: rate(printed(
        ("prefault", way[1], size), way[0]), size))


def rate(result, size):
    """Seconds, and GiB a second."""
    return result if isinstance(result, str) else {**result, "GiB": size / GIB / result["time"]}


def verification(run):
    """A report asks the kernel for every page of 1 GiB: what that adds to a process's end, and move_pages alone."""
    report_path = BUILD / "verified.json"
    policy = POLICIES / "interleave.ini"
    held = {"without a report": {}, "with a report": {"NUMAPERF_REPORT": str(report_path)}}
    shim = numaperf("", policy).environment
    run.by_turns("verify", {name: Variant(name, {**shim, **more}) for name, more in held.items()}, {"end": "s"},
                 lambda variant: end(measured(variant, [CALLS, "hold", str(GIB)])))
    run.by_turns("verify", {"move_pages": Variant("glibc")}, {"time": "s"}, functools.partial(printed, ("verify", GIB)))
    report_path.unlink(missing_ok=True)


def end(result):
    """The CPU time of a process after its main function."""
    return result if isinstance(result, str) else {"end": result[0]["cpu"] - float(result[1])}


def measure(run):
    """All of it."""
    need("valgrind")
    interception.measure(run)
    prefault(run)
    verification(run)


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    prefaults = [name for name in data.variants if data.value("GiB", "prefault", name)]
    checks = {"the report at exit": data.difference("end", "verify", "with a report", "without a report"),
              "move_pages alone": data.medians("time", "verify", "move_pages")}
    return {
        **interception.parts(data),
        "placement-failed": data.failures(),
        "placement-prefault": report.table(
            ["", "GiB/s", "±"], [
                [name, *map(report.digits, data.medians("GiB", "prefault", name))] for name in prefaults]),
        "placement-verify": report.table(["1 GiB, base pages", "ms of CPU time", "±"], [
            [name, *report.added(pair, 1000)] for name, pair in checks.items()])}
