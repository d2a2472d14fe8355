# SPDX-License-Identifier: MIT
"""What placement costs: intercepted calls, memory made present beforehand, verification."""
import functools

import report
from harness import BUILD, POLICIES, Variant, accepted, allocators, measured, numaperf

TITLE = "mmap and thread calls with and without rules, prefault, verification of 1 GiB"
ROUNDS = {"quick": 3, "full": 9}

CALLS = BUILD / "workloads" / "calls"
GIB = 1 << 30
NOTHING = "an empty library"
# Case -> the policy files that concern it.
RULES = {"mmap": ("mmap-unmatched", "mmap-matched"), "pthread_create": ("thread-unmatched", "thread-matched")}


def printed(arguments, variant: Variant):
    """The number that the program prints."""
    result = measured(variant, [CALLS, *map(str, arguments)])
    return result if isinstance(result, str) else {"time": float(result[1])}


def with_rules(run, case):
    """The shim without rules, and with those that this build takes, beside an empty library: preloading anything
    moves the place where the kernel puts mappings, and whether it can merge them with neighbours."""
    variants = {NOTHING: Variant(NOTHING, {"LD_PRELOAD": str(BUILD / "empty.so")}), "numaperf": numaperf("numaperf", "")}
    for name in RULES[case]:
        policy = POLICIES / f"{name}.ini"
        label = "a rule that does not match" if name.endswith("unmatched") else "a rule that matches"
        if accepted(policy):
            variants[label] = numaperf(label, policy)
        else:
            run.fail(case, label, "this build does not take such rules")
    return variants


def intercepted(run):
    """Calls that the shim stands in front of."""
    variants = with_rules(run, "mmap")
    for size in (4096, 16 << 20):
        case = f"mmap and munmap, {size >> 10} KiB"
        run.by_turns(case, variants, {"time": "ns"}, functools.partial(printed, ("mmap", size)))
    run.by_turns("pthread_create and join", with_rules(run, "pthread_create"), {"time": "ns"},
                 functools.partial(printed, ("thread",)))


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
    intercepted(run)
    prefault(run)
    verification(run)


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    calls = [case for case in data.cases if " and " in case]
    prefaults = [name for name in data.variants if data.value("GiB", "prefault", name)]
    checks = {"the report at exit": data.difference("end", "verify", "with a report", "without a report"),
              "move_pages alone": data.medians("time", "verify", "move_pages")}
    return {
        "placement-calls": data.ratios("time", "calls", calls, mean=False, base=NOTHING,
                                       variants=["numaperf", "a rule that does not match", "a rule that matches"]),
        "placement-failed": data.failures(),
        "placement-prefault": report.table(
            ["", "GiB/s", "±"], [
                [name, *map(report.digits, data.medians("GiB", "prefault", name))] for name in prefaults]),
        "placement-verify": report.table(["1 GiB, base pages", "ms of CPU time", "±"], [
            [name, *report.added(pair, 1000)] for name, pair in checks.items()])}
