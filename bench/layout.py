# SPDX-License-Identifier: MIT
"""Write preload/layout.ld: which of the shim's functions every start and the common calls run, by callgrind.

    /usr/bin/python3 bench/layout.py >preload/layout.ld
"""
import pathlib
import re
import subprocess
import tempfile

import harness

# What any program runs first; then, behind it, what those with large blocks and realloc run beside; then policy files.
COMMON = [("pairs", "1000"), ("passing", "96000"), ("visitors", "10"), ("cache", "60000"), ("producers", "20000")]
FURTHER = [("growth", "1"), ("large", "20"), ("mixed", "50000")]
GROUPS = [(COMMON, [{}, {"NUMAPERF_CONFIG": ""}]), (FURTHER, [{}]),
          (COMMON[:1], [{"NUMAPERF_CONFIG": path} for path in sorted(harness.POLICIES.glob("*.ini"))])]
# What each program runs on a machine with several nodes, which a trace on one with a single node does not show.
SEVERAL_NODES = {"np_cache_enter_node", "np_cache_follow", "np_cache_leave_node", "np_caches_at", "np_class_slot",
                 "np_class_stats", "np_class_zone_is_left", "np_kernel_cpu_node", "np_kernel_rseq_cpu",
                 "np_slab_link_at", "post"}
LINE = 110
UNORDERED = harness.BUILD / "unordered"
SHIM = UNORDERED / "preload" / "libnumaperf_preload.so"
# Variables up to this size come first; then those of which a part is always written, where they begin.
SMALL_BYTES = 512
PARTLY_WRITTEN = ("log_path", "np_bins", "task", "threads", "rules", "process")

HEAD = """\
/* SPDX-License-Identifier: MIT */
/* layout - the functions that every start and the common calls run, together: the kernel maps code in pieces of 64 KiB, so
 * what lies among others costs each program their memory too. What only some programs run, such as the reader of policy
 * files, ends the second segment of code; the rest begins it. Made by bench/layout.py; a function that is missing here is
 * found elsewhere and costs a few pages. Constants come before the code, away from the unwind tables, which are hardly ever
 * read. Of the variables that begin as zero the many small ones lie together, behind those that do not, and away from tables
 * that most programs leave as they are. */
SECTIONS
{
  .plt.got : { *(.plt.got) }
  .fini : { KEEP (*(SORT_NONE(.fini))) }
  .text :
  {
    *crt*.o(.text)
    *libgcc.a:(.text)
    *libc_nonshared.a:(.text)
    *(.text.startup .text.startup.* .text.exit .text.exit.*)
"""
FURTHER_HEAD = """\
  }
}
INSERT AFTER .plt;
SECTIONS
{
  .text.further : ALIGN(CONSTANT(MAXPAGESIZE))
  {
"""
TAIL = """\
    *libinih.a:(.text .text.*)
  }
}
INSERT AFTER .eh_frame;
SECTIONS
{
  .text.rest : ALIGN(CONSTANT(MAXPAGESIZE)) { *(.text .text.* .stub) }
}
INSERT AFTER .eh_frame;
SECTIONS
{
  .rodata : { *(.rodata .rodata.*) }
}
INSERT AFTER .rela.plt;
SECTIONS
{
  .bss :
  {
    *crt*.o(.bss)
"""
END = """\
    *(.bss .bss.* COMMON)
  }
}
INSERT AFTER .data;
"""


def executed(program, amount, variables):
    """The names of the shim's functions that a workload runs, with more variables in its environment."""
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}",
                   harness.BUILD / "workloads" / program, amount]
        harness.run(*harness.Variant("", {"LD_PRELOAD": SHIM, **variables}).command(command))
        text = pathlib.Path(out.name).read_text(encoding="utf-8", errors="replace")
    names, own, found = {}, False, set()
    for line in text.splitlines():
        match = re.match(r"(c?ob|c?fn|fl|fi|fe|cfi|cfl)=(\(\d+\))(?: (.*))?", line)
        if not match:
            continue
        kind, number, name = match.groups()
        space = "ob" if kind.endswith("ob") else "fn" if kind.endswith("fn") else "fl"
        name = names.setdefault((space, number), name)
        if kind == "ob":
            own = name == str(SHIM)
        elif kind == "fn" and own:
            found.add(name.split("'")[0])
    return found


def build():
    """The shim with its functions as the compiler left them: valgrind names only those of the first segment of code."""
    harness.build()
    if not (UNORDERED / "build.ninja").exists():
        harness.run("meson", "setup", "--buildtype=release", "-Dtests=disabled", "-Dshim-layout=false", UNORDERED,
                    harness.ROOT)
    harness.run("ninja", "-C", UNORDERED)


def sections():
    """Object file -> its sections of functions and variables: name -> bytes."""
    result = {}
    for path in sorted(UNORDERED.glob("*/*.p/*.c.o")):
        folder = path.parent.name
        if not folder.startswith(("libnp_core", "libnp_small", "libnp_config", "libnp_preload", "libnumaperf_preload")):
            continue
        listed = subprocess.run(["objdump", "-hw", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        found = re.findall(r" (\.(?:text|bss)\.\S+) +([0-9a-f]+)", listed)
        result.setdefault(path.name, {}).update((name, int(size, 16)) for name, size in found)
    return result


def script_lines(of_object, wanted):
    """An input statement for each object with such sections. @wanted: name and bytes -> bool."""
    for name, own in sorted(of_object.items()):
        words = sorted(section for section, size in own.items() if wanted(section, size))
        line = f"    *{name}("
        for word in words:
            if len(line) + len(word) > LINE:
                yield line.rstrip()
                line = "        "
            line += word + " "
        if words:
            yield line.rstrip() + ")"


def say_lines(of_object, wanted):
    """Print them."""
    print(*script_lines(of_object, wanted), sep="\n")


def main():
    build()
    of_object, seen, beside = sections(), set(), SEVERAL_NODES
    print(HEAD, end="")
    for cases, environments in GROUPS:
        functions = set().union(*(executed(*case, each) for case in cases for each in environments), beside) - seen
        say_lines(of_object, lambda name, _, own=functions: name.removeprefix(".text.") in own)
        if not seen:
            print(FURTHER_HEAD, end="")
        seen, beside = seen | functions, set()
    print(TAIL, end="")
    say_lines(of_object, lambda name, size: name.startswith(".bss.") and size <= SMALL_BYTES)
    for variable in PARTLY_WRITTEN:
        say_lines(of_object, lambda name, _, own=variable: name == f".bss.{own}")
    print(END, end="")


if __name__ == "__main__":
    main()
