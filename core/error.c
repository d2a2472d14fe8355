/* SPDX-License-Identifier: MIT */
#include "numaperf.h"

#include <errno.h>
#include <limits.h>

static const struct {
    int code;
    const char *text;
} sentences[] = {
    {0, "Nothing is wrong."},
    {EPERM, "The operation is not permitted here; a container or sandbox may forbid it."},
    {ENOENT, "There is no such file or entry."},
    {ESRCH, "There is no such process or thread."},
    {EINTR, "A signal interrupted the operation."},
    {EIO, "Reading failed, or pages do not lie where the policy wants them."},
    {E2BIG, "There is more than fits."},
    {EAGAIN, "The resource is not available at the moment."},
    {ENOMEM, "There is not enough memory or address space, or the nodes are full."},
    {EACCES, "Access is denied."},
    {EFAULT, "An address is not mapped, or the nodes have no page to give."},
    {EBUSY, "The resource is in use."},
    {EEXIST, "It exists already."},
    {ENODEV, "There are no such nodes."},
    {ENOTDIR, "A part of the path is no directory."},
    {EISDIR, "It is a directory."},
    {EINVAL, "An argument has no meaning here."},
    {ENFILE, "The system has too many open files."},
    {EMFILE, "The process has too many open files."},
    {EFBIG, "The file would be larger than its limit."},
    {ENOSPC, "There is no space left."},
    {EROFS, "The file system is read-only."},
    {ERANGE, "A number is out of its range."},
    {ENAMETOOLONG, "A name is too long."},
    {ENOSYS, "The kernel does not have this system call."},
    {EOPNOTSUPP, "This machine cannot do what is asked for."},
};

const char *np_strerror(int code)
{
    if (code == INT_MIN)
        return "The error is unknown.";
    const int positive = code < 0 ? -code : code;
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        if (sentences[i].code == positive)
            return sentences[i].text;
    return "The error is unknown.";
}

const char *numaperf_version(void)
{
    return NP_VERSION;
}
