# SPDX-License-Identifier: MIT
"""Cache misses by node, counted in an emulated machine with four nodes; bench/locality/README.md says how."""
import collections
import json
import subprocess

import report
from harness import BASE, BUILD, ROOT, in_machine, run as command, say

TITLE = "locality: cache misses by node, in an emulated machine with four nodes"
ROUNDS = {"quick": 1, "full": 3}

THREADED = ("private", "unpinned", "handover", "shared", "migration")
REAL = ("redis", "memcached", "sqlite", "numpy")
# What the guest calls them -> what the tables do.
VARIANTS = {"glibc": BASE, "jemalloc": "jemalloc", "mimalloc": "mimalloc", "tcmalloc": "tcmalloc",
            "interleave": "numactl -i", "numaperf": "numaperf", "policy": "numaperf policy"}
FLOOR = "forced"
UNITS = {"share": "%", "remote": "", "load": "", "misses": "", "misplaced": "%"}
LIMIT = 2400  # seconds for a machine
# Workload, variant, metric, what it is about, limit.
GOALS = (
    ("private", "numaperf", "share", "private structures: remote misses, % of all", 0.5),
    ("handover", "numaperf", "forced", "hand-over: remote misses, as a multiple of those that the workload forces", 1.15),
    ("migration", "numaperf", "misplaced", "blocks on another node than their allocator's, % of all", 0),
    ("shared", "numaperf policy", "load", "shared array: misses on the busiest node over the mean", 1.02),
)


def metrics(line):
    """The numbers of one run from the guest's line, or a string with what went wrong."""
    counts, said = line["counts"], dict(word.split("=") for word in line["said"].split() if "=" in word)
    if line["status"] != 0 or "operations" not in said:
        return f"ended with status {line['status']}"
    if not counts or counts["fault"]:
        return "was not counted"
    rows, home = counts["misses"], counts["cpu_nodes"]
    total = sum(map(sum, rows))
    # The last column is memory of no node: there is none but by mistake.
    nodes = [sum(row[node] for row in rows) for node in range(len(rows[0]) - 1)]
    remote = sum(row[node] for row, own in zip(rows, home) for node in range(len(nodes)) if node != own)
    if total == 0 or sum(nodes) < 0.99 * total:
        return "missed on memory of no node"
    numbers = {"share": 100 * remote / total, "remote": remote / int(said["operations"]), "misses": total,
               "load": max(nodes) * len(nodes) / sum(nodes)}
    if "misplaced" in said:
        numbers["misplaced"] = 100 * int(said["misplaced"]) / int(said["blocks"])
    return numbers


def machine(runs):
    """Boot the machine once for these runs; yield (workload, variant, numbers or what went wrong)."""
    guest = subprocess.Popen(
        [ROOT / "tests" / "vm" / "run", "--topology", "counted", "--build", BUILD / "numaperf", "--timeout", str(LIMIT),
         "--shell-command", " ".join([in_machine(ROOT / "bench" / "locality" / "guest"), *runs])],
        stdout=subprocess.PIPE, text=True)
    left = list(runs)
    for line in guest.stdout:
        if not line.startswith("{"):
            say(f"  {line.rstrip()}")
            continue
        answer = json.loads(line)
        name = f"{answer['workload']}:{answer['allocator']}"
        left.remove(name)
        say(f"  {name}")
        yield name, metrics(answer)
    if guest.wait() != 0:
        say(f"  the machine ended with status {guest.returncode}")
    for name in left:
        yield name, "the machine ended before"


def plan(quick):
    """The runs of a round: WORKLOAD:ALLOCATOR."""
    workloads = THREADED if quick else THREADED + REAL
    return ["handover:floor"] + [f"{workload}:{variant}" for workload in workloads for variant in VARIANTS]


def measure(run):
    """Every workload under every allocator, a machine a round."""
    command(ROOT / "scripts" / "install-packages", ROOT / "tests" / "vm" / "host-packages.list")
    command("meson", "configure", "-Dbench=enabled", BUILD / "numaperf")
    command("ninja", "-C", BUILD / "numaperf")
    results, runs = collections.defaultdict(list), plan(run.quick)
    for number in range(run.rounds):
        turn = number % len(runs)
        for name, numbers in machine(runs[turn:] + runs[:turn]):
            results[name].append(numbers)
    for name in runs:
        workload, variant = name.split(":")
        variant = VARIANTS.get(variant, FLOOR)
        bad = [numbers for numbers in results[name] if isinstance(numbers, str)]
        if bad:
            run.fail(workload, variant, bad[0])
            continue
        for metric in results[name][0]:
            run.record(workload, variant, metric, UNITS[metric], [numbers[metric] for numbers in results[name]])


def rows_of(data, metric, form, floor=False):
    """A table of medians, with the largest deviation of a row as its noise."""
    names = [name for name in data.variants if name != FLOOR] + [FLOOR] * floor
    cases = [case for case in (*THREADED, *REAL) if any((metric, case, name) in data.index for name in names)]
    rows = []
    for case in cases:
        entries = [data.index.get((metric, case, name)) for name in names]
        noise = max(entry["mad"] for entry in entries if entry)
        rows.append([case] + [form(entry["median"]) if entry else "–" for entry in entries] + [form(noise)])
    return names, rows


def forced(data, variant):
    """Remote misses of the hand-over as a multiple of the forced ones."""
    pair = data.ratio("remote", "handover", variant, FLOOR)
    return pair and pair[0]


def goals(data):
    """What was to be met, and whether it is."""
    rows = []
    for workload, variant, metric, text, limit in GOALS:
        value = forced(data, variant) if metric == "forced" else data.value(metric, workload, variant)
        met = "not measured" if value is None else "met" if round(value, 4) <= limit else "**missed**"
        rows.append([text, variant, f"{limit:g}", "–" if value is None else f"{value:.3g}", met])
    return report.table(["goal", "variant", "at most", "measured", ""], rows)


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)

    def table(metric, title, form, floor=False):
        names, rows = rows_of(data, metric, form, floor)
        return report.table([title] + names + ["noise"], rows)

    multiples = [name for name in data.variants if forced(data, name) is not None]
    return {
        "locality-goals": goals(data),
        "locality-share": table("share", "remote misses, % of all", "{:.2f}".format),
        "locality-remote": table("remote", "remote misses per operation", report.digits, floor=True),
        "locality-forced": report.table(
            ["hand-over"] + multiples,
            [["remote misses / forced ones"] + [f"{forced(data, name):.2f}" for name in multiples]]),
        "locality-load": table("load", "busiest node over the mean", "{:.3f}".format),
        "locality-misplaced": table("misplaced", "blocks on the wrong node, %", "{:.2f}".format),
        "locality-failed": data.failures(),
    }


def plots(result):
    """A picture: a row for each workload, a dot for each variant."""
    data = report.Data(result)

    def draw(figure):
        axes = figure.subplots()
        names = [name for name in data.variants if name != FLOOR]
        for number, name in enumerate(names):
            values = [(data.value("share", case, name), row) for row, case in enumerate(data.cases)]
            points = [(value, row) for value, row in values if value is not None]
            ours = name.startswith("numaperf")
            axes.scatter([x for x, _ in points], [y + (number - len(names) / 2) / 12 for _, y in points], label=name,
                         marker="D" if ours else "o", s=26 if ours else 16, zorder=3)
        axes.set_xscale("symlog", linthresh=0.1)
        axes.set_xlim(left=0)
        axes.set_yticks(range(len(data.cases)), data.cases)
        axes.invert_yaxis()
        axes.grid(axis="y", color="0.9")
        axes.set_xlabel("remote misses, % of all (left is better)")
        figure.legend(loc="upper center", ncols=4, fontsize="small", frameon=False)

    return {"locality-share": draw}
