/* SPDX-License-Identifier: MIT */
/* Which policy file applies, in a scratch folder that holds a home, an XDG folder and an /etc. */
#include "../../config/config.h"

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/numaperf-find-XXXXXX";

static const char *in_root(const char *path)
{
    static char paths[100][256];
    static unsigned turn;
    char *full = paths[turn++ % 100];
    (void)snprintf(full, sizeof *paths, "%s/%s", root, path);
    return full;
}

static void touch(const char *path)
{
    FILE *file = fopen(in_root(path), "w");
    if (file == NULL || fclose(file) != 0)
        exit(99);
}

/* @wanted is below the root, NULL for the built-in default. */
static void finds(const struct np_config_search *search, const char *wanted, const char *text)
{
    char path[PATH_MAX] = "";
    errno = 77;
    int found = np_config_find(search, path);
    ok(found == (wanted != NULL) && errno == 77 && (wanted == NULL || strcmp(path, in_root(wanted)) == 0),
       "%s (%s)", text, path);
}

static void test_order(void)
{
    struct np_config_search search = {.execfn = "./bin/app",
                                      .exe = "/usr/bin/interp",
                                      .home = in_root("home"),
                                      .xdg_home = NULL,
                                      .etc = in_root("etc")};
    finds(&search, NULL, "nothing there: the built-in default");
    touch("etc/default.ini");
    finds(&search, "etc/default.ini", "the system's default.ini");
    touch("home/.config/numaperf/default.ini");
    finds(&search, "home/.config/numaperf/default.ini", "the user's default.ini goes first");
    touch("etc/interp.ini");
    finds(&search, "etc/interp.ini", "the name of the executable goes before default.ini");
    touch("home/.config/numaperf/interp.ini");
    finds(&search, "home/.config/numaperf/interp.ini", "in the user's folder first");
    touch("etc/app.ini");
    finds(&search, "etc/app.ini", "the name as executed goes before the executable's");
    touch("home/.config/numaperf/app.ini");
    finds(&search, "home/.config/numaperf/app.ini", "in the user's folder first");
    search.xdg_home = in_root("xdg");
    finds(&search, "etc/app.ini", "XDG_CONFIG_HOME replaces ~/.config");
    touch("xdg/numaperf/app.ini");
    finds(&search, "xdg/numaperf/app.ini", "in XDG_CONFIG_HOME");
    search.config_env = "relative/../x.ini";
    char path[PATH_MAX];
    ok(np_config_find(&search, path) == 1 && strcmp(path, "relative/../x.ini") == 0,
       "NUMAPERF_CONFIG goes first, untested and as written");
    search.config_env = "";
    finds(&search, NULL, "an empty NUMAPERF_CONFIG is the built-in default");
}

static void test_homes(void)
{
    struct np_config_search search = {
        .execfn = "app", .home = in_root("home"), .xdg_home = "", .etc = in_root("etc")};
    finds(&search, "home/.config/numaperf/app.ini", "an empty XDG_CONFIG_HOME is ~/.config");
    search.xdg_home = "xdg";
    finds(&search, "home/.config/numaperf/app.ini", "a relative XDG_CONFIG_HOME is ~/.config");
    search.xdg_home = in_root("xdg");
    search.home = NULL;
    finds(&search, "etc/app.ini", "without HOME only the system's folder");
    search.home = "";
    finds(&search, "etc/app.ini", "an empty HOME is none");
    search.xdg_home = search.home = search.etc = NULL;
    finds(&search, NULL, "no folder at all");
}

static void test_names(void)
{
    struct np_config_search search = {.home = in_root("home"), .etc = in_root("etc")};
    finds(&search, "home/.config/numaperf/default.ini", "a program without a name");
    search.exe = "/usr/bin/app (deleted)";
    finds(&search, "home/.config/numaperf/app.ini", "an executable that was replaced");
    search.execfn = "/usr/bin/";
    search.exe = "/";
    finds(&search, "home/.config/numaperf/default.ini", "paths without a base name");
    char longest[NAME_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    search.execfn = longest;
    finds(&search, "home/.config/numaperf/default.ini", "a name too long for a file");
    search.execfn = "dir";
    finds(&search, "etc/dir.ini", "a directory of that name exists, and reading it will say so");
    search.execfn = "dangling";
    finds(&search, "home/.config/numaperf/default.ini", "a dangling link does not exist");
    static char huge[PATH_MAX + 100];
    memset(huge, '/', sizeof huge - 1);
    search.config_env = huge;
    char path[PATH_MAX];
    struct np_config *config = NULL;
    ok(np_config_find(&search, path) == 1 && np_config_read_file(path, NULL, NULL, &config) == -ENAMETOOLONG,
       "a NUMAPERF_CONFIG that is too long is an error");
    search.config_env = NULL;
    search.home = huge;
    finds(&search, "etc/default.ini", "a HOME that is too long");
}

int main(void)
{
    static const char *const folders[] = {
        "home", "home/.config", "home/.config/numaperf", "xdg", "xdg/numaperf", "etc", "etc/dir.ini"};
    if (mkdtemp(root) == NULL)
        return 99;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (mkdir(in_root(folders[i]), 0700) != 0)
            return 99;
    if (symlink("nowhere", in_root("etc/dangling.ini")) != 0)
        return 99;
    test_order();
    test_homes();
    test_names();
    remove_tree(root);
    return done();
}
