/* SPDX-License-Identifier: MIT */
/* puppet - what its two halves share: the blocks (puppet.c), and what the program does to itself (puppet_process.c). */
#ifndef NP_TESTS_PUPPET_H
#define NP_TESTS_PUPPET_H

#include <stddef.h>

#define BLOCKS 4096

struct block {
    char *start;
    size_t size;
};

/* The numbers behind a command's name. */
struct words {
    unsigned count;
    size_t value[8];
};

extern struct block blocks[BLOCKS];
extern struct words words;
extern size_t page;

void answer_error(int error);
/** mark_of() - the byte that the pages of a block are written with. */
char mark_of(size_t name);
void write_pages(size_t name, size_t from, size_t to);

void do_fork(void);
void do_child(void);
void do_limit_as(void);
void do_limit_lock(void);
void do_lock(void);
void do_user(void);
void do_stack(void);
void do_mmap(void);
void do_mbind(void);
void do_raw_mbind(void);
void do_mlock(void);

#endif
