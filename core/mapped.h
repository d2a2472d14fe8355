/* SPDX-License-Identifier: MIT */
/* mapped - what mmap(2) and its family do when rules for mappings exist.
 *
 * Each takes the function that is next in the link chain, calls it, and returns what it returned, with its
 * errno. A mapping that a rule takes is settled in between; one that a hard rule cannot have is undone, and
 * the answer is ENOMEM. Context: hook-safe; allocators call these with their locks held. */
#ifndef NP_CORE_MAPPED_H
#define NP_CORE_MAPPED_H

#include "live.h"
#include "mapping.h"

#include <sys/types.h>

typedef void *np_mapped_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
typedef int np_mapped_munmap(void *address, size_t length);
typedef void *np_mapped_mremap(void *address, size_t old_length, size_t length, int flags, ...);
typedef void *np_mapped_shmat(int id, const void *address, int flags);
typedef int np_mapped_shmdt(const void *address);
typedef int np_mapped_mprotect(void *address, size_t length, int protection);

void *np_mapped_map(np_mapped_mmap *next, void *address, size_t length, int protection, int flags, int fd,
                    off_t offset);
int np_mapped_unmap(np_mapped_munmap *next, void *address, size_t length);
/** np_mapped_remap() - @target is passed on only where the flags say that there is one. */
void *np_mapped_remap(np_mapped_mremap *next, void *address, size_t old_length, size_t length, int flags,
                      void *target);
void *np_mapped_attach(np_mapped_shmat *next, int id, const void *address, int flags);
int np_mapped_detach(np_mapped_shmdt *next, const void *address);
/** np_mapped_protect() - mprotect(2): makes a reservation writable, which a hard rule must then hold. */
int np_mapped_protect(np_mapped_mprotect *next, void *address, size_t length, int protection);

/** np_mapped_yield() - the program has set a policy of its own: its mappings there are no rule's any more. */
void np_mapped_yield(const void *address, size_t length);

/** np_mapped_take() - does a rule that matches serve this mapping? NULL when it is left alone after all, which is
 * counted and explained. A refused rule is returned. */
const struct np_mapping_rule *np_mapped_take(const struct np_mapping_rule *rule, enum np_mapping_kind kind,
                                             int flags);
/** np_mapped_start() - from now on a policy of the task (set_mempolicy(2)) that differs is the program's own,
 * and its mappings are left to it. Context: start-up, when the process's own policy is in force. */
void np_mapped_start(void);
/** np_mapped_note_locked() - mlockall(2) fills every mapping from now on. */
void np_mapped_note_locked(void);

/** For fork(2). Pages that a hard rule bound go on under its loose policy: a copy under bind on full nodes
 * would meet the OOM killer. */
void np_mapped_before_fork(void);
void np_mapped_after_fork(void);

#endif
