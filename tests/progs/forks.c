/* SPDX-License-Identifier: MIT */
/* Threads that allocate while the main thread forks; each child allocates, frees what the parent had, and exits by
 * turns through exit and _exit. An alarm ends a deadlock. Then vfork, posix_spawn and system. */
#include "check.h"
#include "family.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static _Atomic bool stop;

static void *allocate_on(void *seed)
{
    unsigned turn = (unsigned)(uintptr_t)seed;
    while (!stop) {
        size_t size = sizes[turn++ % COUNT(sizes)];
        unsigned char *block = allocators[turn % COUNT(allocators)].allocate(size);
        if (block) {
            fill(block, size, turn);
            check(is_filled(block, size, size, turn), "another thread wrote to a block");
        }
        free(block);
    }
    return NULL;
}

static int child(unsigned char **inherited, int turn)
{
    alarm(20);
    for (size_t s = 0; s < COUNT(sizes); s++) {
        if (!is_filled(inherited[s], sizes[s], sizes[s], 3))
            return 2;
        inherited[s] = realloc(inherited[s], sizes[COUNT(sizes) - 1 - s] + 1);
        if (!inherited[s])
            return 3;
        free(inherited[s]);
        free(malloc(sizes[s]));
    }
    if (turn % 2)
        _exit(0);
    exit(0);
}

static int status_of(pid_t pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void spawn_others(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL};
    pid_t pid;
    check(posix_spawnp(&pid, "true", NULL, NULL, arguments, environ) == 0 && status_of(pid) == 0,
          "posix_spawn");
    check(system("exit 3") == 3 << 8, "system");
    FILE *pipe = popen("echo text", "r");
    char line[16];
    check(pipe && fgets(line, sizeof line, pipe) && pclose(pipe) == 0, "popen");
    pid = vfork();
    if (pid == 0) {
        (void)execvp("true", arguments);
        _exit(9);
    }
    check(status_of(pid) == 0, "vfork");
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 100;
    unsigned char *blocks[COUNT(sizes)];
    for (size_t s = 0; s < COUNT(sizes); s++) {
        blocks[s] = malloc(sizes[s]);
        fill(blocks[s], sizes[s], 3);
    }
    alarm(120);
    pthread_t threads[4];
    for (size_t t = 0; t < COUNT(threads); t++)
        check(pthread_create(&threads[t], NULL, allocate_on, (void *)t) == 0, "no thread");
    for (int round = 0; round < rounds; round++) {
        pid_t pid = fork();
        if (pid == 0)
            return child(blocks, round);
        int status = status_of(pid);
        check(pid > 0 && status == 0, "round %d: the child ended with %#x", round, (unsigned)status);
    }
    spawn_others();
    stop = true;
    for (size_t t = 0; t < COUNT(threads); t++)
        (void)pthread_join(threads[t], NULL);
    return check_status();
}
