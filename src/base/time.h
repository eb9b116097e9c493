/**
 * base/time.h - time as a number that arrives from outside.
 *
 * A mono_us is microseconds of a clock that never goes back (CLOCK_BOOTTIME in production, the
 * world's clock in the simulator). Its origin means nothing; only differences on one node do.
 */
#pragma once

#include <stdint.h>

typedef uint64_t mono_us;

/** "No deadline": later than every real time. */
#define NEVER UINT64_MAX

#define US_PER_MS  1000ULL
#define US_PER_SEC 1000000ULL

/** The earlier of two times. */
static inline mono_us time_min(mono_us a, mono_us b)
{
    return a < b ? a : b;
}

/** The later of two times. */
static inline mono_us time_max(mono_us a, mono_us b)
{
    return a > b ? a : b;
}
