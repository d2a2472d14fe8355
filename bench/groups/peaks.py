# SPDX-License-Identifier: MIT
"""Peak memory of the programs in bench/workloads/ in an emulated machine with four nodes, whose threads run where the kernel
puts them: of the process, and of the machine, with huge pages on demand and always."""
import collections
import shlex
import subprocess

import report
from groups import workloads
from harness import BASE, NUMAPERF, ROOT, emulated, in_machine, run as command, say

TITLE = "peak memory of the allocation workloads in an emulated machine with four nodes, huge pages on demand and always"
ROUNDS = {"quick": 1, "full": 5}

THP = {"madvise": "huge pages on demand", "always": "huge pages always"}
METRICS = {"peak": "resident memory", "fall": "fall of MemFree"}
SHARE = 8  # of the work that this machine does: emulated it takes ten times as long, and peaks come early
LIMIT = 1200  # seconds for a machine
LEAST = 4096  # KiB by which MemFree must fall under glibc to be compared: the kernel itself takes and gives some


def line(label, thp, variables, case, amount):
    """A line of the machine's script: one run."""
    program, *arguments = workloads.command(case, amount)
    words = [in_machine(ROOT / "bench" / "peaks" / "guest"), label, thp, *variables, in_machine(program), *arguments]
    return shlex.join(words)


def machine(order, divisor):
    """Boot the machine; run every case under the variants in this order. Yields (label, peak, fall, status)."""
    variables, lines = emulated(), []
    for case, (_, _, amount, _) in workloads.CASES.items():
        # Once in vain, so that all files are in memory.
        lines += [line("", "madvise", variables[name], case, 1) + " >/dev/null" for name in order]
        lines += [line(f"{thp}, {case}/{name}", thp, variables[name], case, max(1, amount // divisor))
                  for thp in THP for name in order]
    guest = subprocess.Popen(
        [ROOT / "tests" / "vm" / "run", "--topology", "four", "--build", NUMAPERF, "--timeout", str(LIMIT),
         "--shell-command", "\n".join(lines)], stdout=subprocess.PIPE, text=True)
    for text in guest.stdout:
        fields = text.rstrip("\n").split("\t")
        if len(fields) == 4:
            yield fields[0], *map(int, fields[1:])
    guest.wait()


def measure(run):
    """Every case, a machine a round."""
    command(ROOT / "scripts" / "install-packages", ROOT / "tests" / "vm" / "host-packages.list")
    results, names = collections.defaultdict(list), list(emulated())
    divisor = SHARE * 4 if run.quick else SHARE
    for number in range(run.rounds):
        say(f"  round {number + 1}")
        turn = number % len(names)
        for label, peak, fall, status in machine(names[turn:] + names[:turn], divisor):
            results[label].append({"peak": peak, "fall": fall, "status": status})
    for thp in THP:
        for case in workloads.CASES:
            for name in names:
                values = results[f"{thp}, {case}/{name}"]
                if len(values) != run.rounds or any(value["status"] for value in values):
                    run.fail(f"{thp}, {case}", name, f"{len(values)} of {run.rounds} runs in the machine, or one that failed")
                    continue
                for metric in METRICS:
                    run.record(f"{thp}, {case}", name, metric, "KiB", [value[metric] for value in values])


def multiple(data, metric, name, case):
    """A measure as a multiple of glibc's, or None."""
    mine, other = data.value(metric, case, name), data.value(metric, case, BASE)
    if not mine or not other or (metric == "fall" and other < LEAST):
        return None
    return mine / other


def ratios(data, thp):
    """A table of ratios to glibc, and their geometric means."""
    names = [name for name in data.variants if name != BASE]
    keys = [(metric, name) for metric in METRICS for name in names]
    rows, columns = [], collections.defaultdict(list)
    for case in (each for each in data.cases if each.startswith(f"{thp}, ")):
        own = data.value("peak", case, BASE)
        row = [case.split(", ", 1)[1], report.digits(own / 1024) if own else "failed"]
        for key in keys:
            ratio = multiple(data, *key, case)
            row.append(report.multiple(ratio) if ratio else "–")
            if ratio:
                columns[key].append(ratio)
        rows.append(row)
    means = [f"**{report.geometric(columns[key]):.2f}**" if columns[key] else "–" for key in keys]
    head = [THP[thp], "glibc, MiB resident"] + [f"{METRICS[metric]}, {name}" for metric, name in keys]
    return report.table(head, rows + [["**geometric mean**", ""] + means])


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    return {**{f"peaks-{thp}": ratios(data, thp) for thp in THP}, "peaks-failed": data.failures()}
