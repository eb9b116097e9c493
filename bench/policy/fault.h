/** policy/fault.h - one sentence about what is wrong with what we were given. */
#pragma once

#include <stdbool.h>

struct fault {
    char text[512];
};

/** Say it, as printf does; cut off at the end of text. Returns false, for the caller to return. */
bool fault_tell(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
