/* SPDX-License-Identifier: MIT */
/* A policy file held against this machine, with every problem printed. */
#include "cli.h"

#include "core/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool print_problem(void *context, const char *path, const struct np_config_problem *problem)
{
    (void)context;
    char line[PATH_MAX + 512];
    (void)np_config_problem_format(path, problem, line, sizeof line);
    np_cli_error("%s", line);
    return true;
}

static int find_and_read(const char *path, const char *program, struct np_config **ret_config)
{
    char found[PATH_MAX], exe[PATH_MAX];
    const struct np_config_search search = {
        .execfn = program,
        .exe = realpath(program, exe),
        .config_env = path ? path : getenv("NUMAPERF_CONFIG"),
        .xdg_home = getenv("XDG_CONFIG_HOME"),
        .home = getenv("HOME"),
        .etc = "/etc/numaperf",
    };
    if (np_config_find(&search, found) > 0)
        return np_config_read_file(found, print_problem, NULL, ret_config);
    return np_config_builtin(ret_config);
}

static int resolve(const struct np_config *config, const struct np_rule *rules, unsigned count,
                   const np_topology *topology)
{
    int worst = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct np_rule *rule = &rules[i];
        struct np_policy_problem problem = {.key = "policy"};
        struct np_placement placement;
        int result = np_policy_resolve(rule, topology, &placement, &problem);
        if (result == 0)
            continue;
        struct np_config_problem said = {.line = problem.line ? problem.line : rule->line};
        (void)snprintf(said.where, sizeof said.where, "%s.%s", rule->section, problem.key);
        (void)snprintf(said.text, sizeof said.text, "%s", problem.text);
        (void)print_problem(NULL, config->path, &said);
        if (worst != -EINVAL)
            worst = result == -EOPNOTSUPP ? -EOPNOTSUPP : -EINVAL;
    }
    return worst;
}

static int resolve_all(const struct np_config *config, const np_topology *topology)
{
    int classes = resolve(config, config->classes, config->class_count, topology);
    int mappings = resolve(config, config->mappings, config->mapping_count, topology);
    return classes == -EINVAL || mappings == 0 ? classes : mappings;
}

int np_policy_check(const char *path, const char *program, const enum np_hardness *mode)
{
    struct np_config *config;
    int result = find_and_read(path, program, &config);
    if (result < 0)
        return result;
    if (mode)
        np_config_override_mode(config, *mode);
    np_topology *topology;
    result = np_topology_read_sysfs("", &topology);
    if (result < 0) {
        np_cli_error("cannot read the topology of this machine: %s", np_strerror(result));
    } else {
        result = resolve_all(config, topology);
        np_topology_free(topology);
    }
    np_config_free(config);
    return result;
}
