/* SPDX-License-Identifier: MIT */
/* A small program: allocates a few blocks, frees them, and prints its own /proc/self/smaps with as little else as can be. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    static char text[1 << 18];
    static char *blocks[1000];
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        blocks[i] = malloc(16 + i);
        if (blocks[i] == NULL)
            return 1;
        blocks[i][0] = 1;
    }
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    const int file = open("/proc/self/smaps", O_RDONLY);
    size_t length = 0;
    for (ssize_t got; (got = read(file, text + length, sizeof text - length)) > 0;)
        length += (size_t)got;
    return write(STDOUT_FILENO, text, length) == (ssize_t)length ? 0 : 1;
}
