/* SPDX-License-Identifier: MIT */
#include "builder.h"
#include "file.h"

#include "../core/log.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Zeroed, and most of it never touched. */
static int new_config(const char *path, struct np_config **ret_config)
{
    void *memory;
    int error = np_kernel_map(NULL, sizeof(struct np_config), PROT_READ | PROT_WRITE, 0, &memory);
    if (error != 0)
        return error;
    struct np_config *config = memory;
    (void)np_format(config->path, sizeof config->path, "%s", path);
    *ret_config = config;
    return 0;
}

void np_config_free(struct np_config *config)
{
    if (config != NULL)
        (void)np_kernel_unmap(config, sizeof *config); /* of an own whole mapping: cannot fail */
}

int np_config_builtin(struct np_config **ret_config)
{
    static const struct {
        const char *section;
        size_t min_size, max_size;
        enum np_mode mode;
    } classes[] = {
        {"malloc.default-small", 0, (size_t)128 << 10, NP_LOCAL},
        {"malloc.default-large", (size_t)128 << 10, SIZE_MAX, NP_FIRST_TOUCH},
    };
    struct np_config *config;
    int error = new_config("built-in", &config);
    if (error != 0)
        return error;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct np_rule *rule = &config->classes[config->class_count++];
        (void)np_format(rule->section, sizeof rule->section, "%s", classes[i].section);
        rule->min_size = classes[i].min_size;
        rule->max_size = classes[i].max_size;
        rule->mode = classes[i].mode;
    }
    *ret_config = config;
    return 0;
}

/* The only problem that there is: whether to stop after it is no question. */
static void tell_one(const char *path, struct np_config_problem *problem, const char *why,
                     np_config_report *report, void *context)
{
    (void)np_format(problem->text, sizeof problem->text, "%s", why);
    if (report != NULL)
        (void)report(context, path, problem);
}

/* A file that cannot be read at all: a problem of line 0. */
static void tell_unreadable(const char *path, int error, const char *why, np_config_report *report,
                            void *context)
{
    struct np_config_problem problem = {.line = 0};
    if (why == NULL)
        why = strerrordesc_np(-error); /* strerror(3) may allocate and translate */
    tell_one(path, &problem, why == NULL ? "cannot be read" : why, report, context);
}

/* The line that goes beyond the limit is the one to be blamed. */
static void tell_too_long(const char *path, const char *text, np_config_report *report, void *context)
{
    struct np_config_problem problem = {.line = 1, .where = NP_PROBLEMS_FILE};
    for (const char *c = text; c < text + NP_FILE_MAX_SIZE; c++)
        problem.line += *c == '\n';
    tell_one(path, &problem, "the file is over 1 MiB", report, context);
}

int np_config_read_text(const char *name, const char *text, size_t length, np_config_report *report,
                        void *context, struct np_config **ret_config)
{
    if (length > NP_FILE_MAX_SIZE) {
        tell_too_long(name, text, report, context);
        return -EFBIG;
    }
    struct np_builder builder = {.section = NULL};
    int error = new_config(name, &builder.config);
    if (error != 0)
        return error;
    struct np_ini_sink sink = np_builder_sink(&builder);
    error = np_ini_read(text, length, &sink);
    if (error == 0)
        np_builder_finish(&builder);
    if (error == 0)
        error = builder.problems.error;
    if (error == 0 && builder.problems.count > 0) {
        np_problems_tell(&builder.problems, name, report, context);
        error = -EINVAL;
    }
    np_problems_free(&builder.problems);
    if (error == 0)
        *ret_config = builder.config;
    else
        np_config_free(builder.config);
    return error;
}

int np_config_read_file(const char *path, np_config_report *report, void *context,
                        struct np_config **ret_config)
{
    struct np_file file;
    const char *why = NULL;
    int error = np_file_read(path, &file, &why);
    if (error != 0) {
        tell_unreadable(path, error, why, report, context);
        return error;
    }
    error = np_config_read_text(path, file.text, file.length, report, context, ret_config);
    np_file_free(&file);
    return error;
}

int np_config_problem_format(const char *path, const struct np_config_problem *problem, char *buffer,
                             size_t size)
{
    const char *separator = *problem->where == '\0' ? "" : ": ";
    if (problem->line == 0)
        return np_format(buffer, size, "%s%s%s: %s", path, separator, problem->where, problem->text);
    return np_format(buffer, size, "%s:%u%s%s: %s", path, problem->line, separator, problem->where,
                     problem->text);
}
