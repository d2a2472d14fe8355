/* SPDX-License-Identifier: MIT */
/* Lists of nodes resolved against copies of machines: words, devices, ranks, weights. */
#include "node_list.h"

#include "device.h"
#include "fixture.h"
#include "node_items.h"
#include "rank.h"
#include "tap.h"
#include "topology.h"

#include <errno.h>

static const char *const launchers[] = {"OMPI_COMM_WORLD_LOCAL_RANK",
                                        "MPI_LOCALRANKID",
                                        "MV2_COMM_WORLD_LOCAL_RANK",
                                        "PMI_LOCAL_RANK",
                                        "PMIX_LOCAL_RANK",
                                        "PALS_LOCAL_RANKID",
                                        "FLUX_TASK_LOCAL_ID",
                                        "SLURM_LOCALID"};

static const struct {
    const char *machine, *list, *rank; /* rank: of srun, NULL for none */
    const char *nodes, *dropped, *lacking, *note;
} cases[] = {
    {"tiers", "dram", NULL, "0-1", "", "", ""},
    {"tiers", "memory-only", NULL, "2", "", "", ""},
    {"tiers", "!dram", NULL, "2", "", "", ""},
    {"tiers", "!memory-only", NULL, "0-1", "", "", ""},
    {"tiers", "dram,memory-only", NULL, "0-2", "", "", ""},
    {"tiers", "dram,!0", NULL, "1", "", "", ""},
    {"tiers", "fastest", NULL, "0-1", "", "", ""},
    {"tiers", "!fastest", NULL, "2", "", "", ""},
    {"tiers", "largest", NULL, "2", "", "", ""},
    {"tiers", "fastest,largest", NULL, "0-2", "", "", ""},
    {"tiers", "all,!largest", NULL, "0-1", "", "", ""},
    {"hbm", "fastest", NULL, "2-3", "", "", ""},
    {"hbm", "largest", NULL, "0-1", "", "", ""},
    {"hbm", "fastest,1", NULL, "1-3", "", "", ""},
    {"hbm", "fastest,9", NULL, "2-3", "9", "", ""},
    {"four-nodes", "memory-only", NULL, "", "", "", ""},
    {"four-nodes", "dram,memory-only", NULL, "0-3", "", "", ""},
    {"four-nodes", "largest", NULL, "3", "", "", ""},
    {"four-nodes", "fastest", NULL, "0-3", "", "fastest: no bandwidths are known", ""},
    {"four-nodes", "0,!fastest", NULL, "0", "", "fastest: no bandwidths are known", ""},
    {"one-node", "fastest", NULL, "0", "", "", ""},
    {"one-node", "largest", NULL, "0", "", "", ""},
    {"narrowed", "dram", NULL, "1-2", "", "", ""},
    {"narrowed", "largest", NULL, "1-2", "", "", ""},
    {"memoryless", "dram", NULL, "0,2", "", "", ""},
    {"no-sys", "dram", NULL, "0-1", "", "", ""},
    /* ranks */
    {"four-nodes", "rank", "0", "0", "", "", ""},
    {"four-nodes", "rank", "3", "3", "", "", ""},
    {"four-nodes", "rank", "6", "2", "", "", ""},
    {"four-nodes", "rank", NULL, "0-3", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "rank", "-1", "0-3", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "rank", "1x", "0-3", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "rank", "", "0-3", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "rank", "99999999999", "0-3", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "1-2,rank", "1", "2", "", "", ""},
    {"four-nodes", "1-2,rank", "2", "1", "", "", ""},
    {"four-nodes", "1-2,rank", NULL, "1-2", "", "", "rank: no launcher has told a local rank"},
    {"four-nodes", "1-2,rank,3", "0", "1,3", "", "", ""},
    {"four-nodes", "3,0,rank", "0", "0", "", "", ""},
    {"four-nodes", "!1,rank", "1", "2", "", "", ""},
    {"four-nodes", "rank,!1", "1", "2", "", "", ""},
    {"four-nodes", "0-3,rank,!0", "0", "1", "", "", ""},
    {"four-nodes", "0-1,rank,2-3,rank", "1", "2", "", "", ""},
    {"four-nodes", "2,rank", NULL, "2", "", "", ""},
    {"four-nodes", "2,7,rank", "1", "2", "7", "", ""},
    {"four-nodes", "7,rank", "1", "", "7", "", ""},
    {"sparse", "rank", "1", "2", "", "", ""},
    {"sparse", "rank", "2", "5", "", "", ""},
    {"narrowed", "0-3,rank", "0", "1", "0,3", "", ""},
    {"tiers", "dram,rank", "3", "1", "", "", ""},
    /* devices */
    {"tiers", "near:0000:3b:00.0", NULL, "1", "", "", ""},
    {"tiers", "near:3b:00.0", NULL, "1", "", "", ""},
    {"tiers", "near:3B:00.0", NULL, "1", "", "", ""},
    {"tiers", "near:eth0", NULL, "1", "", "", ""},
    {"tiers", "near:nvme0n1", NULL, "2", "", "", ""},
    {"tiers", "near:nvme0n1p2", NULL, "2", "", "", ""},
    {"tiers", "near:nvme12n1", NULL, "1", "", "", ""},
    {"tiers", "0,near:nvme13n1", NULL, "0", "", "near:nvme13n1: the device's node is not known", ""},
    {"tiers", "near:sda", NULL, "0", "", "", ""},
    {"tiers", "near:sda,near:eth0,!near:sda", NULL, "1", "", "", ""},
    {"tiers", "dram,!near:eth0", NULL, "0", "", "", ""},
    {"tiers", "near:eth9", NULL, "", "", "near:eth9: no such device", ""},
    {"tiers", "0,near:eth9", NULL, "0", "", "near:eth9: no such device", ""},
    {"tiers", "0,near:0000:99:00.0", NULL, "0", "", "near:0000:99:00.0: no such device", ""},
    {"tiers", "0,near:lo", NULL, "0", "", "near:lo: the device's node is not known", ""},
    {"tiers", "0,near:dm-0", NULL, "0", "", "near:dm-0: the device's node is not known", ""},
    {"tiers", "near:bond0", NULL, "1-2", "", "", ""},
    {"tiers", "near:bond0.100", NULL, "1-2", "", "", ""},
    {"tiers", "near:bond0,!near:eth0", NULL, "2", "", "", ""},
    {"tiers", "near:bond1", NULL, "2", "", "", ""},
    {"tiers", "near:eth0.7", NULL, "1", "", "", ""},
    {"tiers", "near:br0", NULL, "1", "", "", ""},
    {"tiers", "0,near:bond2", NULL, "0", "", "near:bond2: the device's node is not known", ""},
    {"tiers", "near:md0", NULL, "1-2", "", "", ""},
    {"tiers", "near:md0p1", NULL, "1-2", "", "", ""},
    {"tiers", "near:dm-1", NULL, "1-2", "", "", ""},
    {"tiers", "near:dm-2", NULL, "1-2", "", "", ""},
    {"tiers", "near:dm-3", NULL, "0", "", "", ""},
    {"tiers", "near:dm-6", NULL, "0", "", "", ""},
    {"tiers", "0,near:dm-4", NULL, "0", "", "near:dm-4: the device's node is not known", ""},
    {"tiers", "0,near:dm-5", NULL, "0", "", "near:dm-5: the device's node is not known", ""},
    {"tiers", "0,near:ens4", NULL, "0", "", "near:ens4: the device's node is not known", ""},
    {"tiers", "0,near:0000:00:04.0", NULL, "0", "", "near:0000:00:04.0: the device's node is not known", ""},
    {"tiers", "0,near:x,near:y", NULL, "0", "", "near:x: no such device, near:y: no such device", ""},
    {"tiers", "0,near:0000:7f:1c.5", NULL, "0", "7", "", ""},
    {"one-device", "near:0000:00:04.0", NULL, "0", "", "", ""},
    {"one-device", "near:0000:00:05.0", NULL, "", "", "near:0000:00:05.0: no such device", ""},
};

static np_topology *read_fixture(const char *name)
{
    np_topology *topology = NULL;
    np_topology_read_sysfs(fixture(name), &topology);
    return topology;
}

static bool same_set(const np_nodeset *set, const char *text)
{
    char list[256];
    np_nodeset_format(set, list, sizeof list);
    return strcmp(list, text) == 0;
}

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct np_node_list list;
        static struct np_node_choice choice;
        np_topology *topology = read_fixture(cases[i].machine);
        node_items(cases[i].list, &list);
        if (cases[i].rank != NULL)
            setenv("SLURM_LOCALID", cases[i].rank, 1);
        const int result = np_node_list_resolve(&list, topology, &choice);
        unsetenv("SLURM_LOCALID");
        const bool good = result == 0 && same_set(&choice.nodes, cases[i].nodes) &&
                          same_set(&choice.dropped, cases[i].dropped) &&
                          strcmp(choice.lacking, cases[i].lacking) == 0 &&
                          strcmp(choice.note, cases[i].note) == 0;
        char nodes[64] = "", dropped[64] = "";
        np_nodeset_format(&choice.nodes, nodes, sizeof nodes);
        np_nodeset_format(&choice.dropped, dropped, sizeof dropped);
        tap_ok(good, "%s: %s%s%s is \"%s\"", cases[i].machine, cases[i].list,
               cases[i].rank != NULL ? " of " : "", cases[i].rank != NULL ? cases[i].rank : "",
               cases[i].nodes);
        if (!good)
            printf("# got \"%s\", dropped \"%s\", lacking \"%s\", note \"%s\"\n", nodes, dropped,
                   choice.lacking, choice.note);
        np_topology_free(topology);
    }
}

static void test_weights(void)
{
    static const struct {
        const char *list;
        int result;
        uint8_t weights[4];
    } rows[] = {
        {"dram*3,memory-only*1", 0, {3, 3, 1, 0}},
        {"dram*3,memory-only", 0, {3, 3, 1, 0}},
        {"dram*3,2*7", 0, {3, 3, 7, 0}},
        {"dram*3,1*7", 0, {3, 7, 0, 0}},
        {"dram*3,1", 0, {3, 1, 0, 0}},
        {"fastest*4,largest*2", 0, {4, 4, 2, 0}},
        {"fastest*4,dram*4", 0, {4, 4, 0, 0}},
        {"fastest*4,dram*5", -EINVAL, {0}},
        {"fastest*4,dram*5,!dram,2", 0, {0, 0, 1, 0}},
        {"near:eth0*9,0", 0, {1, 9, 0, 0}},
        {"all*2,near:eth0*2", 0, {2, 2, 2, 0}},
        {"dram,memory-only", 0, {0, 0, 0, 0}},
    };
    np_topology *topology = read_fixture("tiers");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct np_node_list list;
        static struct np_node_choice choice;
        choice = (struct np_node_choice){.note = ""};
        node_items(rows[i].list, &list);
        const int result = np_node_list_resolve(&list, topology, &choice);
        if (!tap_ok(result == rows[i].result && memcmp(choice.weights, rows[i].weights, 4) == 0 &&
                        (result == 0 || strcmp(choice.note, "node 0 is given two weights") == 0),
                    "weights of %s", rows[i].list))
            printf("# got %d, %d:%d:%d:%d, %s\n", result, choice.weights[0], choice.weights[1],
                   choice.weights[2], choice.weights[3], choice.note);
    }
    np_topology_free(topology);
}

static void test_launchers(void)
{
    const size_t count = sizeof launchers / sizeof launchers[0];
    tap_int(np_rank_local(), -1, "no launcher, no rank");
    char number[8];
    for (size_t i = count; i-- > 0;) { /* from the outermost to the one nearest to the program */
        snprintf(number, sizeof number, "%zu", i + 10);
        setenv(launchers[i], number, 1);
        tap_int(np_rank_local(), (int)i + 10, launchers[i]);
    }
    for (size_t i = 0; i < count; i++)
        unsetenv(launchers[i]);
    char srun[] = "SLURM_LOCALID=4", other[] = "SLURM_LOCALID_OF=5", hydra[] = "MPI_LOCALRANKID=3";
    char *const outer[] = {other, srun, NULL}, *const both[] = {srun, hydra, NULL},
                *const none[] = {other, NULL};
    np_rank_environment(outer);
    tap_int(np_rank_local(), 4, "a block of variables is read in the place of libc's");
    np_rank_environment(both);
    tap_int(np_rank_local(), 3, "in the same order");
    np_rank_environment(none);
    tap_int(np_rank_local(), -1, "and names must match whole");
    np_rank_environment(NULL);
}

static void test_devices(void)
{
    const char *root = fixture("tiers");
    np_nodeset nodes;
    tap_int(np_device_nodes(root, "", &nodes), -ENOENT, "no name is no device");
    tap_ok(np_device_nodes(root, "0000:3b:00.0", &nodes) == 0 && np_nodeset_has(&nodes, 1), "a PCI address");
    char longer[600];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    tap_int(np_device_nodes(root, longer, &nodes), -ENOENT, "a name that is too long is no device");
    tap_int(np_device_nodes(longer, "eth0", &nodes), -ENOENT,
            "and neither is one below a path that is too long");
    tap_ok(np_device_nodes("", "lo", &nodes) < 0, "the loopback of this machine is nowhere");
}

int main(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++)
        unsetenv(launchers[i]);
    test_cases();
    test_weights();
    test_launchers();
    test_devices();
    static struct np_node_list list;
    static struct np_node_choice choice;
    tap_int(np_node_list_resolve(&list, NULL, &choice), 0, "without a topology a list can be asked for");
    tap_int(np_nodeset_count(&choice.nodes), 0, "and comes to nothing");
    return tap_done();
}
