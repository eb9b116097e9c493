/**
 * cli/terminal.h - a screen that is drawn again and again, and a wait that keys and signals end.
 *
 * Off a terminal nothing is written and nothing is caught: then it is a plain wait. Never decides what is
 * drawn. What was changed of the terminal is put back by terminal_leave().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Why a wait ended. */
enum terminal_news {
    TERMINAL_TIME, /* it was waited for long enough, or the screen has another size */
    TERMINAL_QUIT  /* q, Ctrl-C, or another signal to end */
};

/** Is standard output a terminal that understands escapes? */
bool terminal_is_screen(void);

/** Take the screen: another page, no echo, no line wrap. screen false: do nothing, ever. */
void terminal_enter(bool screen);

/** Put the screen back as it was. May be called at any time, and twice. */
void terminal_leave(void);

/** Begin a picture: what is printed now stands in the first line. Nothing off a screen. */
void terminal_begin(void);

/** End a picture: what older ones left below is cleared. Nothing off a screen. */
void terminal_end(void);

/** Wait for ms milliseconds, or for somebody to say that it is enough. */
enum terminal_news terminal_wait(uint32_t ms);

/** Columns of the screen, 80 when nobody says. */
unsigned terminal_columns(void);
