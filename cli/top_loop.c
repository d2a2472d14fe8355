/* SPDX-License-Identifier: MIT */
/* The loop of the live view: readings, keys, signals. */
#include "cli.h"
#include "screen.h"
#include "top.h"
#include "top_view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct loop {
    struct np_top_view view;
    struct np_sample *sample; /* what the view shows */
    double interval;          /* as the user wants it */
    uint64_t due;             /* millisecond of the next reading */
    bool asked;               /* one is on its way */
    bool done;
};

/* ---- Signals that end it: the terminal is given back first ---- */

static int signals[2] = {-1, -1}; /* a pipe */

static void note_signal(int number)
{
    const int error = errno;
    const char byte = (char)number;
    (void)!write(signals[1], &byte, 1);
    errno = error;
}

/* ncurses leaves signals alone that have a handler. */
static int catch_signals(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    if (pipe2(signals, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
        struct sigaction before;
        if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(ending[i], &action, NULL);
    }
    return 0;
}

/* End as the signal would have ended it, so that a shell sees why. */
static void end_by(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* ---- Keys ---- */

static void change_interval(struct loop *loop, int direction)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600};
    const int count = sizeof steps / sizeof *steps;
    int at = direction > 0 ? 0 : count - 1;
    while (at >= 0 && at < count &&
           (direction > 0 ? steps[at] <= loop->interval : steps[at] >= loop->interval))
        at += direction;
    if (at < 0 || at == count)
        return;
    loop->interval = loop->view.interval = steps[at];
    loop->due = np_sampler_now() + (uint64_t)(steps[at] * 1000);
}

/* Up and down: programs, or lines where there is one program. */
static void move(struct np_top_view *view, int steps)
{
    if (!view->alone)
        np_top_select(view, steps);
    else if (steps >= 0 || view->scroll >= (unsigned)-steps)
        view->scroll += (unsigned)steps;
    else
        view->scroll = 0;
}

static void look_at(struct np_top_view *view, bool alone)
{
    if (view->alone != alone && (view->selected || !alone))
        view->scroll = 0;
    view->alone = alone && view->selected;
}

static void sort_by(struct np_top_view *view, int key)
{
    const char *order = key > 0 && key < 128 ? strchr(np_top_keys, key) : NULL;
    if (!order)
        return;
    view->order = (enum np_top_order)(order - np_top_keys);
    view->scroll = 0;
    np_top_sort(view);
}

static void press(struct loop *loop, int key)
{
    struct np_top_view *view = &loop->view;
    switch (key) {
    case 'q':
    case 'Q':
        loop->done = true;
        break;
    case NP_KEY_UP:
    case NP_KEY_DOWN:
        move(view, key == NP_KEY_UP ? -1 : 1);
        break;
    case NP_KEY_PAGE_UP:
    case NP_KEY_PAGE_DOWN:
        move(view, key == NP_KEY_PAGE_UP ? -10 : 10);
        break;
    case NP_KEY_LEFT:
        view->first_node -= view->first_node > 0;
        break;
    case NP_KEY_RIGHT:
        view->first_node++;
        break;
    case NP_KEY_ENTER:
        look_at(view, true);
        break;
    case NP_KEY_ESCAPE:
    case NP_KEY_BACK:
        look_at(view, false);
        break;
    case 'p':
    case 'P':
        view->paused = !view->paused;
        break;
    case '+':
    case '-':
        change_interval(loop, key == '+' ? 1 : -1);
        break;
    default:
        sort_by(view, key);
        break;
    }
}

/* ---- The loop ---- */

/* Reading may not take more than a tenth of the time, however large the programs are. */
static void take_sample(struct loop *loop)
{
    const uint64_t now = np_sampler_now();
    loop->sample = np_sampler_take(loop->sample);
    loop->asked = false;
    const uint64_t wait = (uint64_t)(loop->interval * 1000), rest = loop->sample->cost * 9;
    const uint64_t spent = loop->sample->cost < wait ? loop->sample->cost : wait;
    loop->due = now + (wait - spent > rest ? wait - spent : rest);
    const uint64_t tenths = (loop->sample->cost + 5) / 10; /* of a second, in ten times the cost */
    loop->view.interval = rest > wait ? (double)tenths / 10 : loop->interval;
    loop->view.sample = loop->sample;
    loop->view.taken = time(NULL);
    np_top_sort(&loop->view);
}

static void ask_if_due(struct loop *loop)
{
    if (loop->asked || loop->view.paused || np_sampler_now() < loop->due)
        return;
    np_sampler_ask();
    loop->asked = true;
}

/* Milliseconds to wait at most; -1: for ever. */
static int patience(const struct loop *loop)
{
    const uint64_t now = np_sampler_now();
    if (loop->asked || loop->view.paused)
        return -1;
    return loop->due > now ? (int)(loop->due - now) : 0;
}

/* A terminal that is gone is readable for ever. */
static bool is_gone(const struct pollfd *keyboard)
{
    int bytes = 0;
    return keyboard->revents & (POLLHUP | POLLERR | POLLNVAL) ||
           (keyboard->revents & POLLIN && (ioctl(keyboard->fd, FIONREAD, &bytes) < 0 || bytes == 0));
}

/* Return: the signal that ended it, or 0. */
static int go_round(struct loop *loop, int samples)
{
    struct pollfd waiting[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = samples, .events = POLLIN},
                               {.fd = signals[0], .events = POLLIN}};
    while (!loop->done) {
        char number = 0;
        ask_if_due(loop);
        np_top_draw(&loop->view);
        const int ready = poll(waiting, sizeof waiting / sizeof *waiting, patience(loop));
        if (ready > 0 && waiting[2].revents && read(signals[0], &number, 1) == 1)
            return number;
        if (ready > 0 && is_gone(&waiting[0]))
            return SIGHUP;
        if (ready > 0 && waiting[1].revents)
            take_sample(loop);
        for (int key; !loop->done && (key = np_screen_key()) != NP_KEY_NONE;)
            press(loop, key);
    }
    return 0;
}

int np_top_run(const struct np_top_options *options)
{
    struct loop loop = {.interval = options->interval,
                        .view = {.interval = options->interval,
                                 .selected = options->count == 1 ? options->pids[0] : 0,
                                 .alone = options->count == 1}};
    int samples, result = catch_signals();
    if (result == 0)
        result = np_screen_open();
    if (result == -ENOTTY || result == -ENODEV) {
        np_cli_error(result == -ENOTTY
                         ? "top: this is no terminal (numaperf report --all shows the same once)"
                         : "top: TERM names no terminal that can move its cursor");
        return NP_EXIT_USAGE;
    }
    (void)atexit(np_screen_close);
    if (result == 0)
        result = np_sampler_start(options->pids, options->count, &samples);
    const int number = result == 0 ? go_round(&loop, samples) : 0;
    np_screen_close();
    free(loop.view.sorted);
    if (number)
        end_by(number);
    if (result < 0)
        np_cli_error("top: %s", strerror(-result));
    return result < 0 ? NP_EXIT_USAGE : EXIT_SUCCESS;
}
