/* SPDX-License-Identifier: MIT */
/* The program binds and advises blocks of its own: the calls answer as the kernel does, and what was asked for one block
 * is not found in the next one at the same place. Prints the policy mode of the second block: 0 for none. */
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE           ((size_t)4 << 20)
#define MODE_PREFERRED 1
#define FLAG_ADDRESS   2ul

typedef long mbind_function(void *, unsigned long, int, const unsigned long *, unsigned long, unsigned);

/* libnuma's, or the shim's; neither header is needed for that. */
static long bind(void *address, size_t length, int mode, const unsigned long *nodes)
{
    mbind_function *function = (mbind_function *)dlsym(RTLD_DEFAULT, "mbind");
    if (!function)
        return syscall(SYS_mbind, address, length, mode, nodes, nodes ? 65 : 0, 0);
    return function(address, length, mode, nodes, nodes ? 65 : 0, 0);
}

static int mode_at(void *address)
{
    int mode = -1;
    return syscall(SYS_get_mempolicy, &mode, NULL, 0, address, FLAG_ADDRESS) == 0 ? mode & 0xfff : -1;
}

int main(int argc, char **argv)
{
    unsigned long nodes = argc > 1 ? 1ul << atoi(argv[1]) : 1;
    char *block = malloc(SIZE);
    memset(block, 1, SIZE);
    char *page = (char *)(((size_t)block + 4095) & ~(size_t)4095);

    errno = 0;
    check(bind(page, 4096, 77, NULL) == -1 && errno == EINVAL, "a bad mode is not EINVAL");
    check(bind(page + 1, 4096, 0, NULL) == -1 && errno == EINVAL, "a bad address is not EINVAL");
    errno = 0;
    check(bind(page, SIZE / 2, MODE_PREFERRED, &nodes) == 0, "mbind: %s", strerror(errno));
    check(mode_at(page) == MODE_PREFERRED, "the program's own policy does not hold");
    check(madvise(page, SIZE / 2, 9999) == -1 && errno == EINVAL, "bad advice is not EINVAL");
    errno = 0;
    check(madvise(page, SIZE / 2, MADV_NOHUGEPAGE) == 0 || errno == EINVAL, "madvise: %s", strerror(errno));
    check(madvise(page, 4096, MADV_DONTNEED) == 0 && page[0] == 0, "MADV_DONTNEED did nothing");
    check(madvise(NULL, 0, MADV_NORMAL) == 0, "no bytes: %s", strerror(errno));
    free(block);

    block = malloc(SIZE);
    memset(block, 2, SIZE);
    page = (char *)(((size_t)block + 4095) & ~(size_t)4095);
    (void)printf("%d\n", mode_at(page));
    free(block);
    return check_status();
}
