#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/inside.h"

enum scrubjay_status fail(struct scrubjay *c, enum scrubjay_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->error, sizeof c->error, format, args);
    va_end(args);
    c->error_name[0] = '\0';
    return status;
}

void fail_name(struct scrubjay *c, struct slice name)
{
    const size_t room = sizeof c->error_name - 1;
    const size_t len = name.len < room ? name.len : room;
    if (len > 0)
        memcpy(c->error_name, name.at, len);
    c->error_name[len] = '\0';
}

const char *scrubjay_error(const struct scrubjay *c)
{
    return c->error;
}

const char *scrubjay_error_name(const struct scrubjay *c)
{
    return c->error_name;
}
