/* SPDX-License-Identifier: MIT */
/* folder - the names in a folder, by system calls alone: opendir(3) allocates. */
#ifndef NP_CORE_FOLDER_H
#define NP_CORE_FOLDER_H

/** np_folder_each() - call @visit with each name but `.` and `..`, in no order. errno is kept.
 * Return: 0; -errno of open(2) or getdents64(2). Context: start-up. */
int np_folder_each(const char *path, void (*visit)(void *context, const char *name), void *context);

#endif
