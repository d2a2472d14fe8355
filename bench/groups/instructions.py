# SPDX-License-Identifier: MIT
"""Instructions for each call, and locked instructions for a million calls, counted by callgrind.

The program runs twice, the second time with double the work; the difference of the counts is divided by the difference
of the calls, so start-up drops out. What the workload itself executes is not counted: callgrind tells objects apart,
and only those outside the program's own text are summed up (libc, the allocator, the loader).
"""
import collections
import concurrent.futures
import os
import re
import subprocess
import threading

import report
from groups.workloads import THREADED, command
from harness import BUILD, allocators, need, say

TITLE = "instructions per call, locked instructions per million calls (callgrind)"
ROUNDS = {"quick": 1, "full": 1}
# Case -> amount of work of the first run: callgrind runs a program some fifty times slower. What is no multiple of a
# workload's own steps would be rounded up to them. phases is left out, since even one round of it takes too long.
AMOUNTS = {"pairs": 50000, "batches": 120000, "mixed": 50000, "server": 160000, "producers": 80000, "visitors": 10,
           "growth": 1, "large": 20, "trees": 12, "neighbours active": 8000, "neighbours passive": 8000, "cache": 60000,
           "bundles": 192000, "passing": 96000}
QUICK = ("pairs", "batches", "mixed", "server", "producers")


def objects(path):
    """Sum up callgrind's own costs by object: name -> [instructions, bus locks]."""
    names, costs, current, skip = {}, collections.defaultdict(lambda: [0, 0]), None, False
    for line in open(path, encoding="utf-8", errors="replace"):
        if line.startswith("ob="):
            number, name = re.match(r"ob=\((\d+)\)(?: (.*))?", line.rstrip("\n")).groups()
            current = names.setdefault(number, name)
        elif line.startswith("cob="):
            number, name = re.match(r"cob=\((\d+)\)(?: (.*))?", line.rstrip("\n")).groups()
            if name:
                names.setdefault(number, name)
        elif line.startswith("calls="):
            skip = True  # the next line is what the callee cost
        elif line[:1] in "0123456789+-*":
            numbers = list(map(int, line.split()[1:]))
            if not skip:
                for index, number in enumerate(numbers):
                    costs[current][index] += number
            skip = False
    return costs


def counted(variant, case, amount):
    """(calls, instructions, locked instructions) outside the program's text, or a string."""
    out = BUILD / f"callgrind-{threading.get_ident()}.out"
    words = command(case, amount)
    valgrind = ["valgrind", "--tool=callgrind", "--collect-bus=yes", f"--callgrind-out-file={out}", *words]
    done = subprocess.run(variant.command(valgrind), capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0 or not out.exists():
        return f"ended with status {done.returncode} under callgrind"
    own = str(words[0])
    outside = [cost for name, cost in objects(out).items() if name != own]
    out.unlink()
    return int(done.stdout), sum(cost[0] for cost in outside), sum(cost[1] for cost in outside)


def measure(run):
    """Every workload under every allocator, once: the counts hardly vary. Nothing is timed, so all CPUs may work."""
    need("valgrind")
    run.rounds = 1
    # numactl runs glibc's allocator: nothing new to count.
    variants = [each for each in allocators() if not each.prefix]
    jobs = [(case, variant) for case in (QUICK if run.quick else AMOUNTS) for variant in variants]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (case, variant), result in zip(jobs, pool.map(pair, jobs)):
            if isinstance(result, str):
                run.fail(case, variant.name, result)
                continue
            if variant is variants[0]:
                say(f"  {case}")
            calls, instructions, locked = result
            run.record(case, variant.name, "instructions", "per call", [instructions / calls])
            run.record(case, variant.name, "locked", "per million calls", [max(0, 1e6 * locked / calls)])


def pair(job):
    """What the second half of a doubled amount of work adds, or a string."""
    case, variant = job
    first = counted(variant, case, AMOUNTS[case])
    second = counted(variant, case, 2 * AMOUNTS[case]) if not isinstance(first, str) else first
    return second if isinstance(second, str) else [after - before for before, after in zip(first, second)]


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    return {"instructions": data.plain("instructions", "instructions per call", "{:.0f}"),
            "locks": data.plain("locked", "locked instructions per million calls", "{:.0f}", THREADED),
            "instructions-failed": data.failures()}
