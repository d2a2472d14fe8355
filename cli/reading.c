/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include "cli.h"
#include "running.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SIZE (64u << 20) /* bytes of a report */

/* Return: 0; -errno; -EFBIG. */
static int read_descriptor(int descriptor, struct np_text *ret_text)
{
    struct np_text text = {.bytes = NULL};
    ssize_t got = 1;
    for (size_t room = 0; got > 0; text.length += (size_t)got) {
        if (room - text.length < 4096) {
            room = room * 2 + 16384;
            char *larger = realloc(text.bytes, room);
            if (!larger)
                np_cli_out_of_memory();
            text.bytes = larger;
        }
        got = text.length > MAX_SIZE ? -1 : read(descriptor, text.bytes + text.length, room - text.length);
        if (got < 0) {
            const int error = text.length > MAX_SIZE ? -EFBIG : -errno;
            free(text.bytes);
            return error;
        }
    }
    *ret_text = text;
    return 0;
}

int np_reading_file(const char *path, struct np_text *ret_text)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0)
        return -errno;
    int result = read_descriptor(descriptor, ret_text);
    (void)close(descriptor);
    return result;
}

int np_reading_live(pid_t pid, const struct np_stats *stats, struct np_text *ret_text)
{
    const int descriptor = memfd_create("report", MFD_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    int result = np_running_emit(pid, stats, descriptor);
    if (result == 0 && lseek(descriptor, 0, SEEK_SET) < 0)
        result = -errno;
    if (result == 0)
        result = read_descriptor(descriptor, ret_text);
    (void)close(descriptor);
    return result;
}

struct np_stats *np_reading_stats(void)
{
    struct np_stats *stats = aligned_alloc(_Alignof(struct np_stats), sizeof *stats);
    if (!stats)
        np_cli_out_of_memory();
    return stats;
}
