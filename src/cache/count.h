/**
 * cache/count.h - how much of this cache an invalidation would concern: a dry run, and nothing dies.
 *
 * Counts in bounded steps, each under one lock, while the cache goes on: entries that come or go
 * meanwhile may be counted or not, and where the index grows, twice. After true, set shard_i to 0 before the next aim. Thread: any.
 */
#pragma once

#include "cache/cache.h"

/** What is aimed at. Slices are lent while it is used. */
struct cache_aim {
    enum dot_kind kind;   /* DOT_KEY, TAG, TAGS_ALL, PREFIX, NAMESPACE or ALL */
    struct slice ns;      /* all but ALL */
    struct slice target;  /* PREFIX: the prefix itself */
    uint64_t hash;        /* KEY, TAG: the target hash */
    const uint64_t *tags; /* TAGS_ALL: hashes */
    size_t tags_n;
};

/** How far a count has come; begins zeroed. */
struct cache_count {
    uint32_t shard_i;
    uint64_t at; /* slot of that shard */
    uint64_t matches;
    uint64_t bytes; /* of keys and values */
};

/** Look at CACHE_STEP more entries. Returns: true when all were looked at. */
bool cache_count(struct cache *c, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count);
