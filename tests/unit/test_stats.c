/* SPDX-License-Identifier: MIT */
#include "stats.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static void test_errors(struct np_stats_rule *rule)
{
    static const struct {
        int error;
        enum np_stats_error index;
        const char *name;
    } cases[] = {
        {EPERM, NP_ERR_EPERM, "EPERM"},     {-EPERM, NP_ERR_EPERM, "EPERM"},
        {-ENOSYS, NP_ERR_ENOSYS, "ENOSYS"}, {EINVAL, NP_ERR_EINVAL, "EINVAL"},
        {-ENOMEM, NP_ERR_ENOMEM, "ENOMEM"}, {EFAULT, NP_ERR_EFAULT, "EFAULT"},
        {EAGAIN, NP_ERR_EAGAIN, "EAGAIN"},  {EIO, NP_ERR_EIO, "EIO"},
        {-EXDEV, NP_ERR_OTHER, "other"},    {0, NP_ERR_OTHER, "other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t before = rule->errors[cases[i].index];
        np_stats_error(rule, cases[i].error);
        tap_int((long long)(rule->errors[cases[i].index] - before), 1, cases[i].name);
        tap_string(np_stats_error_name(cases[i].index), cases[i].name, "the error has its name");
    }
    tap_string(np_stats_error_name(NP_ERR_COUNT), "other", "an index out of range has a name too");
}

static void test_degrade(struct np_stats_rule *rule)
{
    np_stats_degrade(rule, NP_BEST_EFFORT, "");
    tap_int(rule->reason_state, 0, "an empty reason does not take the place of a real one");
    np_stats_degrade(rule, NP_BEST_EFFORT, "first");
    tap_int(rule->enforcement, NP_BEST_EFFORT, "strict is lowered");
    np_stats_degrade(rule, NP_NONE, "second");
    tap_int(rule->enforcement, NP_NONE, "best-effort is lowered");
    np_stats_degrade(rule, NP_STRICT, "third");
    tap_int(rule->enforcement, NP_NONE, "nothing raises it again");
    tap_string(rule->reason, "first", "the first reason is kept");
    tap_int(rule->reason_state, 2, "and can be read");
}

static void *degrade(void *argument)
{
    struct np_stats_rule *rule = argument;
    static const char *const reasons[] = {"a reason", "b reason", "c reason"};
    for (unsigned i = 0; i < 999; i++) {
        np_stats_degrade(rule, i % 2 ? NP_BEST_EFFORT : NP_NONE, reasons[i % 3]);
        np_stats_error(rule, EPERM);
    }
    return NULL;
}

static void test_threads(struct np_stats_rule *rule)
{
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, degrade, rule);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    tap_int(rule->enforcement, NP_NONE, "threads agree on the lowest enforcement");
    tap_string(rule->reason + 1, " reason", "one whole reason was kept");
    tap_int((long long)rule->errors[NP_ERR_EPERM], 4LL * 999, "no count is lost");
}

int main(void)
{
    struct np_stats *stats = np_stats_create();
    tap_ok(stats != NULL, "a block can be made");
    if (stats == NULL)
        return tap_done();
    tap_ok(stats->magic == NP_STATS_MAGIC && stats->version == NP_STATS_VERSION, "it says what it is");
    tap_ok(stats->size == sizeof *stats && stats->pid == getpid(), "it says how large it is and whose");
    tap_int(stats->rule_count, 0, "it is empty");
    test_errors(&stats->rules[0]);
    test_degrade(&stats->rules[1]);
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    np_stats_degrade(&stats->rules[2], NP_NONE, longer);
    tap_int((long long)strlen(stats->rules[2].reason), NP_REASON_SIZE - 1, "a long reason is cut");
    test_threads(&stats->rules[3]);
    np_kernel_unmap(stats, sizeof *stats);
    return tap_done();
}
