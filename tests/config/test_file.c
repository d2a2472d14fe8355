/* SPDX-License-Identifier: MIT */
/* Reading files of every kind, and what callers are told. */
#include "../../config/config.h"
#include "../../config/problems.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char good_text[] = "[numaperf]\nversion = 1\n[malloc.a]\nsize = 1M-\npolicy = local\n";

/* What the callback saw. */
struct told {
    unsigned count, last_line, limit;
    bool rising;
    char first[512];
};

static bool tell(void *context, const char *path, const struct np_config_problem *problem)
{
    struct told *told = context;
    if (told->count++ == 0)
        (void)np_config_problem_format(path, problem, told->first, sizeof told->first);
    told->rising = told->rising && problem->line >= told->last_line;
    told->last_line = problem->line;
    return told->count != told->limit;
}

static void write_file(const char *path, const char *text, size_t length, size_t pad)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(text, 1, length, file) != length)
        exit(99);
    for (size_t i = 0; i < pad; i++)
        (void)fputc('\n', file);
    if (fclose(file) != 0)
        exit(99);
}

/* Reads @path, which must be refused with @error and a first message that ends with @text. */
static void refused(const char *path, int error, const char *text)
{
    struct told told = {.rising = true};
    struct np_config *config = NULL;
    errno = 77;
    int result = np_config_read_file(path, tell, &told, &config);
    size_t length = strlen(told.first);
    ok(result == error && config == NULL && told.count == 1 && errno == 77 && length >= strlen(text) &&
           strcmp(told.first + length - strlen(text), text) == 0,
       "refused: %s", told.first);
}

static void test_kinds(void)
{
    refused("missing.ini", -ENOENT, "missing.ini: No such file or directory");
    refused("good.ini/x", -ENOTDIR, "good.ini/x: Not a directory");
    refused("", -ENOENT, ": No such file or directory");
    refused(".", -EINVAL, ".: is a directory, not a file");
    refused("/dev/null", -EINVAL, "/dev/null: not a regular file");
    if (mkfifo("fifo", 0600) == 0)
        refused("fifo", -EINVAL, "fifo: not a regular file");
    if (symlink("loop", "loop") == 0)
        refused("loop", -ELOOP, "loop: Too many levels of symbolic links");
    char path[PATH_MAX + 10];
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    struct np_config *config = NULL;
    ok(np_config_read_file(path, NULL, NULL, &config) == -ENAMETOOLONG, "a path that is too long");
    write_file("closed.ini", good_text, strlen(good_text), 0);
    bool root = geteuid() == 0; /* root may read everything */
    if (chmod("closed.ini", 0) != 0 || (root && seteuid(65534) != 0)) {
        ok(true, "refused: closed.ini # skip cannot become a user who may not read it");
        return;
    }
    refused("closed.ini", -EACCES, "closed.ini: Permission denied");
    if (root && seteuid(0) != 0)
        exit(99);
}

/* Files around the size of the reader's own buffer, with a class at their very end. */
static void test_sizes(void)
{
    static const size_t sizes[] = {8191, 8192, 8193, 16384, 100000};
    static const char head[] = "[numaperf]\nversion = 1\n", tail[] = "[malloc.z]\nsize = 1M-\npolicy = local";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t pad = sizes[i] - strlen(head) - strlen(tail);
        write_file("padded.ini", head, strlen(head), pad);
        FILE *file = fopen("padded.ini", "a");
        if (file == NULL || fputs(tail, file) < 0 || fclose(file) != 0)
            exit(99);
        struct np_config *config = NULL;
        ok(np_config_read_file("padded.ini", NULL, NULL, &config) == 0 && config->class_count == 1 &&
               config->classes[0].policy_line == pad + 5,
           "a file of %zu bytes is read to its end", sizes[i]);
        np_config_free(config);
    }
}

static void test_limits(void)
{
    struct np_config *config = NULL;
    write_file("longest.ini", good_text, strlen(good_text), (1 << 20) - strlen(good_text));
    ok(np_config_read_file("longest.ini", NULL, NULL, &config) == 0, "a file of 1 MiB is read");
    np_config_free(config);
    write_file("longer.ini", good_text, strlen(good_text), (1 << 20) - strlen(good_text) + 1);
    refused("longer.ini", -EFBIG, "longer.ini:1048522: file: the file is over 1 MiB");
    config = NULL;
    char *text = calloc(1, (1 << 20) + 1);
    ok(text != NULL && np_config_read_text("text", text, (1 << 20) + 1, NULL, NULL, &config) == -EFBIG,
       "a text over 1 MiB is refused");
    free(text);
}

static void test_good(void)
{
    struct np_config *config = NULL;
    struct told told = {.rising = true};
    ok(symlink("good.ini", "link.ini") == 0 && np_config_read_file("link.ini", tell, &told, &config) == 0 &&
           told.count == 0 && strcmp(config->path, "link.ini") == 0 && config->class_count == 1,
       "a file behind a symbolic link");
    np_config_free(config);
    config = NULL;
    ok(np_config_read_text("name", good_text, strlen(good_text), tell, &told, &config) == 0 &&
           strcmp(config->path, "name") == 0 && strcmp(config->classes[0].section, "malloc.a") == 0,
       "the same text from memory");
    np_config_free(config);
    np_config_free(NULL);
    config = NULL;
    ok(np_config_builtin(&config) == 0 && strcmp(config->path, "built-in") == 0 && config->class_count == 2,
       "the built-in policy");
    const struct np_rule *small = &config->classes[0], *large = &config->classes[1];
    ok(small->min_size == 0 && small->max_size == 131072 && small->mode == NP_LOCAL &&
           large->min_size == 131072 && large->max_size == SIZE_MAX && large->mode == NP_FIRST_TOUCH &&
           strcmp(small->section, "malloc.default-small") == 0 &&
           strcmp(large->section, "malloc.default-large") == 0,
       "local below 128 KiB, first-touch from there");
    np_config_free(config);
}

static void test_many_problems(void)
{
    static char text[32768];
    char *end = stpcpy(text, "[numaperf]\n");
    for (unsigned i = 0; i < 5000; i++)
        end = stpcpy(end, "x=1\n");
    struct np_config *config = NULL;
    struct told told = {.rising = true};
    int error = np_config_read_text("many", text, strlen(text), tell, &told, &config);
    ok(error == -EINVAL && config == NULL && told.count == NP_PROBLEMS_MAX && told.rising &&
           told.last_line == NP_PROBLEMS_MAX,
       "%u problems of 5001 are told, those of the first lines", told.count);
    ok(strcmp(told.first, "many:1: numaperf.version: the key is missing") == 0,
       "what is found last but belongs to line 1 comes first: %s", told.first);
    struct told once = {.rising = true, .limit = 1};
    error = np_config_read_text("many", text, strlen(text), tell, &once, &config);
    ok(error == -EINVAL && once.count == 1, "the callback stops after the first");
    ok(np_config_read_text("many", text, strlen(text), NULL, NULL, &config) == -EINVAL,
       "nobody needs to listen");
}

static void test_format(void)
{
    struct np_config_problem problem = {.line = 3, .where = "malloc.a", .text = "why"};
    char buffer[8];
    ok(np_config_problem_format("f", &problem, buffer, sizeof buffer) == 18 && strcmp(buffer, "f:3: ma") == 0,
       "a message is cut as snprintf cuts");
}

int main(void)
{
    char folder[] = "/tmp/numaperf-config-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 99;
    write_file("good.ini", good_text, strlen(good_text), 0);
    test_kinds();
    test_sizes();
    test_limits();
    test_good();
    test_many_problems();
    test_format();
    remove_tree(folder);
    return done();
}
