/* SPDX-License-Identifier: MIT */
/* file - a policy file read whole into memory of its own. Context: start-up. */
#ifndef NP_CONFIG_FILE_H
#define NP_CONFIG_FILE_H

#include <stddef.h>

#define NP_FILE_MAX_SIZE ((size_t)1 << 20)

struct np_file {
    char *text; /* not NUL-terminated; small, or a mapping of its own */
    size_t length;
    char small[8192]; /* nearly every policy file fits, and a mapping costs more than reading it */
};

/** np_file_read() - read a regular file into @file, which must stay where it is; never wait for a fifo or a device. Of
 * more than NP_FILE_MAX_SIZE bytes, one more than that is read.
 * Return: 0; -EINVAL for what is no regular file; -ENAMETOOLONG; -ENOMEM; another
 * -errno of open(2) or read(2). @ret_why is set where errno's own text would not say it. */
int np_file_read(const char *path, struct np_file *file, const char **ret_why);
void np_file_free(struct np_file *file);

#endif
