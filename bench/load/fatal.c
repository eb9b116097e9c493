#include "load/fatal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fatal(int status, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    (void)vfprintf(stderr, form, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(status);
}

void *fatal_calloc(size_t n, size_t size)
{
    void *at = calloc(n > 0 ? n : 1, size);
    if (at == NULL)
        fatal(EXIT_ERRORS, "no memory for %zu x %zu bytes", n, size);
    return at;
}
