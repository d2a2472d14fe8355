/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "tap.h"
#include "thp.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH ((size_t)1 << 20)

/* Denied here (a container), the calls for policies are somebody else's test: tests/progs/meson.build. */
static bool has_policies(void)
{
    if (np_kernel_mbind_error() == 0)
        return true;
    tap_skip("policies are set and read back", "mbind is refused on this machine");
    return false;
}

static void test_modes(char *memory)
{
    static const struct {
        enum np_mpol_mode mode;
        const char *name;
    } modes[] = {
        {NP_MPOL_PREFERRED, "preferred"},
        {NP_MPOL_BIND, "bind"},
        {NP_MPOL_INTERLEAVE, "interleave"},
        {NP_MPOL_PREFERRED_MANY, "preferred-many"},
        {NP_MPOL_WEIGHTED_INTERLEAVE, "weighted-interleave"},
    };
    struct np_mpol policy = {0}, back;
    np_kernel_mems_allowed(&policy.nodes);
    const int first = np_nodeset_next(&policy.nodes, -1);
    np_nodeset_zero(&policy.nodes);
    np_nodeset_add(&policy.nodes, first);
    const struct np_kernel_support *support = np_kernel_support();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        policy.mode = modes[i].mode;
        if ((policy.mode == NP_MPOL_PREFERRED_MANY && !support->preferred_many) ||
            (policy.mode == NP_MPOL_WEIGHTED_INTERLEAVE && !support->weighted_interleave)) {
            tap_int(np_kernel_mbind(memory, LENGTH, &policy), -EINVAL,
                    "a mode that the probe did not find is refused");
            continue;
        }
        tap_int(np_kernel_mbind(memory, LENGTH, &policy), 0, modes[i].name);
        tap_int(np_kernel_policy_at(memory, &back), 0, "it can be read back");
        tap_ok(back.mode == policy.mode && np_nodeset_equal(&back.nodes, &policy.nodes),
               "with its mode and nodes");
    }
    np_nodeset_zero(&policy.nodes);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        policy.mode = modes[i].mode;
        tap_int(np_kernel_mbind(memory, LENGTH, &policy), -EINVAL, "a mode of nodes without any is refused");
    }
    np_nodeset_add(&policy.nodes, first); /* ignored: these modes have none */
    policy.mode = NP_MPOL_LOCAL;
    tap_int(np_kernel_mbind(memory, LENGTH, &policy), 0, "local takes no mask");
    policy.mode = NP_MPOL_DEFAULT;
    tap_int(np_kernel_mbind_move(memory, LENGTH, &policy), 0, "default takes no mask");
}

/* A mask's last bit was lost by a maxnode that is one too small. */
static void test_masks(char *memory)
{
    static const int absent[] = {62, 63, 64, 127, 128, 1022, 1023};
    struct np_mpol policy = {.mode = NP_MPOL_BIND};
    np_nodeset allowed;
    np_kernel_mems_allowed(&allowed);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        if (np_nodeset_has(&allowed, absent[i]))
            continue;
        np_nodeset_zero(&policy.nodes);
        np_nodeset_add(&policy.nodes, absent[i]);
        tap_int(np_kernel_mbind(memory, LENGTH, &policy), -EINVAL,
                "bind to a node that is not there is refused");
        policy.mode = NP_MPOL_PREFERRED;
        tap_int(np_kernel_mbind(memory, LENGTH, &policy), -EINVAL, "and preferred does not become local");
        policy.mode = NP_MPOL_BIND;
        np_nodeset_or(&policy.nodes, &allowed);
        struct np_mpol back;
        /* What the kernel hands back ends with the word of its highest possible node. */
        if (absent[i] < 64 && np_kernel_mbind(memory, LENGTH, &policy) == 0 &&
            np_kernel_policy_at(memory, &back) == 0)
            tap_ok(np_nodeset_has(&back.nodes, absent[i]), "node %d reaches the kernel", absent[i]);
    }
}

static void test_task_policy(void)
{
    struct np_mpol before, policy = {.mode = NP_MPOL_PREFERRED}, back;
    np_nodeset allowed;
    tap_int(np_kernel_task_policy(&before), 0, "the thread's policy can be read");
    np_kernel_mems_allowed(&allowed);
    np_nodeset_add(&policy.nodes, np_nodeset_next(&allowed, -1));
    tap_int(np_kernel_set_task_policy(&policy), 0, "and set");
    np_kernel_task_policy(&back);
    tap_ok(back.mode == policy.mode && np_nodeset_equal(&back.nodes, &policy.nodes),
           "and reads back as it was set");
    tap_int(np_kernel_set_task_policy(&before), 0, "and be put back");
}

static void test_pages(char *memory)
{
    void *pages[3] = {memory, memory + np_kernel_page_size(), NULL};
    int status[3] = {-1, -1, -1};
    const int error = np_kernel_page_nodes(0, 3, pages, status);
    if (error != 0) {
        tap_skip("pages are asked for", np_strerror(error));
        return;
    }
    tap_ok(status[0] >= 0, "a written page is on a node");
    tap_ok(status[1] == -ENOENT || status[1] == -EFAULT, "a page never written is nowhere");
    tap_int(status[2], -EFAULT, "an address without a mapping is told apart");
    const int node = status[0];
    if (np_kernel_move_pages(1, pages, &node, status) == 0)
        tap_int(status[0], node, "a page can be sent where it is");
}

static void test_mappings(void)
{
    void *address = NULL, *other = NULL;
    const size_t size = np_kernel_page_size();
    tap_int(np_kernel_map(NULL, LENGTH, PROT_NONE, MAP_NORESERVE, &address), 0, "address space can be had");
    tap_int(np_kernel_map(NULL, 0, PROT_READ, 0, &other), -EINVAL, "a mapping of nothing is an error");
    tap_int(np_kernel_map(NULL, SIZE_MAX / 2, PROT_READ, 0, &other), -ENOMEM, "and so is an absurd one");
    tap_int(np_kernel_protect(address, LENGTH, PROT_READ | PROT_WRITE), 0, "it can be opened");
    char *memory = address;
    memory[0] = 1;
    tap_int(np_kernel_name_range(memory, LENGTH, "numaperf test") | 0,
            np_kernel_name_range(memory, LENGTH, "numaperf test"), "naming answers the same twice");
    tap_int(np_kernel_map(NULL, size, PROT_READ | PROT_WRITE, 0, &other), 0, "a page more");
    *(char *)other = 42;
    tap_int(np_kernel_remap(other, size, memory + size, 0), 0, "a page can be moved onto another");
    tap_int(memory[size], 42, "with its contents");
    tap_int(np_kernel_populate(memory, LENGTH), 0, "all of it can be faulted in");
    tap_ok(memory[0] == 1 && memory[size] == 42, "populating keeps what is there");
    tap_int(np_kernel_advise(memory, LENGTH, 12345), -EINVAL, "a strange advice is refused");
    tap_int(np_kernel_unmap(memory, LENGTH), 0, "it can be given back");
    tap_int(np_kernel_populate(memory, LENGTH), -ENOMEM, "populating nothing fails");
}

static void test_files(void)
{
    char text[64], path[] = "/tmp/numaperf-test-XXXXXX";
    const int descriptor = mkstemp(path);
    tap_int(write(descriptor, "0123456789", 10), 10, "a file of ten bytes");
    tap_int(np_kernel_read_file(path, text, sizeof text), 10, "is read whole");
    tap_string(text, "0123456789", "and ends with a NUL");
    tap_int(np_kernel_read_file(path, text, 11), 10, "it fits with its NUL");
    tap_int(np_kernel_read_file(path, text, 10), -E2BIG, "it does not fit without");
    tap_int(np_kernel_read_file(path, text, 0), -E2BIG, "nor into nothing");
    tap_int(np_kernel_read_file("/nowhere", text, sizeof text), -ENOENT, "a missing file is told");
    tap_int(np_kernel_read_file("/tmp", text, sizeof text), -EISDIR, "and a folder");
    close(descriptor);
    unlink(path);
}

static void test_figures(void)
{
    static const struct {
        const char *text;
        int error;
        uint64_t figure;
    } rows[] = {
        {"0\n", 0, 0},
        {"2097152\n", 0, 2097152},
        {"1234 56 7\n", 0, 1234},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 7},
        {"", -EINVAL, 7},
        {"-1\n", -EINVAL, 7},
        {"max\n", -EINVAL, 7},
    };
    char path[] = "/tmp/numaperf-test-XXXXXX";
    const int descriptor = mkstemp(path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t figure = 7;
        const size_t length = strlen(rows[i].text);
        if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, rows[i].text, length, 0) != (ssize_t)length)
            tap_ok(false, "a file can be written");
        const int error = np_kernel_read_figure(path, &figure);
        tap_ok(error == rows[i].error && figure == rows[i].figure, "figure %zu of a small file", i);
    }
    close(descriptor);
    unlink(path);
    tap_int(np_kernel_read_figure("/nowhere", &(uint64_t){0}), -ENOENT, "a missing file has none");
}

static void test_rest(void)
{
    np_cpuset cpus;
    memset(&cpus, 0xff, sizeof cpus);
    tap_int(np_kernel_affinity(0, &cpus), 0, "the affinity can be read");
    tap_ok(np_cpuset_count(&cpus) > 0, "it is not empty");
    tap_ok(np_cpuset_count(&cpus) <= (unsigned)sysconf(_SC_NPROCESSORS_CONF),
           "it holds nothing of what was there");
    tap_int(np_kernel_set_affinity(0, &cpus), 0, "and set again");
    np_cpuset_zero(&cpus);
    tap_int(np_kernel_set_affinity(0, &cpus), -EINVAL, "an empty one is refused");
    tap_int(np_kernel_affinity(INT_MAX, &cpus), -ESRCH, "a thread that cannot be is told");
    tap_ok(np_kernel_cpu_node(NULL) >= 0, "the CPU has a node");
    tap_int((long long)np_kernel_page_size(), sysconf(_SC_PAGESIZE), "the page size is libc's");
    const size_t huge = np_thp_size();
    tap_ok((huge & (huge - 1)) == 0 && (huge == 0 || huge > np_kernel_page_size()),
           "a huge page is a power of two");
    tap_ok(!np_kernel_has_huge_pages((size_t)3 << 20), "there are no pages of 3 MiB");
    const uint64_t before = np_kernel_milliseconds();
    usleep(30000);
    const uint64_t passed = np_kernel_milliseconds() - before;
    tap_ok(passed >= 10 && passed < 10000, "the clock ticks in milliseconds");
}

static void *probe(void *argument)
{
    (void)argument;
    return (void *)(uintptr_t)np_kernel_support();
}

static void test_support(void)
{
    pthread_t threads[8];
    void *found[8];
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, probe, NULL);
    bool same = true;
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &found[i]);
        same = same && found[i] == found[0];
    }
    tap_ok(same && found[0] == probe(NULL), "racing threads find one answer");
    tap_int(np_kernel_support()->mbind_error, np_kernel_mbind_error(),
            "the short question has the same answer");
}

int main(void)
{
    void *memory;
    test_support();
    errno = 4711;
    np_kernel_map(NULL, LENGTH, PROT_READ | PROT_WRITE, 0, &memory);
    *(char *)memory = 1;
    test_pages(memory);
    if (has_policies()) {
        test_modes(memory);
        test_masks(memory);
        test_task_policy();
    }
    np_kernel_unmap(memory, LENGTH);
    test_mappings();
    np_kernel_read_file("/nowhere", NULL, 0);
    np_kernel_has_huge_pages(4096);
    tap_int(errno, 4711, "none of it touched errno");
    test_files();
    test_figures();
    test_rest();
    return tap_done();
}
