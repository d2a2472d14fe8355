/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include "core/rank.h"

#include <stddef.h>
#include <string.h>

static const struct variable {
    const char *name;
    size_t offset;
} variables[] = {
    {"NUMAPERF_DISABLE", offsetof(struct np_environment, disable)},
    {"NUMAPERF_CONFIG", offsetof(struct np_environment, config)},
    {"NUMAPERF_LOG", offsetof(struct np_environment, log)},
    {"NUMAPERF_LOG_FILE", offsetof(struct np_environment, log_file)},
    {"NUMAPERF_REPORT", offsetof(struct np_environment, report)},
    {"NUMAPERF_POLICY", offsetof(struct np_environment, policy)},
    {"NUMAPERF_MODE", offsetof(struct np_environment, mode)},
    {"NUMAPERF_TOLD", offsetof(struct np_environment, told)},
    {"LD_PRELOAD", offsetof(struct np_environment, preload)},
    {"OMP_PROC_BIND", offsetof(struct np_environment, omp_proc_bind)},
    {"OMP_PLACES", offsetof(struct np_environment, omp_places)},
    {"GOMP_CPU_AFFINITY", offsetof(struct np_environment, gomp_cpu_affinity)},
    {"KMP_AFFINITY", offsetof(struct np_environment, kmp_affinity)},
    {"HOME", offsetof(struct np_environment, home)},
    {"XDG_CONFIG_HOME", offsetof(struct np_environment, xdg_home)},
};

/* Keep the value of an entry "NAME=value" if we read NAME; the first of several wins, as with getenv. */
static void keep(const char *entry, struct np_environment *environment)
{
    const char *equals = strchr(entry, '=');
    size_t length = equals ? (size_t)(equals - entry) : 0;
    for (size_t i = 0; length > 0 && i < sizeof variables / sizeof *variables; i++) {
        const char **value = (const char **)(void *)((char *)environment + variables[i].offset);
        if (strlen(variables[i].name) == length && memcmp(entry, variables[i].name, length) == 0 && !*value)
            *value = equals + 1;
    }
}

void np_environment_read(char *const *envp, bool secure, struct np_environment *ret_environment)
{
    *ret_environment = (struct np_environment){0};
    np_rank_environment(secure ? NULL : envp);
    if (secure || !envp)
        return;
    for (; *envp; envp++) {
        if (strchr("NHXOGKL", **envp) != NULL)
            keep(*envp, ret_environment);
    }
}
