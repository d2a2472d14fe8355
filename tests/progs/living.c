/* SPDX-License-Identifier: MIT */
/* Allocate and fill so many MiB, say "ready", and live until standard input ends: living MIB [closes|forks|past|zombie].
 * closes: without any descriptor but the first three. forks, past (the handlers of fork): a child fills twice as much and
 * lives as long; its id follows. zombie: a child that has ended. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fill(size_t mebibytes)
{
    char *block = malloc(mebibytes << 20);
    if (!block)
        abort();
    memset(block, 1, mebibytes << 20);
}

static void wait_for_end(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

/* In the child: fill, tell the parent through the pipe, live. */
static void live_as_child(size_t mebibytes, int told)
{
    fill(2 * mebibytes);
    if (write(told, "x", 1) != 1)
        abort();
    wait_for_end();
    _exit(0);
}

static pid_t start_child(const char *way, size_t mebibytes)
{
    int pipes[2];
    char byte;
    if (pipe(pipes) < 0)
        abort();
    pid_t child = strcmp(way, "past") == 0 ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) : fork();
    if (child == 0 && strcmp(way, "zombie") == 0)
        _exit(0);
    if (child == 0)
        live_as_child(mebibytes, pipes[1]);
    close(pipes[1]);
    (void)!read(pipes[0], &byte, 1);
    return child;
}

int main(int argc, char **argv)
{
    const size_t mebibytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    const char *way = argc > 2 ? argv[2] : "";
    fill(mebibytes);
    if (strcmp(way, "closes") == 0) {
        for (int descriptor = 3; descriptor < 1024; descriptor++)
            close(descriptor);
        printf("ready\n");
    } else if (*way) {
        printf("ready %d\n", start_child(way, mebibytes));
    } else {
        printf("ready\n");
    }
    fflush(stdout);
    wait_for_end();
    return 0;
}
