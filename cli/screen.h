/* SPDX-License-Identifier: MIT */
/* screen - the terminal as a sheet of rows and columns that is redrawn where it has changed, and its keys.
 *
 * The one door to ncurses. Context: one thread. */
#ifndef NP_CLI_SCREEN_H
#define NP_CLI_SCREEN_H

#include "table.h"

/** Keys that are no characters. */
enum np_key {
    NP_KEY_NONE = -1, /* nothing more was typed */
    NP_KEY_ESCAPE = 27,
    NP_KEY_UP = 256,
    NP_KEY_DOWN,
    NP_KEY_LEFT,
    NP_KEY_RIGHT,
    NP_KEY_PAGE_UP,
    NP_KEY_PAGE_DOWN,
    NP_KEY_ENTER,
    NP_KEY_BACK,
    NP_KEY_RESIZE, /* the terminal has another size now */
    NP_KEY_OTHER,
};

/** np_screen_open() - take the terminal over. Return: 0; -ENOTTY when stdin or stdout is none; -ENODEV when TERM names none
 * that can move its cursor. */
int np_screen_open(void);
/** np_screen_close() - give it back as it was; fine when it is not open. */
void np_screen_close(void);
/** np_screen_size() - its rows and columns now. */
void np_screen_size(unsigned *ret_rows, unsigned *ret_columns);

/** np_screen_clear(), np_screen_show() - begin a new sheet; bring the terminal up to it. */
void np_screen_clear(void);
void np_screen_show(void);
/** np_screen_put() - write text into at most @width columns of a row, to the right with blanks before it when @right. What
 * is too long ends in a mark. What lies outside the screen is dropped, control characters become question marks.
 * @selected: the whole width in reverse. */
struct np_place {
    unsigned row, column, width;
    bool right, selected;
};
void np_screen_put(struct np_place place, enum np_style style, const char *text);

/** np_screen_key() - the next key that was typed: a character or an enum np_key. Does not wait. */
int np_screen_key(void);

#endif
