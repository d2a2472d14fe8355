/* SPDX-License-Identifier: MIT */
/* Allocate 1 MiB, then end in the way named: return, exit, thread (exit from a small thread), last (main's thread ends
 * first), fork (a child exits too), quick (_exit), kill, closed (stderr closed), reused (and its numbers in use). */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *exit_here(void *status)
{
    exit((int)(long)status);
}

static void *linger(void *unused)
{
    usleep(20000);
    return unused;
}

static void start_thread(void *(*routine)(void *), long value)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, 16384) != 0 ||
        pthread_create(&thread, &attributes, routine, (void *)value) != 0)
        abort();
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "return";
    char *block = malloc(1 << 20);
    memset(block, 1, 1 << 20);
    if (strcmp(way, "exit") == 0)
        exit(3);
    if (strcmp(way, "quick") == 0)
        _exit(4);
    if (strcmp(way, "kill") == 0)
        raise(SIGKILL);
    if (strcmp(way, "thread") == 0) {
        start_thread(exit_here, 5);
        for (;;)
            pause();
    }
    if (strcmp(way, "last") == 0) {
        start_thread(linger, 0);
        pthread_exit(NULL);
    }
    if (strcmp(way, "fork") == 0) {
        pid_t pid = fork();
        if (pid == 0)
            exit(0);
        return waitpid(pid, NULL, 0) == pid ? 0 : 1;
    }
    if (strcmp(way, "closed") == 0)
        close(STDERR_FILENO);
    if (strcmp(way, "reused") == 0 && argc > 2) {
        for (int number = 2; number < 1100; number++)
            close(number);
        for (int number = 2; number < 1100; number++)
            (void)!open(argv[2], O_WRONLY | O_CREAT, 0644);
    }
    free(block);
    return 0;
}
