/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "absence.h"
#include "cli.h"
#include "reading.h"
#include "report_view.h"
#include "running.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    const pid_t *pids;
    unsigned count;
    int asking[2], telling[2]; /* pipes: a byte for each sample wanted, a pointer for each that is there */
    struct np_stats *stats;
} sampler;

uint64_t np_sampler_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- In the thread ---- */

static struct np_sampled *add(struct np_sample *sample, pid_t pid)
{
    struct np_sampled *larger = realloc(sample->programs, (sample->count + 1) * sizeof *sample->programs);
    if (!larger)
        np_cli_out_of_memory();
    sample->programs = larger;
    struct np_sampled *program = &larger[sample->count++];
    *program = (struct np_sampled){.pid = pid, .started = np_absence_started(pid), .when = np_sampler_now()};
    return program;
}

static void explain(struct np_sampled *program, const char *reason)
{
    program->reason = strdup(reason);
    if (!program->reason)
        np_cli_out_of_memory();
}

/* Return: NULL, or why there is no report (constant). */
static const char *read_report(struct np_sampled *program)
{
    struct np_text text;
    const char *reason = NULL;
    unsigned line;
    int result = np_reading_live(program->pid, sampler.stats, &text);
    if (result < 0)
        return np_strerror(result);
    program->report = np_value_read(text.bytes, text.length, &reason, &line);
    free(text.bytes);
    return program->report ? np_report_check(program->report) : reason;
}

/* @wanted: it was asked for by its number, so that a reason is kept where it cannot be read. */
static void read_program(struct np_sample *sample, pid_t pid, bool wanted)
{
    char reason[NP_RUNNING_REASON_SIZE] = "";
    const bool readable = np_running_read(pid, sampler.stats, reason) == 0;
    if (!readable && !wanted)
        return;
    struct np_sampled *program = add(sample, pid);
    const char *why = readable ? read_report(program) : reason;
    if (why)
        explain(program, why);
}

static struct np_sample *read_all(void)
{
    const uint64_t begin = np_sampler_now();
    struct np_sample *sample = calloc(1, sizeof *sample);
    if (!sample)
        np_cli_out_of_memory();
    for (unsigned i = 0; i < sampler.count; i++)
        read_program(sample, sampler.pids[i], true);
    DIR *folder = sampler.count == 0 ? opendir("/proc") : NULL;
    pid_t pid;
    while (folder && (pid = np_running_next(folder)) > 0)
        read_program(sample, pid, false);
    if (folder)
        (void)closedir(folder);
    sample->cost = np_sampler_now() - begin;
    return sample;
}

static void *run(void *argument)
{
    char byte;
    while (read(sampler.asking[0], &byte, 1) == 1) {
        struct np_sample *sample = read_all();
        if (write(sampler.telling[1], &sample, sizeof sample) !=
            sizeof sample) /* atomic: less than PIPE_BUF */
            break;
    }
    return argument;
}

/* ---- Outside ---- */

int np_sampler_start(const pid_t *pids, unsigned count, int *ret_descriptor)
{
    pthread_t thread;
    sigset_t all, before;
    sampler.pids = pids;
    sampler.count = count;
    sampler.stats = np_reading_stats();
    if (pipe2(sampler.asking, O_CLOEXEC) < 0 || pipe2(sampler.telling, O_CLOEXEC) < 0)
        return -errno;
    (void)sigfillset(&all); /* signals are for the thread that has the terminal */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = -pthread_create(&thread, NULL, run, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0)
        return result;
    (void)pthread_detach(thread);
    *ret_descriptor = sampler.telling[0];
    return 0;
}

void np_sampler_ask(void)
{
    (void)!write(sampler.asking[1], "", 1); /* the pipe is empty: one is asked for at a time */
}

/* The same program in the sample before. */
static struct np_sampled *find(struct np_sample *sample, const struct np_sampled *program)
{
    for (unsigned i = 0; sample && i < sample->count; i++)
        if (sample->programs[i].pid == program->pid && sample->programs[i].started == program->started)
            return &sample->programs[i];
    return NULL;
}

static void free_sample(struct np_sample *sample)
{
    for (unsigned i = 0; sample && i < sample->count; i++) {
        np_value_free(sample->programs[i].report);
        np_value_free(sample->programs[i].before);
        free(sample->programs[i].reason);
    }
    if (sample)
        free(sample->programs);
    free(sample);
}

struct np_sample *np_sampler_take(struct np_sample *before)
{
    struct np_sample *sample;
    if (read(sampler.telling[0], &sample, sizeof sample) != sizeof sample)
        return before;
    for (unsigned i = 0; i < sample->count; i++) {
        struct np_sampled *program = &sample->programs[i], *earlier = find(before, program);
        if (!earlier || !earlier->report || program->reason)
            continue;
        program->before = earlier->report;
        program->seconds = (double)(program->when - earlier->when) / 1000;
        earlier->report = NULL;
    }
    free_sample(before);
    return sample;
}
