/**
 * cache/check.h - may a value be stored? The whole question, asked under the shard's lock.
 *
 * What refuses a value with stamp T is anything newer than T that covers it. The order of the looks
 * matters for what forgets: records and barriers first, the floor last. Whoever forgets a record has
 * raised the floor before, so a fill that no longer meets the record meets the floor.
 * Never stores and never changes anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/digest.h"
#include "cache/shard.h"

enum fill_source {
    FILL_READ, /* of the source, after a MISS */
    FILL_PUT,
    FILL_PEER
};

/** One value on its way into a shard. */
struct fill {
    const struct cache_key *key;
    const struct cache_item *item;
    mono_us now;
    uint64_t stamp;
    uint64_t own, ended; /* of a put: of its dot and of the commit issued with it, whose records are
                          * not held against it; 0 = none */
    enum fill_source source;
    bool unproven;
    uint8_t ns_i;
    struct tagset tags;
    uint64_t size; /* of its item in a segment */
    bool placed;   /* its queue is chosen */
    bool absent;   /* in this hold of the lock, no entry of its key was found */
    enum queue queue;
    unsigned freq; /* uses that it inherits from the entry that it replaces */
    bool has_digest;
    struct hash128 digest; /* when has_digest */
    struct reinserts reinserts;
};

/** CACHE_STORED in *reason when f may be stored as far as room goes, else why not. false: the digest of
 *  f is needed first, and *reason says nothing. */
bool check_fill(struct shard *s, const struct fill *f, enum cache_reason *reason);
