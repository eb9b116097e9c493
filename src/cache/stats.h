/**
 * cache/stats.h - what the cache counts, for people. Nothing in it steers anything.
 */
#pragma once

#include <stdint.h>

#include "cache/reason.h"

struct cache;

/** What is counted for one namespace: numbers since the start, but for items and bytes. */
struct cache_ns_stats {
    uint64_t hits, misses; /* misses: since the namespace is known here, while it is served */
    uint64_t stale_hits;
    uint64_t fills, puts; /* stored */
    uint64_t
        invalidated; /* entries that dots ended: when they came, when looked at, or when swept */
    uint64_t evicted, expired;
    uint64_t items, bytes; /* now, heads of items included; dead ones count until they are found */
};

/** All are numbers since the start, but for those marked "now". */
struct cache_stats {
    uint64_t budget_bytes, fixed_bytes;
    uint64_t used_bytes, live_bytes; /* now: items, alive or dead; and only those alive */
    uint64_t index_bytes;            /* now: slots, which grow with the items, of the same memory */
    uint64_t free_bytes;             /* now: units without items */
    uint64_t table_bytes;            /* of the budget, for all but items and slots */
    uint64_t items;                  /* now */
    uint64_t hits, stale_hits, misses, expired; /* every look is one of the first three */
    uint64_t fills, puts, imports;              /* stored */
    uint64_t refused[CACHE_REASONS];
    uint64_t killed; /* entries killed by dots of their key */
    uint64_t marked; /* entries made stale by soft dots of their key */
    uint64_t spared; /* entries that an equal put, or an older version, let live */
    uint64_t evicted, reinserted;
    uint64_t came_back;    /* stored again soon after they were evicted from the small queue */
    uint64_t moved;        /* entries that were copied to make their neighbours' dead bytes free */
    uint64_t swept;        /* entries removed by sweeps */
    uint64_t dead_lookups; /* entries found dead by a barrier when looked at */
    uint64_t tags;         /* now */
    uint64_t tags_full;
    uint64_t prefixes; /* now */
    uint64_t prefixes_folded;
    uint64_t conjunctions; /* now */
    uint64_t conjunctions_folded;
    uint64_t quarantines; /* now: keys that nobody may store, ended ones not yet cleared included */
    uint64_t quarantine_full; /* dots that found no place there */
    uint64_t claims_taken;    /* misses that were told that somebody else loads the key */
    uint64_t leases_lost;     /* loads that lost their lease for want of room */
    uint64_t namespaces;      /* now */
};

/** Sum the counters of all shards, one lock at a time. */
void cache_stats(struct cache *c, struct cache_stats *out);

/** Sum the counters of each namespace over all shards, one lock at a time. out has room for all
 *  CACHE_NAMESPACES_MAX of them. Returns: how many are in use, that is filled. */
uint32_t cache_ns_stats(struct cache *c, struct cache_ns_stats *out);
