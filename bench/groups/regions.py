# SPDX-License-Identifier: MIT
"""The C library's regions: creation against libnuma, prefault against the bare system call, verification."""
import functools

import report
from harness import BENCH, BUILD, NUMAPERF, ROOT, Variant, compile_c, measured

TITLE = "regions of the C library: creation against libnuma, prefault, verification"
ROUNDS = {"quick": 3, "full": 9}

SIZES = (4096, 1 << 20, 64 << 20)
COUNT = 20000
GIB = 1 << 30
WAYS = {"madvise": "bare", "region, touch": "touch", "region, parallel": "parallel", "region, hard": "hard"}


def programs():
    """Build the programs with the library measured."""
    for source in (BENCH / "region_programs").glob("*.c"):
        compile_c(source, BUILD / "workloads" / f"region-{source.stem}", f"-I{ROOT / 'core'}", f"-L{NUMAPERF / 'core'}",
                  f"-Wl,-rpath,{NUMAPERF / 'core'}", "-lnumaperf", "-lnuma")


def printed(program, arguments, way):
    """The number that a program prints for one of its ways."""
    result = measured(Variant(""), [BUILD / "workloads" / f"region-{program}", way, *map(str, arguments)])
    return result if isinstance(result, str) else {"time": float(result[1])}


def measure(run):
    """All of it."""
    programs()
    for size in SIZES:
        run.by_turns(f"create, {size >> 10} KiB", {"libnuma": "libnuma", "region": "numaperf"}, {"time": "ns"},
                     functools.partial(printed, "create", (size, run.amount(COUNT))))
    run.by_turns("prefault", WAYS, {"time": "s"}, functools.partial(printed, "prefault", (run.amount(GIB),)))
    run.by_turns("verify", {"move_pages": "bare", "np_region_verify": "region"}, {"time": "s"},
                 functools.partial(printed, "verify", (run.amount(GIB),)))


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    creations = [case for case in data.cases if case.startswith("create")]
    return {"regions-create": data.ratios("time", "creation", creations, scale=1e-3, unit="µs", base="libnuma",
                                          variants=["region"]),
            "regions-prefault": data.ratios("time", "", ["prefault"], unit="s", base="madvise",
                                            variants=list(WAYS)[1:]),
            "regions-verify": data.ratios("time", "", ["verify"], scale=1e3, unit="ms", base="move_pages",
                                          variants=["np_region_verify"]),
            "regions-failed": data.failures()}
