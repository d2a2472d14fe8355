/* SPDX-License-Identifier: MIT */
#include "rank.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The launcher nearest to the program first: mpirun inside a job of Slurm is itself a task of srun, and its processes see
 * both. */
static const char *const variables[] = {
    "OMPI_COMM_WORLD_LOCAL_RANK", /* Open MPI, and PRRTE for it */
    "MPI_LOCALRANKID",            /* Hydra: MPICH, Intel MPI */
    "MV2_COMM_WORLD_LOCAL_RANK",  /* MVAPICH */
    "PMI_LOCAL_RANK",             /* Cray's */
    "PMIX_LOCAL_RANK",            /* PMIx' name of it, where a launcher exports it */
    "PALS_LOCAL_RANKID",          /* HPE PALS */
    "FLUX_TASK_LOCAL_ID",         /* Flux */
    "SLURM_LOCALID",              /* srun */
};

static char *const *block;

void np_rank_environment(char *const *envp)
{
    block = envp;
}

static const char *find_variable(const char *name)
{
    const size_t length = strlen(name);
    if (block == NULL)
        return secure_getenv(name);
    for (char *const *entry = block; *entry != NULL; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

/* A decimal number and nothing else; -1 for anything else, which is passed over. */
static int read_rank(const char *text)
{
    int rank = 0;
    if (text == NULL || *text == '\0')
        return -1;
    for (; *text != '\0'; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(rank, 10, &rank) ||
            __builtin_add_overflow(rank, *text - '0', &rank))
            return -1;
    return rank;
}

int np_rank_local(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const int rank = read_rank(find_variable(variables[i]));
        if (rank >= 0)
            return rank;
    }
    return -1;
}
