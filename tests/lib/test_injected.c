/* SPDX-License-Identifier: MIT */
/* Each call of the kernel fails once, in each way: nothing leaks, nothing is half done, and soft regions say why. */
#include "faults.h"
#include "kernel.h"
#include "lib.h"
#include "tests/unit/tap.h"

#include <errno.h>

#define SENTINEL ((np_region *)(uintptr_t)0x5ca1ab1e)

static const int errors[] = {-EPERM, -ENOSYS, -EINVAL, -ENOMEM, -EFAULT, -EIO};

struct request {
    const char *name;
    enum np_mode mode;
    enum np_huge huge;
    enum np_prefault prefault;
    enum np_hardness hardness;
};

static const struct request requests[] = {
    {"soft bind, touched", NP_BIND, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT},
    {"hard bind", NP_BIND, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_HARD},
    {"hard bind in huge pages", NP_BIND, NP_HUGE_THP, NP_PREFAULT_PARALLEL, NP_HARD},
    {"soft interleave, in parallel", NP_INTERLEAVE, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_SOFT},
    {"soft weighted in explicit pages", NP_WEIGHTED_INTERLEAVE, NP_HUGE_2M, NP_PREFAULT_TOUCH, NP_SOFT},
    {"hard preferred", NP_PREFERRED, NP_HUGE_NEVER, NP_PREFAULT_TOUCH, NP_HARD},
    {"soft local", NP_LOCAL, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_SOFT},
};

/* What every outcome must have: an error and nothing, or usable memory with an enforcement that has its reason. */
static bool is_sound(const struct request *request, int error, np_region *region)
{
    const char *why = NULL;
    if (error < 0)
        return region == SENTINEL;
    const enum np_enforcement enforcement = np_region_enforcement(region, &why);
    memset(np_region_data(region), 1, np_region_size(region));
    return why != NULL && (enforcement == NP_STRICT) == (*why == '\0') &&
           (enforcement != NP_STRICT || (request->hardness == NP_HARD && request->mode == NP_BIND)) &&
           (enforcement != NP_NONE || request->hardness == NP_SOFT);
}

static int create(const struct request *request, np_region **region)
{
    const np_policy policy = lib_policy(request->mode, lib_first_node());
    return np_region_create(region, 17 * MIB, &policy, request->huge, request->prefault, request->hardness);
}

static bool moves_soundly(const struct request *request, np_region *region, int error, unsigned after,
                          bool *ret_hit)
{
    const np_policy other = lib_policy(request->mode == NP_BIND ? NP_INTERLEAVE : NP_BIND, lib_first_node());
    unsigned char *bytes = np_region_as(region, unsigned char);
    memset(bytes, 0xa5, np_region_size(region));
    fault_on(CALL_ANY, error, after, 0);
    const int result = np_region_move(region, &other);
    *ret_hit = fault_off();
    for (size_t i = 0; i < np_region_size(region); i += 1024)
        if (bytes[i] != 0xa5)
            return false;
    return result <= 0 && (result == 0 || *ret_hit) &&
           (np_region_enforcement(region, NULL) == NP_STRICT) == (*lib_why(region) == '\0');
}

static void test_create(const struct request *request)
{
    unsigned lines, lines_before;
    const unsigned long before = lib_mapped(&lines_before);
    bool sound = true, leaks = false;
    unsigned steps = 0;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        bool hit = true;
        for (unsigned after = 0; hit && after < 1000; after++) {
            np_region *region = SENTINEL;
            fault_on(CALL_ANY, errors[i], after, 0);
            const int error = create(request, &region);
            hit = fault_off();
            if (!is_sound(request, error, region)) {
                sound = false;
                printf("# call %u, %d: result %d\n", after, errors[i], error);
            }
            if (error == 0)
                np_region_destroy(region);
            if (lib_mapped(&lines) != before && !leaks) {
                leaks = true;
                printf("# call %u, %d: leaks\n", after, errors[i]);
            }
            steps += hit;
        }
    }
    tap_ok(sound && steps > 10, "%s: %u failing calls, an error or a region with a reason each time",
           request->name, steps);
    tap_ok(!leaks, "%s: and nothing leaks", request->name);
}

static void test_move(const struct request *request)
{
    unsigned lines;
    bool sound = true;
    unsigned steps = 0;
    const unsigned long before = lib_mapped(&lines);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        bool hit = true;
        for (unsigned after = 0; hit && after < 1000; after += 1 + after / 16) {
            np_region *region = NULL;
            if (create(request, &region) != 0)
                return;
            if (!moves_soundly(request, region, errors[i], after, &hit)) {
                sound = false;
                printf("# call %u, %d: %s\n", after, errors[i], lib_why(region));
            }
            np_region_destroy(region);
            steps += hit;
        }
    }
    tap_ok(sound && steps > 10, "%s: moved with %u failing calls, the contents stay", request->name, steps);
    tap_ok(lib_mapped(&lines) == before, "%s: and nothing leaks", request->name);
}

static void test_prefault(void)
{
    np_region *region = SENTINEL;
    int whole;
    const np_policy policy = lib_policy(NP_INTERLEAVE, lib_first_node());
    fault_on(CALL_POPULATE, -EFAULT, 0, 1);
    int error = np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
    tap_ok(error == 0 && np_region_enforcement(region, NULL) == NP_BEST_EFFORT &&
               strstr(lib_why(region), "not faulted in") != NULL,
           "soft: a prefault that fails is said: %s", lib_why(region));
    np_region_destroy(region);
    region = SENTINEL;
    error = np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_HARD);
    tap_ok(error == -ENOMEM && region == SENTINEL, "hard: it is refused");
    (void)fault_off();

    (void)fault_populated(&whole);
    const size_t odd = 40 * MIB + 4096 + 100;
    tap_int(np_region_create(&region, odd, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_SOFT), 0,
            "a size that divides into no whole pages is faulted in in parallel");
    tap_int((long long)fault_populated(&whole), (long long)np_region_size(region), "every page once");
    tap_ok(whole, "in pieces of whole pages");
    tap_int(np_region_verify(region, NULL, 0), (long)(np_region_size(region) / np_kernel_page_size()),
            "and every page is present, the last one too");
    np_region_destroy(region);

    fault_on(CALL_THREAD, -EAGAIN, 0, 1);
    error = np_region_create(&region, odd, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_SOFT);
    tap_ok(fault_off() && error == 0 &&
               np_region_verify(region, NULL, 0) == (long)(np_region_size(region) / np_kernel_page_size()),
           "where no thread can be made the caller does it");
    np_region_destroy(region);
}

static void test_reasons(void)
{
    static const struct {
        enum fault_call call;
        int error;
        const char *text;
    } rows[] = {
        {CALL_MBIND, -EPERM, "mbind"}, {CALL_MBIND, -EINVAL, "mbind"}, {CALL_MBIND, -ENOSYS, "mbind"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        np_region *region = SENTINEL;
        const np_policy policy = lib_policy(NP_INTERLEAVE, lib_first_node());
        fault_on(rows[i].call, rows[i].error, 0, 1);
        int error = np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_HARD);
        tap_ok(error == rows[i].error && region == SENTINEL, "hard: the kernel's %d is the error",
               rows[i].error);
        error = np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
        tap_ok(error == 0 && np_region_enforcement(region, NULL) == NP_NONE &&
                   strstr(lib_why(region), rows[i].text),
               "soft: none, with the reason: %s", lib_why(region));
        (void)fault_off();
        memset(np_region_data(region), 1, np_region_size(region));
        np_region_destroy(region);
    }
}

static void test_strict_needs_proof(void)
{
    np_region *region = SENTINEL;
    const np_policy policy = lib_policy(NP_BIND, lib_first_node());
    fault_on(CALL_PAGE_NODES, -EPERM, 0, 1);
    tap_int(np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_HARD), -EPERM,
            "hard: without proof of where the pages are there is no region");
    tap_int(np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT), 0,
            "soft: there is");
    size_t untouched = 4711;
    tap_int(np_region_verify(region, &untouched, 1), -EPERM, "which cannot be verified");
    tap_int((long long)untouched, 4711, "and nothing is set");
    (void)fault_off();
    np_region_destroy(region);
}

/* What mlockall(MCL_FUTURE) does to a mapping, when the pages are elsewhere: mapped again, and placed before it is open. */
static void test_pages_before_policy(void)
{
    const np_policy policy = lib_policy(NP_BIND, lib_first_node());
    np_region *region = NULL;
    unsigned lines;
    const unsigned long before = lib_mapped(&lines);
    fault_on(CALL_MBIND, -EIO, 0, 0);
    const int error = np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
    const int hit = fault_off();
    tap_ok(hit && error == 0 && np_region_enforcement(region, NULL) == NP_BEST_EFFORT,
           "pages on other nodes before the policy: the region is made again");
    tap_ok(strcmp(lib_why(region), "the kernel may spill") == 0, "and has nothing to say about it");
    np_region_destroy(region);
    tap_ok(lib_mapped(&lines) == before, "and nothing leaks");
    fault_on(CALL_MBIND, -EIO, 0, 1);
    (void)np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_SOFT);
    fault_off();
    tap_ok(np_region_enforcement(region, NULL) == NP_NONE, "an error that stays is a reason: %s",
           lib_why(region));
    np_region_destroy(region);
}

int main(void)
{
    const np_policy policy = lib_policy(NP_INTERLEAVE, lib_first_node());
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) { /* what is made once */
        np_region *region;
        if (create(&requests[i], &region) == 0) {
            (void)np_region_move(region, &policy);
            np_region_destroy(region);
        }
    }
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        test_create(&requests[i]);
        test_move(&requests[i]);
    }
    test_prefault();
    test_reasons();
    test_strict_needs_proof();
    test_pages_before_policy();
    return tap_done();
}
