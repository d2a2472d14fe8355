# SPDX-License-Identifier: MIT
"""What grows with nodes, CPUs, classes, threads and memory.

Nodes and CPUs are simulated by node files of other machines, put over this machine's in a mount namespace: programs
then read them by the usual paths. What cannot be simulated so: the process is still allowed this machine's nodes only,
and files in memory are read faster than those that the kernel writes at each read. What many nodes do to addresses and
memory is asked in emulated machines that have them, where sizes are as real as anywhere (nothing is timed there).
"""
import functools
import json
import os
import subprocess
import tempfile

import report
from harness import (BUILD, NUMAPERF, POLICIES, ROOT, Variant, allocators, emulated, in_machine, measured, need, numaperf,
                     run as command, say)

TITLE = "what grows with nodes, CPUs, classes, threads and memory (simulated topologies)"
ROUNDS = {"quick": 3, "full": 9}

TOPOLOGIES = {"2 nodes, 16 CPUs": (2, 16), "8 nodes, 256 CPUs": (8, 256), "64 nodes, 1024 CPUs": (64, 1024)}
CLASSES = (1, 8, 64)
THREADS = (1, 64, 512)
MEMORY = (64, 512, 2048)
# The machines of tests/vm/topologies.bash, and their nodes.
MACHINES = {"one": 1, "four": 4, "wide": 16, "vast": 64}
IN_MACHINES = ("threads 1", "threads 64", "memory 64")
NODE_FILES = "/sys/devices/system/node"
PRINTED = {"resident": "KiB", "addresses": "KiB", "page tables": "KiB", "mappings": ""}
KEPT = dict.fromkeys(("before", "full", "freed", "trimmed"), "KiB")
EMPTY = {"LD_PRELOAD": str(BUILD / "empty.so")}
# What meminfo of a node has beside the total: readers pass over it.
FIELDS = ("MemFree", "MemUsed", "SwapCached", "Active", "Inactive", "Active(anon)", "Inactive(anon)", "Active(file)",
          "Inactive(file)", "Unevictable", "Mlocked", "Dirty", "Writeback", "FilePages", "Mapped", "AnonPages", "Shmem",
          "KernelStack", "PageTables", "SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp", "KReclaimable", "Slab",
          "SReclaimable", "SUnreclaim", "AnonHugePages", "ShmemHugePages", "ShmemPmdMapped", "FileHugePages",
          "FilePmdMapped", "HugePages_Total", "HugePages_Free", "HugePages_Surp")


def mask(first, last, bits):
    """A CPU mask as the kernel prints it."""
    number = (1 << (last + 1)) - (1 << first)
    words = [f"{number >> shift & 0xffffffff:08x}" for shift in range(0, bits, 32)]
    return ",".join(reversed(words))


def node_files(nodes, cpus):
    """The node folder of a machine with so many nodes and CPUs, 64 GiB a node."""
    folder = BUILD / "topologies" / f"{nodes}-{cpus}"
    for name in ("online", "possible", "has_cpu", "has_memory", "has_normal_memory"):
        write(folder / name, f"0-{nodes - 1}" if nodes > 1 else "0")
    each = cpus // nodes
    for node in range(nodes):
        first, last, own = node * each, node * each + each - 1, folder / f"node{node}"
        write(own / "cpulist", f"{first}-{last}")
        write(own / "cpumap", mask(first, last, cpus))
        write(own / "distance", " ".join("10" if other == node else "21" for other in range(nodes)))
        write(own / "meminfo", f"Node {node} MemTotal:       {64 << 20} kB\n" + "\n".join(
            f"Node {node} {field}:{1 << 20:15} kB" for field in FIELDS))
    return folder


def write(path, text):
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def inside(folder, words):
    """The command in a mount namespace whose node files are those of the folder."""
    if folder is None:
        return words
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", folder, NODE_FILES, *words]


def starts(run, case, folder, variants):
    """Milliseconds of a program that allocates one block each of 64 bytes to 16 MiB, by hyperfine."""
    say(f"  {case}")
    program = [BUILD / "workloads" / "calls", "first"]
    clocks, cpus = {variant.name: [] for variant in variants}, {variant.name: [] for variant in variants}
    for number in range(run.rounds):
        turn = number % len(variants)
        order = variants[turn:] + variants[:turn]
        with tempfile.NamedTemporaryFile("r") as result:
            command(*inside(folder, ["hyperfine", "-N", "--style=none", "--warmup=5", f"--runs={run.amount(100)}",
                                     "--export-json", result.name,
                                     *[" ".join(variant.command(program)) for variant in order]]))
            for variant, entry in zip(order, json.load(result)["results"]):
                clocks[variant.name].append(1000 * entry["median"])
                cpus[variant.name].append(1000 * (entry["user"] + entry["system"]))
    for variant in variants:
        run.record(case, variant.name, "elapsed", "ms", clocks[variant.name])
        run.record(case, variant.name, "cpu", "ms", cpus[variant.name])


def classes_policy(count):
    """A policy file with so many classes, the last without an end."""
    path = BUILD / f"classes-{count}.ini"
    bounds = [(32 + 4 * index) << 10 for index in range(count)]
    path.write_text("[numaperf]\nversion = 1\n" + "".join(
        f"[malloc.c{index}]\nsize = {low}-{bounds[index + 1] if index + 1 < count else ''}\npolicy = local\n"
        for index, low in enumerate(bounds)))
    return path


def start_up(run):
    """With nodes and CPUs, and with classes."""
    states = [Variant("an empty library", EMPTY), numaperf("numaperf, no policy file", ""),
              numaperf("numaperf, three classes", POLICIES / "three-classes.ini")]
    starts(run, "this machine", None, states)
    for case, (nodes, cpus) in TOPOLOGIES.items():
        if os.geteuid() != 0:
            run.fail(case, "numaperf, no policy file", "mounting over the node files needs root")
            continue
        starts(run, case, node_files(nodes, cpus), states)
    starts(run, "classes", None, [Variant("an empty library", EMPTY)] + [
        numaperf(f"{count} class" + ("es" if count > 1 else ""), classes_policy(count)) for count in CLASSES])


def printed(arguments, names, variant: Variant):
    """What bench/workloads/footprint.c prints."""
    result = measured(variant, [BUILD / "workloads" / "footprint", *map(str, arguments)])
    return result if isinstance(result, str) else dict(zip(names, map(float, result[1].split())))


def footprints(run):
    """Threads and memory, one value each: they hardly vary."""
    variants = {variant.name: variant for variant in allocators() if not variant.prefix}
    rounds, run.rounds = run.rounds, 1
    for count in THREADS:
        run.by_turns(f"{count} threads", variants, PRINTED, functools.partial(printed, ("threads", count), PRINTED))
    for mib in MEMORY[:2] if run.quick else MEMORY:
        run.by_turns(f"{mib} MiB", variants, PRINTED, functools.partial(printed, ("memory", mib), PRINTED))
    run.by_turns("kept", variants, KEPT, functools.partial(printed, ("kept", run.amount(512)), KEPT))
    run.rounds = rounds


def many_nodes(run):
    """Footprints in emulated machines: minutes, so not in a quick run."""
    command(ROOT / "scripts" / "install-packages", ROOT / "tests" / "vm" / "host-packages.list")
    states = emulated()
    script = "; ".join(f"{' '.join(variables)} {in_machine(BUILD / 'workloads' / 'footprint')} {what}"
                       for variables in states.values() for what in IN_MACHINES)
    for machine, nodes in MACHINES.items():
        case = f"{nodes} node" + ("s" if nodes > 1 else "")
        say(f"  {case}, emulated")
        done = subprocess.run([ROOT / "tests" / "vm" / "run", "--topology", machine, "--build", NUMAPERF, "--timeout",
                               "400", "--shell-command", script], capture_output=True, text=True, check=False)
        lines = [list(map(float, line.split())) for line in done.stdout.splitlines() if line[:1].isdigit()]
        if done.returncode != 0 or len(lines) != len(states) * len(IN_MACHINES):
            run.fail(case, "numaperf", f"the emulated machine ended with status {done.returncode}")
            continue
        for number, numbers in enumerate(lines):
            name, what = list(states)[number // len(IN_MACHINES)], IN_MACHINES[number % len(IN_MACHINES)]
            for (metric, unit), value in zip(PRINTED.items(), numbers):
                run.record(f"{case}, {what}", name, metric, unit, [value])


def measure(run):
    """All of it."""
    need("hyperfine", "unshare")
    start_up(run)
    footprints(run)
    if not run.quick:
        many_nodes(run)


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    return {"scale-start": start_table(data), "scale-threads": thread_table(data), "scale-memory": memory_table(data),
            "scale-kept": kept_table(data),
            "scale-nodes": node_table(data), "scale-failed": data.failures()}


def kept_table(data):
    """What stays resident when everything was freed."""
    rows = []
    for name in compared(data):
        values = [data.value(metric, "kept", name) for metric in KEPT]
        if values[0] is not None:
            _, full, freed, trimmed = values
            rows.append([name, report.digits(full / 1024), f"{100 * freed / full:.1f} %", f"{100 * trimmed / full:.1f} %"])
    return report.table(["", "MiB resident, full", "freed, threads ended", "after malloc_trim"], rows)


def node_table(data):
    """Memory and addresses by the number of nodes."""
    rows = []
    for nodes in MACHINES.values():
        for name in data.variants:
            found = [[data.value(metric, f"{nodes} node{'s' if nodes > 1 else ''}, {what}", name) for metric in PRINTED]
                     for what in IN_MACHINES]
            if found[0][0] is not None:
                idle, threads, memory = found
                rows.append([str(nodes), name, f"{idle[0]:.0f}", report.digits((threads[0] - idle[0]) / 63),
                             f"{100 * (memory[0] / 65536 - 1):+.1f} %", report.digits(memory[1] / 1024 ** 2),
                             f"{memory[2]:.0f}", f"{memory[3]:.0f}"])
    return report.table(["nodes", "", "KiB resident, idle", "KiB for each thread", "beyond 64 MiB", "GiB of addresses",
                         "KiB of page tables", "mappings"], rows) if rows else "Only in a full run.\n"


def start_table(data):
    """Milliseconds added to the start under an empty library."""
    base, rows = "an empty library", []
    for case in (name for name in data.cases if data.value("cpu", name, base)):
        for name in data.variants[1:]:
            if data.value("cpu", case, name):
                pairs = [data.difference(metric, case, name, base) for metric in ("elapsed", "cpu")]
                rows.append([case, name] + [text for pair in pairs for text in report.added(pair)])
    return report.table(["machine", "", "ms added", "±", "CPU ms added", "±"], rows)


def compared(data):
    """The variants whose footprints were taken."""
    return [name for name in data.variants if data.value("resident", f"{THREADS[0]} threads", name)]


def thread_table(data):
    """What each thread more takes."""
    few, many = THREADS[0], THREADS[-1]
    rows = []
    for name in compared(data):
        values = [(data.value(metric, f"{many} threads", name), data.value(metric, f"{few} threads", name))
                  for metric in PRINTED]
        rows.append([name] + [report.digits((more - less) / (many - few)) if more is not None else "failed"
                              for more, less in values])
    return report.table(["for each thread", "KiB resident", "KiB of addresses", "KiB of page tables", "mappings"], rows)


def memory_table(data):
    """What lies over the bytes asked for."""
    rows = []
    for mib in MEMORY:
        for name in compared(data):
            values = [data.value(metric, f"{mib} MiB", name) for metric in PRINTED]
            if values[0] is not None:
                resident, addresses, tables, mappings = values
                rows.append([f"{mib} MiB", name, f"{100 * (resident / 1024 / mib - 1):+.1f} %",
                             report.digits(addresses / 1024 ** 2), report.digits(tables / 1024), f"{mappings:.0f}"])
    return report.table(["alive", "", "resident beyond", "GiB of addresses", "MiB of page tables", "mappings"], rows)
