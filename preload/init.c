/* SPDX-License-Identifier: MIT */
#include "init.h"

#include "core/heap.h"
#include "core/log.h"
#include "core/mapped.h"
#include "core/publish.h"
#include "core/report.h"
#include "core/topology.h"
#include "family.h"
#include "guard.h"
#include "next.h"
#include "rival.h"
#include "scrub.h"
#include "task.h"
#include "threading.h"
#include "told.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Milliseconds that exit() waits for threads that are just allocating. */
#define PATIENCE        5000
#define ORPHAN_PATIENCE 50

static struct np_process process;

static void set_up_log(const struct np_environment *environment)
{
    int level = NP_LOG_ERROR;
    if (environment->log && *environment->log)
        level = np_log_level_from_name(environment->log);
    np_log_setup(level < 0 ? NP_LOG_ERROR : (enum np_log_level)level, environment->log_file);
    if (level < 0)
        np_log(NP_LOG_ERROR, "NUMAPERF_LOG: none of error, off, warn, info, debug: %s", environment->log);
}

static bool is_disabled(const char *value)
{
    return value && *value && strcmp(value, "0") != 0;
}

/* The smallest request that any class takes. */
static size_t smallest_request(void)
{
    size_t smallest = SIZE_MAX;
    for (unsigned i = 0; i < process.count; i++) {
        const struct np_placement *placement = &process.placements[i];
        if (placement->mode != NP_SYSTEM && !placement->left && placement->min_size < smallest)
            smallest = placement->min_size;
    }
    return smallest;
}

/* A thread that ends in a signal handler which came upon the engine may hold its locks: it leaves behind what it has. */
static void end_thread(void *cache)
{
    if (!np_guard_enter())
        return;
    np_heap_end_thread(cache);
    np_guard_leave();
}

/* Guarded, all three: a signal handler that allocates while the locks are being taken or given back would wait for
 * its own thread. */
static void before_fork(void)
{
    bool entered = np_guard_enter();
    np_mapped_before_fork();
    np_heap_before_fork();
    if (entered)
        np_guard_leave();
}

static void after_fork_parent(void)
{
    bool entered = np_guard_enter();
    np_heap_after_fork_parent();
    np_mapped_after_fork();
    if (entered)
        np_guard_leave();
}

static void after_fork_child(void)
{
    bool entered = np_guard_enter();
    bool own = np_publish_after_fork_child();
    np_heap_after_fork_child();
    np_mapped_after_fork();
    process.forked = true;
    if (own)
        process.stats->pid = getpid();
    np_threads_forked();
    if (entered)
        np_guard_leave();
}

/* For readers in other processes. */
static void describe_process(void)
{
    struct np_stats_process *told = &process.stats->process;
    (void)np_format(told->program, sizeof told->program, "%s", process.program);
    (void)np_format(told->config, sizeof told->config, "%s", process.config->path);
    told->hardness = process.config->hardness;
    told->nodes = process.nodes;
}

static void start_heap(const struct np_environment *environment)
{
    np_rival_meet(&process);
    process.stats = np_stats_create();
    np_heap_on_thread_end(end_thread);
    int result =
        process.stats ? np_heap_configure(process.placements, process.count, process.stats) : -ENOMEM;
    if (result == 0)
        result = np_mapping_configure(process.mappings, process.mapping_count, process.stats);
    if (result < 0) {
        process.stats = NULL;
        np_publish_state(NP_SHIM_FAILED);
        np_log(NP_LOG_ERROR, "cannot start: %s", np_strerror(result));
        return;
    }
    np_report_prepare(process.report);
    /* The first handlers of the process: they run inside those of all other libraries, which may allocate
     * in theirs. */
    if (pthread_atfork(before_fork, after_fork_parent, after_fork_child) != 0) {
        np_log(NP_LOG_ERROR, "cannot start: no memory for the fork handlers");
        return;
    }
    np_task_start(&process, process.config->scrub);
    result =
        np_threads_start(process.config->threads, process.pinnings, process.config->thread_count,
                         &process.cpus, np_nodeset_count(&process.nodes) > 1, environment, process.stats);
    if (result < 0)
        np_log(NP_LOG_ERROR, "cannot follow threads: %s", np_strerror(result));
    describe_process();
    np_publish_start(process.stats);
    size_t floor = smallest_request();
    if (floor != SIZE_MAX)
        np_malloc_open(floor);
    if (process.mapping_count > 0)
        np_mapped_start();
}

__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv;
    np_rival_wake();
    struct np_environment environment;
    np_environment_read(envp, getauxval(AT_SECURE) != 0, &environment);
    (void)np_next_resolve();
    if (is_disabled(environment.disable)) {
        np_publish_state(NP_SHIM_DISABLED);
        return;
    }
    (void)np_guard_enter();
    set_up_log(&environment);
    np_told_learn(&environment);
    if (np_process_load(&environment, &process) == 0) {
        if (process.config->scrub)
            np_scrub_preload(envp);
        start_heap(&environment);
    } else {
        np_publish_state(NP_SHIM_INVALID);
    }
    np_guard_leave();
}

static np_nodeset allowed_nodes(void)
{
    np_nodeset nodes = process.nodes;
    np_topology *topology;
    if (np_nodeset_count(&nodes) == 0 && np_topology_read_sysfs("", &topology) == 0) {
        nodes = *np_topology_allowed(topology);
        np_topology_free(topology);
    }
    return nodes;
}

__attribute__((destructor)) static void finish(void)
{
    if (!process.stats || !*process.report)
        return;
    /* A child of _Fork or clone ran no handler, and what was busy in its parent seems to be so for ever. */
    const bool orphan = process.stats->pid != getpid();
    if (np_guard_enter()) { /* else exit was called by a signal handler that came upon the engine */
        (void)np_heap_count(orphan ? ORPHAN_PATIENCE
                                   : PATIENCE); /* at worst some small blocks are not counted */
        np_guard_leave();
    }
    const struct np_report_info info = {
        .path = process.report,
        .program = process.program,
        .config = process.config->path,
        .mode = process.config->hardness,
        .nodes = allowed_nodes(),
        .forked = process.forked || orphan,
    };
    int result = np_report_write(&info, process.stats);
    if (result < 0)
        np_log(NP_LOG_ERROR, "cannot write the report %s: %s", process.report,
               strerrordesc_np(-result)); /* strerror(3) may allocate and translate */
}
