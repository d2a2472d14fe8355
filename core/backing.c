/* SPDX-License-Identifier: MIT */
#include "backing.h"

#include <errno.h>
#include <linux/magic.h>
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

enum np_backing np_backing_of(int descriptor)
{
    struct stat status;
    struct statfs system;
    if (call(SYS_fstat, descriptor, &status, NULL) < 0)
        return NP_BACKING_OTHER;
    if (S_ISCHR(status.st_mode) && status.st_rdev == ZERO_DEVICE)
        return NP_BACKING_ZERO;
    if (!S_ISREG(status.st_mode) || call(SYS_fstatfs, descriptor, &system, NULL) < 0)
        return NP_BACKING_OTHER;
    switch ((unsigned long)system.f_type) {
    case TMPFS_MAGIC:
        return NP_BACKING_TMPFS;
    case HUGETLBFS_MAGIC:
        return NP_BACKING_OTHER;
    default:
        return NP_BACKING_ORDINARY;
    }
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
