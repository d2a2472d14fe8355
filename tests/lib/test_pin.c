/* SPDX-License-Identifier: MIT */
/* Pins on a machine that the test makes up: as many CPUs as it likes, a cpuset that changes, a kernel that refuses. */
#include "kernel.h"
#include "lib.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <pthread.h>

/* The machine: which CPUs there are, and what the thread has. */
static np_cpuset online, thread_cpus;
static int set_error, get_error;
static unsigned failing_gets_after;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_np_kernel_affinity(pid_t tid, np_cpuset *ret_cpus);
int __wrap_np_kernel_affinity(pid_t tid, np_cpuset *ret_cpus)
{
    (void)tid;
    if (get_error && failing_gets_after-- == 0)
        return get_error;
    *ret_cpus = thread_cpus;
    return 0;
}

int __wrap_np_kernel_set_affinity(pid_t tid, const np_cpuset *cpus);
int __wrap_np_kernel_set_affinity(pid_t tid, const np_cpuset *cpus)
{
    np_cpuset usable = *cpus;
    (void)tid;
    if (set_error)
        return set_error;
    np_cpuset_and(&usable, &online);
    if (np_cpuset_count(&usable) == 0)
        return -EINVAL;
    thread_cpus = usable;
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static np_cpuset cpus_of(const char *list)
{
    np_cpuset cpus;
    if (np_cpuset_parse(list, &cpus) != 0)
        abort();
    return cpus;
}

static void machine(const char *list)
{
    online = thread_cpus = cpus_of(list);
    set_error = get_error = 0;
}

/* The cpuset changes: the kernel takes from every thread what it may no longer use. */
static void narrow(const char *list)
{
    online = cpus_of(list);
    np_cpuset_and(&thread_cpus, &online);
    if (np_cpuset_count(&thread_cpus) == 0)
        thread_cpus = online;
}

static const char *now(void)
{
    static char text[256];
    (void)np_cpuset_format(&thread_cpus, text, sizeof text);
    return text;
}

static int begin(np_pin *pin, const char *list, enum np_hardness hardness)
{
    const np_cpuset cpus = cpus_of(list);
    return np_pin_begin(pin, &cpus, hardness);
}

static const char *why(const np_pin *pin)
{
    const char *reason = NULL;
    (void)np_pin_enforcement(pin, &reason);
    return reason != NULL ? reason : "(null)";
}

static void test_plain(void)
{
    np_pin pin;
    char text[32];
    machine("0-7");
    tap_int(begin(&pin, "2-3", NP_SOFT), 0, "a pin begins");
    tap_string(now(), "2-3", "on its CPUs");
    tap_ok(np_pin_enforcement(&pin, NULL) == NP_STRICT && *why(&pin) == '\0', "which is strict");
    np_cpuset_format(np_pin_previous(&pin), text, sizeof text);
    tap_string(text, "0-7", "it knows where the thread was");
    np_cpuset_format(np_pin_cpus(&pin), text, sizeof text);
    tap_string(text, "2-3", "and where it is");
    tap_int(np_pin_end(&pin), 0, "it ends");
    tap_string(now(), "0-7", "and restores what it found");
    tap_int(np_pin_end(&pin), 0, "to end it again does nothing");
    tap_int(np_pin_end(NULL), 0, "nor does no pin");
    tap_ok(np_cpuset_count(np_pin_cpus(&pin)) == 0 && np_pin_enforcement(&pin, NULL) == NP_NONE,
           "a pin that has ended is none");
    {
        NP_AUTO_PIN np_pin scoped;
        begin(&scoped, "5", NP_HARD);
        tap_string(now(), "5", "a scope pins");
    }
    tap_string(now(), "0-7", "and restores at its end");
}

static void test_arguments(void)
{
    np_pin pin;
    const np_cpuset empty = {0};
    machine("0-7");
    tap_int(np_pin_begin(NULL, &empty, NP_SOFT), -EINVAL, "no pin is refused");
    tap_int(np_pin_begin(&pin, NULL, NP_SOFT), -EINVAL, "no CPU set is refused");
    tap_int(np_pin_end(&pin), 0, "and leaves nothing to end");
    tap_int(np_pin_begin(&pin, &online, (enum np_hardness)5), -EINVAL, "a hardness out of range is refused");
    tap_int(np_pin_begin(&pin, &empty, NP_HARD), -EINVAL, "hard: a memory-only node's empty set is refused");
    tap_int(np_pin_begin(&pin, &empty, NP_SOFT), 0, "soft: it pins nothing");
    tap_ok(np_pin_enforcement(&pin, NULL) == NP_NONE && strstr(why(&pin), "memory-only") != NULL,
           "and says so: %s", why(&pin));
    tap_int(np_pin_end(&pin), 0, "and ends");
    tap_string(now(), "0-7", "and nothing has changed");
}

/* Each order in which three pins that began as 0, 1, 2 can end. */
static void test_orders(void)
{
    static const int orders[][3] = {{2, 1, 0}, {2, 0, 1}, {1, 2, 0}, {1, 0, 2}, {0, 1, 2}, {0, 2, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        np_pin pins[3];
        bool good = true, alive[3] = {true, true, true};
        static const char *const sets[] = {"1", "2", "3"};
        machine("0-7");
        for (int number = 0; number < 3; number++)
            good = good && begin(&pins[number], sets[number], NP_HARD) == 0;
        for (int step = 0; step < 3; step++) {
            alive[orders[i][step]] = false;
            good = good && np_pin_end(&pins[orders[i][step]]) == 0;
            const char *wanted = alive[2] ? "3" : alive[1] ? "2" : alive[0] ? "1" : "0-7";
            good = good && strcmp(now(), wanted) == 0;
        }
        tap_ok(good, "pins end in the order %d %d %d: the latest that is left holds, then what was before",
               orders[i][0], orders[i][1], orders[i][2]);
    }
}

static void test_orders_with_failed_pins(void)
{
    np_pin outer, failed, inner;
    machine("0-3");
    begin(&outer, "1", NP_SOFT);
    tap_int(begin(&failed, "900", NP_SOFT), 0, "soft: a pin on CPUs that are not there");
    begin(&inner, "2", NP_SOFT);
    tap_int(np_pin_end(&outer) | np_pin_end(&failed), 0, "between two others, ended after the outer");
    tap_string(now(), "2", "leaves the inner in force");
    np_pin_end(&inner);
    tap_string(now(), "0-3", "and what the outer found is restored");
    begin(&outer, "1", NP_SOFT);
    begin(&failed, "900", NP_SOFT);
    np_pin_end(&outer);
    tap_string(now(), "0-3", "a pin that pinned nothing keeps none from ending");
    np_pin_end(&failed);
    tap_string(now(), "0-3", "and restores nothing");
}

static void test_partial(void)
{
    np_pin pin;
    machine("0-3");
    tap_int(begin(&pin, "2,900", NP_SOFT), 0, "soft: a set of which a part is there");
    tap_ok(np_pin_enforcement(&pin, NULL) == NP_BEST_EFFORT && strstr(why(&pin), "900") != NULL,
           "is best-effort and names the rest: %s", why(&pin));
    np_pin_end(&pin);
    tap_int(begin(&pin, "2,900", NP_HARD), -EINVAL, "hard: it is refused");
    tap_string(now(), "0-3", "and the thread is where it was");
    tap_int(np_pin_end(&pin), 0, "with nothing to end");
    get_error = -EPERM;
    failing_gets_after = 1;
    tap_int(begin(&pin, "2", NP_HARD), -EPERM, "hard: a set that cannot be read back is refused");
    get_error = 0;
    tap_string(now(), "0-3", "and the thread is where it was");
}

static void test_refused(void)
{
    static const int errors[] = {-EPERM, -ENOSYS, -EINVAL};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        np_pin pin;
        machine("0-3");
        set_error = errors[i];
        tap_int(begin(&pin, "1", NP_HARD), errors[i], "hard: a kernel that refuses is an error");
        tap_int(begin(&pin, "1", NP_SOFT), 0, "soft: it is not");
        tap_ok(np_pin_enforcement(&pin, NULL) == NP_NONE && *why(&pin) != '\0',
               "but no pin, with a reason: %s", why(&pin));
        tap_int(np_pin_end(&pin), 0, "and it ends without a complaint");
        set_error = 0;
        begin(&pin, "1", NP_SOFT);
        set_error = errors[i];
        tap_int(np_pin_end(&pin), errors[i] == -EINVAL ? -EAGAIN : errors[i],
                "an end that cannot restore says so");
        set_error = 0;
    }
}

static void test_many_cpus(void)
{
    np_pin pin;
    machine("0-8191");
    tap_int(begin(&pin, "1024,4095,8191", NP_HARD), 0, "CPUs above 1023 can be pinned to");
    tap_string(now(), "1024,4095,8191", "all of them");
    tap_int(np_pin_end(&pin), 0, "and left");
    tap_string(now(), "0-8191", "with all 8192 restored");
}

static void test_others(void)
{
    np_pin outer, inner;
    machine("0-7");
    begin(&outer, "1-3", NP_SOFT);
    thread_cpus = cpus_of("5");
    tap_int(np_pin_end(&outer), -EBUSY, "CPUs that others have set meanwhile");
    tap_string(now(), "5", "stand");
    machine("0-7");
    begin(&outer, "1", NP_SOFT);
    thread_cpus = cpus_of("5");
    begin(&inner, "2", NP_SOFT);
    tap_int(np_pin_end(&outer), -EBUSY, "also those that an inner pin found");
    tap_int(np_pin_end(&inner), 0, "which restores them");
    tap_string(now(), "5", "in its turn");
}

static void test_cpusets(void)
{
    np_pin pin;
    machine("0-7");
    begin(&pin, "1-3", NP_HARD);
    narrow("2-5");
    tap_string(now(), "2-3", "a cpuset that shrinks takes CPUs away");
    tap_int(np_pin_end(&pin), -EAGAIN, "the end says that it cannot restore all");
    tap_string(now(), "2-5", "and restores the rest");
    machine("0-7");
    begin(&pin, "1-3", NP_HARD);
    narrow("2-5");
    thread_cpus = online;
    tap_int(np_pin_end(&pin), -EAGAIN,
            "also where the kernel then gives the thread all that is left (before Linux 6.2)");
    tap_string(now(), "2-5", "which stays");
    machine("0-7");
    begin(&pin, "1", NP_HARD);
    narrow("4-5");
    tap_int(np_pin_end(&pin), -EAGAIN, "a cpuset without any of the pin's CPUs");
    tap_string(now(), "4-5", "leaves what it allows");
}

static void *end_elsewhere(void *pin)
{
    return (void *)(intptr_t)np_pin_end(pin);
}

static void test_threads(void)
{
    np_pin pin;
    pthread_t thread;
    void *result;
    machine("0-7");
    begin(&pin, "1", NP_SOFT);
    (void)pthread_create(&thread, NULL, end_elsewhere, &pin);
    (void)pthread_join(thread, &result);
    tap_int((intptr_t)result, -ESRCH, "another thread cannot end a pin");
    tap_string(now(), "1", "which goes on");
    tap_int(np_pin_end(&pin), 0, "until its own does");
    tap_string(now(), "0-7", "and restores");
}

int main(void)
{
    test_plain();
    test_arguments();
    test_orders();
    test_orders_with_failed_pins();
    test_partial();
    test_refused();
    test_many_cpus();
    test_others();
    test_cpusets();
    test_threads();
    return tap_done();
}
