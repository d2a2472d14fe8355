/* SPDX-License-Identifier: MIT */
/* What starts programs before the search for the next functions has ended. */
#include "next_exec.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

int np_first_execve(const char *path, char *const arguments[], char *const environment[])
{
    return (int)syscall(SYS_execve, path, arguments, environment);
}

int np_first_execveat(int folder, const char *path, char *const arguments[], char *const environment[],
                      int flags)
{
    return (int)syscall(SYS_execveat, folder, path, arguments, environment, flags);
}

int np_first_execvpe(const char *file, char *const arguments[], char *const environment[])
{
    if (np_next_resolve())
        return np_next.execvpe(file, arguments, environment);
    errno = ENOSYS;
    return -1;
}

int np_first_fexecve(int descriptor, char *const arguments[], char *const environment[])
{
    if (np_next_resolve())
        return np_next.fexecve(descriptor, arguments, environment);
    errno = ENOSYS;
    return -1;
}

int np_first_posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const arguments[],
                         char *const environment[])
{
    return np_next_resolve() ? np_next.posix_spawn(ret_pid, path, actions, attributes, arguments, environment)
                             : ENOSYS;
}

int np_first_posix_spawnp(pid_t *ret_pid, const char *file, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[])
{
    return np_next_resolve()
               ? np_next.posix_spawnp(ret_pid, file, actions, attributes, arguments, environment)
               : ENOSYS;
}

int np_first_system(const char *command)
{
    if (np_next_resolve())
        return np_next.system(command);
    errno = ENOSYS;
    return -1;
}

FILE *np_first_popen(const char *command, const char *type)
{
    if (np_next_resolve())
        return np_next.popen(command, type);
    errno = ENOSYS;
    return NULL;
}
