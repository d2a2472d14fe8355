/* SPDX-License-Identifier: MIT */
#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ZERO_DEVICE makedev(1, 5) /* Documentation/admin-guide/devices.txt */

/* One system call with its error as a negative result; errno belongs to the program. */
static int call(long number, long a, const void *b, const void *c)
{
    const int saved = errno;
    int result = syscall(number, a, b, c) == -1 ? -errno : 0;
    errno = saved;
    return result;
}

/* Files may lie on a network: fstat(2) and fstatfs(2) ask the server, and wait for ever for one that is gone. So the
 * first is told to make do with what is known here, and the second is for files that can have seals, as those in
 * memory can. */
static int describe(int descriptor, mode_t *ret_mode, dev_t *ret_device)
{
    const int saved = errno;
    struct statx known;
    struct stat status;
    const bool told = statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &known) == 0;
    errno = saved;
    if (!told && call(SYS_fstat, descriptor, &status, NULL) < 0) /* sandboxes may not know statx(2) */
        return -EBADF;
    *ret_mode = told ? known.stx_mode : status.st_mode;
    *ret_device = told ? makedev(known.stx_rdev_major, known.stx_rdev_minor) : status.st_rdev;
    return 0;
}

static bool lies_in_memory(int descriptor)
{
    const int saved = errno;
    const bool result = fcntl(descriptor, F_GET_SEALS) >= 0;
    errno = saved;
    return result;
}

enum np_backing np_backing_of(int descriptor)
{
    mode_t mode;
    dev_t device;
    struct statfs system;
    if (describe(descriptor, &mode, &device) < 0)
        return NP_BACKING_OTHER;
    if (S_ISCHR(mode) && device == ZERO_DEVICE)
        return NP_BACKING_ZERO;
    if (!S_ISREG(mode))
        return NP_BACKING_OTHER;
    if (!lies_in_memory(descriptor))
        return NP_BACKING_ORDINARY;
    if (call(SYS_fstatfs, descriptor, &system, NULL) < 0)
        return NP_BACKING_OTHER;
    return (unsigned long)system.f_type == TMPFS_MAGIC ? NP_BACKING_TMPFS : NP_BACKING_OTHER;
}

int np_backing_file_size(int descriptor, size_t *ret_size)
{
    struct stat status;
    int error = call(SYS_fstat, descriptor, &status, NULL);
    if (!error)
        *ret_size = (size_t)status.st_size;
    return error;
}

int np_backing_segment_size(int id, size_t *ret_size)
{
    struct shmid_ds segment;
    int error = call(SYS_shmctl, id, (const void *)(long)IPC_STAT, &segment);
    if (!error)
        *ret_size = segment.shm_segsz;
    return error;
}

int np_backing_detach(const void *address)
{
    return call(SYS_shmdt, (long)address, NULL, NULL);
}
