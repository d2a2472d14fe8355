/* SPDX-License-Identifier: MIT */
#include "thp.h"

#include "kernel.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#define FOLDER "/sys/kernel/mm/transparent_hugepage/"

size_t np_thp_size(void)
{
    static _Atomic size_t cached = SIZE_MAX;
    size_t size = atomic_load_explicit(&cached, memory_order_relaxed);
    if (size != SIZE_MAX)
        return size;
    uint64_t bytes = 0;
    (void)np_kernel_read_figure(FOLDER "hpage_pmd_size", &bytes); /* 0: none */
    size = (size_t)bytes;
    atomic_store_explicit(&cached, size, memory_order_relaxed);
    return size;
}

static bool setting_is(const char *word)
{
    char text[64];
    return np_kernel_read_file(FOLDER "enabled", text, sizeof text) > 0 && strstr(text, word) != NULL;
}

bool np_thp_usable(void)
{
    return (setting_is("[always]") || setting_is("[madvise]")) && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1;
}

bool np_thp_always(void)
{
    static _Atomic int8_t known; /* 1: no, 2: yes */
    int8_t answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (!answer) {
        answer = setting_is("[always]") ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}
