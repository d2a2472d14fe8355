/* SPDX-License-Identifier: MIT */
#include "svg.h"

#include "machine.h"
#include "report_view.h"
#include "table.h"

#include "core/topology.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Pixels. */
enum {
    MARGIN = 24,
    BOX_WIDTH = 170,
    BOX_GAP = 16,
    BOX_HEAD = 62, /* for id, CPUs and memory */
    STACK = 240,   /* the height of the fullest node */
    LINE = 22,
    MIN_LABEL = 15, /* a lower segment has no text */
    MAX_NODES = 64,
    SIZE_END = 560,   /* of the legend: sizes end here, */
    VERDICT_AT = 576, /* and here the verdict begins */
    MIN_WIDTH = 760   /* for the words */
};

/* Told apart also by those who see few colours: Okabe and Ito, "Color Universal Design", 2008. */
static const char *const colours[] = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                      "#56B4E9", "#D55E00", "#F0E442", "#999999"};
#define RED     "fill=\"#b00020\""
#define GREEN   "fill=\"#1b7f3b\""
#define COLOURS (sizeof colours / sizeof *colours)

struct picture {
    FILE *stream;
    const struct np_value *report;
    np_topology *topology;  /* NULL when it cannot be read */
    uint64_t page, fullest; /* bytes of a page; of all rules on the node that has most */
    int ids[MAX_NODES];
    unsigned count;
    int top; /* of the boxes */
};

/* A text element. What names may hold beside printable ASCII becomes "?", so that the file is XML whatever they are. */
__attribute__((format(printf, 5, 6))) static void put_text(const struct picture *picture, int x, int y,
                                                           const char *style, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(picture->stream, "<text x=\"%d\" y=\"%d\" %s>", x, y, style);
    for (const char *c = text; *c; c++) {
        static const char *const names[] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;"};
        const unsigned char byte = (unsigned char)*c;
        if (byte < sizeof names / sizeof *names && names[byte])
            (void)fputs(names[byte], picture->stream);
        else
            (void)fputc(byte >= ' ' && byte < 0x7f ? byte : '?', picture->stream);
    }
    (void)fputs("</text>\n", picture->stream);
}

static const struct np_value *first_rule(const struct picture *picture)
{
    return np_value_member(picture->report, "rules")->first;
}

static uint64_t bytes_on(const struct picture *picture, int node)
{
    uint64_t pages = 0;
    for (const struct np_value *rule = first_rule(picture); rule; rule = rule->next)
        pages += np_report_pages(rule, node);
    return pages * picture->page;
}

/* At most those of the legend: one for each rule, two where something is wrong. */
static int count_lines(const struct picture *picture)
{
    int lines = 0;
    for (const struct np_value *rule = first_rule(picture); rule; rule = rule->next) {
        char trouble[512];
        lines += *np_report_rule_trouble(rule, trouble) ? 2 : 1;
    }
    const struct np_value *threads = np_value_member(picture->report, "threads");
    for (const struct np_value *rule = threads ? threads->first : NULL; rule; rule = rule->next)
        lines += *np_report_thread_trouble(rule) ? 2 : 1;
    if (np_value_member(picture->report, "process"))
        lines += 2;
    return lines;
}

/* Where it is not as requested the reason goes below. Return: the next free y. */
static int draw_verdict(const struct picture *picture, const char *trouble, int y)
{
    put_text(picture, MARGIN + VERDICT_AT, y, *trouble ? RED : GREEN,
             *trouble ? "not as requested" : "as requested");
    if (!*trouble)
        return y + LINE;
    put_text(picture, MARGIN + 22, y + LINE, RED, "%.100s%s", trouble, strlen(trouble) > 100 ? " ..." : "");
    return y + 2 * LINE;
}

/* What a rule asked for: @how is the key of its policy or its strategy. */
static void draw_request(const struct picture *picture, const char *section, const char *how,
                         const struct np_value *rule, int y)
{
    char nodes[32]; /* as many as fit to the left of SIZE_END */
    put_text(picture, MARGIN + 22, y, "font-weight=\"bold\"", "%.40s", section);
    put_text(picture, MARGIN + 210, y, "", "%.24s %s%s", np_value_text(rule, how),
             np_report_node_ids(rule, nodes, sizeof nodes),
             strcmp(np_value_text(rule, "mode"), "hard") == 0 ? ", hard" : "");
}

/* The legend: each rule that holds memory, and each that is not as requested. Return: the next free y. */
static int draw_rules(const struct picture *picture, int y)
{
    unsigned colour = 0;
    for (const struct np_value *rule = first_rule(picture); rule; rule = rule->next, colour++) {
        char trouble[512], size[NP_TEXT_SIZE];
        const uint64_t held = np_report_pages(rule, -1) * picture->page;
        if (held == 0 && !*np_report_rule_trouble(rule, trouble))
            continue;
        (void)fprintf(picture->stream,
                      "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"3\" fill=\"%s\"/>\n", MARGIN,
                      y - 12, colours[colour % COLOURS]);
        draw_request(picture, np_value_text(rule, "section"), "policy", rule, y);
        put_text(picture, MARGIN + SIZE_END, y, "text-anchor=\"end\"", "%s", np_text_size(held, size));
        y = draw_verdict(picture, np_report_rule_trouble(rule, trouble), y);
    }
    return y;
}

/* What has no bytes of its own: the rest of the process, and threads. Return: the next free y. */
static int draw_others(const struct picture *picture, int y)
{
    char trouble[512];
    const struct np_value *process = np_value_member(picture->report, "process");
    const struct np_value *threads = np_value_member(picture->report, "threads");
    if (process) {
        draw_request(picture, "process", "policy", process, y);
        y = draw_verdict(picture, np_report_rule_trouble(process, trouble), y);
    }
    for (const struct np_value *rule = threads ? threads->first : NULL; rule; rule = rule->next) {
        draw_request(picture, np_value_text(rule, "section"), "pin", rule, y);
        put_text(picture, MARGIN + SIZE_END, y, "text-anchor=\"end\"", "%llu of %llu",
                 (unsigned long long)np_value_count(rule, "pinned"),
                 (unsigned long long)np_value_count(rule, "count"));
        y = draw_verdict(picture, np_report_thread_trouble(rule), y);
    }
    return y;
}

static void draw_head(const struct picture *picture, int node, int x)
{
    char cpus[24] = "", size[NP_TEXT_SIZE];
    const bool known = picture->topology && np_topology_node_memory(picture->topology, node) > 0;
    const int y = picture->top;
    put_text(picture, x + 12, y + 22, "font-weight=\"bold\" font-size=\"15\"", "node %d", node);
    if (!known)
        return;
    const int length = np_cpuset_format(np_topology_node_cpus(picture->topology, node), cpus, sizeof cpus);
    np_text_mark_cut(cpus, sizeof cpus, (size_t)length);
    put_text(picture, x + 12, y + 40, "fill=\"#555\"", *cpus ? "CPUs %s" : "%sno CPUs", cpus);
    put_text(picture, x + 12, y + 56, "fill=\"#555\"", "%s of memory",
             np_text_size(np_topology_node_memory(picture->topology, node), size));
}

/* What each rule holds on the node, from the bottom up. */
static void draw_stack(const struct picture *picture, int node, int x)
{
    int bottom = picture->top + BOX_HEAD + STACK;
    unsigned colour = 0;
    for (const struct np_value *rule = first_rule(picture); rule; rule = rule->next, colour++) {
        const uint64_t bytes = np_report_pages(rule, node) * picture->page;
        const int height = (int)((double)bytes * STACK / (double)picture->fullest);
        char size[NP_TEXT_SIZE];
        if (bytes == 0)
            continue;
        const int drawn = height > 0 ? height : 1;
        bottom -= drawn;
        (void)fprintf(picture->stream, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n",
                      x + 12, bottom, BOX_WIDTH - 24, drawn, colours[colour % COLOURS]);
        if (drawn >= MIN_LABEL)
            put_text(picture, x + BOX_WIDTH / 2, bottom + drawn / 2 + 4,
                     "text-anchor=\"middle\" fill=\"#fff\"", "%s", np_text_size(bytes, size));
    }
}

static void draw_node(const struct picture *picture, unsigned index)
{
    const int x = MARGIN + (int)index * (BOX_WIDTH + BOX_GAP), height = BOX_HEAD + STACK + LINE + 10;
    char size[NP_TEXT_SIZE];
    (void)fprintf(
        picture->stream,
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#f6f7f9\" stroke=\"#9aa3ad\"/>\n",
        x, picture->top, BOX_WIDTH, height);
    draw_head(picture, picture->ids[index], x);
    draw_stack(picture, picture->ids[index], x);
    put_text(picture, x + BOX_WIDTH / 2, picture->top + height - 12, "text-anchor=\"middle\"", "%s",
             np_text_size(bytes_on(picture, picture->ids[index]), size));
}

static void draw(struct picture *picture)
{
    const struct np_value *report = picture->report;
    const int room = MARGIN + (int)picture->count * (BOX_WIDTH + BOX_GAP) - BOX_GAP + MARGIN;
    const int width = room > MIN_WIDTH ? room : MIN_WIDTH;
    const int height = MARGIN * 2 + LINE * (count_lines(picture) + 4) + BOX_HEAD + STACK + LINE + 10;
    (void)fprintf(
        picture->stream,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" "
        "fill=\"#fff\"/>\n",
        width, height, width, height);
    put_text(picture, MARGIN, MARGIN + 14, "font-size=\"18\" font-weight=\"bold\"", "%.60s (%llu)",
             np_value_text(report, "program"), (unsigned long long)np_value_count(report, "pid"));
    put_text(picture, MARGIN, MARGIN + 36, "fill=\"#555\"", "policy %.80s, mode %.8s",
             np_value_text(report, "config"), np_value_text(report, "mode"));
    picture->top = draw_others(picture, draw_rules(picture, MARGIN + 36 + LINE + 8)) + 4;
    for (unsigned i = 0; i < picture->count; i++)
        draw_node(picture, i);
    (void)fputs("</svg>\n", picture->stream);
}

int np_svg_write(const char *path, const struct np_value *report)
{
    struct picture picture = {.report = report, .page = np_report_page_bytes(report), .fullest = 1};
    const bool piped = strcmp(path, "-") == 0;
    picture.stream = piped ? stdout : fopen(path, "we");
    if (!picture.stream)
        return -errno;
    if (np_topology_read_sysfs("", &picture.topology) < 0)
        picture.topology = NULL;
    picture.count = np_report_nodes(report, picture.ids, MAX_NODES);
    for (unsigned i = 0; i < picture.count; i++) {
        const uint64_t bytes = bytes_on(&picture, picture.ids[i]);
        picture.fullest = bytes > picture.fullest ? bytes : picture.fullest;
    }
    draw(&picture);
    np_topology_free(picture.topology);
    if (piped)
        return 0;
    const bool failed = ferror(picture.stream) != 0;
    return fclose(picture.stream) < 0 ? -errno : failed ? -EIO : 0;
}
