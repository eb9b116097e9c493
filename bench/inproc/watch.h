/**
 * inproc/watch.h - how long single calls take, without those during which somebody else had the core.
 *
 * The time is the wall's, as callers feel it. On a shared machine the longest calls are those that the
 * system interrupted; it counts these for each thread, and only long calls ask it.
 */
#pragma once

#include <stdint.h>

#include "inproc/measure.h"

struct watch {
    struct stall *stall;
    long lost; /* how often this thread had lost its core when last asked */
};

/** Begin to count calls in *stall, which is emptied. */
struct watch watch_of(struct stall *stall, const char *situation);

/** The time at which a call begins. */
uint64_t watch_begin(void);

/** The call that began then has ended. */
void watch_end(struct watch *w, uint64_t begun);
