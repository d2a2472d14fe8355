/* SPDX-License-Identifier: MIT */
/* np_report_write(): where the report goes, and that nothing of the program's is harmed on the way. */
#include "report.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Mapped for the time of writing: the thread that calls exit() may have a small stack. */
struct paths {
    char path[PATH_MAX], temporary[PATH_MAX];
};

static struct {
    int descriptor;
    dev_t device;
    ino_t inode;
} stderr_copy = {.descriptor = -1};

void np_report_prepare(const char *path)
{
    struct stat status;
    if (strcmp(path, "-") != 0 || fstat(STDERR_FILENO, &status) < 0)
        return;
    /* A high number where the limit allows it: some programs count on getting the low ones. */
    int high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 1000);
    stderr_copy.descriptor = high >= 0 ? high : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 32);
    stderr_copy.device = status.st_dev;
    stderr_copy.inode = status.st_ino;
}

/* The copy may have been closed, and its number may stand for a file of the program's now. */
static int write_to_stderr(const struct np_report_info *info, const struct np_stats *stats)
{
    struct stat status;
    if (stderr_copy.descriptor < 0 || fstat(stderr_copy.descriptor, &status) < 0 ||
        status.st_dev != stderr_copy.device || status.st_ino != stderr_copy.inode)
        return -EBADF;
    return np_report_emit(info, stats, stderr_copy.descriptor);
}

/* Resolve %p and %n. Return: 0; -ENAMETOOLONG. */
static int expand_path(const struct np_report_info *info, char *path, bool *ret_has_pid)
{
    size_t used = 0;
    *ret_has_pid = false;
    for (const char *from = info->path; *from; from++) {
        int length;
        if (from[0] == '%' && from[1] == 'p') {
            length = np_format(path + used, PATH_MAX - used, "%d", getpid());
            *ret_has_pid = true;
            from++;
        } else if (from[0] == '%' && from[1] == 'n') {
            length = np_format(path + used, PATH_MAX - used, "%s", info->program);
            from++;
        } else {
            length = np_format(path + used, PATH_MAX - used, "%c", *from);
        }
        used += (size_t)length;
        if (used >= PATH_MAX)
            return -ENAMETOOLONG;
    }
    path[used] = '\0';
    return 0;
}

/* A pipe or a device is written to as it is: renaming over /dev/null would replace it. */
static int write_in_place(const struct np_report_info *info, const struct np_stats *stats,
                          struct paths *paths)
{
    int descriptor = np_kernel_open(paths->path, O_WRONLY | O_NOCTTY, 0);
    if (descriptor < 0)
        return descriptor;
    int result = np_report_emit(info, stats, descriptor);
    np_kernel_close(descriptor);
    return result;
}

static int write_renamed(const struct np_report_info *info, const struct np_stats *stats, struct paths *paths)
{
    /* A name of its own: the report's with a suffix may be too long. */
    const char *slash = strrchr(paths->path, '/');
    size_t folder = slash ? (size_t)(slash - paths->path) + 1 : 0, room = sizeof paths->temporary - folder;
    memcpy(paths->temporary, paths->path, folder);
    if ((size_t)np_format(paths->temporary + folder, room, ".numaperf-%d.tmp", getpid()) >= room)
        return -ENAMETOOLONG;
    int descriptor = np_kernel_open(paths->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return descriptor;
    int result = np_report_emit(info, stats, descriptor);
    np_kernel_close(descriptor);
    if (result == 0 && rename(paths->temporary, paths->path) < 0)
        result = -errno;
    if (result < 0)
        (void)unlink(paths->temporary);
    return result;
}

static int write_to_path(const struct np_report_info *info, const struct np_stats *stats, struct paths *paths)
{
    if (strcmp(info->path, "-") == 0)
        return info->forked ? 0 : write_to_stderr(info, stats);
    bool has_pid;
    int result = expand_path(info, paths->path, &has_pid);
    if (result < 0 || (info->forked && !has_pid))
        return result;
    struct stat status;
    if (stat(paths->path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_in_place(info, stats, paths);
    return write_renamed(info, stats, paths);
}

/* A pipe without a reader and a full RLIMIT_FSIZE raise signals that would kill the program for a report
 * of ours. */
static void block_signals(sigset_t *ret_before)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)sigaddset(&signals, SIGXFSZ);
    (void)pthread_sigmask(SIG_BLOCK, &signals, ret_before);
}

/* Take back the signal that a failed write has raised, and let the others in again. */
static void restore_signals(const sigset_t *before, int result)
{
    sigset_t raised;
    (void)sigemptyset(&raised);
    int signal = result == -EPIPE ? SIGPIPE : result == -EFBIG ? SIGXFSZ : 0;
    if (signal != 0) {
        (void)sigaddset(&raised, signal);
        while (sigtimedwait(&raised, NULL, &(struct timespec){0}) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

int np_report_write(const struct np_report_info *info, const struct np_stats *stats)
{
    int saved = errno;
    sigset_t before;
    void *paths;
    int result = np_kernel_map(NULL, sizeof(struct paths), PROT_READ | PROT_WRITE, 0, &paths);
    if (result == 0) {
        block_signals(&before);
        result = write_to_path(info, stats, paths);
        restore_signals(&before, result);
        (void)np_kernel_unmap(paths, sizeof(struct paths));
    }
    errno = saved;
    return result;
}
