# SPDX-License-Identifier: MIT
"""What preloading adds to the start of a program that does nothing: `true`, timed by hyperfine.

`env` starts the program in each variant, so it cancels out in the differences to an empty preloaded library."""
import json
import tempfile

import report
from harness import BUILD, POLICIES, SHIM, Variant, allocators, need, run as command, say

TITLE = "what preloading adds to an exec"
ROUNDS = {"quick": 3, "full": 11}
NOTHING = "an empty library"


def variants():
    """The shim in several states, beside what the others cost."""
    shim = {"LD_PRELOAD": str(SHIM)}
    others = [each for each in allocators() if not each.name.startswith("numaperf")]
    return [
        Variant("nothing preloaded"), Variant(NOTHING, {"LD_PRELOAD": str(BUILD / "empty.so")}), *others[1:],
        Variant("numaperf, switched off", {**shim, "NUMAPERF_DISABLE": "1"}),
        Variant("numaperf, no policy file", {**shim, "NUMAPERF_CONFIG": ""}),
        Variant("numaperf, three classes", {**shim, "NUMAPERF_CONFIG": str(POLICIES / "three-classes.ini")}),
    ]


def measure(run):
    """Rounds of hyperfine over all variants: of each round the median by the clock and the mean of the CPU time."""
    need("hyperfine")
    clocks, cpus = {}, {}
    each = variants()
    for number in range(run.rounds):
        say(f"  round {number + 1} of {run.rounds}")
        turn = number % len(each)
        order = each[turn:] + each[:turn]
        with tempfile.NamedTemporaryFile("r") as result:
            command("hyperfine", "-N", "--style=none", "--warmup=10", f"--runs={run.amount(100)}", "--export-json",
                    result.name, *[" ".join(variant.command(["true"])) for variant in order])
            for variant, entry in zip(order, json.load(result)["results"]):
                clocks.setdefault(variant.name, []).append(1000 * entry["median"])
                cpus.setdefault(variant.name, []).append(1000 * (entry["user"] + entry["system"]))
    for variant in each:
        run.record("env ... true", variant.name, "elapsed", "ms", clocks[variant.name])
        run.record("env ... true", variant.name, "cpu", "ms", cpus[variant.name])


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    case = data.cases[0]
    return {"startup": report.table(
        ["`env ... true`", "ms", "added", "±", "CPU ms", "added", "±"],
        [[name] + [text for metric in ("elapsed", "cpu")
                   for text in (report.digits(data.value(metric, case, name)),
                                *report.added(data.difference(metric, case, name, NOTHING)))]
         for name in data.variants])}
