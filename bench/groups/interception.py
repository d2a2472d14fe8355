# SPDX-License-Identifier: MIT
"""What calls cost that the shim stands in front of: mmap and munmap, threads created and joined. Part of `placement`.

The wall clock decides, over many rounds, each of which runs every variant; user instructions are counted by callgrind,
as the difference of two lengths of a loop. Preloading anything at all moves the place where the kernel puts mappings,
and any library with thread-local storage costs the loader work for each thread: hence the two libraries that do nothing.
"""
import concurrent.futures
import functools
import os
import re
import subprocess

import report
from harness import BUILD, POLICIES, ROOT, SHIM, Variant, measured, numaperf, run as command, say

MAPPINGS, THREADS = BUILD / "workloads" / "mappings", BUILD / "workloads" / "threads"
NONE, NOTHING, STORAGE = "nothing preloaded", "an empty library", "a library with a byte of thread-local storage"
SHIM_ONLY, UNMATCHED, MATCHED = "numaperf", "a rule that does not match", "a rule that matches"
ITSELF, RULE = "the program binds itself", "a rule binds"
SPREAD, SPREAD_RULE = "binds itself to all nodes", "a rule binds to all nodes"
CREATE, PINNED, EMULATED = ("pthread_create and join", "the same, each bound to a CPU",
                            "the same in an emulated machine with four nodes")
CASES = {"mmap and munmap, 4 KiB": (4096,), "mmap and munmap, 64 KiB": (65536,),
         "mmap and munmap, 64 KiB, between mappings of a rule": (65536, "between")}
ROUNDS, PAIRS, COUNT = 100, 10000, 500


def alone():
    """What each variant is held against."""
    empty, storage = BUILD / "empty.so", BUILD / "storage.so"
    (BUILD / "storage.c").write_text("__thread char byte __attribute__((tls_model(\"initial-exec\")));\n"
                                     "char *address(void);\nchar *address(void) { return &byte; }\n")
    command("cc", "-O2", "-fPIC", "-shared", "-o", storage, BUILD / "storage.c")
    return {NONE: Variant(NONE), NOTHING: Variant(NOTHING, {"LD_PRELOAD": str(empty)}),
            STORAGE: Variant(STORAGE, {"LD_PRELOAD": str(storage)}), SHIM_ONLY: numaperf(SHIM_ONLY, "")}


def rules(sort):
    """The shim with a rule that does not concern the calls, and with one that does."""
    return {UNMATCHED: numaperf(UNMATCHED, POLICIES / f"{sort}-unmatched.ini"),
            MATCHED: numaperf(MATCHED, POLICIES / f"{sort}-matched.ini")}


def printed(words, variant):
    """The nanoseconds that a program prints."""
    result = measured(variant, words)
    return result if isinstance(result, str) else {"time": float(result[1])}


def instructions(job):
    """User instructions for each turn of a loop, or a string."""
    variant, program, arguments, turns = job
    counts = []
    for length in (turns, 3 * turns):
        words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, length, *arguments]
        done = subprocess.run(variant.command(words), capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            return f"ended with status {done.returncode} under callgrind"
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / (2 * turns)


def count(run, case, variants, program, *arguments):
    """Record the instructions of each variant; nothing is timed, so all CPUs may work."""
    jobs = [(variant, program, arguments, 5000) for variant in variants.values()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, result in zip(variants, pool.map(instructions, jobs)):
            if isinstance(result, str):
                run.fail(case, name, result)
            else:
                run.record(case, name, "instructions", "per call", [result])


def binding():
    """A program that binds each thread itself, and a rule that does."""
    return {ITSELF: (Variant(ITSELF), (0,)), RULE: (numaperf(RULE, POLICIES / "thread-self.ini"), ())}


def emulated(run):
    """Threads where there are several nodes, so that their stacks are placed too: all variants in one machine."""
    shim = f"LD_PRELOAD=$NUMAPERF_BUILD/{SHIM.relative_to(SHIM.parent.parent)}"
    policy = "NUMAPERF_CONFIG=/numaperf/bench/policies/thread-"
    ways = {ITSELF: ("", "0"), RULE: (f"{shim} {policy}self.ini", ""), SPREAD: ("", "3"),
            SPREAD_RULE: (f"{shim} {policy}all.ini", "")}
    names = list(ways)
    program = "$NUMAPERF_BUILD/bench/locality/threads"
    turn = "".join(f'echo "{number} $(env {ways[name][0]} {program} 500 {ways[name][1]})"; '
                   for number, name in enumerate(names))
    script = f"for round in $(seq {run.rounds}); do {turn} done"
    command("meson", "configure", "-Dbench=enabled", BUILD / "numaperf")
    command("ninja", "-C", BUILD / "numaperf")
    say(f"  {EMULATED}")
    done = subprocess.run([ROOT / "tests" / "vm" / "run", "--build", BUILD / "numaperf", "--timeout", "1200",
                           "--shell-command", script], capture_output=True, text=True, check=False)
    values = {name: [] for name in names}
    for number, time in re.findall(r"^(\d) ([0-9.]+)$", done.stdout, re.MULTILINE):
        values[names[int(number)]].append(float(time))
    for name, times in values.items():
        if len(times) == run.rounds:
            run.record(EMULATED, name, "time", "ns", times)
        else:
            run.fail(EMULATED, name, f"the machine ended with status {done.returncode}")


def measure(run):
    """Instructions, then times; the emulated machine only in a full run."""
    rounds = run.rounds
    run.rounds = rounds if run.quick else max(rounds, ROUNDS)
    mapping = {**alone(), **rules("mmap")}
    del mapping[STORAGE]
    for case, arguments in CASES.items():
        run.by_turns(case, mapping, {"time": "ns"},
                     functools.partial(printed, [MAPPINGS, run.amount(PAIRS), *arguments]))
        count(run, case, mapping, MAPPINGS, *arguments)
    threads = {**alone(), **rules("thread")}
    run.by_turns(CREATE, threads, {"time": "ns"}, functools.partial(printed, [THREADS, COUNT]))
    count(run, CREATE, threads, THREADS)
    run.by_turns(PINNED, binding(), {"time": "ns"}, lambda way: printed([THREADS, COUNT, *way[1]], way[0]))
    if not run.quick:
        emulated(run)
    run.rounds = rounds


def more(data, case, variant, base):
    """Instructions beyond those of another variant."""
    both = [data.value("instructions", case, name) for name in (variant, base)]
    return None if None in both else both[0] - both[1]


def row(text, limit, value, good, form):
    """A line of the table of goals."""
    return [text, limit, form.format(value), "met" if good else "**missed**"] if value is not None else [
        text, limit, "–", "not measured"]


def goals(data):
    """What was to be met, and whether it is."""
    rows = []
    for case in CASES:
        added, ratio = more(data, case, UNMATCHED, NOTHING), data.ratio("time", case, UNMATCHED, NOTHING)
        rows.append(row(f"{case}: instructions added by rules that do not match", "40", added,
                        added is not None and added <= 40, "{:.0f}"))
        rows.append(row(f"{case}: time", "1.05", ratio and ratio[0], ratio and ratio[0] <= 1.05, "{:.3f}"))
    added, ratio = more(data, CREATE, SHIM_ONLY, STORAGE), data.ratio("time", CREATE, SHIM_ONLY, NONE)
    rows.append(row(f"{CREATE}: instructions added, beyond those of {STORAGE}", "40", added,
                    added is not None and added <= 40, "{:.0f}"))
    rows.append(row(f"{CREATE}: time", "1.05", ratio and ratio[0], ratio and ratio[0] <= 1.05, "{:.3f}"))
    ratio = data.ratio("time", PINNED, RULE, ITSELF)
    rows.append(row("threads bound by a rule: time, as a multiple of a program that binds them itself", "1.10",
                    ratio and ratio[0], ratio and ratio[0] <= 1.1, "{:.3f}"))
    return report.table(["", "limit", "measured", ""], rows)


def emulated_table(data):
    """What rules add in the emulated machine, with and without a stack to place."""
    rows = []
    for text, rule, base in (("bound to CPUs of all nodes: the stack stays", SPREAD_RULE, SPREAD),
                             ("bound to a CPU: the stack is placed on its node", RULE, ITSELF)):
        ratio, plain = data.ratio("time", EMULATED, rule, base), data.value("time", EMULATED, base)
        added = data.difference("time", EMULATED, rule, base)
        if ratio:
            rows.append([text, report.digits(plain / 1000), f"{ratio[0]:.3f}", *report.added(added, 1 / 1000)])
    return report.table(["a thread, created and joined", "bound by itself, µs", "by a rule", "µs added", "±"], rows)


def parts(data):
    """The generated parts of the document."""
    variants = [name for name in (NONE, STORAGE, SHIM_ONLY, UNMATCHED, MATCHED) if name in data.variants]
    cases = [case for case in (*CASES, CREATE) if case in data.cases]
    found = {"placement-calls": data.ratios("time", "time by the clock", cases, mean=False, base=NOTHING,
                                            variants=variants)}
    if any(entry["metric"] == "instructions" for entry in data.all):
        found["placement-instructions"] = report.table(["user instructions for each"] + [NOTHING] + variants, [
            [case] + [report.digits(data.value("instructions", case, name)) for name in [NOTHING] + variants]
            for case in cases])
        found["placement-goals"] = goals(data)
    if EMULATED in data.cases:
        found["placement-stacks"] = emulated_table(data)
    return found
