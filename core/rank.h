/* SPDX-License-Identifier: MIT */
/* rank - which of a parallel job's processes on this machine is this one? */
#ifndef NP_CORE_RANK_H
#define NP_CORE_RANK_H

/** np_rank_environment() - read the variables from this block, which must stay, and not from libc's: the shim starts before
 * libc has set environ. NULL: libc's again. Context: start-up, before other threads. */
void np_rank_environment(char *const *envp);
/** np_rank_local() - the local rank that a launcher (mpirun, srun and their like) has put into the environment.
 * Return: the rank; -1 when none has. Context: start-up. */
int np_rank_local(void);

#endif
