/**
 * tests/litmus/certified.h - reads with a bound, by the real command, and what they must know.
 *
 * There is one clock. A dot is issued at issued_at of it. A read that is asked for at time t with a bound
 * of 10 ms, and certified, may not show what was old before t - 10 ms. Never says who publishes horizons.
 */
#pragma once

#include "stage.h"

#define CERTIFIED_WITHIN_MS 10
#define CERTIFIED_JUMP_MS   15

/** A request: when it was read from its socket, and what was issued by then. */
struct certified_asked {
    mono_us at;
    mono_us issued_at; /* 0 = not yet */
};

/** Read the clock, which takes the stage as its context. */
mono_us certified_clock(void *stage);

/** The dot of this story was issued at `now`. */
void certified_issued(struct stage *s, mono_us now);

/** A request comes in; what it got is judged: a version, or 0 for nothing that was certified. */
struct certified_asked certified_request(struct stage *s);
void certified_judge(const struct certified_asked *asked, uint64_t version); /**< see above */

/** What node/command_get.c certifies of key[0] by this clock; 0 = nothing. */
uint64_t certified_get(struct stage *s, const struct certified_asked *asked,
                       mono_us (*clock)(void *), void *clock_ctx);

/* ---- threads ---- */
void certified_reads(void *stage);       /**< request, read, judgement */
void certified_time_jumps(void *stage);  /**< past the bound */
void certified_time_passes(void *stage); /**< two jumps */
