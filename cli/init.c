/* SPDX-License-Identifier: MIT */
/* numaperf init: a commented policy file to start from. */
#include "cli.h"
#include "program.h"

#include "core/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "Usage: numaperf init [--output FILE] PROGRAM\n"
                            "\n"
                            "Write a commented policy file for PROGRAM to start from, where it is found by\n"
                            "the program's name: NAME.ini in $XDG_CONFIG_HOME/numaperf (default\n"
                            "~/.config/numaperf). A file that is there already is left alone.\n"
                            "\n"
                            "      --output FILE   write it there; - is stdout\n"
                            "      --help          print this text\n"
                            "      --version       print the version\n"
                            "\n"
                            "Exit status: 0; 2 when PROGRAM is not found, the file is there or cannot be\n"
                            "written, or wrong usage.\n";

/* What holds on every machine, and loads as it is: the rest is to be chosen. */
static const char text[] =
    "# numaperf policy for %s.\n"
    "# numaperf check %s       what each rule comes to on this machine\n"
    "# numaperf run --report - %s ...   run it, and say where its memory was\n"
    "#\n"
    "# This machine: %s.\n"
    "\n"
    "[numaperf]\n"
    "version = 1\n"
    "# One line for people.\n"
    "summary = %s\n"
    "# soft (default): what cannot be had is degraded and reported.  hard: it is refused.\n"
    "mode = soft\n"
    "# A JSON report at exit: none, - (stderr), or a path; %%p is the process id, %%n the program's name.\n"
    "report = none\n"
    "\n"
    "# A class of requests: one section for each span of sizes, with any name after the dot. What no class "
    "takes is left\n"
    "# to the malloc that the program would have had.\n"
    "[malloc.large]\n"
    "# Bytes, MIN inclusive, MAX exclusive; 1M- has no end.\n"
    "size = 1M-\n"
    "# Where these blocks go:\n"
    "#   first-touch   each page where it is first written (right for arrays that all threads fill)\n"
    "#   local         the node of the CPU that calls malloc (right for what one thread keeps for itself)\n"
    "#   interleave    page by page round the nodes (right for what all threads read at random)\n"
    "#   bind, preferred, preferred-many, weighted-interleave, system: see numaperf.ini(5)\n"
    "policy = first-touch\n"
    "# For bind, preferred, preferred-many, interleave and weighted-interleave:\n"
    "# nodes = all\n"
    "# default, never, thp (transparent huge pages), 2M or 1G (explicit ones).\n"
    "huge-pages = default\n"
    "# no, touch or parallel: fault pages in when memory is handed out.\n"
    "prefault = no\n";

static int describe_machine(char *line, size_t size)
{
    np_topology *topology;
    char nodes[128];
    int result = np_topology_read_sysfs("", &topology);
    if (result < 0)
        return result;
    (void)np_nodeset_format(np_topology_allowed(topology), nodes, sizeof nodes);
    const unsigned count = np_nodeset_count(np_topology_allowed(topology));
    (void)snprintf(line, size,
                   count == 1 ? "one node, %s: nothing to choose, but the file works on larger ones"
                              : "nodes %s",
                   nodes);
    np_topology_free(topology);
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Folders on the way, as mkdir -p makes them. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* opening the file tells what went wrong */
        *slash = '/';
    }
}

/* Where the file is found by the program's name. Return: 0; -ENOENT without a home; -ENAMETOOLONG. */
static int choose_path(const char *name, char *path)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    if (!home || *home != '/')
        return -ENOENT;
    const bool own = xdg && *xdg == '/';
    const int length = snprintf(path, PATH_MAX, "%s%s/%s.ini", own ? xdg : home,
                                own ? "/numaperf" : "/.config/numaperf", name);
    return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Return: 0 or -errno. */
static int write_file(const char *path, const char *name, const char *machine)
{
    const bool to_stdout = strcmp(path, "-") == 0;
    const int descriptor =
        to_stdout ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!stream)
        return -errno;
    int result = fprintf(stream, text, name, name, name, machine, name) < 0 ? -errno : 0;
    if (fclose(stream) < 0 && result == 0)
        result = -errno;
    if (result < 0 && !to_stdout)
        (void)unlink(path);
    return result;
}

static int write_policy(const char *path, const char *name)
{
    char machine[256];
    int result = describe_machine(machine, sizeof machine);
    if (result == 0)
        result = write_file(path, name, machine);
    if (result < 0) {
        np_cli_error("init: %s: %s", path, strerror(-result));
        return NP_EXIT_USAGE;
    }
    if (strcmp(path, "-") != 0)
        (void)printf("%s\n", path);
    return np_cli_finish(0);
}

int np_cli_init(int argc, char **argv)
{
    const char *output = NULL;
    const struct np_cli_option options[] = {{.name = "output", .value = &output}, {.name = NULL}};
    int status = np_cli_options(argc, argv, usage, options, 1);
    if (status >= 0)
        return status;
    if (optind == argc) {
        np_cli_error("init: which program? (try numaperf init --help)");
        return NP_EXIT_USAGE;
    }
    struct np_program program;
    char path[PATH_MAX];
    int result = np_program_inspect(argv[optind], &program);
    if (result < 0) {
        (void)np_program_refuse("init", argv[optind], result);
        return NP_EXIT_USAGE;
    }
    const char *name = base_name(program.executed);
    if (output)
        return write_policy(output, name);
    result = choose_path(name, path);
    if (result < 0) {
        np_cli_error("init: no folder for it: HOME is not set, or too long; try --output");
        return NP_EXIT_USAGE;
    }
    make_folders(path);
    return write_policy(path, name);
}
