/* SPDX-License-Identifier: MIT */
/* Starts /bin/sh -c "$1" in each way there is; each child's first line of output is preceded by the way's name. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *command;
static char *arguments[4];

static void by_execve(void)
{
    execve("/bin/sh", arguments, environ);
}
static void by_execv(void)
{
    execv("/bin/sh", arguments);
}
static void by_execvp(void)
{
    execvp("sh", arguments);
}
static void by_execvpe(void)
{
    execvpe("sh", arguments, environ);
}
static void by_execl(void)
{
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
}
static void by_execlp(void)
{
    execlp("sh", "sh", "-c", command, (char *)NULL);
}
static void by_execle(void)
{
    execle("/bin/sh", "sh", "-c", command, (char *)NULL, environ);
}
static void by_fexecve(void)
{
    fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), arguments, environ);
}
static void by_execveat(void)
{
    execveat(AT_FDCWD, "/bin/sh", arguments, environ, 0);
}
/* The first one fails; what the second one hands on is the same. */
static void by_second_try(void)
{
    check(execl("/nowhere", "nowhere", (char *)NULL) == -1 && errno == ENOENT, "a file that is not there");
    by_execve();
}

static void wait_for(pid_t child)
{
    int status = -1;
    check(waitpid(child, &status, 0) == child && status == 0, "the child's status is %d", status);
}

static void announce(const char *name)
{
    printf("%s ", name);
    fflush(stdout);
}

static void by_posix_spawn(void)
{
    pid_t child = -1;
    check(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0, "posix_spawn");
    wait_for(child);
}

static void by_posix_spawnp(void)
{
    pid_t child = -1;
    check(posix_spawnp(&child, "sh", NULL, NULL, arguments, environ) == 0, "posix_spawnp");
    wait_for(child);
}

static void by_system(void)
{
    check(system(command) == 0, "system");
}

static void by_popen(void)
{
    char line[512] = "";
    FILE *child = popen(command, "r");
    check(child != NULL && fgets(line, sizeof line, child) != NULL, "popen");
    check(child != NULL && pclose(child) == 0, "pclose");
    printf("%s", line);
    fflush(stdout);
}

static const struct {
    const char *name;
    void (*start)(void);
    bool replaces;
} ways[] = {
    {"execve", by_execve, true},
    {"execv", by_execv, true},
    {"execvp", by_execvp, true},
    {"execvpe", by_execvpe, true},
    {"execl", by_execl, true},
    {"execlp", by_execlp, true},
    {"execle", by_execle, true},
    {"fexecve", by_fexecve, true},
    {"execveat", by_execveat, true},
    {"second", by_second_try, true},
    {"posix_spawn", by_posix_spawn, false},
    {"posix_spawnp", by_posix_spawnp, false},
    {"system", by_system, false},
    {"popen", by_popen, false},
};

static void start_by_fork(void (*start)(void))
{
    pid_t child = fork();
    if (child == 0) {
        start();
        _exit(99);
    }
    wait_for(child);
}

static void start_by_vfork(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execve("/bin/sh", arguments, environ);
        _exit(99);
    }
    wait_for(child);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    command = argv[1];
    static char shell[] = "sh", option[] = "-c";
    arguments[0] = shell;
    arguments[1] = option;
    arguments[2] = argv[1];
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        announce(ways[i].name);
        if (ways[i].replaces)
            start_by_fork(ways[i].start);
        else
            ways[i].start();
    }
    announce("vfork");
    start_by_vfork();
    /* What this process itself has is as it was. */
    announce("self");
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "Cpus_allowed_list:", 18) == 0)
            printf("%s", line + 19);
    return check_failures > 0;
}
