/* SPDX-License-Identifier: MIT */
#include "absence.h"

#include "program.h"
#include "running.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A small file of /proc/PID, with a NUL behind it. Return: bytes, or -errno. */
static ssize_t read_of(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    const ssize_t got = read(descriptor, buffer, size - 1);
    (void)close(descriptor);
    buffer[got > 0 ? got : 0] = '\0';
    return got;
}

/* "PID (NAME) STATE PPID ...", where NAME may hold anything. */
static const char *behind_name(pid_t pid, char *buffer, size_t size)
{
    const char *behind = read_of(pid, "stat", buffer, size) > 0 ? strrchr(buffer, ')') : NULL;
    return behind && behind[1] == ' ' ? behind + 2 : NULL;
}

char np_absence_state(pid_t pid)
{
    char text[512];
    const char *behind = behind_name(pid, text, sizeof text);
    if (!behind)
        return '\0';
    return *behind;
}

static pid_t parent_of(pid_t pid)
{
    char text[512];
    const char *behind = behind_name(pid, text, sizeof text);
    return behind ? (pid_t)strtol(behind + 1, NULL, 10) : 0;
}

uint64_t np_absence_started(pid_t pid)
{
    enum { FIELDS = 19 }; /* from the state on, the third of all, to the start, the 22nd (proc(5)) */
    char text[512];
    const char *behind = behind_name(pid, text, sizeof text);
    for (int field = 0; behind && field < FIELDS; field++) {
        behind = strchr(behind, ' ');
        behind = behind ? behind + 1 : NULL;
    }
    return behind ? strtoull(behind, NULL, 10) : 0;
}

/* AT_SECURE of its auxiliary vector: the dynamic linker has ignored LD_PRELOAD. */
static bool is_secure(pid_t pid)
{
    union {
        char bytes[sizeof(Elf64_auxv_t) * 64 + 1];
        Elf64_auxv_t entries[64];
    } vector;
    const ssize_t got = read_of(pid, "auxv", vector.bytes, sizeof vector.bytes);
    for (ssize_t i = 0; (i + 1) * (ssize_t)sizeof(Elf64_auxv_t) <= got; i++)
        if (vector.entries[i].a_type == AT_SECURE)
            return vector.entries[i].a_un.a_val != 0;
    return false;
}

/* Does LD_PRELOAD of the environment that it was started with name the shim? */
static bool was_asked_for(pid_t pid)
{
    enum { SIZE = 2 << 20 }; /* execve(2) takes no more, as stacks usually are */
    static const char name[] = "LD_PRELOAD=";
    char *environment = malloc(SIZE);
    const ssize_t got = environment ? read_of(pid, "environ", environment, SIZE) : 0;
    bool asked = false;
    for (ssize_t at = 0; at < got && !asked; at += (ssize_t)strlen(environment + at) + 1)
        asked = strncmp(environment + at, name, sizeof name - 1) == 0 &&
                strstr(environment + at, "libnumaperf_preload.so");
    free(environment);
    return asked;
}

void np_absence_explain(pid_t pid, char *ret_reason)
{
    char path[64], target[PATH_MAX];
    struct np_program program = {.obstacle = NULL};
    (void)snprintf(path, sizeof path, "/proc/%d/exe", pid);
    const char *why = "it was started without the shim in LD_PRELOAD";
    if (readlink(path, target, sizeof target) < 0 && errno == ENOENT)
        why = "it is a thread of the kernel's";
    else if (np_program_inspect(path, &program) == 0 && program.obstacle)
        why = program.obstacle;
    else if (is_secure(pid))
        why = "it is set-uid, set-gid or has file capabilities, so LD_PRELOAD was ignored";
    else if (was_asked_for(pid))
        why = "LD_PRELOAD names the shim, but the dynamic linker did not load it";
    else if (np_running_has_shim(parent_of(pid)))
        why = "its parent runs under the shim, but LD_PRELOAD was scrubbed for it";
    (void)snprintf(ret_reason, NP_RUNNING_REASON_SIZE, "%s", why);
}
