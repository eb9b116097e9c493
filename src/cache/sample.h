/**
 * cache/sample.h - hashes of a few entries, to be compared with those of another node.
 *
 * Looked at is what cache/export.h would give away: live, fresh, proven. Two nodes that have covered the
 * same invalidations and differ in such an entry have filled it from different states of the source with
 * no invalidation between them. Values longer than CACHE_SAMPLE_MAX are left out, since they are hashed
 * under the shard's lock. Marks no entry as used, and counts no hit. Thread: any.
 */
#pragma once

#include "cache/cache.h"

#define CACHE_SAMPLE_MAX ((size_t)64 << 10) /* bytes of a value */

struct cache_sampled {
    uint64_t key_hash;   /* the target hash of the key */
    uint64_t value_hash; /* of the bytes alone: times left differ from node to node */
};

/**
 * Walk on from *cursor (0 to begin; 0 again at the end) by one step of cache_export().
 *
 * out:     up to max hashes, written.
 * Returns: how many were written.
 */
size_t cache_sample(struct cache *c, mono_us now, uint64_t *cursor, struct cache_sampled *out,
                    size_t max);

/** The same hash of the entry whose key has this target hash. false: there is none to compare. */
bool cache_sample_of(struct cache *c, mono_us now, uint64_t key_hash, uint64_t *value_hash);
