/**
 * inproc/watch.h - how long single calls take, by two clocks.
 *
 * The wall's clock is what callers feel. On a shared machine its longest calls are those during which the
 * system ran somebody else; it counts these for each thread, and only long calls ask it. The clock of the
 * thread's CPU time stands still then: it says what a call did itself, the system's work for it included.
 */
#pragma once

#include <stdint.h>

#include "inproc/measure.h"

struct watch {
    struct stall *stall;
    long lost; /* how often this thread had lost its core when last asked */
};

/** When a call began. */
struct watch_time {
    uint64_t cpu_ns, wall_ns;
};

/** Begin to count calls in *stall, which is emptied. */
struct watch watch_of(struct stall *stall, const char *situation);

/** The time at which a call begins. */
struct watch_time watch_begin(void);

/** The call that began then has ended. */
void watch_end(struct watch *w, struct watch_time begun);
