/* SPDX-License-Identifier: MIT */
/* ini_lines - the lines of a policy file as sections and keys, with exact line numbers.
 *
 * inih splits lines and drops comments; what it lets pass (cut sections, joined and split lines, text after `]`, the colon
 * form, NUL bytes) is found here. Context: start-up; neither stdio nor locale, and memory only where inih was built to
 * keep its line of 200 bytes on the heap (Debian's is on the stack). */
#ifndef NP_CONFIG_INI_LINES_H
#define NP_CONFIG_INI_LINES_H

#include <stddef.h>

#define NP_INI_MAX_LINE 190 /* bytes without the line's end; inih's own buffer holds 199 */

/** Who wants to hear of a file's lines. Strings live until the function returns. */
struct np_ini_sink {
    /** A section begins; @name is what stands between `[` and `]`. */
    void (*section)(void *context, unsigned line, const char *name);
    /** A line that begins with `[` is wrong: what follows belongs to no section. @title is what can be made out. */
    void (*bad_section)(void *context, unsigned line, const char *title, const char *reason);
    void (*key)(void *context, unsigned line, const char *key, const char *value);
    /** Another line is wrong; @key is "" where none can be made out. */
    void (*bad_line)(void *context, unsigned line, const char *key, const char *reason);
    void *context;
};

/** np_ini_read() - tell @sink of each line of @text in order.
 * Return: 0, whatever problems there were; -ENOMEM when inih had no memory. */
int np_ini_read(const char *text, size_t length, const struct np_ini_sink *sink);

#endif
