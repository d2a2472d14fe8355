/* SPDX-License-Identifier: MIT */
/* Node sets and CPU sets: one implementation, so the CPU set's cases are only those that differ. */
#include "numaperf.h"
#include "tap.h"

#include <errno.h>

static const struct {
    const char *text;
    int result;
    const char *formatted; /* of a good text */
} lists[] = {
    {"0", 0, "0"},
    {"0-2,5", 0, "0-2,5"},
    {"63", 0, "63"},
    {"64", 0, "64"},
    {"63-64", 0, "63-64"},
    {"127,128", 0, "127-128"},
    {"1023", 0, "1023"},
    {"0-1023", 0, "0-1023"},
    {"5,3,4", 0, "3-5"},
    {"1,1,1-1", 0, "1"},
    {" 0 , 2\t", 0, "0,2"},
    {"007", 0, "7"},
    {"1024", -ERANGE, NULL},
    {"0-1024", -ERANGE, NULL},
    {"99999999999999999999999999", -ERANGE, NULL},
    {"4294967296", -ERANGE, NULL},
    {"18446744073709551616", -ERANGE, NULL},
    {"2000-3000", -ERANGE, NULL},
    {"", -EINVAL, NULL},
    {" ", -EINVAL, NULL},
    {",", -EINVAL, NULL},
    {"0,", -EINVAL, NULL},
    {"0, ", -EINVAL, NULL},
    {",0", -EINVAL, NULL},
    {"0,,1", -EINVAL, NULL},
    {"3-1", -EINVAL, NULL},
    {"2000-1", -EINVAL, NULL},
    {"-1", -EINVAL, NULL},
    {"1-", -EINVAL, NULL},
    {"1-2-3", -EINVAL, NULL},
    {"1 - 2", -EINVAL, NULL},
    {"1 2", -EINVAL, NULL},
    {"+1", -EINVAL, NULL},
    {"0x1", -EINVAL, NULL},
    {"all", -EINVAL, NULL},
    {"1024,x", -EINVAL, NULL},
    {"0-31:1/2", -EINVAL, NULL},
    {NULL, -EINVAL, NULL},
};

static void test_parse(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        np_nodeset set, before;
        char text[64];
        memset(&set, 0x55, sizeof set);
        before = set;
        const char *shown = lists[i].text != NULL ? lists[i].text : "(null)";
        const int result = np_nodeset_parse(lists[i].text, &set);
        if (!tap_ok(result == lists[i].result, "'%s' is answered by %d", shown, lists[i].result))
            printf("# got %d\n", result);
        if (lists[i].result < 0) {
            tap_ok(np_nodeset_equal(&set, &before), "'%s' leaves the set as it was", shown);
            continue;
        }
        np_nodeset_format(&set, text, sizeof text);
        tap_string(text, lists[i].formatted, shown);
    }
}

static void test_ids(void)
{
    static const int ids[] = {0, 1, 63, 64, 127, 128, 1023};
    static const int outside[] = {-1, 1024, -1024, 2147483647, -2147483647 - 1};
    np_nodeset set;
    np_nodeset_zero(&set);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        tap_ok(!np_nodeset_has(&set, ids[i]), "%d is not in yet", ids[i]);
        tap_int(np_nodeset_add(&set, ids[i]), 0, "it can be added");
        tap_ok(np_nodeset_has(&set, ids[i]), "%d is in", ids[i]);
    }
    tap_int(np_nodeset_count(&set), sizeof ids / sizeof ids[0], "all are counted");
    size_t found = 0;
    bool rising = true;
    for (int id = -1; (id = np_nodeset_next(&set, id)) >= 0; found++)
        rising = rising && id == ids[found];
    tap_ok(rising && found == sizeof ids / sizeof ids[0], "next goes through them in order and ends");
    tap_int(np_nodeset_next(&set, -100), 0, "next starts at the front for any negative id");
    tap_int(np_nodeset_next(&set, 1023), -1, "nothing comes after the last id");
    tap_int(np_nodeset_next(&set, 2147483647), -1, "nothing comes after the last integer");
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        np_nodeset before = set;
        tap_int(np_nodeset_add(&set, outside[i]), -ERANGE, "an id out of range is refused");
        np_nodeset_remove(&set, outside[i]);
        tap_ok(np_nodeset_equal(&set, &before) && !np_nodeset_has(&set, outside[i]), "%d changes nothing",
               outside[i]);
    }
    np_nodeset_remove(&set, 64);
    tap_ok(!np_nodeset_has(&set, 64) && np_nodeset_has(&set, 63), "remove takes out one id");
}

static void test_algebra(void)
{
    np_nodeset a, b, set;
    np_nodeset_parse("0-3,64,1023", &a);
    np_nodeset_parse("2-5,1023", &b);
    char text[64];
    set = a;
    np_nodeset_and(&set, &b);
    np_nodeset_format(&set, text, sizeof text);
    tap_string(text, "2-3,1023", "and keeps what both have");
    set = a;
    np_nodeset_or(&set, &b);
    np_nodeset_format(&set, text, sizeof text);
    tap_string(text, "0-5,64,1023", "or joins");
    set = a;
    np_nodeset_andnot(&set, &b);
    np_nodeset_format(&set, text, sizeof text);
    tap_string(text, "0-1,64", "andnot takes out");
    tap_ok(!np_nodeset_equal(&a, &b) && np_nodeset_equal(&a, &a), "equal compares ids");
}

static void test_format_cut(void)
{
    np_nodeset set;
    char text[8];
    np_nodeset_parse("10-12,500,1000-1023", &set);
    memset(text, 'x', sizeof text);
    tap_int(np_nodeset_format(&set, text, 7), 19, "the whole length is returned when the buffer is short");
    tap_string(text, "10-12,", "what fits is written, with its NUL");
    tap_ok(text[7] == 'x', "nothing is written beyond the size");
    tap_int(np_nodeset_format(&set, NULL, 0), 19, "no buffer at all asks for the length");
    np_nodeset_zero(&set);
    tap_int(np_nodeset_format(&set, text, sizeof text), 0, "the empty set has no text");
    tap_string(text, "", "it is the empty string");
    np_nodeset every;
    char wide[4096];
    np_nodeset_zero(&every);
    for (int id = 0; id < NP_MAX_NODES; id += 2)
        np_nodeset_add(&every, id);
    np_nodeset again;
    np_nodeset_format(&every, wide, sizeof wide);
    tap_ok(np_nodeset_parse(wide, &again) == 0 && np_nodeset_equal(&every, &again),
           "every second node survives the text");
}

static void test_cpuset(void)
{
    np_cpuset set, again;
    char text[64];
    tap_int(np_cpuset_parse("0,1023-1025,8191", &set), 0, "CPU ids go up to 8191");
    tap_int(np_cpuset_parse("8192", &again), -ERANGE, "8192 is out of range");
    tap_int(np_cpuset_parse("3-1", &again), -EINVAL, "a falling range is refused");
    np_cpuset_format(&set, text, sizeof text);
    tap_string(text, "0,1023-1025,8191", "a CPU set is written as it was read");
    tap_int(np_cpuset_count(&set), 5, "CPUs are counted");
    tap_int(np_cpuset_next(&set, 1025), 8191, "next finds the last CPU");
    tap_int(np_cpuset_next(&set, 8191), -1, "and then ends");
    tap_int(np_cpuset_add(&set, 8192), -ERANGE, "add refuses 8192");
    again = set;
    np_cpuset_remove(&again, 1024);
    tap_ok(!np_cpuset_has(&again, 1024) && np_cpuset_has(&set, 1024) && !np_cpuset_equal(&again, &set),
           "sets are values");
    np_cpuset_and(&set, &again);
    tap_ok(np_cpuset_equal(&set, &again), "and narrows");
    np_cpuset_andnot(&set, &again);
    tap_int(np_cpuset_count(&set), 0, "andnot of itself is empty");
    np_cpuset_or(&set, &again);
    tap_ok(np_cpuset_equal(&set, &again), "or joins");
    np_cpuset_zero(&set);
    tap_int(np_cpuset_next(&set, -1), -1, "the empty set has no first CPU");
}

int main(void)
{
    test_parse();
    test_ids();
    test_algebra();
    test_format_cut();
    test_cpuset();
    return tap_done();
}
