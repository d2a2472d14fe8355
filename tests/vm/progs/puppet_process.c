/* SPDX-License-Identifier: MIT */
/* puppet_process - the commands by which the program changes itself: children, limits, locks, policies of its own. */
#include "puppet.h"

#include <errno.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer_status(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        answer_error(errno);
    else if (WIFSIGNALED(status))
        printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
    else
        printf("exit %d\n", WEXITSTATUS(status));
}

/* fork BLOCK [LAST]: `exit 0`, or how the child ended; parent and child both write the blocks, the child checks first */
void do_fork(void)
{
    size_t last = words.count > 1 ? words.value[1] : words.value[0];
    fflush(stdout);
    pid_t child = fork();
    for (size_t name = words.value[0]; child >= 0 && name <= last; name++) {
        if (child == 0)
            for (size_t at = 0; at < blocks[name].size; at += page)
                if (blocks[name].start[at] != mark_of(name))
                    _exit(1);
        write_pages(name, 0, blocks[name].size);
    }
    if (child == 0)
        _exit(0);
    answer_status(child);
}

/* child SIZE: `exit 0` when a forked child can allocate and write SIZE, `exit 1` when malloc gives it nothing */
void do_child(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *block = malloc(words.value[0]);
        for (size_t at = 0; block && at < words.value[0]; at += page)
            block[at] = 1;
        _exit(block ? 0 : 1);
    }
    answer_status(child);
}

static void set_limit(int resource)
{
    struct rlimit limit = {words.value[0], words.value[0]};
    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        answer_error(errno);
    else
        puts("ok");
}

/* limit-as BYTES: ok */
void do_limit_as(void)
{
    set_limit(RLIMIT_AS);
}

/* limit-lock BYTES: ok */
void do_limit_lock(void)
{
    set_limit(RLIMIT_MEMLOCK);
}

/* lock: ok; mlockall of what is there and of what comes */
void do_lock(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        answer_error(errno);
    else
        puts("ok");
}

/* user ID: ok; gives up being root */
void do_user(void)
{
    if (setresuid((uid_t)words.value[0], (uid_t)words.value[0], (uid_t)words.value[0]) < 0)
        answer_error(errno);
    else
        puts("ok");
}

__attribute__((noinline)) static size_t descend(size_t bytes)
{
    volatile char frame[16 << 10];
    frame[0] = 1;
    return bytes < sizeof frame ? 1 : (size_t)frame[0] + descend(bytes - sizeof frame);
}

/* stack BYTES: ok; lets the stack grow */
void do_stack(void)
{
    puts(descend(words.value[0]) ? "ok" : "no");
}

/* mmap SIZE: ok; the mapping stays */
void do_mmap(void)
{
    void *start = mmap(NULL, words.value[0], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        answer_error(errno);
    else
        puts("ok");
}

/* mbind BLOCK NODE: ok; as programs do that link libnuma */
void do_mbind(void)
{
    unsigned long mask = 1ul << words.value[1];
    if (mbind(blocks[words.value[0]].start, blocks[words.value[0]].size, MPOL_BIND, &mask, 64, 0) < 0)
        answer_error(errno);
    else
        puts("ok");
}

/* raw-mbind BLOCK NODE: ok; as programs do that need no library for it */
void do_raw_mbind(void)
{
    unsigned long mask = 1ul << words.value[1];
    if (syscall(SYS_mbind, blocks[words.value[0]].start, blocks[words.value[0]].size, MPOL_BIND, &mask, 64ul,
                0) < 0)
        answer_error(errno);
    else
        puts("ok");
}

/* mlock BLOCK LAST: ok; locks one page in the middle of each */
void do_mlock(void)
{
    for (size_t name = words.value[0]; name <= words.value[1]; name++)
        if (blocks[name].start && mlock(blocks[name].start + blocks[name].size / 2, page) < 0) {
            answer_error(errno);
            return;
        }
    puts("ok");
}
