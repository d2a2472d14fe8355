/* SPDX-License-Identifier: MIT */
/* numaperf run: check the policy file, then become the program, with the shim in LD_PRELOAD. */
#include "cli.h"
#include "effective.h"
#include "launch.h"
#include "rules_view.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: numaperf run [-c FILE] [--report PATH] [--hard|--soft] [--dry-run] [--]\n"
    "                    PROGRAM [ARG...]\n"
    "       numaperf run --policy MODE [--nodes LIST] [--size RANGE]\n"
    "                    [--huge-pages PAGES] [...] [--] PROGRAM [ARG...]\n"
    "\n"
    "Check the policy file that applies to PROGRAM, then run it with the shim in\n"
    "LD_PRELOAD.\n"
    "\n"
    "  -c, --config FILE   use this policy file, in child programs too; an empty\n"
    "                      name: the built-in default\n"
    "      --report PATH   write a report at exit: - is stderr, %p the process id, %n\n"
    "                      the program's name\n"
    "      --hard, --soft  replace the file's global mode\n"
    "      --policy MODE   no file, but one class with this policy: first-touch,\n"
    "                      local, bind, preferred, preferred-many, interleave,\n"
    "                      weighted-interleave or system; with\n"
    "      --nodes LIST    its nodes, such as 0-1 or all,\n"
    "      --size RANGE    the requests that it takes, such as 1M- (default: 0-, all\n"
    "                      of them), and\n"
    "      --huge-pages PAGES  default, never, thp, 2M or 1G\n"
    "      --dry-run       print what would be exported and the effective policy, and\n"
    "                      run nothing\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: the program's; 125 the file or what it asks for is refused, or\n"
    "wrong usage; 126 PROGRAM cannot be executed; 127 PROGRAM not found.\n";

/* The rule that options give instead of a file, key by key. */
enum rule_key { KEY_SIZE, KEY_POLICY, KEY_NODES, KEY_HUGE_PAGES, KEY_COUNT };

static const char *const rule_keys[KEY_COUNT] = {"size", "policy", "nodes", "huge-pages"};

struct options {
    struct np_launch launch;
    const char *rule[KEY_COUNT]; /* NULL when not given */
    bool dry_run;
};

enum {
    OPTION_REPORT = 256,
    OPTION_HARD,
    OPTION_SOFT,
    OPTION_DRY_RUN,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_RULE
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"hard", no_argument, NULL, OPTION_HARD},
    {"soft", no_argument, NULL, OPTION_SOFT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"policy", required_argument, NULL, OPTION_RULE + KEY_POLICY},
    {"nodes", required_argument, NULL, OPTION_RULE + KEY_NODES},
    {"size", required_argument, NULL, OPTION_RULE + KEY_SIZE},
    {"huge-pages", required_argument, NULL, OPTION_RULE + KEY_HUGE_PAGES},
    {NULL, 0, NULL, 0},
};

static bool set_mode(struct np_launch *launch, enum np_hardness mode)
{
    if (launch->has_mode && launch->mode != mode) {
        np_cli_error("run: --hard and --soft exclude each other");
        return false;
    }
    launch->has_mode = true;
    launch->mode = mode;
    return true;
}

/* Return: -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *ret_options)
{
    int option;
    /* '+': what follows PROGRAM is the program's. */
    while ((option = getopt_long(argc, argv, "+:c:", long_options, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret_options->launch.config = optarg;
            break;
        case OPTION_REPORT:
            ret_options->launch.report = optarg;
            break;
        case OPTION_HARD:
        case OPTION_SOFT:
            if (!set_mode(&ret_options->launch, option == OPTION_HARD ? NP_HARD : NP_SOFT))
                return NP_EXIT_RUN_REFUSED;
            break;
        case OPTION_HELP:
            return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case OPTION_VERSION:
            return printf("numaperf %s\n", numaperf_version()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case OPTION_DRY_RUN:
            ret_options->dry_run = true;
            break;
        case OPTION_RULE + KEY_SIZE:
        case OPTION_RULE + KEY_POLICY:
        case OPTION_RULE + KEY_NODES:
        case OPTION_RULE + KEY_HUGE_PAGES:
            ret_options->rule[option - OPTION_RULE] = optarg;
            break;
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

static int find_program(const char *name, struct np_program *ret_program)
{
    int result = np_program_inspect(name, ret_program);
    if (result == 0)
        return 0;
    (void)np_program_refuse("run", name, result);
    return result == -ENOENT ? NP_EXIT_NOT_FOUND : NP_EXIT_NOT_EXECUTABLE;
}

/* The text of a policy with one class, as a file would have it. Return: 0 or the exit status. */
static int write_policy(const struct options *options, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[numaperf]\nversion = 1\n[" NP_LAUNCH_SECTION "]\n");
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        const char *value = options->rule[key] ? options->rule[key] : key == KEY_SIZE ? "0-" : NULL;
        if (!value)
            continue;
        if (strpbrk(value, "\r\n;") || used + strlen(value) + 32 > size) {
            np_cli_error("run: --%s: no such value", rule_keys[key]);
            return NP_EXIT_RUN_REFUSED;
        }
        used += (size_t)snprintf(text + used, size - used, "%s = %s\n", rule_keys[key], value);
    }
    return 0;
}

/* Is there a rule in the options, and is it whole? Return: 0 or the exit status. */
static int check_rule(const struct options *options)
{
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        if (!options->rule[key] || options->rule[KEY_POLICY])
            continue;
        np_cli_error("run: --%s needs --policy (try numaperf run --help)", rule_keys[key]);
        return NP_EXIT_RUN_REFUSED;
    }
    if (!options->rule[KEY_POLICY] || !options->launch.config)
        return 0;
    np_cli_error("run: --policy and --config exclude each other");
    return NP_EXIT_RUN_REFUSED;
}

/* Read the policy and hold it against this machine, printing every problem. Return: 0 or the exit status. */
static int check_policy(const struct options *options, const struct np_program *program, char *const *command)
{
    struct np_effective *effective = NULL;
    const struct np_launch *launch = &options->launch;
    const struct np_policy_source source = {launch->config, launch->policy};
    int result = np_effective_load(&source, program, launch->has_mode ? &launch->mode : NULL, &effective);
    int status = result < 0 ? NP_EXIT_RUN_REFUSED : np_launch_prepare(launch);
    if (status == 0 && options->dry_run) {
        np_launch_show(stdout, command);
        (void)putchar('\n');
        (void)np_rules_show(stdout, effective);
    }
    np_effective_free(effective);
    return status;
}

static int execute(const struct np_program *program, char **command)
{
    if (program->obstacle)
        np_cli_error("run: %s: %s, so nothing will be placed", command[0], program->obstacle);
    /* For execvp a path with a slash is no search, but a script without #! still runs. */
    (void)execvp(program->path, command);
    int error = errno;
    np_cli_error("run: %s: %s", command[0], strerror(error));
    return error == ENOENT ? NP_EXIT_NOT_FOUND : NP_EXIT_NOT_EXECUTABLE;
}

int np_cli_run(int argc, char **argv)
{
    struct options options = {.dry_run = false};
    char policy[1024];
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    status = check_rule(&options);
    if (status == 0 && options.rule[KEY_POLICY]) {
        options.launch.policy = policy;
        status = write_policy(&options, policy, sizeof policy);
    }
    struct np_program program;
    if (status == 0)
        status = find_program(argv[optind], &program);
    if (status == 0)
        status = check_policy(&options, &program, argv + optind);
    if (status != 0 || options.dry_run)
        return status != 0 ? status : np_cli_finish(0);
    return execute(&program, argv + optind);
}
