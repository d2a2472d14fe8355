/* SPDX-License-Identifier: MIT */
#include "told.h"

#include "core/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE "NUMAPERF_TOLD="

enum {
    MARK = 17,        /* a blank and 16 digits */
    MARKS = 8 * MARK, /* of as many problems; then the oldest is forgotten */
    MOST_ROOM = 256,  /* pointers on the stack of whoever starts a program, which may be small */
};

static struct {
    char entry[sizeof VARIABLE + MARKS]; /* of the environment */
    bool broken;                         /* this process found something, and hands the entry on */
    bool preloaded;                      /* by LD_PRELOAD: a program without that will not look */
} told = {.entry = VARIABLE};

static char *value(void)
{
    return told.entry + sizeof VARIABLE - 1;
}

/* Only whole marks of ours: the variable may hold anything. */
void np_told_learn(const struct np_environment *environment)
{
    const bool wants_all = environment->log_file != NULL || np_log_enabled(NP_LOG_INFO);
    const char *marks = environment->told;
    told.preloaded = environment->preload != NULL;
    if (marks == NULL || wants_all)
        return;
    const size_t length = strlen(marks);
    if (length <= (size_t)MARKS && length % MARK == 0 && strspn(marks, " 0123456789abcdef") == length)
        memcpy(value(), marks, length + 1);
}

/* FNV-1a. */
static uint64_t digest(uint64_t sum, const void *bytes, size_t length)
{
    for (const unsigned char *byte = bytes; length > 0; byte++, length--)
        sum = (sum ^ *byte) * 0x100000001b3;
    return sum;
}

/* Of the file as it is now, and what is wrong with it. */
static uint64_t identify(const char *path, const char *line)
{
    struct stat file;
    uint64_t sum = digest(0xcbf29ce484222325, line, strlen(line));
    if (stat(path, &file) < 0)
        return sum;
    const uint64_t facts[] = {(uint64_t)file.st_dev, (uint64_t)file.st_ino, (uint64_t)file.st_size,
                              (uint64_t)file.st_mtim.tv_sec, (uint64_t)file.st_mtim.tv_nsec};
    return digest(sum, facts, sizeof facts);
}

bool np_told_already(const char *path, const char *line)
{
    char mark[MARK + 1];
    const uint64_t sum = identify(path, line);
    (void)np_format(mark, sizeof mark, " ");
    for (int digit = 0; digit < MARK - 1; digit++)
        mark[1 + digit] = "0123456789abcdef"[sum >> (60 - 4 * digit) & 15];
    mark[MARK] = '\0';
    told.broken = true;
    if (strstr(value(), mark) != NULL)
        return true;
    if (strlen(value()) == (size_t)MARKS)
        memmove(value(), value() + MARK, strlen(value() + MARK) + 1);
    memcpy(value() + strlen(value()), mark, sizeof mark);
    return false;
}

/* ---- Programs that are started ---- */

static bool begins(const char *entry, const char *name)
{
    return strncmp(entry, name, strlen(name)) == 0;
}

size_t np_told_room(char *const *environment)
{
    size_t count = 0;
    bool will_look = !told.preloaded;
    if (!told.broken || environment == NULL)
        return 0;
    for (; environment[count] != NULL; count++)
        will_look =
            will_look || (begins(environment[count], "LD_PRELOAD=") && environment[count][11] != '\0');
    return will_look && count + 2 <= MOST_ROOM ? count + 2 : 0; /* ours and the NULL */
}

char *const *np_told_hand_on(char *const *environment, char **room, size_t most)
{
    size_t count = 0;
    if (most < 2)
        return environment;
    for (char *const *entry = environment; *entry != NULL; entry++) {
        if (begins(*entry, VARIABLE))
            continue;
        if (count + 2 == most) /* another thread has added to it */
            return environment;
        room[count++] = *entry;
    }
    room[count++] = told.entry;
    room[count] = NULL;
    return room;
}

void np_told_export(void)
{
    if (np_told_room(environ) == 0 || !__libc_single_threaded)
        return;
    const char *now = getenv("NUMAPERF_TOLD"); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    if (now == NULL || strcmp(now, value()) != 0)
        (void)putenv(told.entry); /* NOLINT(concurrency-mt-unsafe): likewise */
}
