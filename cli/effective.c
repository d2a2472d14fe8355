/* SPDX-License-Identifier: MIT */
#include "effective.h"

#include "cli.h"
#include "launch.h"
#include "machine.h"
#include "table.h"

#include "core/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static bool print_problem(void *context, const char *path, const struct np_config_problem *problem)
{
    (void)context;
    char line[PATH_MAX + 512];
    (void)np_config_problem_format(path, problem, line, sizeof line);
    np_cli_error("%s", line);
    return true;
}

/* The text comes from options of the command, so that is what its problems name. */
static bool print_option_problem(void *context, const char *path, const struct np_config_problem *problem)
{
    (void)context, (void)path;
    const char *key = strrchr(problem->where, '.');
    np_cli_error("run: --%s: %s", key ? key + 1 : problem->where, problem->text);
    return true;
}

static int find_and_read(const struct np_policy_source *source, const struct np_program *program,
                         struct np_config **ret_config)
{
    const char *text = source->text ? source->text : source->path ? NULL : getenv("NUMAPERF_POLICY");
    if (text && *text)
        return np_config_read_text(NP_LAUNCH_NAME, text, strlen(text), print_option_problem, NULL,
                                   ret_config);
    char found[PATH_MAX], exe[PATH_MAX];
    const char *binary = !program ? NULL : *program->interpreter ? program->interpreter : program->path;
    const struct np_config_search search = {
        .execfn = program ? program->executed : NULL,
        .exe = binary ? realpath(binary, exe) : NULL,
        .config_env = source->path ? source->path : getenv("NUMAPERF_CONFIG"),
        .xdg_home = getenv("XDG_CONFIG_HOME"),
        .home = getenv("HOME"),
        .etc = "/etc/numaperf",
    };
    if (np_config_find(&search, found) > 0)
        return np_config_read_file(found, print_problem, NULL, ret_config);
    return np_config_builtin(ret_config);
}

void np_effective_tell(const struct np_effective *effective, const char *section, unsigned line,
                       const struct np_policy_problem *problem)
{
    struct np_config_problem said = {.line = problem->line ? problem->line : line};
    (void)snprintf(said.where, sizeof said.where, "%s.%s", section, problem->key);
    (void)snprintf(said.text, sizeof said.text, "%s", problem->text);
    if (strcmp(effective->config->path, NP_LAUNCH_NAME) == 0)
        (void)print_option_problem(NULL, NULL, &said);
    else
        (void)print_problem(NULL, effective->config->path, &said);
}

int np_effective_resolve(struct np_effective *effective, const struct np_rule *rule, bool maps,
                         struct np_effective_rule *ret_entry)
{
    struct np_effective_rule *entry = ret_entry;
    struct np_placement *placement = &entry->placement;
    struct np_policy_problem problem = {.key = "policy"};
    entry->rule = rule;
    entry->maps = maps;
    entry->result = np_policy_resolve(rule, effective->topology, placement, &problem);
    if (entry->result == 0)
        return 0;
    np_effective_tell(effective, rule->section, rule->line, &problem);
    if (!*placement->section) { /* an error sets no placement: show at least what was asked for */
        (void)snprintf(placement->section, sizeof placement->section, "%s", rule->section);
        placement->min_size = rule->min_size;
        placement->max_size = rule->max_size;
        placement->mode = rule->mode;
        placement->huge = rule->huge;
        placement->prefault = rule->prefault;
        placement->hardness = rule->hardness;
        placement->kind = rule->kind;
        (void)snprintf(placement->reason, sizeof placement->reason, "%s", problem.text);
    }
    return entry->result == -EOPNOTSUPP ? -EOPNOTSUPP : -ENODEV;
}

static int resolve_all(struct np_effective *effective)
{
    const struct np_config *config = effective->config;
    int worst = 0;
    for (unsigned i = 0; i < config->class_count + config->mapping_count; i++) {
        const bool maps = i >= config->class_count;
        const struct np_rule *rule = maps ? &config->mappings[i - config->class_count] : &config->classes[i];
        int result = np_effective_resolve(effective, rule, maps, &effective->rules[effective->count++]);
        if (result != 0 && worst != -ENODEV)
            worst = result;
    }
    return worst;
}

const struct np_effective_rule *np_effective_match(const struct np_effective *effective, bool maps,
                                                   enum np_mapping_kind kind, size_t size)
{
    for (unsigned i = 0; i < effective->count; i++) {
        const struct np_effective_rule *entry = &effective->rules[i];
        const struct np_placement *placement = &entry->placement;
        if (entry->maps == maps && size >= placement->min_size && size < placement->max_size &&
            (!maps || placement->kind == NP_MAPPING_ANY || placement->kind == kind))
            return entry;
    }
    return NULL;
}

int np_effective_load(const struct np_policy_source *source, const struct np_program *program,
                      const enum np_hardness *mode, struct np_effective **ret_effective)
{
    struct np_effective *effective = calloc(1, sizeof *effective);
    if (!effective)
        np_cli_out_of_memory();
    int result = find_and_read(source, program, &effective->config);
    if (result == 0) {
        if (mode)
            np_config_override_mode(effective->config, *mode);
        result = np_topology_read_sysfs("", &effective->topology);
        if (result < 0)
            np_cli_error("cannot read the topology of this machine: %s", strerror(-result));
    }
    if (result < 0) {
        np_effective_free(effective);
        return result;
    }
    *ret_effective = effective;
    return np_effective_threads(effective, resolve_all(effective));
}

void np_effective_free(struct np_effective *effective)
{
    if (!effective)
        return;
    np_topology_free(effective->topology);
    np_config_free(effective->config);
    free(effective);
}

/* ---- Weaknesses that resolving does not see: they may be gone a moment later ---- */

/* Explicit pages that are free on the nodes of the rule. */
static uint64_t free_pages(const struct np_effective *effective, const struct np_placement *placement,
                           uint64_t page_bytes)
{
    uint64_t pages = 0;
    const np_nodeset *nodes = np_nodeset_count(&placement->nodes) > 0
                                  ? &placement->nodes
                                  : np_topology_allowed(effective->topology);
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;) {
        struct np_machine_node node;
        np_machine_node(id, &node);
        for (unsigned i = 0; i < node.pool_count; i++)
            pages += node.pools[i].page_bytes == page_bytes ? node.pools[i].free : 0;
    }
    return pages;
}

static const char *page_weakness(const struct np_effective *effective, const struct np_placement *placement,
                                 char *text)
{
    char mode[64];
    const uint64_t bytes = placement->huge == NP_HUGE_2M   ? (uint64_t)2 << 20
                           : placement->huge == NP_HUGE_1G ? (uint64_t)1 << 30
                                                           : 0;
    if (placement->huge == NP_HUGE_THP &&
        strcmp(np_machine_setting("/sys/kernel/mm/transparent_hugepage/enabled", mode, sizeof mode),
               "never") == 0)
        return "transparent huge pages are switched off (never)";
    if (bytes == 0 || free_pages(effective, placement, bytes) > 0)
        return "";
    (void)snprintf(text, NP_REASON_SIZE / 2, "no free %s pages in the pools of its nodes: thp instead",
                   np_text_huge(placement->huge));
    return text;
}

/* The heap takes an eighth of what a finite limit leaves and wants 64 MiB of it (docs/design.md). */
static bool limits_forbid_zones(void)
{
    static const int limits[] = {RLIMIT_AS, RLIMIT_DATA};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)limits[i], &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
            limit.rlim_cur / 8 < (rlim_t)64 << 20)
            return true;
    }
    return false;
}

const char *np_effective_weakness(const struct np_effective *effective, const struct np_effective_rule *rule,
                                  char *text)
{
    const struct np_placement *placement = &rule->placement;
    char pages[NP_REASON_SIZE / 2];
    if (placement->mode == NP_SYSTEM)
        return placement->reason;
    const char *later = !rule->maps && limits_forbid_zones()
                            ? "ulimit -v or -d is too small: left to the next malloc"
                        : rule->result == 0 ? page_weakness(effective, placement, pages)
                                            : "";
    (void)np_format(text, NP_REASON_SIZE, "%s%s%s", placement->reason,
                    *placement->reason && *later ? "; " : "", later);
    return text;
}

/* ---- Words ---- */

const char *np_text_nodes(const struct np_placement *placement, char *text, size_t size)
{
    size_t used = 0;
    if (np_nodeset_count(&placement->nodes) == 0) {
        (void)snprintf(text, size, "-");
    } else if (placement->mode == NP_WEIGHTED_INTERLEAVE) {
        *text = '\0';
        for (int id = -1; (id = np_nodeset_next(&placement->nodes, id)) >= 0 && used < size;)
            used += (size_t)snprintf(text + used, size - used, "%s%d*%u", used ? "," : "", id,
                                     placement->weights[id]);
    } else {
        if (placement->mode == NP_LOCAL && np_nodeset_count(&placement->nodes) > 1)
            used = (size_t)snprintf(text, size, "each of ");
        used += (size_t)np_nodeset_format(&placement->nodes, text + used, size - used);
    }
    np_text_mark_cut(text, size, used);
    return text;
}

static const char *const kinds[] = {[NP_MAPPING_ANY] = "any",
                                    [NP_MAPPING_PRIVATE] = "private",
                                    [NP_MAPPING_SHARED] = "shared",
                                    [NP_MAPPING_FILE] = "file",
                                    [NP_MAPPING_STACK] = "stack"};

const char *np_text_kind(enum np_mapping_kind kind)
{
    return kinds[kind];
}

int np_text_kind_of(const char *word)
{
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        if (strcmp(kinds[kind], word) == 0)
            return (int)kind;
    return -1;
}

const char *np_text_requests(const struct np_placement *placement, char *text)
{
    char min[NP_TEXT_SIZE], max[NP_TEXT_SIZE];
    const char *from = np_text_size(placement->min_size, min);
    if (placement->max_size == SIZE_MAX)
        (void)snprintf(text, NP_REQUESTS_SIZE, placement->min_size ? "%s and more" : "all", from);
    else
        (void)snprintf(text, NP_REQUESTS_SIZE, "%s to %s", from, np_text_size(placement->max_size, max));
    return text;
}

const char *np_text_huge(enum np_huge huge)
{
    static const char *const words[] = {[NP_HUGE_DEFAULT] = "default",
                                        [NP_HUGE_NEVER] = "never",
                                        [NP_HUGE_THP] = "thp",
                                        [NP_HUGE_2M] = "2M",
                                        [NP_HUGE_1G] = "1G"};
    return words[huge];
}

const char *np_text_prefault(enum np_prefault prefault)
{
    static const char *const words[] = {
        [NP_PREFAULT_NONE] = "no", [NP_PREFAULT_TOUCH] = "touch", [NP_PREFAULT_PARALLEL] = "parallel"};
    return words[prefault];
}

const char *np_text_hardness(enum np_hardness hardness)
{
    return hardness == NP_HARD ? "hard" : "soft";
}
