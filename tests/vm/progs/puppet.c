/* SPDX-License-Identifier: MIT */
/* puppet - a program that allocates as it is told: one command a line on stdin, one line of answer each on stdout.
 *
 * Blocks are named by numbers from 0. It knows nothing of numaperf; it calls malloc and the kernel as programs do. The
 * answer is what the command says below, or the name of an error such as ENOMEM. See the table at the end. */
#include "puppet.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS 64

struct block blocks[BLOCKS];
size_t page;
struct words words; /* sizes may end in K, M or G */

static char line[512];

void answer_error(int error)
{
    puts(strerrorname_np(error));
}

static void answer_block(size_t name)
{
    printf("%#lx %zu\n", (unsigned long)(uintptr_t)blocks[name].start, blocks[name].size);
}

static void keep(size_t name, void *start, size_t size)
{
    if (!start) {
        answer_error(errno);
        return;
    }
    blocks[name].start = start;
    blocks[name].size = size;
    answer_block(name);
}

/* malloc BLOCK SIZE: ADDRESS SIZE */
static void do_malloc(void)
{
    keep(words.value[0], malloc(words.value[1]), words.value[1]);
}

/* calloc BLOCK SIZE: ADDRESS SIZE, or `dirty` when it does not read as zeroes */
static void do_calloc(void)
{
    char *start = calloc(1, words.value[1]);
    for (size_t i = 0; start && i < words.value[1]; i += 64)
        if (start[i]) {
            puts("dirty");
            return;
        }
    keep(words.value[0], start, words.value[1]);
}

/* align BLOCK SIZE ALIGNMENT: ADDRESS SIZE */
static void do_align(void)
{
    keep(words.value[0], aligned_alloc(words.value[2], words.value[1]), words.value[1]);
}

/* realloc BLOCK SIZE: ADDRESS SIZE */
static void do_realloc(void)
{
    keep(words.value[0], realloc(blocks[words.value[0]].start, words.value[1]), words.value[1]);
}

/* free BLOCK [LAST]: ok */
static void do_free(void)
{
    size_t last = words.count > 1 ? words.value[1] : words.value[0];
    for (size_t name = words.value[0]; name <= last; name++) {
        free(blocks[name].start);
        blocks[name].start = NULL;
    }
    puts("ok");
}

char mark_of(size_t name)
{
    return (char)(name % 250 + 1);
}

void write_pages(size_t name, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += page)
        blocks[name].start[at] = mark_of(name);
}

/* write BLOCK [FROM [TO]]: ok; one byte a page */
static void do_write(void)
{
    size_t name = words.value[0];
    write_pages(name, words.count > 1 ? words.value[1] : 0,
                words.count > 2 ? words.value[2] : blocks[name].size);
    puts("ok");
}

/* check BLOCK: ok, or `lost at OFFSET` when a byte is not what write has left there */
static void do_check(void)
{
    size_t name = words.value[0];
    for (size_t at = 0; at < blocks[name].size; at += page)
        if (blocks[name].start[at] != mark_of(name)) {
            printf("lost at %zu\n", at);
            return;
        }
    puts("ok");
}

/* read BLOCK: the sum of one byte a page */
static void do_read(void)
{
    unsigned sum = 0;
    for (size_t at = 0; at < blocks[words.value[0]].size; at += page)
        sum += (unsigned char)blocks[words.value[0]].start[at];
    printf("%u\n", sum);
}

/* many FIRST COUNT SIZE: ok; allocates and writes */
static void do_many(void)
{
    for (size_t name = words.value[0]; name < words.value[0] + words.value[1]; name++) {
        blocks[name].start = malloc(words.value[2]);
        blocks[name].size = words.value[2];
        if (!blocks[name].start) {
            printf("%s after %zu\n", strerrorname_np(errno), name - words.value[0]);
            return;
        }
        write_pages(name, 0, words.value[2]);
    }
    puts("ok");
}

/* grow FIRST LAST SIZE STEP: ok; enlarges the blocks in turn by STEP until they have SIZE, and writes what is new */
static void do_grow(void)
{
    for (size_t size = words.value[3]; size <= words.value[2]; size += words.value[3])
        for (size_t name = words.value[0]; name <= words.value[1]; name++) {
            char *larger = realloc(blocks[name].start, size);
            if (!larger) {
                answer_error(errno);
                return;
            }
            size_t old = blocks[name].size;
            blocks[name].start = larger;
            blocks[name].size = size;
            write_pages(name, old, size);
        }
    puts("ok");
}

/* fill SIZE: BYTES of blocks of SIZE that malloc gave, and that were written, until it gave no more; they stay */
static void do_fill(void)
{
    size_t total = 0;
    char *block;
    while (total < (size_t)8 << 30 && (block = malloc(words.value[0]))) {
        for (size_t at = 0; at < words.value[0]; at += page)
            block[at] = 1;
        total += words.value[0];
    }
    printf("%zu %s\n", total, strerrorname_np(errno));
}

static void pin(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        perror("sched_setaffinity");
}

/* cpu NUMBER: ok; runs there from now on */
static void do_cpu(void)
{
    pin(words.value[0]);
    puts("ok");
}

struct share {
    size_t block, cpu, from, to;
};

static void *write_share(void *argument)
{
    const struct share *share = argument;
    pin(share->cpu);
    write_pages(share->block, share->from, share->to);
    return NULL;
}

/* share BLOCK THREADS: ok; each thread, on a CPU of its own, writes its part */
static void do_share(void)
{
    pthread_t threads[CPUS];
    struct share shares[CPUS];
    size_t count = words.value[1], part = blocks[words.value[0]].size / count;
    for (size_t i = 0; i < count; i++) {
        shares[i] = (struct share){words.value[0], i, i * part, (i + 1) * part};
        pthread_create(&threads[i], NULL, write_share, &shares[i]);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    puts("ok");
}

/* churn COUNT SMALLEST LARGEST: ok; blocks of random sizes replace one another in the names from 1000 on */
static void do_churn(void)
{
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < words.value[0]; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        size_t name = 1000 + random % 400,
               size = words.value[1] + (random >> 20) % (words.value[2] - words.value[1]);
        free(blocks[name].start);
        blocks[name].start = malloc(size);
        blocks[name].size = size;
        if (!blocks[name].start) {
            answer_error(errno);
            return;
        }
        write_pages(name, 0, size);
    }
    puts("ok");
}

/* crash: no answer; dumps core */
static void do_crash(void)
{
    abort();
}

/* sleep MILLISECONDS: ok */
static void do_sleep(void)
{
    usleep((useconds_t)words.value[0] * 1000);
    puts("ok");
}

static const struct {
    const char *name;
    void (*act)(void);
} commands[] = {
    {"malloc", do_malloc},     {"calloc", do_calloc},       {"align", do_align},
    {"realloc", do_realloc},   {"free", do_free},           {"write", do_write},
    {"check", do_check},       {"read", do_read},           {"many", do_many},
    {"grow", do_grow},         {"fill", do_fill},           {"cpu", do_cpu},
    {"share", do_share},       {"fork", do_fork},           {"child", do_child},
    {"limit-as", do_limit_as}, {"stack", do_stack},         {"limit-lock", do_limit_lock},
    {"lock", do_lock},         {"user", do_user},           {"mmap", do_mmap},
    {"mbind", do_mbind},       {"raw-mbind", do_raw_mbind}, {"mlock", do_mlock},
    {"churn", do_churn},       {"crash", do_crash},         {"sleep", do_sleep},
};

static size_t parse_size(const char *word)
{
    char *end;
    size_t value = strtoull(word, &end, 0);
    switch (*end) {
    case 'G':
        value <<= 10;
        __attribute__((fallthrough));
    case 'M':
        value <<= 10;
        __attribute__((fallthrough));
    case 'K':
        value <<= 10;
    }
    return value;
}

static void obey(void)
{
    const char *name = strtok(line, " \n"), *word;
    for (words.count = 0; words.count < 8 && (word = strtok(NULL, " \n")); words.count++)
        words.value[words.count] = parse_size(word);
    for (size_t i = 0; name && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].act();
            return;
        }
    puts("unknown command");
}

int main(void)
{
    static char output[4096];
    setvbuf(stdout, output, _IOLBF, sizeof output);
    page = (size_t)sysconf(_SC_PAGESIZE);
    while (fgets(line, sizeof line, stdin))
        obey();
    return 0;
}
