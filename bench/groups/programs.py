# SPDX-License-Identifier: MIT
"""Real programs at work: python3, perl, sqlite3 in memory, gcc on a large file, redis-server under redis-benchmark."""
import functools
import os
import socket
import subprocess
import tempfile
import threading
import time

import report
from harness import BENCH, BUILD, Variant, allocators, measured, need

TITLE = "real programs: time and peak memory, every allocator"
ROUNDS = {"quick": 2, "full": 5}
UNITS = {"cpu": "s", "elapsed": "s", "peak": "KiB"}
PROGRAMS = BENCH / "programs"
# Requests of redis-benchmark: command, number of requests, size of values, range of keys.
REQUESTS = (("set", 120000, 512, 50000), ("lpush", 60000, 64, 1), ("hset", 60000, 128, 20000))


def c_source(functions):
    """A C file as generators write them: many functions with tables, switches and calls of each other."""
    path = BUILD / f"generated-{functions}.c"
    if not path.exists():
        path.write_text("#include <stdio.h>\n#include <string.h>\n" + "".join(
            f"static const char *names_{i}[] = {{\"a{i}\", \"b{i}\", \"c{i}\"}};\n"
            f"int f{i}(int x, const char *s)\n{{\n    int sum = 0;\n    for (int i = 0; i < x; i++) {{\n"
            f"        switch ((x + i) % 7) {{\n" + "".join(
                f"        case {k}: sum += (int)strlen(names_{i}[{k % 3}]) * (x ^ {i * k + 1}); break;\n"
                for k in range(7)) +
            f"        }}\n        if (s[i % 8] == 'a' + {i % 26})\n            sum -= "
            + (f"f{i - 1}(x - 1, s)" if i else "1") + ";\n    }\n"
            f"    printf(\"%d %s\\n\", sum, names_{i}[x % 3]);\n    return sum;\n}}\n" for i in range(functions)))
    return path


def once(words, variant: Variant):
    """One run of a program that ends by itself."""
    result = measured(variant, words, timeout=180)
    return result if isinstance(result, str) else result[0]


def sqlite(variant: Variant):
    """The shop in memory; the script comes from a file on stdin."""
    with open(PROGRAMS / "orders.sql", encoding="utf-8") as script:
        result = measured(variant, ["sqlite3", ":memory:"], stdin=script, timeout=180)
    return result if isinstance(result, str) else result[0]


def wait_for(path, seconds):
    """Wait until a server answers on a socket."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
                return True
            except OSError:
                time.sleep(0.01)
    return False


def redis(divisor, variant: Variant):
    """The server's use while redis-benchmark, which is not preloaded, asks and stores; and the benchmark's time."""
    with tempfile.TemporaryDirectory() as folder:
        path, results = f"{folder}/socket", []
        words = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        server = threading.Thread(target=lambda: results.append(measured(variant, words, timeout=180)))
        server.start()
        try:
            if not wait_for(path, 20):
                return "the server did not answer"
            start = time.monotonic()
            for command, requests, size, keys in REQUESTS:
                subprocess.run(["redis-benchmark", "-s", path, "-t", command, "-n", str(requests // divisor), "-d",
                                str(size), "-r", str(keys), "-P", "8", "-q"], stdout=subprocess.DEVNULL, check=True,
                               timeout=120)
            elapsed = time.monotonic() - start
        except subprocess.SubprocessError as error:
            return f"redis-benchmark: {error}"
        finally:
            subprocess.run(["redis-cli", "-s", path, "shutdown", "nosave"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
            server.join()
    return results[0] if isinstance(results[0], str) else {**results[0][0], "elapsed": elapsed}


def measure(run):
    """Each program under each allocator."""
    need("redis-server", "redis-benchmark", "redis-cli", "sqlite3", "perl", "gcc")
    os.environ.pop("PYTHONMALLOC", None)
    variants = {variant.name: variant for variant in allocators()}
    script = ["/usr/bin/python3", "-I", PROGRAMS / "words.py"]
    cases = {
        "python3": functools.partial(once, [*script, run.amount(30000)]),
        "python3, PYTHONMALLOC=malloc": functools.partial(
            once, ["env", "PYTHONMALLOC=malloc", "/usr/bin/python3", PROGRAMS / "words.py", run.amount(30000)]),
        "perl": functools.partial(once, ["perl", PROGRAMS / "words.pl", run.amount(40000)]),
        "sqlite3": sqlite,
        "gcc": functools.partial(once, ["gcc", "-O1", "-c", "-o", "/dev/null", c_source(run.amount(160))]),
        "redis-server": functools.partial(redis, 4 if run.quick else 1),
    }
    for case, function in cases.items():
        run.by_turns(case, variants, UNITS, function)


def parts(result):
    """The generated parts of the document."""
    data = report.Data(result)
    return {"programs-cpu": data.ratios("cpu", "CPU time"),
            "programs-elapsed": data.ratios("elapsed", "by the clock"),
            "programs-peak": data.ratios("peak", "peak", scale=1 / 1024, unit="MiB"),
            "programs-failed": data.failures()}


def plots(result):
    """The pictures."""
    data = report.Data(result)
    return {"programs-cpu": functools.partial(data.dots, "cpu", "CPU time as a multiple of glibc's")}
