/* SPDX-License-Identifier: MIT */
#include "ini_lines.h"

#include "value.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>

struct ini_stream {
    const char *next, *end;
    unsigned line;
    const struct np_ini_sink *sink;
};

/* Where the comment behind a line's text begins, or its end. inih drops the same bytes: a `;` after a blank. */
static size_t find_comment(const char *line, size_t length)
{
    for (size_t i = 1; i < length; i++)
        if (line[i] == ';' && np_value_is_blank(line[i - 1]))
            return i;
    return length;
}

static const char *check_section(const char *line, size_t length)
{
    const char *close = memchr(line, ']', length);
    if (close == NULL)
        return "the section's ] is missing";
    for (const char *c = line + 1; c < close; c++)
        if (np_value_is_blank(*c))
            return "no blanks are allowed inside [ ]";
    if (close + 1 < line + length)
        return "text after ]; only a comment that begins with a blank and ; may stand there";
    return NULL;
}

static const char *check_key(const char *line, size_t length)
{
    const char *equals = memchr(line, '=', length);
    const char *colon = memchr(line, ':', length);
    if (colon != NULL && (equals == NULL || colon < equals))
        return "a key is followed by =, not by a colon";
    if (equals == NULL)
        return "neither a [section] nor KEY = VALUE";
    if (equals == line)
        return "there is no key before =";
    return NULL;
}

/* What is wrong with a line (its blanks at both ends removed), or NULL. */
static const char *check_line(const char *line, size_t length)
{
    if (length == 0 || *line == '#' || *line == ';')
        return NULL;
    size_t text = find_comment(line, length);
    while (text > 0 && np_value_is_blank(line[text - 1]))
        text--;
    return *line == '[' ? check_section(line, text) : check_key(line, text);
}

/* Tells of a section, and returns whether inih may see the line. */
static bool pass_section(const struct ini_stream *stream, const char *line, const char *wrong)
{
    const struct np_ini_sink *sink = stream->sink;
    if (wrong != NULL) {
        sink->problem(sink->context, stream->line, wrong);
        sink->bad_section(sink->context, stream->line, line);
        return false;
    }
    char name[NP_INI_MAX_LINE + 1];
    size_t length = strcspn(line + 1, "]");
    memcpy(name, line + 1, length);
    name[length] = '\0';
    sink->section(sink->context, stream->line, name);
    return true;
}

/* Takes the next line off the stream: its start and its length without the line's end. */
static const char *take_line(struct ini_stream *stream, size_t *ret_length)
{
    const char *line = stream->next;
    const char *end = memchr(line, '\n', (size_t)(stream->end - line));
    stream->next = end == NULL ? stream->end : end + 1;
    if (end == NULL)
        end = stream->end;
    if (end > line && end[-1] == '\r')
        end--;
    stream->line++;
    if (stream->line == 1 && end - line >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    *ret_length = (size_t)(end - line);
    return line;
}

/* Copies the next line for inih without the blanks at its ends, since inih takes an indented line for a continuation.
 * A line with a problem becomes an empty one, which keeps inih's own line count right. */
static char *read_line(char *buffer, int size, void *context)
{
    struct ini_stream *stream = context;
    if (stream->next >= stream->end)
        return NULL;
    size_t length;
    const char *line = take_line(stream, &length);
    const char *wrong = NULL;
    if (memchr(line, '\0', length) != NULL)
        wrong = "NUL byte";
    else if (length > NP_INI_MAX_LINE || length + 2 > (size_t)size)
        wrong = "line of more than 190 bytes";

    while (length > 0 && np_value_is_blank(*line)) {
        line++;
        length--;
    }
    while (length > 0 && np_value_is_blank(line[length - 1]))
        length--;
    if (length > NP_INI_MAX_LINE)
        length = NP_INI_MAX_LINE;
    memcpy(buffer, line, length);
    buffer[length] = '\0';

    if (wrong == NULL)
        wrong = check_line(buffer, length);
    bool pass = wrong == NULL;
    if (*buffer == '[')
        pass = pass_section(stream, buffer, wrong);
    else if (!pass)
        stream->sink->problem(stream->sink->context, stream->line, wrong);
    if (!pass)
        length = 0;
    buffer[length] = '\n';
    buffer[length + 1] = '\0';
    return buffer;
}

/* inih may have been built to pass its line number too; ours, of the line read last, is right in every build. */
static int handle_key(void *context, const char *section, const char *key, const char *value)
{
    (void)section; /* cut at 49 bytes: the sink was told of the whole one */
    const struct ini_stream *stream = context;
    stream->sink->key(stream->sink->context, stream->line, key, value);
    return 1;
}

int np_ini_read(const char *text, size_t length, const struct np_ini_sink *sink)
{
    struct ini_stream stream = {.next = text, .end = text + length, .line = 0, .sink = sink};
    return ini_parse_stream(read_line, &stream, handle_key, &stream) == -2 ? -ENOMEM : 0;
}
