/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "../core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The user's folder, in two parts; NULL where there is none. */
struct user_folder {
    const char *base, *rest;
};

static const char *base_name(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* A relative folder would mean another file in every working directory. The XDG base directory specification wants
 * such a value ignored. */
static bool is_absolute(const char *path)
{
    return path != NULL && *path == '/';
}

static struct user_folder user_folder(const struct np_config_search *search)
{
    if (!is_absolute(search->home))
        return (struct user_folder){.base = NULL};
    if (is_absolute(search->xdg_home))
        return (struct user_folder){.base = search->xdg_home, .rest = "/numaperf"};
    return (struct user_folder){.base = search->home, .rest = "/.config/numaperf"};
}

static bool exists(const char *path)
{
    int saved = errno;
    bool found = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    errno = saved;
    return found;
}

static bool try_folder(const char *base, const char *rest, const char *name, size_t length, char *ret_path)
{
    char file[NAME_MAX + 1];
    if (base == NULL || length == 0 || length + sizeof ".ini" > sizeof file)
        return false;
    memcpy(file, name, length);
    memcpy(file + length, ".ini", sizeof ".ini");
    if (np_format(ret_path, PATH_MAX, "%s%s/%s", base, rest, file) >= PATH_MAX)
        return false;
    return exists(ret_path);
}

static bool try_name(const struct np_config_search *search, const char *name, size_t length, char *ret_path)
{
    struct user_folder user = user_folder(search);
    return try_folder(user.base, user.rest, name, length, ret_path) ||
           try_folder(search->etc, "", name, length, ret_path);
}

/* The kernel marks the target of /proc/self/exe when the file was replaced while the program runs. */
static size_t length_undeleted(const char *name)
{
    static const char mark[] = " (deleted)";
    size_t length = strlen(name), cut = sizeof mark - 1;
    return length > cut && strcmp(name + length - cut, mark) == 0 ? length - cut : length;
}

int np_config_find(const struct np_config_search *search, char *ret_path)
{
    if (search->config_env != NULL) {
        /* a path that is cut here is too long to be opened, which reading it reports */
        (void)np_format(ret_path, PATH_MAX, "%s", search->config_env);
        return *ret_path != '\0';
    }
    const char *name = base_name(search->execfn);
    if (name != NULL && try_name(search, name, strlen(name), ret_path))
        return 1;
    const char *exe = base_name(search->exe);
    size_t length = exe != NULL ? length_undeleted(exe) : 0;
    bool tried = exe != NULL && name != NULL && strlen(name) == length && strncmp(name, exe, length) == 0;
    if (exe != NULL && !tried && try_name(search, exe, length, ret_path))
        return 1;
    return try_name(search, "default", strlen("default"), ret_path);
}
