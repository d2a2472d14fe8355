/* SPDX-License-Identifier: MIT */
/* backing - what stands behind a mapping that is not simply anonymous. Raw system calls, errno is kept.
 * Context: hook-safe. */
#ifndef NP_CORE_BACKING_H
#define NP_CORE_BACKING_H

#include <stddef.h>

/** What a descriptor is, for mapping it. */
enum np_backing {
    NP_BACKING_OTHER,    /* a device, huge pages, or no file at all */
    NP_BACKING_ZERO,     /* /dev/zero: anonymous memory */
    NP_BACKING_TMPFS,    /* in tmpfs: shm_open(3), memfd_create(2), /dev/shm */
    NP_BACKING_ORDINARY, /* a regular file elsewhere */
};

enum np_backing np_backing_of(int descriptor);
/** np_backing_file_size() - bytes of a file. Return: 0 or -errno. */
int np_backing_file_size(int descriptor, size_t *ret_size);
/** np_backing_segment_size() - bytes of a System V segment (shmctl(2), IPC_STAT). Return: 0 or -errno. */
int np_backing_segment_size(int id, size_t *ret_size);
/** np_backing_detach() - shmdt(2). Return: 0 or -errno. */
int np_backing_detach(const void *address);

#endif
