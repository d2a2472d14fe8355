/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include "fixture.h"
#include "policy.h"
#include "tap.h"

static const struct {
    const char *name;
    uint32_t figures[4];
    uint8_t weights[4];
} reductions[] = {
    {"equal bandwidths are equal weights", {500, 500, 500, 500}, {1, 1, 1, 1}},
    {"4:1 stays 4:1", {4000, 4000, 1000, 1000}, {4, 4, 1, 1}},
    {"nearly 3:1 is 3:1", {2960, 1000, 1000, 3040}, {3, 1, 1, 3}},
    {"3:2 is not rounded to 2:1 or 1:1", {300, 200, 300, 200}, {3, 2, 3, 2}},
    {"100:70 is 3:2, within a twentieth", {100, 70, 100, 70}, {3, 2, 3, 2}},
    {"100:30 is 7:2", {100, 30, 100, 30}, {7, 2, 7, 2}},
    {"one figure alone is 1", {123, 123, 123, 123}, {1, 1, 1, 1}},
    {"no weight is above 255", {4000000000u, 1, 1, 1}, {255, 1, 1, 1}},
    {"300:1 keeps its small round", {300, 1, 1, 1}, {255, 1, 1, 1}},
    {"the largest figures do not overflow",
     {4294967295u, 4294967295u, 2147483648u, 2147483648u},
     {2, 2, 1, 1}},
};

static void test_reduce(void)
{
    np_nodeset nodes;
    np_nodeset_parse("0-3", &nodes);
    for (size_t i = 0; i < sizeof reductions / sizeof reductions[0]; i++) {
        uint8_t weights[NP_MAX_NODES] = {0};
        np_weights_reduce(&nodes, reductions[i].figures, weights);
        if (!tap_ok(memcmp(weights, reductions[i].weights, 4) == 0, "%s", reductions[i].name))
            printf("# got %d:%d:%d:%d\n", weights[0], weights[1], weights[2], weights[3]);
    }
}

/* Every ratio that the rule promises is within a twentieth, or the round is as long as it may be. */
static void test_reduce_error(void)
{
    np_nodeset nodes;
    np_nodeset_parse("0-1", &nodes);
    bool good = true;
    for (uint32_t a = 1; a <= 255; a++)
        for (uint32_t b = a; b <= 255; b++) {
            const uint32_t figures[2] = {a, b};
            uint8_t weights[2];
            np_weights_reduce(&nodes, figures, weights);
            const double error = (double)weights[1] * a / ((double)weights[0] * b) - 1;
            good = good && weights[0] >= 1 && weights[0] <= 8 && (error < 0 ? -error : error) <= 0.07;
        }
    tap_ok(good, "any ratio of two nodes up to 255 is met within 7 %%");
}

static void test_default(const char *machine, uint8_t first, uint8_t second)
{
    uint8_t weights[NP_MAX_NODES] = {0};
    np_nodeset nodes;
    np_nodeset_parse("0-1", &nodes);
    const char *root = fixture(machine);
    np_weights_default(root, &nodes, weights);
    if (!tap_ok(weights[0] == first && weights[1] == second, "%s gives %d:%d", machine, first, second))
        printf("# got %d:%d\n", weights[0], weights[1]);
}

static void test_equal(void)
{
    static const struct {
        const char *machine;
        uint8_t weights[2];
        bool equal;
    } cases[] = {
        {"weights-set", {3, 1}, true},    {"weights-set", {6, 2}, true},     {"weights-set", {1, 3}, false},
        {"weights-set", {255, 85}, true}, {"weights-set", {255, 84}, false}, {"weights-unset", {1, 1}, true},
        {"weights-unset", {7, 7}, true},  {"weights-unset", {2, 1}, false},  {"four-nodes", {1, 1}, false},
    };
    np_nodeset nodes, none = {0};
    np_nodeset_parse("0-1", &nodes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *root = fixture(cases[i].machine);
        tap_ok(np_weights_equal(root, &nodes, cases[i].weights) == cases[i].equal,
               "%s: %d:%d %s the kernel's ratio", cases[i].machine, cases[i].weights[0], cases[i].weights[1],
               cases[i].equal ? "is" : "is not");
    }
    tap_ok(!np_weights_equal("", &none, cases[0].weights), "no nodes have no ratio");
}

int main(void)
{
    test_reduce();
    test_reduce_error();
    test_default("weights-set", 3, 1);
    test_default("weights-auto", 1, 1);
    test_default("weights-unset", 4, 1); /* nobody chose 1:1, the firmware's figures do */
    test_default("four-nodes", 1, 1);
    test_default("nothing", 1, 1);
    test_equal();
    np_nodeset nodes, none = {0};
    uint8_t weights[NP_MAX_NODES] = {0};
    np_nodeset_parse("0", &nodes);
    np_policy_default_weights(&nodes, weights);
    tap_ok(weights[0] > 0 && weights[1] == 0, "this machine's node has a weight, others stay 0");
    np_policy_default_weights(&none, weights);
    tap_ok(weights[1] == 0, "no nodes, no weights");
    return tap_done();
}
