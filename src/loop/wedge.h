/**
 * loop/wedge.h - does a worker still turn? Judged by whoever looks at it now and then.
 *
 * A worker that hangs answers no client, while control, a thread of its own, keeps the node a member in
 * good standing. Nobody is evicted for it: it is told to people. Never reads a clock, never logs.
 */
#pragma once

#include <stdbool.h>

#include "base/time.h"

#define WEDGE_AFTER (10 * US_PER_SEC) /* without a turn */

/** What a look at a worker said. */
enum wedge_news {
    WEDGE_NONE, /* nothing else than before */
    WEDGE_BEGAN,
    WEDGE_ENDED
};

/** One worker, as it was seen. All zero before the first look. */
struct wedge {
    mono_us turned_at; /* its last turn, as of the last look */
    mono_us since;     /* the look at which that was new, or from which on it counts anew */
    mono_us looked_at; /* the last look; 0 = none */
    uint64_t still_us; /* how long it stood still, as of the last news */
    bool wedged;
};

/**
 * Look at a worker. Call it about each half second: who looks after a longer pause than looks_late_us was
 * itself asleep, perhaps together with the worker, and counts from then on.
 *
 * turned_at: when the worker says that it last turned.
 */
enum wedge_news wedge_look(struct wedge *w, mono_us turned_at, mono_us now, uint64_t looks_late_us);
