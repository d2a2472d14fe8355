/* SPDX-License-Identifier: MIT */
#include "publish.h"

#include "kernel.h"
#include "live.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not constant, so that it lies where a reader looks: in the writable data of the shim's file. */
static struct np_beacon beacon = {.magic = NP_BEACON_MAGIC, .size = sizeof(struct np_beacon)};

_Alignas(64) _Atomic bool np_publish_waiting; /* read by each slow path, so not beside what others write */

static struct {
    struct np_stats *stats;
    uint64_t started; /* millisecond */
    int descriptor;   /* -1 unless published */
    dev_t device;     /* of the memfd: the program may have closed it and got its number for something else */
    ino_t inode;
} published = {.descriptor = -1};

void np_publish_state(enum np_shim_state state)
{
    atomic_store_explicit(&beacon.state, state, memory_order_release);
}

static void wait_until_due(void)
{
    published.started = np_kernel_milliseconds();
    atomic_store_explicit(&np_publish_waiting, true, memory_order_release);
}

void np_publish_start(struct np_stats *stats)
{
    published.stats = stats;
    atomic_store_explicit(&beacon.stats, (uintptr_t)stats, memory_order_relaxed);
    np_publish_state(NP_SHIM_ACTIVE);
    wait_until_due();
}

/* ---- The memfd ---- */

/* More than the limit for files, which counts for a memfd too, would be a SIGXFSZ, and the end of most programs. */
static bool may_be_as_large(size_t size)
{
    struct rlimit64 limit;
    return syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 && size <= limit.rlim_cur;
}

/* Filled before it is sealed, so that no page of it can be missing later: touching one would be a SIGBUS. A high number
 * where the limit allows it: some programs count on getting the low ones. Return: the descriptor, or -1. */
static int make_memfd(size_t size)
{
    if (!may_be_as_large(size))
        return -1;
    const int made = (int)syscall(SYS_memfd_create, NP_PUBLISH_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0)
        return -1;
    int high = fcntl(made, F_DUPFD_CLOEXEC, 900);
    if (high < 0)
        high = fcntl(made, F_DUPFD_CLOEXEC, 32);
    np_kernel_close(made);
    if (high >= 0 && (syscall(SYS_fallocate, high, 0, (off_t)0, (off_t)size) < 0 ||
                      fcntl(high, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)) {
        np_kernel_close(high);
        return -1;
    }
    return high;
}

/* Copies what is not zero: most of the block is room for rules and zones that there are not. */
static void copy_pages(char *to, const char *from, size_t size)
{
    static const char zeroes[512];
    for (size_t at = 0; at < size; at += sizeof zeroes) {
        const size_t part = size - at < sizeof zeroes ? size - at : sizeof zeroes;
        if (memcmp(from + at, zeroes, part) != 0)
            memcpy(to + at, from + at, part);
    }
}

static size_t whole_pages(void)
{
    const size_t page = np_kernel_page_size();
    return (sizeof(struct np_stats) + page - 1) / page * page;
}

/* Puts the memfd in the place of the block. What zones count is written under their locks, which
 * are held, as is that of the table of mappings; of the
 * counters without a lock a few steps of other threads may be lost in the microseconds between copy and change. */
static bool replace_block(int descriptor)
{
    const size_t size = whole_pages();
    const long mapped =
        syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)0);
    char *copy = (char *)mapped; /* NOLINT(performance-no-int-to-ptr): that is what the call returns */
    if (mapped < 0)
        return false;
    np_live_before_fork();
    np_zones_lock_all();
    copy_pages(copy, (const char *)published.stats, sizeof(struct np_stats));
    const long result = syscall(SYS_mremap, copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, published.stats);
    np_zones_unlock_all();
    np_live_after_fork();
    if (result >= 0)
        return true;
    (void)np_kernel_unmap(copy, size);
    return false;
}

static void publish(void)
{
    const int saved = errno;
    struct stat status;
    const int descriptor = make_memfd(whole_pages());
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && replace_block(descriptor)) {
        published.device = status.st_dev;
        published.inode = status.st_ino;
        published.descriptor = descriptor;
    } else if (descriptor >= 0) {
        np_kernel_close(descriptor);
    }
    errno = saved;
}

static uint64_t bytes_open(void)
{
    uint64_t bytes = 0;
    const uint32_t zones = atomic_load_explicit(&published.stats->zone_count, memory_order_acquire);
    for (uint32_t i = 0; i < zones; i++)
        bytes += atomic_load_explicit(&published.stats->zones[i].open, memory_order_relaxed);
    return bytes;
}

void np_publish_try(size_t size)
{
    bool waiting = true;
    if (size < NP_PUBLISH_LARGE && np_kernel_milliseconds() - published.started < NP_PUBLISH_AFTER &&
        bytes_open() < NP_PUBLISH_LARGE)
        return;
    if (atomic_compare_exchange_strong(&np_publish_waiting, &waiting, false))
        publish();
}

/* ---- fork ---- */

static void close_inherited(void)
{
    struct stat status;
    if (fstat(published.descriptor, &status) == 0 && status.st_dev == published.device &&
        status.st_ino == published.inode)
        np_kernel_close(published.descriptor);
    published.descriptor = -1;
}

bool np_publish_after_fork_child(void)
{
    if (!published.stats)
        return true;
    if (published.descriptor >= 0) {
        const int saved = errno;
        const size_t size = whole_pages();
        void *copy;
        if (np_kernel_map(NULL, size, PROT_READ | PROT_WRITE, 0, &copy) < 0)
            return false;
        copy_pages(copy, (const char *)published.stats, sizeof(struct np_stats));
        (void)np_kernel_remap(copy, size, published.stats,
                              0); /* over a mapping of the same size: needs no memory */
        close_inherited();
        errno = saved;
    }
    wait_until_due();
    return true;
}
