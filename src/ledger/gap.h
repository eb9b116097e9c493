/**
 * ledger/gap.h - which heads were heard without their dots: at most LEDGER_GAPS records per origin.
 *
 * One record more merges the two nearest into one that covers both, with the larger g and the older
 * opened_at: a barrier at it kills more and comes sooner, never the other way round. Never decides
 * what is covered; it follows the origin.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/time.h"
#include "ledger/origin.h"

struct gaps {
    const struct origins *origins;
    uint64_t *open;  /* one bit per slot: does the origin have a record? */
    size_t n;        /* records of all origins */
    mono_us oldest;  /* earliest opened_at; NEVER when n is 0 */
    size_t oldest_n; /* records that were opened at `oldest` */
    uint64_t opened; /* records ever made */
    uint64_t merged; /* records lost to a merge */
};

/** Begin with no gap. Lends origins for life. false when it does not fit. */
bool ledger_gaps_init(struct arena *arena, struct gaps *gaps, const struct origins *origins);

/** Raise the head of o to `head` and open a record from the old one on, discovered at index g. */
void ledger_gaps_open(struct gaps *gaps, struct origin *o, uint64_t head, uint64_t g, mono_us now);

/** Cut the records of o back to what is still uncovered: after every change of what is covered. */
void ledger_gaps_trim(struct gaps *gaps, struct origin *o);

/** The record of o that holds seq, which is heard and not covered (asserted). */
const struct part *ledger_gaps_part(const struct origin *o, uint64_t seq);

/** Step to the first origin with a record at slot *slot or later; false when there is none. */
bool ledger_gaps_next(const struct gaps *gaps, uint32_t *slot);
