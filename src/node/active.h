/**
 * node/active.h - how many origins issue dots just now: a linear count over the last second.
 *
 * A bitmap by hash of the epoch, read and cleared each second; what falls together is counted once, so
 * it is a lower bound, exact enough up to a few hundred. Never a table that could be full.
 * Source: linear counting, Whang, Vander-Zanden and Taylor (1990), without its correction.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define ACTIVE_BITS 1024

struct active {
    uint64_t bits[ACTIVE_BITS / 64];
    uint32_t n; /* bits set */
    mono_us since;
};

/** A dot of origin `epoch`, a random number, took effect. */
static inline void active_note(struct active *a, uint64_t epoch)
{
    uint64_t *word = &a->bits[epoch / 64 % (ACTIVE_BITS / 64)];
    const uint64_t bit = 1ULL << epoch % 64;
    a->n += (*word & bit) == 0;
    *word |= bit;
}

/** Is a second over? Then *n is what was counted in it, and the count begins anew. */
static inline bool active_read(struct active *a, mono_us now, uint32_t *n)
{
    if (now - a->since < US_PER_SEC)
        return false;
    *n = a->n;
    *a = (struct active){.since = now};
    return true;
}
