/**
 * heal/lost.h - when is a range held by nobody any more?
 *
 * When its origin and two other holders, or all known peers, said so. One answer alone is not enough:
 * whoever answers may simply have less than others.
 */
#pragma once

#include "heal/state.h"

/** Did peer id say that this range is gone? */
bool heal_lost_voted(const struct lost *l, uint64_t id);

/**
 * Peer id says that *r of w's origin is gone.
 *
 * Returns: true when it is now lost; *r is then the part on which enough peers agree, and is no
 *          longer watched.
 */
bool heal_lost_vote(const struct heal *h, struct pull *w, uint64_t id, struct dot_range *r);
