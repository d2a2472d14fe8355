/* SPDX-License-Identifier: MIT */
/* measure - run a program and write what it used to a file:
 *
 *   measure FILE [NAME=VALUE...] COMMAND [ARG...]
 *
 * One line: seconds by the clock, seconds of user and of system time, KiB of peak resident memory, exit status (128 and
 * the signal when it was killed). The numbers are wait4's, so they include children that the program waited for; the
 * peak is that of the largest of these processes. A small launcher, linked statically, which sets the variables itself: the
 * kernel counts the memory of the process that calls exec into that peak, and an interpreter has tens of MiB, env(1) more
 * than a small program under glibc. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Return: the first word that is no variable. */
static char **set_variables(char **words)
{
    for (; *words != NULL && strchr(*words, '=') != NULL; words++)
        if (putenv(*words) != 0)
            return NULL;
    return words;
}

int main(int argc, char **argv)
{
    char **const command = argc > 2 ? set_variables(argv + 2) : NULL;
    if (command == NULL || *command == NULL) {
        fputs("usage: measure FILE [NAME=VALUE...] COMMAND [ARG...]\n", stderr);
        return 2;
    }
    const double start = now();
    pid_t child;
    const int error = posix_spawnp(&child, *command, NULL, NULL, command, environ);
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", *command, strerror(error));
        return 127;
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
