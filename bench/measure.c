/* SPDX-License-Identifier: MIT */
/* measure - run a program and write what it used to a file:
 *
 *   measure FILE COMMAND [ARG...]
 *
 * One line: seconds by the clock, seconds of user and of system time, KiB of peak resident memory, exit status (128 and
 * the signal when it was killed). The numbers are wait4's, so they include children that the program waited for; the
 * peak is that of the largest of these processes. A small launcher, because the kernel counts the memory of the process
 * that calls exec into that peak, and an interpreter has tens of MiB. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: measure FILE COMMAND [ARG...]\n", stderr);
        return 2;
    }
    const double start = now();
    const pid_t child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    struct rusage usage;
    int status;
    while (wait4(child, &status, 0, &usage) == -1)
        if (errno != EINTR) {
            perror("wait4");
            return 1;
        }
    const double elapsed = now() - start;

    FILE *file = fopen(argv[1], "w");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    fprintf(file, "%.6f %.6f %.6f %ld %d\n", elapsed, seconds(usage.ru_utime), seconds(usage.ru_stime),
            usage.ru_maxrss, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return fclose(file) == 0 ? 0 : 1;
}
