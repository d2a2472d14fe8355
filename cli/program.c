/* SPDX-License-Identifier: MIT */
/* The program to run: where it is, and whether a preloaded library reaches it. */
#include "cli.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* The name of the dynamic linker in an ELF file's head, "" for a static one, NULL for a file that is no 64-bit ELF. */
static const char *find_interpreter(const char *head, size_t size)
{
    Elf64_Ehdr header;
    if (size < sizeof header || memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_CLASS] != ELFCLASS64)
        return NULL;
    memcpy(&header, head, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        size_t at;
        if (__builtin_add_overflow(header.e_phoff, i * sizeof segment, &at) || at > size - sizeof segment)
            return NULL; /* further away than anybody puts it: unknown */
        memcpy(&segment, head + at, sizeof segment);
        if (segment.p_type != PT_INTERP)
            continue;
        if (segment.p_offset >= size || !memchr(head + segment.p_offset, '\0', size - segment.p_offset))
            return NULL;
        return head + segment.p_offset;
    }
    return "";
}

static const char *elf_obstacle(const char *head, size_t size)
{
    const char *interpreter = find_interpreter(head, size);
    if (!interpreter) {
        bool is_32_bit =
            size > EI_CLASS && memcmp(head, ELFMAG, SELFMAG) == 0 && head[EI_CLASS] == ELFCLASS32;
        return is_32_bit ? "it is a 32-bit program" : NULL;
    }
    if (!*interpreter)
        return "it is linked statically";
    return strstr(interpreter, "ld-musl") ? "it uses another C library" : NULL;
}

/* The interpreter of a script's first line, or NULL. */
static const char *script_interpreter(char *head)
{
    if (head[0] != '#' || head[1] != '!')
        return NULL;
    char *name = head + 2 + strspn(head + 2, " \t");
    name[strcspn(name, " \t\r\n")] = '\0';
    return *name ? name : NULL;
}

const char *np_program_obstacle(const char *path)
{
    static char head[16 << 10], interpreter[PATH_MAX];
    for (int depth = 0; depth < 4; depth++) { /* the kernel follows as many scripts (exec_binprm) */
        struct stat status;
        int descriptor = open(path, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0)
            return NULL;
        ssize_t size = read(descriptor, head, sizeof head - 1);
        bool known = size > 0 && fstat(descriptor, &status) == 0;
        (void)close(descriptor);
        if (!known)
            return NULL;
        head[size] = '\0';
        const char *next = script_interpreter(head);
        if (!next) {
            bool raises = (status.st_mode & S_ISUID && status.st_uid != geteuid()) ||
                          (status.st_mode & S_ISGID && status.st_gid != getegid());
            return raises ? "it is set-uid or set-gid" : elf_obstacle(head, (size_t)size);
        }
        (void)snprintf(interpreter, sizeof interpreter, "%s", next);
        path = interpreter;
    }
    return NULL;
}
