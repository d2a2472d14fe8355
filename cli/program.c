/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "binary.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- Where it is ---- */

static int test_file(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return errno == EACCES ? -EACCES : -ENOENT;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) < 0)
        return -EACCES;
    return 0;
}

int np_program_find(const char *program, char *ret_path)
{
    if (!*program)
        return -ENOENT;
    if (strchr(program, '/')) {
        if (snprintf(ret_path, PATH_MAX, "%s", program) >= PATH_MAX)
            return -ENAMETOOLONG;
        return test_file(ret_path);
    }
    const char *folder = getenv("PATH");
    if (!folder)
        folder = "/bin:/usr/bin"; /* confstr(_CS_PATH) of glibc */
    int result = -ENOENT;
    for (;;) {
        int length = (int)strcspn(folder, ":");
        char path[PATH_MAX];
        /* An empty item of PATH is the current folder. */
        int used = snprintf(path, sizeof path, "%.*s%s%s", length, folder, length ? "/" : "./", program);
        int found = used >= PATH_MAX ? -ENOENT : test_file(path);
        if (found == 0) {
            memcpy(ret_path, path, (size_t)used + 1);
            return 0;
        }
        if (found == -EACCES)
            result = -EACCES;
        if (!folder[length])
            return result;
        folder += length + 1;
    }
}

/* ---- What it is ---- */

/* Where a file ends up in the kernel's hands: a script's first line names the next one. */
struct target {
    char path[PATH_MAX];
    char head[256]; /* BINPRM_BUF_SIZE: more of a first line the kernel does not read */
    int descriptor;
    struct stat status;
};

static bool open_target(struct target *target)
{
    target->descriptor = open(target->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (target->descriptor < 0)
        return false;
    ssize_t size = pread(target->descriptor, target->head, sizeof target->head - 1, 0);
    target->head[size > 0 ? size : 0] = '\0';
    return fstat(target->descriptor, &target->status) == 0 && S_ISREG(target->status.st_mode);
}

/* The interpreter of a script's first line, or NULL; *ret_word is the word behind it, or "". */
static const char *script_interpreter(char *head, const char **ret_word)
{
    if (head[0] != '#' || head[1] != '!')
        return NULL;
    head[strcspn(head, "\r\n")] = '\0';
    char *name = head + 2 + strspn(head + 2, " \t");
    char *end = name + strcspn(name, " \t");
    char *word = end + strspn(end, " \t");
    word[strcspn(word, " \t")] = '\0';
    *ret_word = word;
    *end = '\0';
    return *name ? name : NULL;
}

/* "#!/usr/bin/env python3": env executes what it finds in PATH, so that is what runs, under its own name. */
static bool follow_env(const char *interpreter, const char *word, struct np_program *program)
{
    const char *slash = strrchr(interpreter, '/');
    if (!slash || strcmp(slash, "/env") != 0 || !*word || *word == '-' || strchr(word, '='))
        return false;
    return np_program_find(word, program->interpreter) == 0;
}

/* Rights beyond the caller's make the dynamic linker ignore LD_PRELOAD (AT_SECURE, ld.so(8)); root has them all. */
static const char *rights_obstacle(const struct target *target)
{
    const struct stat *status = &target->status;
    if ((status->st_mode & S_ISUID && status->st_uid != geteuid()) ||
        (status->st_mode & S_ISGID && status->st_gid != getegid()))
        return "it is set-uid or set-gid";
    if (geteuid() != 0 && fgetxattr(target->descriptor, "security.capability", NULL, 0) > 0)
        return "it has file capabilities";
    return NULL;
}

static bool is_glibc(const char *linker)
{
    static const char *const names[] = {"ld-linux", "ld64.so", "ld.so"}; /* of all of glibc's architectures */
    const char *slash = strrchr(linker, '/');
    linker = slash ? slash + 1 : linker;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(linker, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static const char *elf_obstacle(const struct np_binary *elf)
{
    switch (elf->kind) {
    case NP_BINARY_32_BIT:
        return "it is a 32-bit program";
    case NP_BINARY_FOREIGN:
        return "it is for another processor";
    case NP_BINARY_STATIC:
        return "it is linked statically";
    case NP_BINARY_DYNAMIC:
        return is_glibc(elf->interpreter) ? NULL : "it uses another C library";
    case NP_BINARY_UNKNOWN:
        break;
    }
    return NULL;
}

static void inspect(struct target *target, struct np_program *program)
{
    for (int depth = 0; depth < 5; depth++) { /* the kernel follows as many (exec_binprm) */
        const bool known = open_target(target);
        const char *word = "", *next = known ? script_interpreter(target->head, &word) : NULL;
        if (known && !next) {
            struct np_binary elf;
            np_binary_read(target->descriptor, &elf);
            program->obstacle = rights_obstacle(target);
            if (!program->obstacle)
                program->obstacle = elf_obstacle(&elf);
            program->forks = elf.forks;
        }
        if (target->descriptor >= 0)
            (void)close(target->descriptor);
        if (!next)
            return;
        if (follow_env(next, word, program))
            memcpy(program->executed, program->interpreter, sizeof program->executed);
        else
            (void)snprintf(program->interpreter, sizeof program->interpreter, "%s", next);
        memcpy(target->path, program->interpreter, sizeof target->path);
        if (access(target->path, X_OK) < 0) {
            program->obstacle = "its interpreter cannot be executed";
            return;
        }
    }
}

int np_program_inspect(const char *program, struct np_program *ret_program)
{
    *ret_program = (struct np_program){.obstacle = NULL};
    int result = np_program_find(program, ret_program->path);
    if (result < 0)
        return result;
    struct target target = {.descriptor = -1};
    memcpy(ret_program->executed, ret_program->path, sizeof ret_program->executed);
    (void)snprintf(target.path, sizeof target.path, "%s", ret_program->path);
    inspect(&target, ret_program);
    return 0;
}

static bool is_policy_file(const char *path)
{
    static const char ending[] = ".ini";
    struct stat status;
    const size_t length = strlen(path);
    return length >= sizeof ending && strcmp(path + length - (sizeof ending - 1), ending) == 0 &&
           stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool np_program_refuse(const char *command, const char *program, int result)
{
    const bool misplaced = is_policy_file(program);
    if (misplaced && strcmp(command, "init") != 0)
        np_cli_error("%s: %s looks like a policy file: use -c %s", command, program, program);
    else
        np_cli_error("%s: %s: %s", command, program, strerror(-result));
    return !misplaced;
}
