/* SPDX-License-Identifier: MIT */
#include "object.h"

#include "core/log.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

struct search {
    uintptr_t address;
    struct np_object *object;
};

/* What the dynamic section says about symbols. */
struct symbols {
    const ElfW(Sym) * table;
    const char *names;
    const uint32_t *gnu_hash;
    const ElfW(Word) * hash;
};

static void copy_name(const char *from, char *to)
{
    (void)np_format(to, NP_OBJECT_NAME, "%s", from); /* cut where it is too long for any glob */
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && address - (info->dlpi_addr + part->p_vaddr) < part->p_memsz)
            return true;
    }
    return false;
}

/* glibc has put addresses into the dynamic sections of all but the vDSO, whose are offsets. */
static const void *pointer(const struct dl_phdr_info *info, ElfW(Addr) value)
{
    return (const void *)(value < info->dlpi_addr ? info->dlpi_addr + value : value); /* NOLINT */
}

static struct symbols find_symbols(const struct dl_phdr_info *info)
{
    struct symbols symbols = {0};
    const ElfW(Dyn) *entry = NULL;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            entry = pointer(info, info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        const void *value = pointer(info, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            symbols.table = value;
        else if (entry->d_tag == DT_STRTAB)
            symbols.names = value;
        else if (entry->d_tag == DT_GNU_HASH)
            symbols.gnu_hash = value;
        else if (entry->d_tag == DT_HASH)
            symbols.hash = value;
    }
    return symbols;
}

/* How many symbols there are: the older hash table says it; the newer one has the last of each chain marked. */
static uint32_t count_symbols(const struct symbols *symbols)
{
    if (symbols->hash != NULL)
        return symbols->hash[1];
    if (symbols->gnu_hash == NULL)
        return 0;
    const uint32_t buckets = symbols->gnu_hash[0], first = symbols->gnu_hash[1], words = symbols->gnu_hash[2];
    const uint32_t *bucket = symbols->gnu_hash + 4 + words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return first;
    while ((chain[last - first] & 1) == 0)
        last++;
    return last + 1;
}

static void find_symbol(const struct dl_phdr_info *info, const struct search *search)
{
    const struct symbols symbols = find_symbols(info);
    if (symbols.table == NULL || symbols.names == NULL)
        return;
    const uint32_t count = count_symbols(&symbols);
    for (uint32_t i = 0; i < count; i++) {
        const ElfW(Sym) *symbol = &symbols.table[i];
        if (symbol->st_shndx == SHN_UNDEF || info->dlpi_addr + symbol->st_value != search->address)
            continue;
        copy_name(symbols.names + symbol->st_name, search->object->symbol);
        return;
    }
}

static int look(struct dl_phdr_info *info, size_t size, void *context)
{
    const struct search *search = context;
    (void)size;
    if (!holds(info, search->address))
        return 0;
    const char *path = info->dlpi_name != NULL && *info->dlpi_name != '\0'
                           ? info->dlpi_name
                           : (const char *)getauxval(AT_EXECFN);
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    copy_name(slash != NULL ? slash + 1 : path != NULL ? path : "", search->object->file);
    find_symbol(info, search);
    return 1;
}

bool np_object_at(const void *address, struct np_object *ret_object)
{
    struct search search = {.address = (uintptr_t)address, .object = ret_object};
    *ret_object->file = *ret_object->symbol = '\0';
    return dl_iterate_phdr(look, &search) == 1;
}
