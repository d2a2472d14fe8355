# SPDX-License-Identifier: MIT
"""What the measurements share: the build, the allocators compared, runs by turns, and the results as they are stored.

There is one way of measuring: each variant runs once a round, so that what else the machine does meets all of them
alike; the order turns by one from round to round; what is stored are the values of all rounds.
"""
import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = ROOT / "build-bench"
# The build of numaperf that is measured: a release build of this tree, or any other that NUMAPERF_BUILD names.
NUMAPERF = pathlib.Path(os.environ.get("NUMAPERF_BUILD") or BUILD / "numaperf").resolve()
SHIM = NUMAPERF / "preload" / "libnumaperf_preload.so"
POLICIES = BENCH / "policies"
BASE = "glibc"


@dataclasses.dataclass(frozen=True)
class Variant:
    """A way to run a program: an allocator preloaded, or a command in front."""
    name: str
    environment: dict = dataclasses.field(default_factory=dict)
    prefix: tuple = ()

    def words(self, command):
        """The variables as NAME=VALUE, then the words of the command."""
        variables = [f"{key}={value}" for key, value in self.environment.items()]
        return [*variables, *self.prefix, *map(str, command)]

    def command(self, command):
        """The words that run a command this way. `env` sets the variables, so that a launcher is not preloaded."""
        return ["env", *self.words(command)]


def say(text):
    """Progress goes to stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def run(*command, **options):
    """Run a command of the build, quietly unless it fails."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


def compile_c(source, target, *options):
    """Compile a program unless it is newer than its source and the headers beside it."""
    newest = max(path.stat().st_mtime for path in [source, *source.parent.glob("*.h")])
    if not target.exists() or target.stat().st_mtime < newest:
        run("cc", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-fno-builtin", "-pthread", "-o", target, source,
            *options)


def build():
    """A release build of numaperf in a folder of its own unless another is given, and the programs measured."""
    say("building")
    if NUMAPERF == BUILD / "numaperf":
        if not (NUMAPERF / "build.ninja").exists():
            run("meson", "setup", "--buildtype=release", "-Dtests=disabled", NUMAPERF, ROOT)
        run("ninja", "-C", NUMAPERF)
    elif not SHIM.exists():
        sys.exit(f"NUMAPERF_BUILD: no {SHIM}")
    (BUILD / "workloads").mkdir(parents=True, exist_ok=True)
    for source in (BENCH / "workloads").glob("*.c"):
        compile_c(source, BUILD / "workloads" / source.stem)
    compile_c(BENCH / "measure.c", BUILD / "measure", "-static")
    (BUILD / "empty.c").write_text("")
    run("cc", "-shared", "-o", BUILD / "empty.so", BUILD / "empty.c")


def library(name):
    """The path of a library that the linker's cache knows."""
    for line in run("/sbin/ldconfig", "-p").splitlines():
        if line.strip().startswith(name + " "):
            return line.split("=> ")[1]
    sys.exit(f"{name} is not installed; see scripts/packages/bench.list")


def numaperf(name, policy):
    """The shim with a policy file, or with the built-in default for an empty one."""
    return Variant(name, {"LD_PRELOAD": str(SHIM), "NUMAPERF_CONFIG": str(policy)})


def accepted(policy):
    """Does this build take the policy file?"""
    done = subprocess.run(numaperf("", policy).command(["true"]), capture_output=True, check=False)
    return done.returncode == 0 and not done.stderr


def written_policy():
    """The policy file that puts as much under our heap as this build can."""
    everything, large = POLICIES / "all-classes.ini", POLICIES / "large-classes.ini"
    return everything if accepted(everything) else large


def in_machine(path):
    """The path of a file of this tree in an emulated machine."""
    return f"/numaperf/{path.relative_to(ROOT)}"


def emulated():
    """Variant -> the variables that it sets in an emulated machine."""
    shim = f"LD_PRELOAD=/numaperf/build/preload/{SHIM.name}"
    return {BASE: [], "numaperf": [shim, "NUMAPERF_CONFIG="],
            "numaperf policy": [shim, f"NUMAPERF_CONFIG={in_machine(written_policy())}"]}


def allocators():
    """The allocators compared; the first is the measure of the others."""
    return [
        Variant(BASE),
        Variant("jemalloc", {"LD_PRELOAD": library("libjemalloc.so.2")}),
        Variant("mimalloc", {"LD_PRELOAD": library("libmimalloc.so.2")}),
        Variant("tcmalloc", {"LD_PRELOAD": library("libtcmalloc_minimal.so.4")}),
        # All in one tier of ordinary memory: what the library can do on any machine.
        Variant("memtier", {"LD_PRELOAD": library("libmemtier.so.0"),
                            "MEMKIND_MEM_TIERS": "KIND:DRAM,RATIO:1;POLICY:STATIC_RATIO"}),
        Variant("numactl -i", prefix=("numactl", "--interleave=all")),
        numaperf("numaperf", ""),
        numaperf("numaperf policy", written_policy()),
    ]


def measured(variant, command, **options):
    """Run a program under bench/measure.c. Gives (usage, what it printed), or a string with what went wrong.

    usage: elapsed, cpu (user and system) in seconds, peak in KiB."""
    # A name of its own: a server and its client may be measured at the same time.
    result = BUILD / f"usage-{os.getpid()}-{time.monotonic_ns()}"
    try:
        done = subprocess.run([BUILD / "measure", result, *variant.words(command)], capture_output=True, text=True,
                              check=False, **{"timeout": 300, **options})
        elapsed, user, system, peak, status = result.read_text().split()
    except subprocess.TimeoutExpired:
        return "took longer than the limit"
    except FileNotFoundError:
        return f"could not be run: {done.stderr.strip()[-200:]}"
    finally:
        result.unlink(missing_ok=True)
    if status != "0":
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return f"ended with status {status}" + (f": {last[:120]}" if last else "")
    return {"elapsed": float(elapsed), "cpu": float(user) + float(system), "peak": int(peak)}, done.stdout


def significant(value):
    """What of a number is worth storing."""
    return float(f"{value:.6g}")


def spread(values):
    """Median and median absolute deviation."""
    middle = statistics.median(values)
    return middle, statistics.median(abs(value - middle) for value in values)


@dataclasses.dataclass
class Run:
    """One run of one group: how much to do, and the measurements taken."""
    quick: bool
    rounds: int
    measurements: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)

    def record(self, case, variant, metric, unit, values):
        """Store the values of one measure, one for each round."""
        middle, deviation = spread(values)
        self.measurements.append({"case": case, "variant": variant, "metric": metric, "unit": unit, "status": "ok",
                                  "reason": "", "values": [significant(value) for value in values],
                                  "median": significant(middle), "mad": significant(deviation)})

    def fail(self, case, variant, reason):
        """Store that a variant could not do a case, and why."""
        say(f"  {case}, {variant}: {reason}")
        self.measurements.append({"case": case, "variant": variant, "metric": "", "unit": "", "status": "failed",
                                  "reason": reason, "values": [], "median": None, "mad": None})

    def by_turns(self, case, variants, units, measure):
        """Measure each variant once a round. `variants` maps names to whatever `measure` wants; it gives a dictionary
        of numbers, whose units are in `units`, or a string with what went wrong. What fails once is left out then."""
        say(f"  {case}")
        results = {name: [] for name in variants}
        names = list(variants)
        for number in range(self.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                if isinstance(results[name], list):
                    result = measure(variants[name])
                    results[name] = result if isinstance(result, str) else results[name] + [result]
        for name, runs in results.items():
            if isinstance(runs, str):
                self.fail(case, name, runs)
                continue
            for metric, unit in units.items():
                self.record(case, name, metric, unit, [numbers[metric] for numbers in runs])

    def amount(self, full):
        """How much work: a quick run does a quarter of it."""
        return max(1, full // 4) if self.quick else full


def need(*commands):
    """End with a message when a command is missing."""
    for command in commands:
        if shutil.which(command) is None:
            sys.exit(f"{command} is not installed; see scripts/packages/bench.list")
