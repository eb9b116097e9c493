/**
 * deploy/man/manual.h - a manual out of its template: a line that is "@NAME@" alone is replaced by what
 * the tables of a program say, so that a manual knows the options that its program knows.
 *
 * The language is mdoc(7).
 */
#pragma once

#include <stddef.h>

/** What stands for a line of a template. */
struct manual_part {
    const char *name; /* "@commands@" */
    void (*put)(void);
};

/** Write the template of argv[1] to standard output. Returns: for main(). */
int manual_make(int argc, char **argv, const struct manual_part *parts, size_t n);

/** A text as mdoc reads it back: nothing in it is a request, and dashes are those of options. Blanks and
 *  ends of lines become one blank. */
void manual_text(const char *text);

/** The same between quotes, as one argument of a macro. */
void manual_quoted(const char *text);

/** Lines as they are. */
void manual_literal(const char *text);
