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
        return "the ] of the section is missing";
    for (const char *c = line + 1; c < close; c++)
        if (np_value_is_blank(*c))
            return "no blanks are allowed inside [ ]";
    if (close + 1 < line + length)
        return "text after ]; only a comment that begins with a blank and ; may stand there";
    return NULL;
}

/* Sets @ret_reason when there is something wrong with a key's line. */
static bool check_key(const char *line, size_t length, struct np_value_reason *ret_reason)
{
    const char *equals = memchr(line, '=', length);
    const char *colon = memchr(line, ':', length);
    if (colon != NULL && (equals == NULL || colon < equals))
        return np_value_fail(ret_reason, "a key is followed by =, not by a colon") == 0;
    if (equals == NULL) {
        struct np_value_quote text = np_value_escape(line, length);
        return np_value_fail(ret_reason, "\"%s\" is neither a [section] nor KEY = VALUE", text.text) == 0;
    }
    if (equals == line)
        return np_value_fail(ret_reason, "there is no key before =") == 0;
    return true;
}

/* The length of a line's text, its blanks at both ends removed, without a comment. */
static size_t text_length(const char *line, size_t length)
{
    size_t text = find_comment(line, length);
    while (text > 0 && np_value_is_blank(line[text - 1]))
        text--;
    return text;
}

/* Copies what stands before the first of the bytes of @ends, without blanks at its own ends. */
static void copy_until(const char *text, size_t length, const char *ends, char *ret_copy)
{
    size_t copied = 0;
    for (size_t i = 0; i < length && strchr(ends, text[i]) == NULL; i++)
        if (copied > 0 || !np_value_is_blank(text[i]))
            ret_copy[copied++] = text[i];
    while (copied > 0 && np_value_is_blank(ret_copy[copied - 1]))
        copied--;
    ret_copy[copied] = '\0';
}

/* Tells of a line that begins with `[`. Return: whether inih may see it. */
static bool pass_section(const struct ini_stream *stream, const char *line, size_t length, const char *wrong)
{
    const struct np_ini_sink *sink = stream->sink;
    char title[NP_INI_MAX_LINE + 1];
    copy_until(line + 1, length - 1, "]", title);
    if (wrong == NULL)
        wrong = check_section(line, length);
    if (wrong == NULL)
        sink->section(sink->context, stream->line, title);
    else
        sink->bad_section(sink->context, stream->line, title, wrong);
    return wrong == NULL;
}

/* Tells of any other line if something is wrong with it; inih passes a key on. Return: whether inih may see it. */
static bool pass_key(const struct ini_stream *stream, const char *line, size_t length, const char *wrong)
{
    bool comment = length == 0 || *line == '#' || *line == ';';
    struct np_value_reason reason;
    if (wrong != NULL)
        (void)np_value_fail(&reason, "%s", wrong);
    else if (comment || check_key(line, length, &reason))
        return true;
    char key[NP_INI_MAX_LINE + 1] = "";
    if (!comment && (memchr(line, '=', length) != NULL || memchr(line, ':', length) != NULL))
        copy_until(line, length, "=:", key);
    stream->sink->bad_line(stream->sink->context, stream->line, key, reason.text);
    return false;
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
    size_t limit = (size_t)size - 2 < NP_INI_MAX_LINE ? (size_t)size - 2 : NP_INI_MAX_LINE;
    if (memchr(line, '\0', length) != NULL)
        wrong = "the line holds a NUL byte";
    else if (length > limit)
        wrong = "the line has more than 190 bytes";

    while (length > 0 && np_value_is_blank(*line)) {
        line++;
        length--;
    }
    while (length > 0 && np_value_is_blank(line[length - 1]))
        length--;
    if (length > limit)
        length = limit;
    memcpy(buffer, line, length);
    buffer[length] = '\0';
    size_t text = text_length(buffer, strlen(buffer));
    bool pass =
        *buffer == '[' ? pass_section(stream, buffer, text, wrong) : pass_key(stream, buffer, text, wrong);
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
