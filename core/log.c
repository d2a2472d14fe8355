/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 512
static const char prefix[] = "numaperf: ";

/* Which file a descriptor stood for when we learnt its number. Programs close descriptors that they do not
 * know and get the number again for a file of their own: that one is never written to. */
struct identity {
    _Atomic dev_t device;
    _Atomic ino_t inode;
};

static _Atomic int enabled = NP_LOG_OFF;
static char log_path[PATH_MAX]; /* "" for stderr; written at start-up only */
static _Atomic int log_descriptor = -1;
static struct identity log_identity;
static struct identity stderr_identity;
static _Atomic bool set_up;

static const char *const level_names[] = {
    [NP_LOG_OFF] = "off",   [NP_LOG_ERROR] = "error", [NP_LOG_WARN] = "warn",
    [NP_LOG_INFO] = "info", [NP_LOG_DEBUG] = "debug",
};

int np_log_level_from_name(const char *name)
{
    for (int level = NP_LOG_OFF; name != NULL && level <= NP_LOG_DEBUG; level++)
        if (strcmp(name, level_names[level]) == 0)
            return level;
    return -EINVAL;
}

static void remember(struct identity *identity, int descriptor)
{
    struct stat file;
    const bool open = fstat(descriptor, &file) == 0;
    atomic_store_explicit(&identity->device, open ? file.st_dev : 0, memory_order_relaxed);
    atomic_store_explicit(&identity->inode, open ? file.st_ino : 0, memory_order_relaxed);
}

static bool is_same(struct identity *identity, const struct stat *file)
{
    return atomic_load_explicit(&identity->device, memory_order_relaxed) == file->st_dev &&
           atomic_load_explicit(&identity->inode, memory_order_relaxed) == file->st_ino;
}

void np_log_setup(enum np_log_level level, const char *path)
{
    const int saved = errno;
    const size_t length = path != NULL ? strlen(path) : 0;
    log_path[0] = '\0';
    if (length < sizeof log_path && length > 0)
        memcpy(log_path, path, length + 1);
    remember(&stderr_identity, STDERR_FILENO);
    atomic_store_explicit(&log_descriptor, -1, memory_order_relaxed);
    atomic_store_explicit(&enabled, level, memory_order_relaxed);
    atomic_store_explicit(&set_up, true, memory_order_release);
    errno = saved;
}

/* Is descriptor 2 still the program's messages, and not a file or a socket that found the number free? A
 * daemon that sent its stderr elsewhere has a device, a pipe or a file that is appended to. */
static bool stderr_is_ours(void)
{
    struct stat file;
    if (fstat(STDERR_FILENO, &file) != 0)
        return false;
    if (!atomic_load_explicit(&set_up, memory_order_acquire) || is_same(&stderr_identity, &file))
        return true;
    if (S_ISCHR(file.st_mode) || S_ISFIFO(file.st_mode))
        return true;
    return S_ISREG(file.st_mode) && (fcntl(STDERR_FILENO, F_GETFL) & O_APPEND) != 0;
}

/* `%p` becomes the process id; a path that then is too long is cut, and opening it fails. */
static void expand_path(char *path, size_t size)
{
    size_t length = 0;
    path[0] = '\0';
    for (const char *c = log_path; *c != '\0' && length + 1 < size; c++) {
        if (c[0] == '%' && c[1] == 'p') {
            length += (size_t)np_format(path + length, size - length, "%d", (int)getpid());
            c++;
        } else {
            path[length++] = *c;
        }
    }
    path[length < size ? length : size - 1] = '\0';
}

/* Low numbers are the program's: some shells and daemons count on getting them, or close them all. */
static int move_high(int descriptor)
{
    struct rlimit limit;
    int floor = 1000;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1024)
        floor = (int)(limit.rlim_cur - limit.rlim_cur / 8);
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, floor);
    if (high < 0)
        return descriptor;
    np_kernel_close(descriptor);
    return high;
}

/* O_NONBLOCK: a FIFO without a reader must not hold the program up. */
static int open_log(void)
{
    char path[1024];
    expand_path(path, sizeof path);
    int fresh = np_kernel_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0644);
    if (fresh < 0)
        return fresh;
    fresh = move_high(fresh);
    remember(&log_identity, fresh);
    int expected = -1;
    if (atomic_compare_exchange_strong(&log_descriptor, &expected, fresh))
        return fresh;
    np_kernel_close(fresh); /* another thread was first */
    return expected;
}

/* The descriptor to write to, or a negative number for none. */
static int find_descriptor(void)
{
    if (log_path[0] == '\0')
        return stderr_is_ours() ? STDERR_FILENO : -1;
    int descriptor = atomic_load(&log_descriptor);
    struct stat file;
    if (descriptor >= 0 && !(fstat(descriptor, &file) == 0 && is_same(&log_identity, &file))) {
        (void)atomic_compare_exchange_strong(&log_descriptor, &descriptor, -1);
        descriptor = -1;
    }
    return descriptor >= 0 ? descriptor : open_log();
}

/* Writes once. The signals of a pipe without a reader and of a full RLIMIT_FSIZE would kill the program
 * for a message of ours: they are blocked meanwhile, and taken back if it was us who raised them. */
static void write_line(int descriptor, const char *line, size_t length)
{
    sigset_t signals, before, pending;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    if (sigpending(&pending) != 0 || pthread_sigmask(SIG_BLOCK, &signals, &before) != 0)
        return;
    const ssize_t written = np_kernel_write(descriptor, line, length);
    const int raised = written == -EPIPE ? SIGPIPE : written == -EFBIG ? SIGXFSZ : 0;
    if (raised != 0 && !sigismember(&pending, raised)) {
        sigemptyset(&signals);
        sigaddset(&signals, raised);
        while (sigtimedwait(&signals, NULL, &(struct timespec){0}) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void log_list(const char *format, va_list arguments)
{
    const int saved = errno;
    char line[LINE_SIZE];
    memcpy(line, prefix, sizeof prefix - 1);
    const size_t room = sizeof line - (sizeof prefix - 1); /* for text and newline */
    size_t length = (size_t)np_format_list(line + sizeof prefix - 1, room, format, arguments);
    length = sizeof prefix - 1 + (length < room ? length : room - 1);
    while (line[length - 1] == '\n')
        length--;
    for (size_t i = 0; i < length; i++) /* a file name must not be able to forge a line */
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    const int descriptor = find_descriptor();
    if (descriptor >= 0)
        write_line(descriptor, line, length);
    errno = saved;
}

bool np_log_enabled(enum np_log_level level)
{
    return level != NP_LOG_OFF && (int)level <= atomic_load_explicit(&enabled, memory_order_relaxed);
}

void np_log(enum np_log_level level, const char *format, ...)
{
    if (!np_log_enabled(level))
        return;
    va_list arguments;
    va_start(arguments, format);
    log_list(format, arguments);
    va_end(arguments);
}

_Noreturn void np_fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_list(format, arguments);
    va_end(arguments);
    abort();
}
