/* SPDX-License-Identifier: MIT */
/* Prints the problems of a policy file, or what was read from it: dump FILE [NAME for messages]. */
#include "config.h"
#include "node_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print_problem(void *context, const char *path, const struct np_config_problem *problem)
{
    (void)path;
    char line[512];
    (void)np_config_problem_format(context, problem, line, sizeof line);
    printf("numaperf: %s\n", line);
    return true;
}

static void print_nodes(const struct np_node_list *nodes)
{
    if (nodes->present)
        printf("  nodes%s %s\n", nodes->weighted ? " weighted" : "", node_text(nodes));
}

static void print_rule(const struct np_rule *rule)
{
    static const char *const huge[] = {"default", "never", "thp", "2M", "1G"};
    static const char *const kinds[] = {"any", "private", "shared", "file", "stack"};
    static const char *const prefault[] = {"no", "touch", "parallel"};
    printf("[%s] lines %u policy %u nodes %u huge-pages %u mode %u\n", rule->section, rule->line,
           rule->policy_line, rule->nodes_line, rule->huge_line, rule->mode_line);
    printf("  size %zu-", rule->min_size);
    if (rule->max_size != SIZE_MAX)
        printf("%zu", rule->max_size);
    printf("\n  policy %s huge-pages %s prefault %s mode %s\n", np_mode_name(rule->mode), huge[rule->huge],
           prefault[rule->prefault], rule->hardness == NP_HARD ? "hard" : "soft");
    if (rule->kind != NP_MAPPING_ANY)
        printf("  kind %s\n", kinds[rule->kind]);
    print_nodes(&rule->nodes);
}

static void print_pin(const struct np_pin_choice *pin)
{
    char list[4096];
    (void)np_cpuset_format(&pin->list, list, sizeof list);
    printf("  pin %s%s%s", np_strategy_name(pin->strategy), *list != '\0' ? " " : "", list);
}

static void print_process(const struct np_process_rule *rule)
{
    printf("[%s] lines %u policy %u nodes %u pin %u mode %u\n", rule->policy.section, rule->policy.line,
           rule->policy.policy_line, rule->policy.nodes_line, rule->pin_line, rule->policy.mode_line);
    print_pin(&rule->pin);
    printf(" policy %s mode %s\n", np_mode_name(rule->policy.mode),
           rule->policy.hardness == NP_HARD ? "hard" : "soft");
    print_nodes(&rule->policy.nodes);
}

static void print_thread(const struct np_thread_rule *rule)
{
    printf("[%s] lines %u pin %u nodes %u\n", rule->section, rule->line, rule->pin_line, rule->nodes_line);
    if (*rule->name != '\0')
        printf("  name \"%s\"\n", rule->name);
    if (*rule->start != '\0')
        printf("  start \"%s\"\n", rule->start);
    for (unsigned i = 0; i < rule->index.count; i++)
        printf("  index %u-%u\n", rule->index.ranges[i].first, rule->index.ranges[i].last);
    print_pin(&rule->pin);
    printf(" override %s mode %s\n", rule->override ? "yes" : "no",
           rule->hardness == NP_HARD ? "hard" : "soft");
    print_nodes(&rule->nodes);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3)
        return 2;
    char *name = argc == 3 ? argv[2] : argv[1];
    struct np_config *config;
    if (np_config_read_file(argv[1], print_problem, name, &config) != 0)
        return 1;
    if (strcmp(config->path, argv[1]) != 0)
        return 3;
    printf("summary \"%s\"\nmode %s\nreport \"%s\"\n", config->summary,
           config->hardness == NP_HARD ? "hard" : "soft", config->report);
    for (unsigned i = 0; i < config->class_count; i++)
        print_rule(&config->classes[i]);
    for (unsigned i = 0; i < config->mapping_count; i++)
        print_rule(&config->mappings[i]);
    if (config->scrub)
        printf("children scrub\n");
    if (config->process.policy.line != 0)
        print_process(&config->process);
    for (unsigned i = 0; i < config->thread_count; i++)
        print_thread(&config->threads[i]);
    np_config_free(config);
    return 0;
}
