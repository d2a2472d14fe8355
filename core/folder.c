/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct linux_dirent64 of getdents64(2), which no header of user space has. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t bytes; /* of the entry */
    uint8_t type;
    char name[];
};

static int read_names(int folder, char *buffer, size_t size)
{
    const int saved = errno;
    const long length = syscall(SYS_getdents64, folder, buffer, size);
    const int result = length < 0 ? -errno : (int)length;
    errno = saved;
    return result;
}

int np_folder_each(const char *path, void (*visit)(void *context, const char *name), void *context)
{
    _Alignas(struct entry) char buffer[2048];
    const int folder = np_kernel_open(path, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0)
        return folder;
    int length;
    while ((length = read_names(folder, buffer, sizeof buffer)) > 0) {
        for (int at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
                visit(context, entry->name);
            at += entry->bytes;
        }
    }
    np_kernel_close(folder);
    return length;
}
