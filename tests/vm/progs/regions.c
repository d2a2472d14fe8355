/* SPDX-License-Identifier: MIT */
/* regions - makes and moves regions and pins as its standard input tells it, one command a line, one answer each:
 *
 *   create I SIZE MODE NODES HUGE PREFAULT HARDNESS [NODE*WEIGHT]...   -> 0xSTART LENGTH, or the error's name
 *   move I MODE NODES [NODE*WEIGHT]...                                 -> ok
 *   how I          -> strict|best-effort|none REASON        verify I  -> PRESENT ON-NODE-0 ON-NODE-1 ...
 *   write I, check I, destroy I, drop I, lock-future, child I           -> ok
 *   pin I CPUS HARDNESS, unpin I                                        -> ok     how-pin I, cpus
 *
 * NODES is a list such as 0-2, or - for none. It uses the library as any program does, by its public header. */
#include <ctype.h>
#include <errno.h>
#include <numaperf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 64
#define WORDS 24

static np_region *regions[SLOTS];
static np_pin pins[SLOTS];

static const char *const modes[] = {"system",    "first-touch",    "local",      "bind",
                                    "preferred", "preferred-many", "interleave", "weighted-interleave"};
static const char *const huges[] = {"default", "never", "thp", "2M", "1G"};
static const char *const prefaults[] = {"none", "touch", "parallel"};
static const char *const hardnesses[] = {"soft", "hard"};
static const char *const enforcements[] = {"strict", "best-effort", "none"};

static int find(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (word != NULL && strcmp(word, words[i]) == 0)
            return i;
    printf("? %s\n", word != NULL ? word : "(nothing)");
    exit(2);
}
#define FIND(word, words) find(word, words, (int)(sizeof(words) / sizeof(words)[0]))

static const char *say(int error)
{
    return error < 0 ? strerrorname_np(-error) : "ok";
}

static size_t size_of(const char *text)
{
    char *end;
    const size_t number = strtoull(text, &end, 0);
    return number << (*end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0);
}

static np_policy policy_of(char **words)
{
    np_policy policy = {.mode = (enum np_mode)FIND(words[0], modes)};
    if (strcmp(words[1], "-") != 0 && np_nodeset_parse(words[1], &policy.nodes) != 0)
        exit(2);
    return policy;
}

static void read_weights(char **words, np_policy *policy)
{
    for (; *words != NULL; words++)
        policy->weights[atoi(*words)] = (uint8_t)atoi(strchr(*words, '*') + 1);
}

static void create(int slot, char **words)
{
    np_policy policy = policy_of(words + 1);
    read_weights(words + 6, &policy);
    const int error = np_region_create(
        &regions[slot], size_of(words[0]), &policy, (enum np_huge)FIND(words[3], huges),
        (enum np_prefault)FIND(words[4], prefaults), (enum np_hardness)FIND(words[5], hardnesses));
    if (error)
        puts(say(error));
    else
        printf("%p %zu\n", np_region_data(regions[slot]), np_region_size(regions[slot]));
}

static void move(int slot, char **words)
{
    np_policy policy = policy_of(words);
    read_weights(words + 2, &policy);
    puts(say(np_region_move(regions[slot], &policy)));
}

static void verify(int slot, char **words)
{
    static size_t pages[NP_MAX_NODES];
    const ptrdiff_t present = np_region_verify(regions[slot], pages, NP_MAX_NODES);
    (void)words;
    if (present < 0)
        printf("%s\n", say((int)present));
    else
        printf("%td %zu %zu %zu %zu\n", present, pages[0], pages[1], pages[2], pages[3]);
}

static void how(int slot, char **words)
{
    const char *why;
    const enum np_enforcement enforcement = np_region_enforcement(regions[slot], &why);
    (void)words;
    printf("%s %s\n", enforcements[enforcement], why);
}

static int is_filled(const np_region *region)
{
    const uint64_t *words = np_region_as(region, uint64_t);
    for (size_t i = 0; i < np_region_count(region, uint64_t); i += 64)
        if (words[i] != i * 0x9e3779b97f4a7c15u + 1)
            return 0;
    return 1;
}

static void fill(np_region *region)
{
    uint64_t *words = np_region_as(region, uint64_t);
    for (size_t i = 0; i < np_region_count(region, uint64_t); i += 64)
        words[i] = i * 0x9e3779b97f4a7c15u + 1;
}

static void write_to(int slot, char **words)
{
    (void)words;
    fill(regions[slot]);
    puts("ok");
}

static void check(int slot, char **words)
{
    (void)words;
    puts(is_filled(regions[slot]) ? "ok" : "damaged");
}

static void destroy(int slot, char **words)
{
    (void)words;
    puts(say(np_region_destroy(regions[slot])));
    regions[slot] = NULL;
}

static void drop(int slot, char **words)
{
    (void)words;
    puts(say(madvise(np_region_data(regions[slot]), np_region_size(regions[slot]), MADV_DONTNEED) ? -errno
                                                                                                  : 0));
}

static void lock_future(int slot, char **words)
{
    (void)slot, (void)words;
    puts(say(mlockall(MCL_FUTURE) ? -errno : 0));
}

static void child(int slot, char **words)
{
    int status;
    (void)words;
    const pid_t pid = fork();
    if (pid == 0) {
        fill(regions[slot]);
        _exit(is_filled(regions[slot]) ? 0 : 1);
    }
    fill(regions[slot]);
    (void)waitpid(pid, &status, 0);
    if (WIFEXITED(status))
        printf("exit %d\n", WEXITSTATUS(status));
    else
        printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
}

static void pin(int slot, char **words)
{
    np_cpuset cpus = {0};
    if (strcmp(words[0], "-") != 0 && np_cpuset_parse(words[0], &cpus) != 0)
        exit(2);
    puts(say(np_pin_begin(&pins[slot], &cpus, (enum np_hardness)FIND(words[1], hardnesses))));
}

static void unpin(int slot, char **words)
{
    (void)words;
    puts(say(np_pin_end(&pins[slot])));
}

static void how_pin(int slot, char **words)
{
    const char *why;
    const enum np_enforcement enforcement = np_pin_enforcement(&pins[slot], &why);
    (void)words;
    printf("%s %s\n", enforcements[enforcement], why);
}

static void cpus(int slot, char **words)
{
    cpu_set_t set;
    (void)slot, (void)words;
    (void)sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0, first = 1; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set)) {
            printf("%s%d", first ? "" : ",", cpu);
            first = 0;
        }
    puts("");
}

static const struct {
    const char *name;
    void (*run)(int slot, char **words);
    int least; /* words behind the slot */
} commands[] = {
    {"create", create, 6},           {"move", move, 2},   {"how", how, 0},         {"verify", verify, 0},
    {"write", write_to, 0},          {"check", check, 0}, {"destroy", destroy, 0}, {"drop", drop, 0},
    {"lock-future", lock_future, 0}, {"child", child, 0}, {"pin", pin, 2},         {"unpin", unpin, 0},
    {"how-pin", how_pin, 0},         {"cpus", cpus, 0},
};

static void obey(char *line)
{
    char *words[WORDS + 1] = {0};
    int count = 0;
    for (char *word = strtok(line, " \n"); word != NULL && count < WORDS; word = strtok(NULL, " \n"))
        words[count++] = word;
    const int slot = count > 1 ? atoi(words[1]) : 0;
    for (size_t i = 0; count > 0 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(words[0], commands[i].name) == 0 && count - 2 >= (count > 1 ? commands[i].least : -1) &&
            slot < SLOTS) {
            commands[i].run(slot, words + 2);
            return;
        }
    puts("?");
}

int main(void)
{
    char line[512];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(line);
    for (int i = 0; i < SLOTS; i++)
        (void)np_region_destroy(regions[i]);
    return 0;
}
