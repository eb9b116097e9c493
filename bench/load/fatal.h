/** load/fatal.h - how the program ends when it cannot go on. Never returns an error to anybody. */
#pragma once

#include <stddef.h>

/** Exit statuses, those of jay where they mean the same. */
enum fatal_status {
    EXIT_FINE = 0,
    EXIT_ERRORS = 1, /* it ran, and errors were counted */
    EXIT_USAGE = 2,
    EXIT_CONNECT = 3
};

/** Print the program's name and one line to standard error, and exit with the status. */
_Noreturn void fatal(int status, const char *form, ...) __attribute__((format(printf, 2, 3)));

/** calloc(), or the end of the program. */
void *fatal_calloc(size_t n, size_t size);
