#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "base/attr.h"

/* Another page, cursor hidden, lines cut instead of wrapped; and back. Source: ECMA-48, xterm's ctlseqs. */
#define ENTER_PAGE  "\033[?1049h\033[?25l\033[?7l"
#define LEAVE_PAGE  "\033[?7h\033[?25h\033[?1049l"
#define HOME        "\033[H"
#define CLEAR_BELOW "\033[J"

/* One process has one terminal. */
static struct {
    bool screen;
    bool keys;             /* standard input is a terminal, and before holds how it was */
    struct termios before; /* of standard input */
    sigset_t outside;      /* blocked signals, as they were */
} now;

static const int CAUGHT[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};
static volatile sig_atomic_t caught;

static void on_signal(int signal)
{
    caught = signal;
}

/** They come only while terminal_wait() waits: a picture is never left half drawn. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(CAUGHT); i++) {
        sigaction(CAUGHT[i], &action, NULL);
        sigaddset(&set, CAUGHT[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &now.outside);
}

static void release_signals(void)
{
    for (size_t i = 0; i < ARRAY_LEN(CAUGHT); i++)
        signal(CAUGHT[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &now.outside, NULL);
}

bool terminal_is_screen(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

void terminal_enter(bool screen)
{
    if (!screen || now.screen)
        return;
    now.screen = true;
    now.keys = tcgetattr(STDIN_FILENO, &now.before) == 0;
    if (now.keys) {
        struct termios quiet = now.before;
        quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    catch_signals();
    fputs(ENTER_PAGE, stdout);
}

void terminal_leave(void)
{
    if (!now.screen)
        return;
    now.screen = false;
    fputs(LEAVE_PAGE, stdout);
    fflush(stdout);
    if (now.keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &now.before);
    release_signals();
}

void terminal_begin(void)
{
    if (now.screen)
        fputs(HOME CLEAR_BELOW, stdout);
}

void terminal_end(void)
{
    if (now.screen)
        fputs(CLEAR_BELOW, stdout);
    fflush(stdout);
}

/** Ctrl-Z: whoever stops us gets the terminal as it was. */
static void stop_here(void)
{
    terminal_leave();
    raise(SIGSTOP);
    terminal_enter(true);
}

/** Returns: true when the wait is over, with *news set. */
static bool hear_signal(enum terminal_news *news)
{
    const int signal = caught;
    caught = 0;
    *news = signal == SIGTSTP || signal == SIGWINCH ? TERMINAL_TIME : TERMINAL_QUIT;
    if (signal == SIGTSTP)
        stop_here();
    return signal != 0;
}

static bool is_quit_key(void)
{
    char key;
    const ssize_t n = read(STDIN_FILENO, &key, 1);
    if (n <= 0)
        now.keys = false; /* nobody is there any more */
    return n == 1 && (key == 'q' || key == 'Q');
}

static struct timespec left_until(const struct timespec *end)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = (int64_t)(end->tv_sec - at.tv_sec) * 1000000000 + end->tv_nsec - at.tv_nsec;
    ns = ns < 0 ? 0 : ns;
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

enum terminal_news terminal_wait(uint32_t ms)
{
    struct timespec end;
    enum terminal_news news = TERMINAL_TIME;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000 + (end.tv_nsec + ms % 1000 * 1000000L) / 1000000000;
    end.tv_nsec = (end.tv_nsec + ms % 1000 * 1000000L) % 1000000000;
    for (;;) {
        const struct timespec left = left_until(&end);
        struct pollfd p = {.fd = now.screen && now.keys ? STDIN_FILENO : -1, .events = POLLIN};
        const int n = ppoll(&p, 1, &left, now.screen ? &now.outside : NULL);
        if (n == 0)
            return TERMINAL_TIME;
        if (n > 0 && is_quit_key())
            return TERMINAL_QUIT;
        if (n < 0 && (errno != EINTR || hear_signal(&news)))
            return errno != EINTR ? TERMINAL_TIME : news;
    }
}

unsigned terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}
