/**
 * tests/litmus/stage_guard.h - a shard is touched under its lock alone, and the names are written so.
 *
 * src/cache is compiled as for ThreadSanitizer, but what it then calls at each load and store of memory
 * is defined here, in the place of that library. An atomic operation that is no step would not link.
 * Without this, an access that no step names could make the explorer leave out an order that counts.
 */
#pragma once

#include "stage.h"

/** Watch the cache of s from now on, in threads. */
void stage_guard(const struct stage *s);
