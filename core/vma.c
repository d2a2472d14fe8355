/* SPDX-License-Identifier: MIT */
/* vma - how many mappings the process may still make. The zones' own steps merge; what does not (hard
 * commits, explicit huge pages, moved extents, stripes) is counted here, and counted again from /proc when
 * the estimate reaches the limit. */
#include "zone.h"

#include <fcntl.h>

static _Atomic size_t estimate;
static _Atomic uint64_t last_count; /* milliseconds */
static _Atomic size_t counted;      /* then */

static size_t vma_limit(void)
{
    static _Atomic size_t limit;
    size_t known = atomic_load_explicit(&limit, memory_order_relaxed);
    if (known)
        return known;
    uint64_t most = 65530; /* the kernel's default */
    (void)np_kernel_read_figure("/proc/sys/vm/max_map_count", &most);
    known = (size_t)most / 4;
    atomic_store_explicit(&limit, known, memory_order_relaxed);
    return known;
}

/* The lines of /proc/self/maps, or SIZE_MAX when it cannot be read. */
static size_t vma_count(void)
{
    int file = np_kernel_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (file < 0)
        return SIZE_MAX;
    size_t lines = 0;
    char text[512];
    ssize_t length;
    while ((length = np_kernel_read(file, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < length; i++)
            lines += text[i] == '\n';
    np_kernel_close(file);
    return lines;
}

bool np_vma_take(unsigned count)
{
    if (atomic_fetch_add_explicit(&estimate, count, memory_order_relaxed) + count <= vma_limit())
        return true;
    /* Neighbours that merged were counted twice: look again after many, or after a second. */
    uint64_t now = np_kernel_milliseconds();
    bool many = atomic_load_explicit(&counted, memory_order_relaxed) <= vma_limit() - vma_limit() / 8;
    if (many || now - atomic_load_explicit(&last_count, memory_order_relaxed) > 1000) {
        size_t real = vma_count();
        atomic_store_explicit(&counted, real, memory_order_relaxed);
        atomic_store_explicit(&last_count, now, memory_order_relaxed);
        if (real + count <= vma_limit()) {
            atomic_store_explicit(&estimate, real + count, memory_order_relaxed);
            return true;
        }
    }
    np_vma_give(count);
    return false;
}

void np_vma_give(unsigned count)
{
    size_t now = atomic_load_explicit(&estimate, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&estimate, &now, now > count ? now - count : 0,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}
