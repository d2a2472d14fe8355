/* SPDX-License-Identifier: MIT */
/* Probe and resolver under a kernel that refuses, made by tests/progs/deny: `test_denied SCENARIO`. */
#include "policy.h"
#include "tap.h"
#include "topology.h"
#include "verify.h"

#include <errno.h>

enum lack { NOTHING, MBIND, MANY, MOVE_PAGES };

static const struct scenario {
    const char *name;
    int mbind_error, move_pages_error;
    bool preferred_many, weighted_interleave, populate_write, remap_keeps_source; /* false: must be */
    const char *reason; /* of the modes that suffer */
    enum lack lack;
} scenarios[] = {
    {"mbind-eperm", -EPERM, 0, 0, 0, 1, 1, "mbind: operation not permitted", MBIND},
    {"mbind-enosys", -ENOSYS, 0, 0, 0, 1, 1, "mbind: function not implemented", MBIND},
    {"mbind-einval", -EINVAL, 0, 0, 0, 1, 1, "mbind: invalid argument", MBIND},
    {"container", -EPERM, -EPERM, 0, 0, 1, 1, "mbind: operation not permitted", MBIND},
    {"no-preferred-many", 0, 0, 0, 1, 1, 1, "the kernel has no preferred-many", MANY},
    {"no-weighted", 0, 0, 1, 0, 1, 1, "", NOTHING},
    {"no-move-pages", 0, -EPERM, 1, 1, 1, 1, "move_pages: operation not permitted", MOVE_PAGES},
    {"old-kernel", 0, 0, 0, 0, 0, 0, "the kernel has no preferred-many", MANY},
    {"no-get-mempolicy", 0, 0, 1, 1, 1, 1, "", NOTHING},
    {"no-affinity", 0, 0, 1, 1, 1, 1, "", NOTHING},
};

static void test_probe(const struct scenario *scenario)
{
    const struct np_kernel_support *support = np_kernel_support();
    tap_int(np_kernel_mbind_error(), scenario->mbind_error, "mbind's error is remembered");
    tap_int(support->mbind_error, scenario->mbind_error, "by the whole probe too");
    tap_int(support->move_pages_error, scenario->move_pages_error, "move_pages' error is remembered");
    tap_ok(scenario->preferred_many || !support->preferred_many, "preferred-many is only found where it is");
    tap_ok(scenario->weighted_interleave || !support->weighted_interleave, "so is weighted interleave");
    tap_ok(scenario->populate_write || !support->populate_write, "so is MADV_POPULATE_WRITE");
    tap_ok(scenario->remap_keeps_source || !support->remap_keeps_source, "so is MREMAP_DONTUNMAP");
    static _Alignas(65536) char page[3 * 65536] = {7}; /* pages are 64 KiB at most */
    tap_int(np_kernel_populate(page, sizeof page), 0, "memory can be populated anyway");
    tap_int(page[0], 7, "and keeps its contents");
}

static bool suffers(const struct scenario *scenario, enum np_mode mode, enum np_hardness hardness)
{
    switch (scenario->lack) {
    case MBIND:
        return mode != NP_SYSTEM && mode != NP_FIRST_TOUCH;
    case MANY:
        return mode == NP_PREFERRED_MANY;
    case MOVE_PAGES:
        return hardness == NP_HARD && (mode == NP_BIND || mode == NP_LOCAL);
    case NOTHING:
        break;
    }
    return false;
}

static void test_resolve(const struct scenario *scenario)
{
    np_topology *topology = NULL;
    tap_int(np_topology_read_sysfs("", &topology), 0, "the topology can be read");
    if (topology == NULL || np_nodeset_count(np_topology_allowed(topology)) == 0) {
        tap_ok(false, "it has nodes");
        return;
    }
    static struct np_rule rule;
    static struct np_placement placement;
    for (int hardness = NP_SOFT; hardness <= NP_HARD; hardness++)
        for (int mode = NP_SYSTEM; mode <= NP_WEIGHTED_INTERLEAVE; mode++) {
            struct np_policy_problem problem = {0};
            rule = (struct np_rule){.section = "malloc.x",
                                    .policy_line = 4,
                                    .mode = (enum np_mode)mode,
                                    .hardness = (enum np_hardness)hardness};
            const uint16_t first = (uint16_t)np_nodeset_next(np_topology_allowed(topology), -1);
            (void)np_node_list_add(&rule.nodes, (struct np_node_item){.first = first, .last = first}, NULL);
            rule.nodes.present = true;
            const bool hurt = suffers(scenario, rule.mode, rule.hardness);
            const int result = np_policy_resolve(&rule, topology, &placement, &problem);
            const bool good = result == (hurt && hardness == NP_HARD ? -EOPNOTSUPP : 0) &&
                              strcmp(placement.reason, hurt ? scenario->reason : "") == 0 &&
                              placement.refused == (result < 0) &&
                              (result == 0 || (strcmp(problem.key, "policy") == 0 && problem.line == 4 &&
                                               strcmp(problem.text, scenario->reason) == 0));
            tap_ok(good, "%s %s: %s", hardness == NP_HARD ? "hard" : "soft", np_mode_name(rule.mode),
                   !hurt                 ? "as asked for"
                   : hardness == NP_HARD ? "refused with the reason"
                                         : "degrades with the reason");
            if (!good)
                printf("# got %d, '%s', '%s'\n", result, placement.reason, problem.text);
        }
    np_topology_free(topology);
}

int main(int argc, char **argv)
{
    static struct np_page_count counts;
    char here;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc < 2 || strcmp(argv[1], scenarios[i].name) != 0)
            continue;
        errno = 4711;
        test_probe(&scenarios[i]);
        test_resolve(&scenarios[i]);
        tap_int(np_verify_range(&here, 1, &counts), scenarios[i].move_pages_error,
                "verification says what it is told");
        tap_int(errno, 4711, "errno is kept");
        return tap_done();
    }
    printf("Bail out! unknown scenario\n");
    return 2;
}
