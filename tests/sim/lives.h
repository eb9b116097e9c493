/**
 * lives.h - how long copies live: none past its time, none killed needlessly, none where none may be.
 *
 * Of each copy that was stored with a token it is known until when it is good, and whether any dot that
 * took effect at its node aimed at it since. Where a node raised no barrier, evicted nothing and was not
 * told to forget, a copy that nothing aimed at is still there. Sees no more of a cache than its answers
 * and its counters.
 */
#pragma once

#include <stdint.h>

#include "base/dot.h"
#include "base/time.h"
#include "cache/cache.h"

#include "floors.h"

struct sim;
struct sim_node;

/** Of one process: what was counted when last looked at, and the keys that nobody may store. */
struct lives {
    uint64_t
        doubts; /* barriers, evictions and the like: after any, nobody knows what should live */
    mono_us *nostore; /* by key: until when, on the node's clock */
};

/** When a copy that is stored now with this time to live ends, on its node's clock; 0 = never. */
mono_us lives_until(const struct sim *s, const struct sim_node *n, uint64_t ttl_ms);

/** A dot took effect at the node; so much did that nobody tells what. */
void lives_dot(struct sim *s, struct sim_node *n, const struct dot *d,
               const struct oracle_dot *issued);
void lives_everything(struct sim *s, struct sim_node *n); /**< see above */

/** Something was stored under this key: might it be? Fails the simulation. */
void lives_stored(struct sim *s, struct sim_node *n, uint32_t key);

/** A copy was given: is its time not over? Fails the simulation. */
void lives_hit(struct sim *s, struct sim_node *n, uint32_t key);

/** All keys of the node are about to be asked for: notes what was counted since the last time. */
void lives_look(struct sim *s, struct sim_node *n);

/** This key was asked for, after lives_look(): is it there, if nothing ended it? Fails the simulation. */
void lives_asked(struct sim *s, struct sim_node *n, uint32_t key, enum cache_found found);
