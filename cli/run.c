/* SPDX-License-Identifier: MIT */
/* numaperf run: check the policy file, then become the program, with the shim in LD_PRELOAD. */
#include "cli.h"
#include "effective.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libnumaperf_preload.so"

static const char usage[] =
    "Usage: numaperf run [-c FILE] [--report PATH] [--hard|--soft] [--] PROGRAM [ARG...]\n"
    "\n"
    "Check the policy file that applies to PROGRAM, then run it with the shim in LD_PRELOAD.\n"
    "\n"
    "  -c, --config FILE   use this policy file, in child programs too; an empty name: the built-in default\n"
    "      --report PATH   write a report at exit: - is stderr, %p the process id, %n the program's name\n"
    "      --hard, --soft  replace the file's global mode\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: the program's; 125 the file or what it asks for is refused, or wrong usage; 126 PROGRAM "
    "cannot\n"
    "be executed; 127 PROGRAM not found.\n";

struct options {
    const char *config; /* NULL when not given */
    const char *report; /* likewise */
    bool has_mode;
    enum np_hardness mode;
};

enum { OPTION_REPORT = 256, OPTION_HARD, OPTION_SOFT, OPTION_HELP, OPTION_VERSION, OPTION_LATER };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"hard", no_argument, NULL, OPTION_HARD},
    {"soft", no_argument, NULL, OPTION_SOFT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"policy", required_argument, NULL, OPTION_LATER},
    {"nodes", required_argument, NULL, OPTION_LATER},
    {"size", required_argument, NULL, OPTION_LATER},
    {"huge-pages", required_argument, NULL, OPTION_LATER},
    {NULL, 0, NULL, 0},
};

static bool set_mode(struct options *options, enum np_hardness mode)
{
    if (options->has_mode && options->mode != mode) {
        np_cli_error("run: --hard and --soft exclude each other");
        return false;
    }
    options->has_mode = true;
    options->mode = mode;
    return true;
}

/* Return: -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *ret_options)
{
    int option, index = 0;
    /* '+': what follows PROGRAM is the program's. */
    while ((option = getopt_long(argc, argv, "+:c:", long_options, &index)) != -1) {
        switch (option) {
        case 'c':
            ret_options->config = optarg;
            break;
        case OPTION_REPORT:
            ret_options->report = optarg;
            break;
        case OPTION_HARD:
        case OPTION_SOFT:
            if (!set_mode(ret_options, option == OPTION_HARD ? NP_HARD : NP_SOFT))
                return NP_EXIT_RUN_REFUSED;
            break;
        case OPTION_HELP:
            return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case OPTION_VERSION:
            return printf("numaperf %s\n", numaperf_version()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case OPTION_LATER:
            np_cli_error("run: --%s: not supported yet", long_options[index].name);
            return NP_EXIT_RUN_REFUSED;
        case ':':
            np_cli_error("run: %s: an argument is missing (try numaperf run --help)", argv[optind - 1]);
            return NP_EXIT_RUN_REFUSED;
        default:
            np_cli_error("run: %s: no such option (try numaperf run --help)", argv[optind - 1]);
            return NP_EXIT_RUN_REFUSED;
        }
    }
    if (optind < argc)
        return -1;
    np_cli_error("run: which program? (try numaperf run --help)");
    return NP_EXIT_RUN_REFUSED;
}

/* Set a variable to a path that stays right when the program changes its folder. Return: 0 or -errno. */
static int set_path(const char *name, const char *path)
{
    char folder[PATH_MAX], absolute[2 * PATH_MAX];
    if (path[0] == '/' || !*path || strcmp(path, "-") == 0)
        return setenv(name, path, 1) < 0 ? -errno : 0;
    if (!getcwd(folder, sizeof folder))
        return -errno;
    (void)snprintf(absolute, sizeof absolute, "%s/%s", folder, path);
    return setenv(name, absolute, 1) < 0 ? -errno : 0;
}

/* Find the shim: beside this command, in the build tree, in the library folder. Return: 0 and ret_path; -ENOENT. */
static int find_shim(char *ret_path)
{
    static const char *const places[] = {"/" SHIM, "/../preload/" SHIM};
    char self[PATH_MAX], candidate[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        (void)snprintf(candidate, sizeof candidate, "%.*s%s", (int)(slash - self), self, places[i]);
        if (access(candidate, R_OK) == 0 && realpath(candidate, ret_path))
            return 0;
    }
    return access(NP_LIBDIR "/" SHIM, R_OK) == 0 && realpath(NP_LIBDIR "/" SHIM, ret_path) ? 0 : -ENOENT;
}

/* Is the shim among the entries of LD_PRELOAD, which blanks and colons separate? */
static bool is_listed(const char *list, const char *shim)
{
    size_t length = strlen(shim);
    for (; *list; list += strspn(list, ": ")) {
        size_t entry = strcspn(list, ": ");
        if (entry == length && memcmp(list, shim, length) == 0)
            return true;
        list += entry;
    }
    return false;
}

static int preload_shim(void)
{
    char shim[PATH_MAX];
    if (find_shim(shim) < 0) {
        np_cli_error("run: %s is neither beside this command nor in %s", SHIM, NP_LIBDIR);
        return NP_EXIT_RUN_REFUSED;
    }
    if (strpbrk(shim, ": ")) {
        np_cli_error("run: %s: LD_PRELOAD cannot name a path with blanks or colons", shim);
        return NP_EXIT_RUN_REFUSED;
    }
    const char *before = getenv("LD_PRELOAD");
    if (before && is_listed(before, shim))
        return 0;
    /* First in the list: an allocator that is there already becomes the next malloc. */
    size_t size = strlen(shim) + (before ? strlen(before) : 0) + 2;
    char *list = malloc(size);
    if (list)
        (void)snprintf(list, size, "%s%s%s", shim, before && *before ? ":" : "", before ? before : "");
    int result = list ? setenv("LD_PRELOAD", list, 1) : -1;
    free(list);
    if (result < 0)
        np_cli_error("run: %s", strerror(errno));
    return result < 0 ? NP_EXIT_RUN_REFUSED : 0;
}

/* What the shim reads in the program. Return: 0 or the exit status. */
static int set_environment(const struct options *options)
{
    int result = 0;
    if (options->config)
        result = set_path("NUMAPERF_CONFIG", options->config);
    if (result == 0 && options->report)
        result = set_path("NUMAPERF_REPORT", options->report);
    if (result == 0 && options->has_mode)
        result = setenv("NUMAPERF_MODE", options->mode == NP_HARD ? "hard" : "soft", 1) < 0 ? -errno : 0;
    if (result == 0)
        return preload_shim();
    np_cli_error("run: %s", strerror(-result));
    return NP_EXIT_RUN_REFUSED;
}

static int find_program(const char *name, struct np_program *ret_program)
{
    int result = np_program_inspect(name, ret_program);
    if (result == 0)
        return 0;
    np_cli_error("run: %s: %s", name, strerror(-result));
    return result == -ENOENT ? NP_EXIT_NOT_FOUND : NP_EXIT_NOT_EXECUTABLE;
}

/* Read the file and hold it against this machine, printing every problem. Return: 0 or the exit status. */
static int check_policy(const struct options *options, const struct np_program *program)
{
    struct np_effective *effective = NULL;
    int result =
        np_effective_load(options->config, program, options->has_mode ? &options->mode : NULL, &effective);
    np_effective_free(effective);
    return result < 0 ? NP_EXIT_RUN_REFUSED : 0;
}

int np_cli_run(int argc, char **argv)
{
    struct options options = {0};
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    argv += optind;

    struct np_program program;
    status = find_program(argv[0], &program);
    if (status == 0)
        status = check_policy(&options, &program);
    if (status == 0)
        status = set_environment(&options);
    if (status != 0)
        return status;
    if (program.obstacle)
        np_cli_error("run: %s: %s, so nothing will be placed", argv[0], program.obstacle);

    /* For execvp a path with a slash is no search, but a script without #! still runs. */
    (void)execvp(program.path, argv);
    int error = errno;
    np_cli_error("run: %s: %s", argv[0], strerror(error));
    return error == ENOENT ? NP_EXIT_NOT_FOUND : NP_EXIT_NOT_EXECUTABLE;
}
