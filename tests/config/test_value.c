/* SPDX-License-Identifier: MIT */
/* The parsers of values, by table: good, junk, overflow, negative, empty. */
#include "../../config/value.h"

#include "check.h"
#include "node_text.h"

#include <errno.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_numbers(void)
{
    static const struct {
        const char *text;
        int error;
        size_t number;
        size_t taken;
    } rows[] = {
        {"0", 0, 0, 1},
        {"42x", 0, 42, 2},
        {"007", 0, 7, 3},
        {"18446744073709551615", 0, SIZE_MAX, 20},
        {"18446744073709551616", -ERANGE, SIZE_MAX, 20},
        {"99999999999999999999999999-1", -ERANGE, SIZE_MAX, 26},
        {"", -EINVAL, 5, 0},
        {"-1", -EINVAL, 5, 0},
        {"+1", -EINVAL, 5, 0},
        {" 1", -EINVAL, 5, 0},
        {"x", -EINVAL, 5, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = rows[i].text;
        size_t number = 5;
        int error = np_value_number(&text, &number);
        ok(error == rows[i].error && number == rows[i].number && text == rows[i].text + rows[i].taken,
           "number \"%s\"", rows[i].text);
    }
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        int error;
        size_t start, end;
    } rows[] = {
        {"0-1K", 0, 0, 1024},
        {"1M-", 0, 1 << 20, SIZE_MAX},
        {"1m -  2G", 0, 1 << 20, (size_t)2 << 30},
        {"0-", 0, 0, SIZE_MAX},
        {"5T-6t", 0, (size_t)5 << 40, (size_t)6 << 40},
        {"0-18446744073709551615", 0, 0, SIZE_MAX},
        {"16777215T-", 0, (size_t)16777215 << 40, SIZE_MAX},
        {"16777216T-", -EINVAL, 0, 0},
        {"18014398509481984K-", -EINVAL, 0, 0},
        {"0-18446744073709551616", -EINVAL, 0, 0},
        {"18446744073709551615-", -EINVAL, 0, 0},
        {"2-1", -EINVAL, 0, 0},
        {"1K-1024", -EINVAL, 0, 0},
        {"4096", -EINVAL, 0, 0},
        {"-4096", -EINVAL, 0, 0},
        {"-", -EINVAL, 0, 0},
        {"", -EINVAL, 0, 0},
        {"1KB-2M", -EINVAL, 0, 0},
        {"1KiB-2M", -EINVAL, 0, 0},
        {"1.5K-2M", -EINVAL, 0, 0},
        {"1 K-2M", -EINVAL, 0, 0},
        {"K-M", -EINVAL, 0, 0},
        {"1--2", -EINVAL, 0, 0},
        {"1-2-3", -EINVAL, 0, 0},
        {"1- 2 x", -EINVAL, 0, 0},
        {"0x10-", -EINVAL, 0, 0},
        {"all", -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct np_size_range range = {0, 0};
        struct np_value_reason reason = {""};
        int error = np_value_size_range(rows[i].text, &range, &reason);
        ok(error == rows[i].error && range.start == rows[i].start && range.end == rows[i].end &&
               (error != 0) == (reason.text[0] != '\0'),
           "size \"%s\" %s", rows[i].text, reason.text);
    }
}

static void test_words(void)
{
    static const struct {
        const char *key;
        np_value_parser *parse;
        const char *word;
        int value; /* -1: refused */
    } rows[] = {
        {"policy", np_value_mode, "system", NP_SYSTEM},
        {"policy", np_value_mode, "first-touch", NP_FIRST_TOUCH},
        {"policy", np_value_mode, "local", NP_LOCAL},
        {"policy", np_value_mode, "bind", NP_BIND},
        {"policy", np_value_mode, "preferred", NP_PREFERRED},
        {"policy", np_value_mode, "preferred-many", NP_PREFERRED_MANY},
        {"policy", np_value_mode, "interleave", NP_INTERLEAVE},
        {"policy", np_value_mode, "weighted-interleave", NP_WEIGHTED_INTERLEAVE},
        {"policy", np_value_mode, "preferred-", -1},
        {"policy", np_value_mode, "default", -1},
        {"policy", np_value_mode, "", -1},
        {"huge-pages", np_value_huge, "default", NP_HUGE_DEFAULT},
        {"huge-pages", np_value_huge, "never", NP_HUGE_NEVER},
        {"huge-pages", np_value_huge, "thp", NP_HUGE_THP},
        {"huge-pages", np_value_huge, "2M", NP_HUGE_2M},
        {"huge-pages", np_value_huge, "1G", NP_HUGE_1G},
        {"huge-pages", np_value_huge, "2MB", -1},
        {"huge-pages", np_value_huge, "always", -1},
        {"prefault", np_value_prefault, "no", NP_PREFAULT_NONE},
        {"prefault", np_value_prefault, "touch", NP_PREFAULT_TOUCH},
        {"prefault", np_value_prefault, "parallel", NP_PREFAULT_PARALLEL},
        {"prefault", np_value_prefault, "none", -1},
        {"mode", np_value_hardness, "soft", NP_SOFT},
        {"mode", np_value_hardness, "hard", NP_HARD},
        {"mode", np_value_hardness, "HARD", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int field = -1;
        struct np_value_reason reason = {""};
        int error = rows[i].parse(rows[i].word, &field, &reason);
        ok(error == (rows[i].value < 0 ? -EINVAL : 0) && field == rows[i].value, "%s \"%s\" %s", rows[i].key,
           rows[i].word, reason.text);
    }
    struct np_value_reason reason = {""};
    ok(np_value_version("1", NULL, &reason) == 0, "version 1");
    ok(np_value_version("01", NULL, &reason) == -EINVAL, "version 01 is refused");
    bool scrub = true;
    ok(np_value_children("inherit", &scrub, &reason) == 0 && !scrub, "children inherit");
    ok(np_value_children("scrub", &scrub, &reason) == 0 && scrub, "children scrub");
}

static const struct {
    const char *text, *read; /* NULL: refused */
} node_lists[] = {
    {"3", "3"},
    {"0-2", "0-2"},
    {"0 - 2 , 5", "0-2,5"},
    {"1023", "1023"},
    {"all", "all"},
    {"!1", "!1"},
    {"! 1-2", "!1-2"},
    {"!all", "!all"},
    {"0-3,!2", "0-3,!2"},
    {"0*3,2*1", "0*3,2*1"},
    {"0-1 * 3", "0-1*3"},
    {"all*255", "all*255"},
    {"", NULL},
    {" ", NULL},
    {",", NULL},
    {"0,", NULL},
    {"-1", NULL},
    {"2-1", NULL},
    {"1024", NULL},
    {"0-1024", NULL},
    {"99999999999999999999999", NULL},
    {"0*0", NULL},
    {"0*256", NULL},
    {"0*18446744073709551617", NULL},
    {"0*1,0*2", NULL},
    {"all*1,0*2", NULL},
    {"!0*1", NULL},
    {"dram", "dram"},
    {"memory-only,!2", "memory-only,!2"},
    {"all, !fastest", "all,!fastest"},
    {"largest * 3,fastest*1", "largest*3,fastest*1"},
    {"0-3,rank", "0-3,rank"},
    {"rank*2,0", "rank*2,0"},
    {"near:eth0", "near:eth0"},
    {"near:0000:3b:00.0*7,!near:nvme0n1", "near:0000:3b:00.0*7,!near:nvme0n1"},
    {"near:a,near:bb,near:a", "near:a,near:bb,near:a"},
    {"near:", NULL},
    {"near: eth0", NULL},
    {"near:*2", NULL},
    {"near:../x", NULL},
    {"near:a/b", NULL},
    {"near:a@b", NULL},
    {"near:abcdefghijklmnopqrstuvwxyz123456", NULL},
    {"near", NULL},
    {"nearest", NULL},
    {"!rank", NULL},
    {"ranks", NULL},
    {"Dram", NULL},
    {"dram-memory-only", NULL},
    {"!dram*2", NULL},
    {"dram*0", NULL},
    {"allall", NULL},
    {"all 0", NULL},
    {"0;1", NULL},
};

static void test_nodes(void)
{
    for (size_t i = 0; i < COUNT(node_lists); i++) {
        static struct np_node_list list, empty;
        struct np_value_reason reason = {""};
        const bool good = node_lists[i].read != NULL;
        list = empty;
        int error = np_value_nodes(node_lists[i].text, &list, &reason);
        ok(error == (good ? 0 : -EINVAL) && list.present == good &&
               strcmp(node_text(&list), good ? node_lists[i].read : "") == 0 &&
               list.weighted == (good && strchr(node_lists[i].read, '*') != NULL),
           "nodes \"%s\" %s", node_lists[i].text, reason.text);
    }
    static char many[1024];
    static struct np_node_list list;
    struct np_value_reason reason = {""};
    memset(many, '1', sizeof many - 1);
    for (size_t i = 1; i < sizeof many - 1; i += 2)
        many[i] = ',';
    ok(np_value_nodes(many, &list, &reason) == -EINVAL && strstr(reason.text, "more than 128") != NULL,
       "a list of 512 nodes: %s", reason.text);
}

static void test_quotes(void)
{
    char longest[300];
    memset(longest, '\xff', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ok(strcmp(np_value_quote("plain").text, "\"plain\"") == 0, "a plain text is quoted as it is");
    ok(strcmp(np_value_quote("a\n\x1b\x7f\xc3").text, "\"a\\x0a\\x1b\\x7f\\xc3\"") == 0,
       "other bytes are escaped");
    struct np_value_quote quote = np_value_quote(longest);
    ok(strlen(quote.text) < sizeof quote.text && strstr(quote.text, "...\"") != NULL,
       "a long text is cut: %s", quote.text);
    memset(longest, 'a', sizeof longest - 1);
    quote = np_value_quote(longest);
    ok(strlen(quote.text) == sizeof quote.text - 1 && strstr(quote.text, "aaa...\"") != NULL,
       "a long plain text is cut: %s", quote.text);
}

int main(void)
{
    test_numbers();
    test_sizes();
    test_words();
    test_nodes();
    test_quotes();
    return done();
}
