/** tests/unit/policy/small.h - traces by hand: a letter is an object. */
#pragma once

#include <stdint.h>

#include "policy/policy.h"

/** The trace of a text, one request a letter. trace_free() it. */
struct trace trace_of(const char *letters);

/** Hits and misses of a policy in a cache of capacity objects, as a text of '+' and '-'; lent until the
 *  next call. */
const char *play(const struct policy *p, uint64_t capacity, const char *letters);
