# SPDX-License-Identifier: MIT
"""Runs groups of measurements and stores what they give; scripts/bench is the command."""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import groups
import harness
import report
from harness import BUILD, ROOT, say

VERSION = 1


def machine():
    """What the numbers depend on."""
    def line(path, start):
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        return next((text.split(":", 1)[1].strip() for text in lines if text.startswith(start)), "")
    nodes = list(pathlib.Path("/sys/devices/system/node").glob("node[0-9]*")) or [None]
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return {"processor": line("/proc/cpuinfo", "model name"), "CPUs": os.cpu_count(), "nodes": len(nodes),
            "memory": f"{int(line('/proc/meminfo', 'MemTotal').split()[0]) >> 20} GiB",
            "kernel": ".".join(platform.release().split(".")[:2]), "system": release,
            "libc": " ".join(platform.libc_ver())}


def revision():
    """The commit measured, with a plus when files differ from it."""
    def git(*words):
        return subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, *words], capture_output=True,
                              text=True, check=False).stdout.strip()
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (
        "+" if git("status", "--porcelain", "--untracked-files=no", "core", "config", "preload") else "")


def read(path):
    """Results stored before, or none."""
    if path.exists():
        stored = json.loads(path.read_text())
        if stored.get("version") == VERSION:
            return stored
    return {"license": "SPDX-License-Identifier: MIT", "version": VERSION, "machine": {}, "groups": {}}


def write(results, path):
    """Store results, a measurement a line, so that differences can be read."""
    groups_and_repeats = [part for group in results["groups"].values() for part in (group, group.get("again")) if part]
    lists = [part["measurements"] for part in groups_and_repeats]
    for number, part in enumerate(groups_and_repeats):
        part["measurements"] = f"<{number}>"
    text = json.dumps(results, indent=1)
    for number, (part, entries) in enumerate(zip(groups_and_repeats, lists)):
        lines = ",\n".join("    " + json.dumps(entry, ensure_ascii=False) for entry in entries)
        text = text.replace(f'"<{number}>"', f"[\n{lines}\n   ]", 1)
        part["measurements"] = entries
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def measure(name, options):
    """One group."""
    module = groups.load(name)
    mode = "full" if options.full else "quick"
    run = harness.Run(quick=not options.full, rounds=options.rounds or module.ROUNDS[mode])
    load, start = os.getloadavg()[0], time.time()
    began = time.strftime("%Y-%m-%d %H:%M", time.gmtime(start))
    say(f"{name}: {module.TITLE} ({mode}, {run.rounds} rounds)")
    module.measure(run)
    seconds = time.time() - start
    say(f"{name}: {seconds:.0f} s")
    return {"mode": mode, "rounds": run.rounds, "revision": revision(),
            "build": "release" if harness.NUMAPERF == BUILD / "numaperf" else "given",
            "began": began, "seconds": round(seconds, 1), "load": [round(load, 2), round(os.getloadavg()[0], 2)],
            "notes": run.notes, "measurements": run.measurements}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less work and fewer rounds: under five minutes (default)")
    parser.add_argument("--full", action="store_true", help="what docs/benchmarks.md is made from")
    parser.add_argument("--only", action="append", metavar="GROUP", choices=groups.NAMES, help="may be repeated")
    parser.add_argument("--list", action="store_true", help="name the groups")
    parser.add_argument("--rounds", type=int, help="instead of what the mode has")
    parser.add_argument("--output", type=pathlib.Path, default=BUILD / "results.json",
                        help="where results are stored; groups that are not run keep what the file has")
    parser.add_argument("--again", action="store_true",
                        help="a second run of what is stored, to be compared with the first")
    parser.add_argument("--report", action="store_true", help="only make the document from the stored results")
    parser.add_argument("--document", type=pathlib.Path, help="whose generated parts are brought up to date")
    parser.add_argument("--publish", action="store_true",
                        help="store to docs/benchmarks/results.json and update docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick and options.full:
        parser.error("either --quick or --full")
    if options.publish:
        options.output = ROOT / "docs" / "benchmarks" / "results.json"
        options.document = ROOT / "docs" / "benchmarks.md"
    if options.again and not options.only:
        options.only = list(read(options.output)["groups"])
    return options


def main():
    options = arguments()
    if options.list:
        for name in groups.NAMES:
            print(f"{name:14} {groups.load(name).TITLE}")
        return
    results = read(options.output)
    if not options.report:
        BUILD.mkdir(exist_ok=True)
        harness.build()
        results["machine"] = machine()
        for name in options.only or groups.NAMES:
            done = measure(name, options)
            if options.again:
                results["groups"][name]["again"] = done
            else:
                results["groups"][name] = done
            write(results, options.output)
        say(f"results: {options.output}")
    if options.document:
        report.write(results, options.document)
        say(f"document: {options.document}")
    else:
        for name in options.only or [each for each in groups.NAMES if each in results["groups"]]:
            for part in groups.load(name).parts(results["groups"][name]).values():
                print(part)


if __name__ == "__main__":
    sys.exit(main())
