/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "kernel.h"
#include "sanitized.h"
#include "tap.h"
#include "thp.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#define PAGES 1000

static uint64_t on_nodes(const struct np_page_count *counts)
{
    uint64_t sum = 0;
    for (int node = 0; node < NP_MAX_NODES; node++)
        sum += counts->on_node[node];
    return sum;
}

static long long asked_about(const struct np_page_count *counts)
{
    return (long long)counts->present + (long long)counts->absent;
}

static void test_range(char *memory)
{
    static struct np_page_count counts;
    const size_t size = np_kernel_page_size();
    tap_int(np_verify_range(memory, PAGES * size, &counts), 0, "a range can be asked about");
    tap_int((long long)counts.absent, PAGES, "pages never written are absent");
    for (int i = 0; i < 300; i++)
        memory[(size_t)i * 3 * size] = 1;
    volatile char read_only = memory[size]; /* the zero page */
    (void)read_only;
    memset(&counts, 0, sizeof counts);
    np_verify_range(memory, PAGES * size, &counts);
    tap_int((long long)counts.present, 300, "written pages are present");
    tap_int((long long)counts.absent, 700, "and the zero page is not");
    tap_int((long long)on_nodes(&counts), 300, "each is on some node");
    np_verify_range(memory + 1, size, &counts);
    tap_int(asked_about(&counts), PAGES + 2, "a range that begins and ends inside pages counts both");
    tap_int(np_verify_range(memory, 0, &counts), 0, "an empty range is fine");
    tap_int(asked_about(&counts), PAGES + 2, "and counts nothing");
    tap_int(np_verify_range(memory, SIZE_MAX, &counts), -EINVAL,
            "a range beyond the end of addresses is not");
}

static void *verify_on_small_stack(void *memory)
{
    static struct np_page_count counts;
    uint64_t bytes;
    np_verify_range(memory, PAGES * np_kernel_page_size(), &counts);
    np_verify_huge_bytes(memory, PAGES * np_kernel_page_size(), &bytes);
    return NULL;
}

static void test_small_stack(char *memory)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384); /* PTHREAD_STACK_MIN */
    /* A sanitizer's own frames do not fit beside ours on the smallest stack. */
    if (SANITIZED || pthread_create(&thread, &attributes, verify_on_small_stack, memory) != 0) {
        tap_skip("a thread with the smallest stack can verify",
                 "such a thread cannot be made under a sanitizer");
        return;
    }
    pthread_join(thread, NULL);
    tap_ok(true, "a thread with the smallest stack can verify");
}

static void test_huge(void)
{
    const size_t huge = np_thp_size();
    void *area;
    uint64_t bytes = 12345;
    if (huge == 0 || huge > (size_t)64 << 20 ||
        np_kernel_map(NULL, 4 * huge, PROT_READ | PROT_WRITE, 0, &area) < 0) {
        tap_skip("huge pages are counted", "this kernel has no huge pages of a usual size");
        return;
    }
    char *memory = (char *)(((uintptr_t)area + huge - 1) & ~(huge - 1));
    np_kernel_advise(memory, 2 * huge, MADV_HUGEPAGE);
    memory[0] = memory[huge] = 1;
    tap_int(np_verify_huge_bytes(memory, 2 * huge, &bytes), 0, "smaps can be read");
    if (bytes == 0)
        tap_skip("huge pages are counted", "transparent huge pages are off or memory is scattered");
    else
        tap_ok(bytes == huge || bytes == 2 * huge, "huge pages are counted");
    const uint64_t all = bytes;
    np_verify_huge_bytes(memory, huge / 2, &bytes);
    tap_ok(bytes <= huge / 2 && bytes <= all, "a part has no more than fits into it");
    np_kernel_advise(memory, 2 * huge, MADV_DONTNEED);
    np_verify_huge_bytes(memory, 2 * huge, &bytes);
    tap_int((long long)bytes, 0, "pages given back are not counted");
    np_kernel_unmap(area, 4 * huge);
    tap_int(np_verify_huge_bytes(memory, SIZE_MAX, &bytes), -EINVAL,
            "a range beyond the end of addresses is refused");
}

int main(void)
{
    void *memory;
    static struct np_page_count counts;
    np_kernel_map(NULL, PAGES * np_kernel_page_size(), PROT_READ | PROT_WRITE, 0, &memory);
    np_kernel_advise(memory, PAGES * np_kernel_page_size(), MADV_NOHUGEPAGE);
    const int error = np_kernel_support()->move_pages_error;
    errno = 4711;
    if (error == 0) {
        test_range(memory);
    } else {
        tap_int(np_verify_range(memory, PAGES * np_kernel_page_size(), &counts), error,
                "a refusal is passed on");
        tap_int(asked_about(&counts), 0, "and nothing is counted");
    }
    test_huge();
    tap_int(errno, 4711, "errno is kept");
    test_small_stack(memory);
    return tap_done();
}
