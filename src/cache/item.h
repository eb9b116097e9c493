/**
 * cache/item.h - what callers offer to store, its limits, and the digest by which it is compared.
 *
 * Never says where it will lie: that is cache/packed.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

struct cache;
struct cache_key;

/** What to store. All slices are copied. */
struct cache_item {
    struct slice value;
    uint64_t ttl_ms;   /* 0 = none */
    uint64_t fresh_ms; /* stale from then on, counted from the store; 0 = never of itself */
    uint64_t age_ms;   /* since the value was stored where it comes from; 0 = it is new */
    const struct slice *tags;
    const uint64_t *tag_hashes; /* not NULL: tags_n target hashes that stand for tags, whose names
                                 * another node did not keep either */
    size_t tags_n;
    bool has_version;
    uint64_t version; /* of the source, larger is newer, when has_version */
};

/** What a put with a token was issued as. */
struct cache_written {
    struct slice token; /* taken before the writer's commit */
    uint64_t index;     /* of its own dot */
    uint64_t ended;     /* of the DOT_COMMIT that was issued with it, and that speaks of the same
                         * write; 0 = none */
};

/** A limit that a caller's item broke. */
struct cache_limit {
    const char *what; /* static: "value", "tag", "tags"; NULL = none */
    uint64_t value, limit;
};

/** Does item keep every limit? false sets *broken. */
bool cache_item_check(const struct cache *c, const struct cache_item *item,
                      struct cache_limit *broken);

/** The digest that a put's dot carries: of value, set of tags, version and expiry classes (none, or the
 *  power of two below, of ttl_ms and of fresh_ms); zero above CACHE_DIGEST_MAX. Pure, no lock.
 *  Layout: cache/digest.h. */
struct hash128 cache_digest(const struct cache *c, const struct cache_key *key,
                            const struct cache_item *item);
