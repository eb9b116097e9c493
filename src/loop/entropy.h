/** loop/entropy.h - random bytes from the system, for runs, secrets and seeds. Thread: any. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** Fill out with n bytes of getrandom(2); waits only while the system has just booted.
 *  Errors: ERR_IO, and out is of no use. */
MUST_USE enum err entropy_fill(void *out, size_t n);
