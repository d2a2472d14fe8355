/* SPDX-License-Identifier: MIT */
/* Programs that are started from this one. What the kernel hands on from the calling thread is laid down before, and
 * taken up when it goes on here. A vfork child runs on its parent's memory, but policy and CPUs are its own. */
#include "next.h"
#include "task.h"
#include "told.h"

#include <alloca.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- exec: comes back only when it fails ---- */

NP_PUBLIC int execve(const char *path, char *const arguments[], char *const environment[])
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.execve(path, arguments, environment);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.execvpe(file, arguments, environment);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int fexecve(int descriptor, char *const arguments[], char *const environment[])
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.fexecve(descriptor, arguments, environment);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int execveat(int folder, const char *path, char *const arguments[], char *const environment[],
                       int flags)
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.execveat(folder, path, arguments, environment, flags);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

NP_PUBLIC int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

/* How many arguments a list has behind the first one, which may be the NULL at its end. */
static size_t count_arguments(const char *first, va_list *list)
{
    size_t count = 0;
    while (first != NULL && va_arg(*list, char *) != NULL)
        count++;
    return count;
}

/* Fills @arguments with the first one, @count others and the NULL behind them; exec does not write to them. @list is left
 * behind that NULL, where execle(3) goes on. */
static void fill_arguments(char **arguments, const char *first, size_t count, va_list *list)
{
    arguments[0] = (char *)(uintptr_t)first; /* NOLINT(performance-no-int-to-ptr) */
    for (size_t i = 1; first != NULL && i <= count + 1; i++)
        arguments[i] = va_arg(*list, char *);
}

/* The arguments lie on the stack, as libc has them: a vfork child must not allocate. */

NP_PUBLIC int execl(const char *path, const char *first, ...)
{
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, &list);
    va_end(list);
    char **arguments = alloca((count + 2) * sizeof *arguments);
    va_start(list, first);
    fill_arguments(arguments, first, count, &list);
    va_end(list);
    return execve(path, arguments, environ);
}

NP_PUBLIC int execlp(const char *file, const char *first, ...)
{
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, &list);
    va_end(list);
    char **arguments = alloca((count + 2) * sizeof *arguments);
    va_start(list, first);
    fill_arguments(arguments, first, count, &list);
    va_end(list);
    return execvpe(file, arguments, environ);
}

NP_PUBLIC int execle(const char *path, const char *first, ...)
{
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, &list);
    va_end(list);
    char **arguments = alloca((count + 2) * sizeof *arguments);
    va_start(list, first);
    fill_arguments(arguments, first, count, &list);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, arguments, environment);
}

/* ---- What starts a child and comes back; libc does it inside, past the functions above ---- */

NP_PUBLIC int posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[])
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.posix_spawn(ret_pid, path, actions, attributes, arguments, environment);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int posix_spawnp(pid_t *ret_pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const arguments[],
                           char *const environment[])
{
    struct np_task task;
    const size_t room = np_told_room(environment);
    environment = np_told_hand_on(environment, alloca(room * sizeof *environment), room);
    np_task_lay_down(&task);
    int result = np_next.posix_spawnp(ret_pid, file, actions, attributes, arguments, environment);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC int system(const char *command)
{
    struct np_task task;
    np_told_export();
    np_task_lay_down(&task);
    int result = np_next.system(command);
    np_task_take_up(&task);
    return result;
}

NP_PUBLIC FILE *popen(const char *command, const char *type)
{
    struct np_task task;
    np_told_export();
    np_task_lay_down(&task);
    FILE *result = np_next.popen(command, type);
    np_task_take_up(&task);
    return result;
}
