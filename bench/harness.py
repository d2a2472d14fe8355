# SPDX-License-Identifier: MIT
"""What the measurements share: the build, the allocators compared, runs by turns, tables."""
import os
import pathlib
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = ROOT / "build-bench"
SHIM = BUILD / "numaperf" / "preload" / "libnumaperf_preload.so"


def say(text):
    """Progress goes to stderr: stdout is for the tables."""
    print(text, file=sys.stderr, flush=True)


def run(*command):
    """Run a command of the build, quietly unless it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


def build():
    """A release build of numaperf in a folder of its own, and the programs measured."""
    say("building")
    run(ROOT / "scripts" / "install-packages", "build", "bench")
    if not (BUILD / "numaperf" / "build.ninja").exists():
        run("/usr/bin/meson", "setup", "--buildtype=release", "-Dtests=disabled", BUILD / "numaperf", ROOT)
    run("ninja", "-C", BUILD / "numaperf")
    for source in BENCH.glob("*.c"):
        run("cc", "-O2", "-Wall", "-Wextra", "-o", BUILD / source.stem, source)
    (BUILD / "empty.c").write_text("")
    run("cc", "-shared", "-o", BUILD / "empty.so", BUILD / "empty.c")


def library(name):
    """The path of a library that the linker's cache knows."""
    for line in run("/sbin/ldconfig", "-p").splitlines():
        if line.strip().startswith(name + " "):
            return line.split("=> ")[1]
    sys.exit(f"{name} is not installed; see scripts/packages/bench.list")


def allocators():
    """Name and environment of each allocator compared; glibc is first and the measure of the others."""
    return {
        "glibc": {},
        "jemalloc": {"LD_PRELOAD": library("libjemalloc.so.2")},
        "mimalloc": {"LD_PRELOAD": library("libmimalloc.so.2")},
        "tcmalloc": {"LD_PRELOAD": library("libtcmalloc_minimal.so.4")},
        "numaperf": {"LD_PRELOAD": str(SHIM), "NUMAPERF_CONFIG": ""},
        "numaperf bind": {"LD_PRELOAD": str(SHIM), "NUMAPERF_CONFIG": str(BENCH / "bind.ini")},
        "numaperf interleave": {"LD_PRELOAD": str(SHIM), "NUMAPERF_CONFIG": str(BENCH / "interleave.ini")},
    }


def output(environment, *command, limit=300):
    """The numbers that a program prints, or None when it fails or takes longer than the limit in seconds."""
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True,
                              timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0 or done.stderr:
        say(f"{environment} {command}: status {done.returncode} {done.stderr.strip()}")
        return None
    return [float(word) for word in done.stdout.split()]


def by_turns(variants, rounds, measure):
    """Measure each variant once a round, so that what else the machine does meets all of them alike.

    A variant that fails once is left out of the further rounds. Gives name -> list of results."""
    results = {name: [] for name in variants}
    for _ in range(rounds):
        for name, environment in variants.items():
            if results[name] is None:
                continue
            result = measure(environment)
            if result is None:
                results[name] = None
            else:
                results[name].append(result)
    return results


def median(values):
    """The median, or None for no values."""
    return statistics.median(values) if values else None


def table(head, rows):
    """A Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def ratio(value, base):
    """How many times the base, with two digits that count."""
    if value is None or not base:
        return "failed"
    return f"{value / base:.2f}" if value >= base / 10 else f"{value / base:.2g}"
