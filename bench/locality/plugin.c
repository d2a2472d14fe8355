// SPDX-License-Identifier: MIT
//
// A plugin for QEMU (TCG) that counts, for every CPU of the guest, the data accesses of user-mode instructions that
// miss a small model of its cache, by the node of the memory. Programs in the guest say when (see protocol.h).
//
//   -plugin file=liblocality.so,answers=FIFO
//
// User mode is told by the address of the instruction: Linux keeps its own in the upper half. What the kernel does
// for a program, such as copying a message, is not counted.
#include "cache.h"
#include "map.h"
#include "protocol.h"
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UPPER_HALF (UINT64_C(1) << 47)

struct counters {
    _Alignas(128) uint64_t accesses;
    uint64_t misses[MAP_NODES + 1]; // the last one: memory of no node
    uint64_t stale[MAP_NODES + 1];  // those of the misses that another CPU's write caused
};

int qemu_plugin_version = 1;

static struct counters counters[CACHE_CPUS];
static unsigned cpu_nodes[CACHE_CPUS];
static unsigned cpu_count;
static _Atomic uint64_t counting; // the CPUs that are, as bits
static uint64_t value;            // pushed so far
static int fault;                 // the first error of the calibration, as a positive errno
static int answers = -1;

static void print(char **at, const char *end, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void print(char **at, const char *end, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(*at, (size_t)(end - *at), format, arguments);
    va_end(arguments);
    *at = length < 0 || length >= end - *at ? *at + strlen(*at) : *at + length;
}

// The rows of one counter: [[of CPU 0 on node 0, on node 1, ..., elsewhere], [of CPU 1 ...]].
static void print_rows(char **at, const char *end, const char *name, size_t offset)
{
    print(at, end, ",\"%s\":[", name);
    for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
        const uint64_t *row = (const uint64_t *)(const void *)((const char *)&counters[cpu] + offset);
        for (unsigned node = 0; node < map_count(); node++)
            print(at, end, "%s%lu", node ? "," : cpu ? ",[" : "[", (unsigned long)row[node]);
        print(at, end, ",%lu]", (unsigned long)row[MAP_NOWHERE]);
    }
    print(at, end, "]");
}

// A line of JSON to the guest. Nobody may be reading: then it is lost, not waited for.
static void answer(void)
{
    static char line[65536];
    char *at = line;
    const char *end = line + sizeof line - 2;
    print(&at, end, "{\"fault\":%d,\"cpu_nodes\":[", fault);
    for (unsigned cpu = 0; cpu < cpu_count; cpu++)
        print(&at, end, "%s%u", cpu ? "," : "", cpu_nodes[cpu]);
    print(&at, end, "],\"accesses\":[");
    for (unsigned cpu = 0; cpu < cpu_count; cpu++)
        print(&at, end, "%s%lu", cpu ? "," : "", (unsigned long)counters[cpu].accesses);
    print(&at, end, "]");
    print_rows(&at, end, "misses", offsetof(struct counters, misses));
    print_rows(&at, end, "stale", offsetof(struct counters, stale));
    *at++ = '}';
    *at++ = '\n';
    if (write(answers, line, (size_t)(at - line)) != at - line)
        fprintf(stderr, "locality: an answer is lost\n");
}

static void calibrated(int result)
{
    if (result < 0 && !fault)
        fault = -result;
}

static void begin(uint64_t cpus)
{
    atomic_store(&counting, 0);
    cache_clear();
    memset(counters, 0, sizeof counters);
    atomic_store(&counting, cpus);
}

// The guest speaks from one CPU at a time, and each store is a command of its own.
static void obey(unsigned cpu, uint64_t offset, uint64_t seen)
{
    unsigned payload = offset % MARK_PAGE;
    switch ((enum mark_command)(offset / MARK_PAGE)) {
    case MARK_PUSH:
        value = value * MARK_PAGE + payload;
        return;
    case MARK_CPU:
        cpu_nodes[cpu] = payload;
        if (cpu_count <= cpu)
            cpu_count = cpu + 1;
        break;
    case MARK_PROBE:
        calibrated(map_probe(payload, value, seen - payload));
        break;
    case MARK_FROM:
        calibrated(map_from(payload, value));
        break;
    case MARK_TILL:
        calibrated(map_till(payload, value));
        break;
    case MARK_BEGIN:
        begin(payload);
        break;
    case MARK_END:
        atomic_store(&counting, 0);
        answer();
        break;
    case MARK_COMMANDS:
        break;
    }
    value = 0;
}

static void count(struct counters *mine, unsigned cpu, uint64_t line, bool store)
{
    enum cache_answer found = cache_access(cpu, line, store);
    if (found == CACHE_HIT)
        return;
    unsigned node = map_node(line << CACHE_LINE_SHIFT);
    mine->misses[node]++;
    if (found == CACHE_STALE)
        mine->stale[node]++;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    (void)data;
    bool marks = address - MARK_BASE < MARK_SIZE;
    if (cpu >= CACHE_CPUS || (!marks && !(atomic_load_explicit(&counting, memory_order_relaxed) >> cpu & 1)))
        return;
    struct qemu_plugin_hwaddr *memory = qemu_plugin_get_hwaddr(info, address);
    if (!memory || qemu_plugin_hwaddr_is_io(memory))
        return;
    uint64_t seen = qemu_plugin_hwaddr_phys_addr(memory);
    bool store = qemu_plugin_mem_is_store(info);
    if (marks) {
        if (store)
            obey(cpu, address - MARK_BASE, seen);
        return;
    }
    struct counters *mine = &counters[cpu];
    mine->accesses++;
    uint64_t last = seen + (UINT64_C(1) << qemu_plugin_mem_size_shift(info)) - 1;
    count(mine, cpu, seen >> CACHE_LINE_SHIFT, store);
    // The part of an access that lies on the next page has an address that nobody tells here; it is rare.
    if (last >> CACHE_LINE_SHIFT != seen >> CACHE_LINE_SHIFT && last / MARK_PAGE == seen / MARK_PAGE)
        count(mine, cpu, last >> CACHE_LINE_SHIFT, store);
}

// The firmware runs in the lower half too, before the kernel: it is left as it is, since QEMU 7.2 has crashed there.
static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    static atomic_bool kernel_runs;
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        if (qemu_plugin_insn_vaddr(instruction) >= UPPER_HALF)
            kernel_runs = true;
        else if (kernel_runs)
            qemu_plugin_register_vcpu_mem_cb(instruction, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW, NULL);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    static const char option[] = "answers=";
    (void)info;
    if (argc != 1 || strncmp(argv[0], option, strlen(option)) != 0) {
        fprintf(stderr, "locality: wants answers=FIFO\n");
        return -1;
    }
    // For reading too, so that the opening does not wait for the reader, which is QEMU itself.
    answers = open(argv[0] + strlen(option), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int result = answers < 0 ? -errno : cache_open();
    if (result < 0) {
        fprintf(stderr, "locality: %s: %s\n", argv[0], strerror(-result));
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
