/**
 * heal/lost.h - when is a range held by nobody any more?
 *
 * When its origin and two other holders, or all known peers, said so. One answer alone is not enough:
 * whoever answers may simply have less than others. And not at once: voters may still answer by buckets,
 * over a stream, which spares the rest of the cache.
 */
#pragma once

#include "heal/state.h"

#define LOST_WAIT_US (500 * US_PER_MS) /* for buckets, from the first vote on */

/** Did peer id say that this range is gone? */
bool heal_lost_voted(const struct lost *l, uint64_t id);

/** Peer id says that r of w's origin is gone. */
void heal_lost_vote(struct pull *w, mono_us now, uint64_t id, const struct dot_range *r);

/**
 * Take a range of w's origin that is lost now: *r is the part on which enough peers agree, and is no
 * longer watched. false when there is none.
 */
bool heal_lost_take(const struct heal *h, mono_us now, struct pull *w, struct dot_range *r);
