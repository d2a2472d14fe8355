/* SPDX-License-Identifier: MIT */
/* Threads, and what the kernel says of them:
 *
 *   crew show [-n COUNT] [-c] [-a CPU] [-s CPU] [-l NAME] [-o NAME] [-w]   a line for each thread, the main one first:
 *                                                                      INDEX NAME CPUS NODE-OF-FRAME
 *   crew turnover COUNT [-p]    creates and joins threads one after another; how many had a frame elsewhere, and the
 *                             policy of the last one's stack
 *
 * -c: by thrd_create. -a: with an affinity in the attributes. -s: each sets one itself. -l: each names itself NAME and its
 * number. -o: the main thread names them. -w: on stacks of the program's own. -p: each pins itself to the next CPU.
 */
#include <numaif.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#define MAX_CREW   256
#define OWN_STACK  ((size_t)256 << 10)
#define DEEP_FRAME ((size_t)96 << 10)

static struct {
    bool c11, own_stack, pins;
    int attribute_cpu, own_cpu, count;
    const char *self_name, *other_name;
} options = {.attribute_cpu = -1, .own_cpu = -1, .count = 4};

static pthread_barrier_t ready, named, told;
static char lines[MAX_CREW + 1][256];
static volatile int sink;

static void need(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void bind_self(int cpu)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    need(sched_setaffinity(0, sizeof cpus, &cpus) == 0, "sched_setaffinity");
}

/* The node of the page that an address lies in. */
static int node_of(const void *address)
{
    void *page = (void *)((unsigned long)address & ~4095UL);
    int status = -1;
    need(move_pages(0, 1, &page, NULL, &status, 0) == 0, "move_pages");
    return status;
}

/* What stands behind a key in this thread's status. */
static void read_status(const char *key, char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/thread-self/status", "r");
    need(file != NULL, "status");
    *text = '\0';
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        char *value = line + strlen(key);
        value += strspn(value, " \t");
        value[strcspn(value, "\n")] = '\0';
        snprintf(text, size, "%s", value);
    }
    fclose(file);
}

static void tell(int index)
{
    char name[64], cpus[128], frame[8] = "";
    read_status("Name:", name, sizeof name);
    read_status("Cpus_allowed_list:", cpus, sizeof cpus);
    snprintf(lines[index], sizeof lines[index], "%d %s %s %d", index, name, cpus, node_of(frame));
}

/* Exported, so that a rule can name it. */
void *crew_member(void *argument);
void *crew_member(void *argument)
{
    const int index = (int)(long)argument;
    char name[32];
    if (options.own_cpu >= 0)
        bind_self(options.own_cpu);
    if (options.self_name != NULL) {
        snprintf(name, sizeof name, "%s%d", options.self_name, index);
        need(pthread_setname_np(pthread_self(), name) == 0, "pthread_setname_np");
    }
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&named);
    tell(index);
    pthread_barrier_wait(&told);
    return argument;
}

static int crew_member_c11(void *argument)
{
    crew_member(argument);
    return 7;
}

static void set_attributes(pthread_attr_t *attributes)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    need(pthread_attr_init(attributes) == 0, "attributes");
    if (options.attribute_cpu >= 0) {
        CPU_SET(options.attribute_cpu, &cpus);
        need(pthread_attr_setaffinity_np(attributes, sizeof cpus, &cpus) == 0, "attribute");
    }
    if (options.own_stack) {
        void *stack = mmap(NULL, OWN_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        need(stack != MAP_FAILED && pthread_attr_setstack(attributes, stack, OWN_STACK) == 0, "stack");
        memset(stack, 1, OWN_STACK);
    }
}

static int show(void)
{
    static pthread_t crew[MAX_CREW];
    static thrd_t crew_c11[MAX_CREW];
    const int count = options.count;
    pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
    pthread_barrier_init(&named, NULL, (unsigned)count + 1);
    pthread_barrier_init(&told, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        pthread_attr_t attributes;
        set_attributes(&attributes);
        void *argument = (void *)(long)(i + 1);
        if (options.c11)
            need(thrd_create(&crew_c11[i], crew_member_c11, argument) == thrd_success, "thrd_create");
        else
            need(pthread_create(&crew[i], &attributes, crew_member, argument) == 0, "pthread_create");
        pthread_attr_destroy(&attributes);
    }
    pthread_barrier_wait(&ready);
    for (int i = 0; i < count && options.other_name != NULL; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%d", options.other_name, i + 1);
        need(pthread_setname_np(options.c11 ? (pthread_t)crew_c11[i] : crew[i], name) == 0, "name");
    }
    pthread_barrier_wait(&named);
    pthread_barrier_wait(&told);
    tell(0);
    puts(lines[0]);
    for (int i = 0; i < count; i++) {
        void *result = NULL;
        int code = 7;
        if (options.c11)
            need(thrd_join(crew_c11[i], &code) == thrd_success && code == 7, "thrd_join");
        else
            need(pthread_join(crew[i], &result) == 0 && result == (void *)(long)(i + 1), "pthread_join");
        puts(lines[i + 1]);
    }
    return 0;
}

/* Uses stack far below the first frame, and looks at the lowest page of it. */
__attribute__((noinline)) static int deep_node(void)
{
    char frame[DEEP_FRAME];
    memset(frame, 1, sizeof frame);
    const int node = node_of(frame);
    sink = frame[DEEP_FRAME / 2];
    return node;
}

struct visit {
    int cpu, node, frame, deep, policy;
};

static void *pay_visit(void *argument)
{
    struct visit *visit = argument;
    unsigned cpu, node;
    char frame[8] = "";
    if (options.pins)
        bind_self(visit->cpu);
    need(getcpu(&cpu, &node) == 0, "getcpu");
    visit->node = (int)node;
    visit->frame = node_of(frame);
    visit->deep = deep_node();
    need(get_mempolicy(&visit->policy, NULL, 0, frame, MPOL_F_ADDR) == 0, "get_mempolicy");
    return NULL;
}

static int turnover(int count)
{
    int seen[64] = {0}, misplaced = 0, nodes = 0, policy = -1;
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < count; i++) {
        struct visit visit = {.cpu = (int)(i % cpus)};
        pthread_t thread;
        need(pthread_create(&thread, NULL, pay_visit, &visit) == 0, "pthread_create");
        need(pthread_join(thread, NULL) == 0, "pthread_join");
        misplaced += visit.frame != visit.node || visit.deep != visit.node;
        seen[visit.node]++;
        policy = visit.policy & 0xff; /* without the flags */
    }
    for (int i = 0; i < 64; i++)
        nodes += seen[i] > 0;
    printf("threads %d nodes %d misplaced %d policy %d\n", count, nodes, misplaced, policy);
    return 0;
}

int main(int argc, char **argv)
{
    int option, count = 0, first = 2;
    need(argc > 1, "usage");
    if (strcmp(argv[1], "turnover") == 0) {
        need(argc > 2, "usage");
        count = atoi(argv[2]);
        first = 3;
    }
    optind = first;
    while ((option = getopt(argc, argv, "n:ca:s:l:o:wp")) != -1) {
        switch (option) {
        case 'n':
            options.count = atoi(optarg);
            break;
        case 'c':
            options.c11 = true;
            break;
        case 'a':
            options.attribute_cpu = atoi(optarg);
            break;
        case 's':
            options.own_cpu = atoi(optarg);
            break;
        case 'l':
            options.self_name = optarg;
            break;
        case 'o':
            options.other_name = optarg;
            break;
        case 'w':
            options.own_stack = true;
            break;
        case 'p':
            options.pins = true;
            break;
        default:
            return 2;
        }
    }
    need(options.count <= MAX_CREW, "count");
    return count > 0 ? turnover(count) : show();
}
