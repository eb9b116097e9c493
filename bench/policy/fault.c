#include "policy/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool fault_tell(struct fault *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(f->text, sizeof f->text, format, arguments);
    va_end(arguments);
    return false;
}
