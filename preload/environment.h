/* SPDX-License-Identifier: MIT */
/* environment - the variables that the shim reads, found in the block that the constructor is given:
 * libraries linked initfirst start before libc has set environ (measured: NULL), so getenv answers nothing
 * there. */
#ifndef NP_PRELOAD_ENVIRONMENT_H
#define NP_PRELOAD_ENVIRONMENT_H

#include <stdbool.h>

/** Each is NULL where it is not set. */
struct np_environment {
    const char *disable;  /* NUMAPERF_DISABLE */
    const char *config;   /* NUMAPERF_CONFIG */
    const char *log;      /* NUMAPERF_LOG */
    const char *log_file; /* NUMAPERF_LOG_FILE */
    const char *report;   /* NUMAPERF_REPORT */
    const char *policy;   /* NUMAPERF_POLICY: the text of a policy, from `numaperf run --policy` */
    const char *mode;     /* NUMAPERF_MODE: from `numaperf run --hard` or `--soft` */
    const char *told;     /* NUMAPERF_TOLD: what was said of broken policy files, from a process above */
    const char *preload;  /* LD_PRELOAD */
    const char *omp_proc_bind, *omp_places;       /* OMP_PROC_BIND, OMP_PLACES */
    const char *gomp_cpu_affinity, *kmp_affinity; /* GOMP_CPU_AFFINITY, KMP_AFFINITY */
    const char *home;                             /* HOME */
    const char *xdg_home;                         /* XDG_CONFIG_HOME */
};

/** np_environment_read() - pick them out of @envp, which may be NULL, and let a launcher's variables be found there.
 * @secure: the program is set-uid (AT_SECURE), so nothing that its user says counts. Context: start-up. */
void np_environment_read(char *const *envp, bool secure, struct np_environment *ret_environment);

#endif
