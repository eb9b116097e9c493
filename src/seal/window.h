/**
 * seal/window.h - the replay window of one (sender, run): 1,024 counters.
 *
 * Asked after the tag was verified, never before: an unauthenticated counter must not move it.
 * Source: RFC 6479, the sliding bitmap that WireGuard uses; here the window is exact: a counter 1,023
 * behind the newest is in it, one 1,024 behind is too old.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_BITS 1024

struct window {
    uint64_t newest;                 /* highest counter accepted; 0 before the first */
    uint64_t bits[WINDOW_BITS / 64]; /* a ring: counter c is bit c mod 1,024 */
};

/** Forget everything: the window of a run that was never heard. */
void window_init(struct window *w);

/**
 * Accept counter (from 1) if it was never accepted and is less than WINDOW_BITS behind the newest,
 * and remember it.
 *
 * Returns: true once for each counter; false for 0, a repeat, or one too old, and w is unchanged.
 */
bool window_accept(struct window *w, uint64_t counter);
