/* SPDX-License-Identifier: MIT */
/* deny - runs a program in a sandbox whose kernel refuses some system calls, as containers and old kernels do.
 *
 * usage: deny EPERM|ENOSYS|EINVAL|ENOMEM|EACCES CALL[:VALUE]... -- PROGRAM [ARGUMENT]...
 *
 * CALL:VALUE refuses the call only for one mode (mbind:5, set_mempolicy:6), one advice (madvise:23) or one flag
 * (mremap:4, mmap:0x40000). Sandboxes nest: `deny EPERM mbind -- deny EINVAL madvise:23 -- program`. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "say which AUDIT_ARCH this is"
#endif

#define MODE             0x0fff /* the bits of a policy mode without its flags */
#define MAX_INSTRUCTIONS 256

static const struct {
    const char *name;
    int code;
} errors[] = {
    {"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES}};

/* How `:VALUE` is compared: these bits of this argument equal it, or (no mask) the argument has one of its bits. */
static const struct call {
    const char *name;
    unsigned number, argument, mask;
} calls[] = {
    {"mbind", SYS_mbind, 2, MODE},
    {"set_mempolicy", SYS_set_mempolicy, 0, MODE},
    {"get_mempolicy", SYS_get_mempolicy, 4, ~0u},
    {"move_pages", SYS_move_pages, 1, ~0u},
    {"sched_setaffinity", SYS_sched_setaffinity, 0, ~0u},
    {"sched_getaffinity", SYS_sched_getaffinity, 0, ~0u},
    {"madvise", SYS_madvise, 2, ~0u},
    {"mprotect", SYS_mprotect, 2, ~0u},
    {"mmap", SYS_mmap, 3, 0},
    {"mremap", SYS_mremap, 3, 0},
    {"memfd_create", SYS_memfd_create, 1, 0},
    {"fstatfs", SYS_fstatfs, 0, ~0u},
    {"statx", SYS_statx, 2, 0},
};

static struct sock_filter filter[MAX_INSTRUCTIONS];
static unsigned short used;

static void emit(unsigned code, unsigned value, unsigned if_true, unsigned if_false)
{
    if (used == MAX_INSTRUCTIONS) {
        fprintf(stderr, "deny: too many calls\n");
        exit(2);
    }
    filter[used++] =
        (struct sock_filter){(unsigned short)code, (unsigned char)if_true, (unsigned char)if_false, value};
}

static const struct call *find_call(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strlen(calls[i].name) == length && strncmp(calls[i].name, name, length) == 0)
            return &calls[i];
    fprintf(stderr, "deny: unknown system call: %s\n", name);
    exit(2);
}

static void refuse(const char *word, unsigned answer)
{
    const size_t length = strcspn(word, ":");
    const struct call *call = find_call(word, length);
    if (word[length] == '\0') {
        emit(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 1);
        emit(BPF_RET | BPF_K, answer, 0, 0);
        return;
    }
    const unsigned value = (unsigned)strtoul(word + length + 1, NULL, 0);
    /* The low half of a 64-bit argument stands first: both architectures are little-endian. */
    const unsigned offset = (unsigned)offsetof(struct seccomp_data, args) + 8 * call->argument;
    emit(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 5);
    emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
    emit(BPF_ALU | BPF_AND | BPF_K, call->mask != 0 ? call->mask : ~0u, 0, 0);
    emit(BPF_JMP | BPF_K | (call->mask != 0 ? BPF_JEQ : BPF_JSET), value, 0, 1);
    emit(BPF_RET | BPF_K, answer, 0, 0);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

static unsigned find_error(const char *name)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, name) == 0)
            return SECCOMP_RET_ERRNO | (unsigned)errors[i].code;
    fprintf(stderr, "deny: unknown error: %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: deny ERROR CALL[:VALUE]... -- PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    const unsigned answer = find_error(argv[1]);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    int i = 2;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        refuse(argv[i], answer);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    if (i + 1 >= argc) {
        fprintf(stderr, "deny: no program after --\n");
        return 2;
    }
    const struct sock_fprog program = {.len = used, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("deny: seccomp");
        return 2;
    }
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 2;
}
