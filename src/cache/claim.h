/**
 * cache/claim.h - what readers leave with the cache: who loads a key, and that somebody wants a proof.
 *
 * One caller at a time is told to load a key that was missed; the rest may wait for the end of that
 * load, which the cache tells through cfg.wake: a fill or put of the key, stored or refused, or an
 * invalidation of it, for then the load that is under way will be refused. Thread: any.
 */
#pragma once

#include "cache/cache.h"

#define CACHE_LEASES_MAX 1024 /* per shard */

/** Somebody missed a key and would load it. */
struct cache_wish {
    uint64_t caller;  /* whoever misses twice is not turned away by itself */
    uint64_t hold_us; /* for so long it is theirs alone */
    bool waits;       /* if somebody else has it: cfg.wake shall tell when that is over */
};

/** May the caller load this key? false: somebody else does. */
bool cache_claim(struct cache *c, mono_us now, const struct cache_key *key,
                 const struct cache_wish *wish);

/** The caller will not load the key with this target hash: the next one may. Nothing when another has
 *  claimed it meanwhile. */
void cache_release(struct cache *c, uint64_t key_hash, uint64_t caller);

/** A reader wanted a bound that needs a certificate, at this time; and when that was last; 0 = never. */
void cache_want_proof(struct cache *c, mono_us now);
mono_us cache_proof_wanted(const struct cache *c); /**< see above */
