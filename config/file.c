/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "../core/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUFFER_SIZE (NP_FILE_MAX_SIZE + 1) /* one more byte than allowed shows that there are too many */

/* open(2) and read(2) past libc, whose functions another preloaded library may replace: its constructor has not run
 * when ours reads the file. */
static int open_file(const char *path)
{
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    return fd < 0 ? -errno : (int)fd;
}

static ssize_t read_once(int fd, char *buffer, size_t size)
{
    long count;
    do
        count = syscall(SYS_read, fd, buffer, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : (ssize_t)count;
}

static int check_kind(int fd, const char **ret_why)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (S_ISREG(status.st_mode))
        return 0;
    *ret_why = S_ISDIR(status.st_mode) ? "is a directory, not a file" : "not a regular file";
    return -EINVAL;
}

/* Reads until the buffer is full or the file ends, wherever that is now: it may be cut or grow meanwhile. */
static int fill(int fd, struct np_file *file, size_t size)
{
    while (file->length < size) {
        ssize_t count = read_once(fd, file->text + file->length, size - file->length);
        if (count <= 0)
            return (int)count;
        file->length += (size_t)count;
    }
    return 0;
}

static int read_large(int fd, struct np_file *file)
{
    void *memory;
    int error = np_kernel_map(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, 0, &memory);
    if (error != 0)
        return error;
    memcpy(memory, file->small, file->length);
    file->text = memory;
    error = fill(fd, file, BUFFER_SIZE);
    if (error != 0)
        np_file_free(file);
    return error;
}

static int read_all(int fd, struct np_file *file)
{
    file->text = file->small;
    file->length = 0;
    int error = fill(fd, file, sizeof file->small);
    if (error == 0 && file->length == sizeof file->small)
        error = read_large(fd, file);
    return error;
}

int np_file_read(const char *path, struct np_file *file, const char **ret_why)
{
    int saved = errno;
    /* np_config_find() cuts what is longer; the kernel's limit includes the NUL, so this refuses one byte too many */
    int fd = strlen(path) >= PATH_MAX - 1 ? -ENAMETOOLONG : open_file(path);
    int error = fd < 0 ? fd : check_kind(fd, ret_why);
    if (error == 0)
        error = read_all(fd, file);
    if (fd >= 0)
        (void)syscall(SYS_close, fd); /* nothing was written */
    errno = saved;
    return error;
}

void np_file_free(struct np_file *file)
{
    if (file->text != file->small)
        (void)np_kernel_unmap(file->text, BUFFER_SIZE); /* of an own whole mapping: cannot fail */
}
