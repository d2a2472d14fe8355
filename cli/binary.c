/* SPDX-License-Identifier: MIT */
#include "binary.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define MAX_SEGMENTS 256
#define MAX_DYNAMIC  4096        /* entries */
#define MAX_TABLE    (16u << 20) /* bytes: the largest browser has 2 MiB */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__powerpc64__)
#define OUR_MACHINE EM_PPC64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#elif defined(__s390x__)
#define OUR_MACHINE EM_S390
#else
#define OUR_MACHINE EM_NONE /* not told apart */
#endif

struct segments {
    Elf64_Phdr list[MAX_SEGMENTS];
    unsigned count;
};

static bool read_at(int descriptor, void *buffer, size_t size, uint64_t offset)
{
    return offset <= INT64_MAX - size && pread(descriptor, buffer, size, (off_t)offset) == (ssize_t)size;
}

static bool read_segments(int descriptor, const Elf64_Ehdr *header, struct segments *segments)
{
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > MAX_SEGMENTS)
        return false;
    segments->count = header->e_phnum;
    return read_at(descriptor, segments->list, segments->count * sizeof(Elf64_Phdr), header->e_phoff);
}

static const Elf64_Phdr *find_segment(const struct segments *segments, unsigned type)
{
    for (unsigned i = 0; i < segments->count; i++)
        if (segments->list[i].p_type == type)
            return &segments->list[i];
    return NULL;
}

/* Where the byte at a virtual address lies in the file. */
static bool find_offset(const struct segments *segments, uint64_t address, uint64_t *ret_offset)
{
    for (unsigned i = 0; i < segments->count; i++) {
        const Elf64_Phdr *segment = &segments->list[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            address - segment->p_vaddr >= segment->p_filesz)
            continue;
        *ret_offset = segment->p_offset + (address - segment->p_vaddr);
        return true;
    }
    return false;
}

/* The dynamic linker's tables, as places in the file. */
struct tables {
    uint64_t strings, symbols;
    size_t strings_size, symbol_count;
};

/* Linkers put the symbols right before their names, which is what readers go by who do not want to walk hash tables. */
static bool find_tables(int descriptor, const struct segments *segments, struct tables *tables)
{
    const Elf64_Phdr *dynamic = find_segment(segments, PT_DYNAMIC);
    uint64_t strings = 0, symbols = 0, size = 0;
    for (uint64_t i = 0; dynamic && i < dynamic->p_filesz / sizeof(Elf64_Dyn) && i < MAX_DYNAMIC; i++) {
        Elf64_Dyn entry;
        if (!read_at(descriptor, &entry, sizeof entry, dynamic->p_offset + i * sizeof entry))
            return false;
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_STRTAB)
            strings = entry.d_un.d_ptr;
        if (entry.d_tag == DT_SYMTAB)
            symbols = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRSZ)
            size = entry.d_un.d_val;
    }
    if (size == 0 || size > MAX_TABLE || symbols >= strings || strings - symbols > MAX_TABLE)
        return false;
    tables->strings_size = (size_t)size;
    tables->symbol_count = (size_t)(strings - symbols) / sizeof(Elf64_Sym);
    return find_offset(segments, strings, &tables->strings) &&
           find_offset(segments, symbols, &tables->symbols);
}

static bool has_symbol(const Elf64_Sym *symbols, size_t count, const char *strings, size_t size,
                       const char *name)
{
    const size_t length = strlen(name) + 1;
    for (size_t i = 0; i < count; i++)
        if (symbols[i].st_name < size && size - symbols[i].st_name >= length &&
            memcmp(strings + symbols[i].st_name, name, length) == 0)
            return true;
    return false;
}

static bool names_fork(int descriptor, const struct segments *segments)
{
    struct tables tables;
    if (!find_tables(descriptor, segments, &tables))
        return false;
    const size_t symbols_size = tables.symbol_count * sizeof(Elf64_Sym);
    char *strings = malloc(tables.strings_size);
    Elf64_Sym *symbols = malloc(symbols_size);
    const bool found = strings && symbols &&
                       read_at(descriptor, strings, tables.strings_size, tables.strings) &&
                       read_at(descriptor, symbols, symbols_size, tables.symbols) &&
                       has_symbol(symbols, tables.symbol_count, strings, tables.strings_size, "fork");
    free(strings);
    free(symbols);
    return found;
}

static bool read_interpreter(int descriptor, const Elf64_Phdr *segment, char *ret_path)
{
    if (segment->p_filesz == 0 || segment->p_filesz > PATH_MAX ||
        !read_at(descriptor, ret_path, segment->p_filesz, segment->p_offset))
        return false;
    return memchr(ret_path, '\0', segment->p_filesz) != NULL;
}

void np_binary_read(int descriptor, struct np_binary *ret_binary)
{
    Elf64_Ehdr header;
    struct segments segments;
    *ret_binary = (struct np_binary){.kind = NP_BINARY_UNKNOWN};
    if (!read_at(descriptor, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return;
    if (header.e_ident[EI_CLASS] == ELFCLASS32)
        ret_binary->kind = NP_BINARY_32_BIT;
    else if (OUR_MACHINE != EM_NONE && header.e_machine != OUR_MACHINE)
        ret_binary->kind = NP_BINARY_FOREIGN;
    else if (header.e_ident[EI_CLASS] == ELFCLASS64 && read_segments(descriptor, &header, &segments)) {
        const Elf64_Phdr *interpreter = find_segment(&segments, PT_INTERP);
        if (!interpreter)
            ret_binary->kind = NP_BINARY_STATIC;
        else if (read_interpreter(descriptor, interpreter, ret_binary->interpreter))
            ret_binary->kind = NP_BINARY_DYNAMIC;
        ret_binary->forks = ret_binary->kind == NP_BINARY_DYNAMIC && names_fork(descriptor, &segments);
    }
}
