/**
 * node/late.h - how late a dot took effect elsewhere, from ages and round trips alone.
 *
 * Another node says how long ago something happened there, by its own clock. Between the moment when it
 * was asked and the moment when its answer was here it said so: that places the event on our own clock,
 * as well as the round trip is short and clocks run alike. Two events so placed have a distance.
 *
 * Never compares clocks of two nodes, and never guesses: what comes out are bounds. Pure arithmetic.
 */
#pragma once

#include <stdint.h>

#include "base/time.h"

#define LATE_DRIFT 1000 /* clocks run at most 1 part in so many fast or slow, as ACKS_DRIFT says */

/** Between which moments of our own clock something happened; before its origin, too. */
struct late_when {
    int64_t from_us;
    int64_t to_us;
};

/** Something that happened here. */
struct late_when late_here(mono_us at);

/** Something that was age_us ago by the clock of who was asked at asked_at and had answered at told_at.
 *  An age of more than 2^60 us counts as so much. */
struct late_when late_there(mono_us asked_at, mono_us told_at, uint64_t age_us);

/** So much later, give or take the error. */
struct late {
    uint64_t late_us;
    uint64_t error_us;
};

/** How long after `issued` was `applied`? It was not before; and where most_us is not NEVER, it is known
 *  to be no later than that. */
struct late late_of(const struct late_when *issued, const struct late_when *applied,
                    uint64_t most_us);
