/* SPDX-License-Identifier: MIT */
#include "launch.h"

#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libnumaperf_preload.so"

/* Set a variable to a path that stays right when the program changes its folder. Return: 0 or -errno. */
static int set_path(const char *name, const char *path)
{
    char folder[PATH_MAX], absolute[2 * PATH_MAX];
    if (path[0] == '/' || !*path || strcmp(path, "-") == 0)
        return setenv(name, path, 1) < 0 ? -errno : 0;
    if (!getcwd(folder, sizeof folder))
        return -errno;
    (void)snprintf(absolute, sizeof absolute, "%s/%s", folder, path);
    return setenv(name, absolute, 1) < 0 ? -errno : 0;
}

/* Find the shim: beside this command, in the build tree, in the library folder. Return: 0 and ret_path; -ENOENT. */
static int find_shim(char *ret_path)
{
    static const char *const places[] = {"/" SHIM, "/../preload/" SHIM};
    char self[PATH_MAX], candidate[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        (void)snprintf(candidate, sizeof candidate, "%.*s%s", (int)(slash - self), self, places[i]);
        if (access(candidate, R_OK) == 0 && realpath(candidate, ret_path))
            return 0;
    }
    return access(NP_LIBDIR "/" SHIM, R_OK) == 0 && realpath(NP_LIBDIR "/" SHIM, ret_path) ? 0 : -ENOENT;
}

/* Is the shim among the entries of LD_PRELOAD, which blanks and colons separate? */
static bool is_listed(const char *list, const char *shim)
{
    size_t length = strlen(shim);
    for (; *list; list += strspn(list, ": ")) {
        size_t entry = strcspn(list, ": ");
        if (entry == length && memcmp(list, shim, length) == 0)
            return true;
        list += entry;
    }
    return false;
}

static int preload_shim(void)
{
    char shim[PATH_MAX];
    if (find_shim(shim) < 0) {
        np_cli_error("run: %s is neither beside this command nor in %s", SHIM, NP_LIBDIR);
        return NP_EXIT_RUN_REFUSED;
    }
    if (strpbrk(shim, ": ")) {
        np_cli_error("run: %s: LD_PRELOAD cannot name a path with blanks or colons", shim);
        return NP_EXIT_RUN_REFUSED;
    }
    const char *before = getenv("LD_PRELOAD");
    if (before && is_listed(before, shim))
        return 0;
    /* First in the list: an allocator that is there already becomes the next malloc. */
    size_t size = strlen(shim) + (before ? strlen(before) : 0) + 2;
    char *list = malloc(size);
    if (list)
        (void)snprintf(list, size, "%s%s%s", shim, before && *before ? ":" : "", before ? before : "");
    int result = list ? setenv("LD_PRELOAD", list, 1) : -1;
    free(list);
    if (result < 0)
        np_cli_error("run: %s", strerror(errno));
    return result < 0 ? NP_EXIT_RUN_REFUSED : 0;
}

/* As a shell reads it back. */
static void put_quoted(FILE *stream, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (*word && strspn(word, plain) == strlen(word)) {
        (void)fputs(word, stream);
        return;
    }
    (void)fputc('\'', stream);
    for (; *word; word++)
        (void)(*word == '\'' ? fputs("'\\''", stream) : fputc(*word, stream));
    (void)fputc('\'', stream);
}

int np_launch_prepare(const struct np_launch *launch)
{
    int result = 0;
    if (launch->config)
        result = set_path("NUMAPERF_CONFIG", launch->config);
    if (launch->config && result == 0)
        result = unsetenv("NUMAPERF_POLICY") < 0 ? -errno : 0; /* of a run around this one */
    if (launch->policy && result == 0)
        result = setenv("NUMAPERF_POLICY", launch->policy, 1) < 0 ? -errno : 0;
    if (result == 0 && launch->report)
        result = set_path("NUMAPERF_REPORT", launch->report);
    if (result == 0 && launch->has_mode)
        result = setenv("NUMAPERF_MODE", launch->mode == NP_HARD ? "hard" : "soft", 1) < 0 ? -errno : 0;
    if (result == 0)
        return preload_shim();
    np_cli_error("run: %s", strerror(-result));
    return NP_EXIT_RUN_REFUSED;
}

void np_launch_show(FILE *stream, char *const *command)
{
    static const char *const variables[] = {"LD_PRELOAD",        "NUMAPERF_CONFIG", "NUMAPERF_POLICY",
                                            "NUMAPERF_REPORT",   "NUMAPERF_MODE",   "NUMAPERF_LOG",
                                            "NUMAPERF_LOG_FILE", "NUMAPERF_DISABLE"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (!value)
            continue;
        (void)fprintf(stream, "export %s=", variables[i]);
        put_quoted(stream, value);
        (void)fputc('\n', stream);
    }
    (void)fputs("exec", stream);
    for (; *command; command++) {
        (void)fputc(' ', stream);
        put_quoted(stream, *command);
    }
    (void)fputc('\n', stream);
}
