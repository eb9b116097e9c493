/**
 * cache/export.h - the entries that another node may be given: a walk in bounded steps.
 *
 * Given is what a reader without a bound would be answered with here and now, as proven and as fresh:
 * never what is dead by its time or a barrier, stale, stored by a put without a token, or of a key that
 * nobody may store now. Stamps mean nothing elsewhere and are not given.
 *
 * The cache goes on meanwhile: entries that come, go or move may be given twice or not at all. Marks no
 * entry as used, and counts no hit. Thread: any.
 */
#pragma once

#include "cache/cache.h"

/** One entry, lent while the visit runs, under the shard's lock. */
struct cache_export_entry {
    struct slice ns, key, value;
    const uint64_t *tags; /* target hashes, rising; their names are not kept */
    uint8_t tags_n;
    uint64_t ttl_ms;   /* left, at least 1; 0 = none */
    uint64_t fresh_ms; /* left until it is stale, at least 1; 0 = never of itself */
    uint64_t age_ms;   /* since it was stored, here or where it was copied from */
    bool has_version;
    uint64_t version; /* when has_version */
};

/** Take one entry, or refuse it: then the walk stops before it. As cache_visit: copy, do not call back. */
typedef bool cache_export_visit(void *ctx, const struct cache_export_entry *entry);

/**
 * Give at most CACHE_STEP more entries of one shard to visit, in one hold of its lock.
 *
 * cursor:  0 to begin; moves on; 0 again when all shards were walked. Any other number, of whatever
 *          origin, is a place to go on from, or the end.
 * Returns: how many entries were looked at; CACHE_STEP + 1 when visit refused one.
 */
uint32_t cache_export(struct cache *c, mono_us now, uint64_t *cursor, cache_export_visit *visit,
                      void *ctx);

/** How full the logs of all shards are together, per mille. Takes each lock once. */
uint32_t cache_filled(struct cache *c);
