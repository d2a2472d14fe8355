/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDEST 512 /* columns; what lies beyond stays empty */

static struct {
    SCREEN *screen; /* NULL unless open */
    bool colours;
    bool wide; /* the terminal understands UTF-8 */
} terminal;

/* Pairs of ncurses, and what a terminal without colours has instead. */
static const struct {
    short pair, colour;
    attr_t with, without;
} styles[] = {
    [NP_STYLE_PLAIN] = {0, -1, A_NORMAL, A_NORMAL},
    [NP_STYLE_BOLD] = {0, -1, A_BOLD, A_BOLD},
    [NP_STYLE_DIM] = {0, -1, A_DIM, A_NORMAL},
    [NP_STYLE_GOOD] = {1, COLOR_GREEN, A_NORMAL, A_NORMAL},
    [NP_STYLE_WARN] = {2, COLOR_YELLOW, A_NORMAL, A_BOLD},
    [NP_STYLE_BAD] = {3, COLOR_RED, A_BOLD, A_BOLD},
};

static void set_up_colours(void)
{
    const char *refused = getenv("NO_COLOR"); /* https://no-color.org */
    terminal.colours =
        !(refused && *refused) && has_colors() && start_color() == OK && use_default_colors() == OK;
    for (size_t i = 0; terminal.colours && i < sizeof styles / sizeof *styles; i++)
        if (styles[i].pair > 0)
            (void)init_pair(styles[i].pair, styles[i].colour, -1);
}

int np_screen_open(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return -ENOTTY;
    terminal.screen = newterm(NULL, stdout, stdin);
    if (!terminal.screen)
        return -ENODEV;
    if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
        /* Only the modes of the terminal: a refresh would write a screenful of blanks. */
        (void)reset_shell_mode();
        delscreen(terminal.screen);
        terminal.screen = NULL;
        return -ENODEV;
    }
    terminal.wide = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    set_up_colours();
    (void)cbreak();
    (void)noecho();
    (void)nonl(); /* Enter and ^J are two keys, and ncurses may move the cursor by line feeds */
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(25);
    (void)curs_set(0);
    return 0;
}

void np_screen_close(void)
{
    if (!terminal.screen)
        return;
    (void)move(LINES - 1, 0); /* where the prompt will stand on a terminal that cannot restore its screen */
    (void)clrtoeol();
    (void)refresh();
    (void)endwin();
    delscreen(terminal.screen);
    terminal.screen = NULL;
}

void np_screen_size(unsigned *ret_rows, unsigned *ret_columns)
{
    *ret_rows = (unsigned)LINES;
    *ret_columns = (unsigned)COLS;
}

void np_screen_clear(void)
{
    (void)erase();
}

void np_screen_show(void)
{
    (void)refresh();
}

/* Copies at most @width characters of UTF-8, the last one a mark when there were more. Return: how many. */
static unsigned fit(const char *text, unsigned width, char *ret_text)
{
    const char *mark = terminal.wide ? "\u2026" : "~", *last = text;
    unsigned count = 0;
    char *to = ret_text, *at_last = ret_text;
    for (; *text; text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) {
            if (count == width)
                break;
            count++;
            last = text;
            at_last = to;
        }
        *to = *text;
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *to = '?';
        to++;
    }
    *to = '\0';
    if (*text && last != text)
        memcpy(at_last, mark, strlen(mark) + 1);
    return count;
}

void np_screen_put(struct np_place place, enum np_style style, const char *text)
{
    char fitting[WIDEST * 4 + 8];
    const unsigned columns = (unsigned)COLS;
    if (place.row >= (unsigned)LINES || place.column >= columns)
        return;
    if (place.width > columns - place.column)
        place.width = columns - place.column;
    if (place.width > WIDEST)
        place.width = WIDEST;
    const unsigned used = fit(text, place.width, fitting);
    const attr_t attributes = (terminal.colours ? styles[style].with : styles[style].without) |
                              (place.selected ? A_REVERSE : A_NORMAL);
    (void)attr_set(attributes, terminal.colours ? styles[style].pair : 0, NULL);
    const unsigned indent = place.right ? place.width - used : 0;
    if (place.selected)
        (void)mvhline((int)place.row, (int)place.column, ' ', (int)place.width);
    /* A character in the last cell of all may scroll some terminals: ncurses knows which, and answers ERR. */
    (void)mvaddstr((int)place.row, (int)(place.column + indent), fitting);
    (void)attr_set(A_NORMAL, 0, NULL);
}

int np_screen_key(void)
{
    static const struct {
        int code, key;
    } keys[] = {
        {KEY_UP, NP_KEY_UP},          {KEY_DOWN, NP_KEY_DOWN},     {KEY_LEFT, NP_KEY_LEFT},
        {KEY_RIGHT, NP_KEY_RIGHT},    {KEY_PPAGE, NP_KEY_PAGE_UP}, {KEY_NPAGE, NP_KEY_PAGE_DOWN},
        {KEY_ENTER, NP_KEY_ENTER},    {'\r', NP_KEY_ENTER},        {'\n', NP_KEY_ENTER},
        {KEY_BACKSPACE, NP_KEY_BACK}, {0x7f, NP_KEY_BACK},         {'\b', NP_KEY_BACK},
        {KEY_RESIZE, NP_KEY_RESIZE},  {ERR, NP_KEY_NONE},
    };
    const int code = getch();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].code == code)
            return keys[i].key;
    return code < 256 ? code : NP_KEY_OTHER;
}
