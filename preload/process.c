/* SPDX-License-Identifier: MIT */
/* The policy of this process: file, then rules, then placements. */
#include "init.h"

#include "core/heap.h"
#include "core/log.h"
#include "core/topology.h"
#include "told.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/etc/numaperf"

/* @refused: the file is fine, but hard mode is not: each process says so. */
static void log_problem(const char *path, const struct np_config_problem *problem, bool refused)
{
    char line[512];
    (void)np_config_problem_format(path, problem, line, sizeof line);
    if (refused || !np_log_enabled(NP_LOG_ERROR) || !np_told_already(path, line))
        np_log(NP_LOG_ERROR, "%s", line);
}

static bool report_first(void *context, const char *path, const struct np_config_problem *problem)
{
    (void)context;
    log_problem(path, problem, false);
    return false;
}

void np_process_tell(const struct np_process *process, const char *section, unsigned line,
                     const struct np_policy_problem *problem, bool refused)
{
    struct np_config_problem said = {.line = problem->line ? problem->line : line};
    (void)np_format(said.where, sizeof said.where, "%s.%s", section, problem->key);
    (void)np_format(said.text, sizeof said.text, "%s", problem->text);
    log_problem(process->config->path, &said, refused);
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "";
}

/* `numaperf run --policy`: no file at all. */
static bool from_options(const struct np_environment *environment)
{
    return environment->policy && *environment->policy;
}

/* Not inlined: the stack of what follows lies where these paths were. */
__attribute__((noinline)) static int read_config(const struct np_environment *environment, const char *execfn,
                                                 struct np_config **ret_config)
{
    char exe[PATH_MAX], path[PATH_MAX];
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof exe - 1);
    exe[length > 0 ? length : 0] = '\0';
    const struct np_config_search search = {
        .execfn = execfn,
        .exe = length > 0 ? exe : NULL,
        .config_env = environment->config,
        .xdg_home = environment->xdg_home,
        .home = environment->home,
        .etc = SYSTEM_FOLDER,
    };
    if (from_options(environment))
        return np_config_read_text("command-line", environment->policy, strlen(environment->policy),
                                   report_first, NULL, ret_config);
    if (np_config_find(&search, path) > 0)
        return np_config_read_file(path, report_first, NULL, ret_config);
    return np_config_builtin(ret_config);
}

static bool needs_topology(enum np_mode mode)
{
    return mode != NP_SYSTEM && mode != NP_FIRST_TOUCH;
}

static bool any_needs_topology(const struct np_rule *rules, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (needs_topology(rules[i].mode))
            return true;
    return false;
}

/* The snapshot, if any rule needs it. */
static int read_topology(const struct np_config *config, np_topology **ret_topology)
{
    const bool threads = config->thread_count > 0 || config->process.policy.line != 0;
    if (!threads && !any_needs_topology(config->classes, config->class_count) &&
        !any_needs_topology(config->mappings, config->mapping_count))
        return 0;
    return np_topology_read_sysfs("", ret_topology);
}

/* Resolves the rules of one sort of sections; *count is how many have a placement. */
static int resolve_rules(const struct np_process *process, const struct np_rule *rules, unsigned rule_count,
                         const np_topology *topology, struct np_placement *placements, unsigned *count)
{
    for (*count = 0; *count < rule_count; ++*count) {
        const struct np_rule *rule = &rules[*count];
        struct np_policy_problem problem = {.key = "policy"};
        int result = np_policy_resolve(rule, topology, &placements[*count], &problem);
        if (result == 0)
            continue;
        np_process_tell(process, rule->section, rule->line, &problem, result == -EOPNOTSUPP);
        if (result != -EOPNOTSUPP) /* refused by hard mode: what the rule is for fails, the others live */
            return result;
    }
    return 0;
}

static void override_mode(struct np_config *config, const char *mode)
{
    if (!mode)
        return;
    if (strcmp(mode, "soft") == 0)
        np_config_override_mode(config, NP_SOFT);
    else if (strcmp(mode, "hard") == 0)
        np_config_override_mode(config, NP_HARD);
    else
        np_log(NP_LOG_ERROR, "NUMAPERF_MODE: neither soft nor hard: %s", mode);
}

int np_process_load(const struct np_environment *environment, struct np_process *ret_process)
{
    const char *execfn = (const char *)getauxval(AT_EXECFN);
    /* Name and report are copied: programs that set their title, such as redis-server, write over these
     * strings. */
    (void)np_format(ret_process->program, sizeof ret_process->program, "%s", base_name(execfn));
    int result = read_config(environment, execfn, &ret_process->config);
    if (result < 0)
        return result;
    override_mode(ret_process->config, environment->mode);
    struct np_config *config = ret_process->config;
    if (environment->report)
        (void)np_format(config->report, sizeof config->report, "%s", environment->report);
    ret_process->report = config->report;

    np_topology *topology = NULL;
    result = read_topology(ret_process->config, &topology);
    if (result < 0) {
        np_log(NP_LOG_ERROR, "cannot read the topology of this machine: %s", strerrordesc_np(-result));
        return result;
    }
    if (topology) {
        ret_process->nodes = *np_topology_allowed(topology);
        np_heap_learn_nodes(topology);
    }
    result = resolve_rules(ret_process, config->classes, config->class_count, topology,
                           ret_process->placements, &ret_process->count);
    if (result == 0)
        result = resolve_rules(ret_process, config->mappings, config->mapping_count, topology,
                               ret_process->mappings, &ret_process->mapping_count);
    if (result == 0 && (config->thread_count > 0 || config->process.policy.line != 0))
        result = np_process_pin(ret_process, topology);
    np_topology_free(topology);
    if (from_options(environment)) /* reports name a file, or what is built in */
        (void)np_format(config->path, sizeof config->path, "built-in");
    return result;
}
