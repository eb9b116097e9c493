/**
 * cache/cache.h - the local cache: shards of entries under barriers.
 *
 * An entry carries one stamp: L as it was when its MISS was answered. It is live iff its stamp is at
 * least every barrier that covers it: the shard's, its namespace's, each of its tags', and those of
 * the prefixes of its key. A key dot kills entries with an older stamp. Fills are checked against the
 * barriers and against the ring of recent records; whatever forgets a record raises a floor first.
 *
 * Why no fill slips past a concurrent invalidation. Let a fill carry token T and a dot have effect
 * index e. T >= e: the worker read L after control published it, so after the node heard of the dot,
 * so after its commit, and the source was read later still: the value is new. T < e: the fill and the
 * visit of its shard are ordered by that shard's lock. Fill first: the visit kills the entry or raises
 * a word above its stamp. Visit first: the fill finds the record, the word, or a floor raised by
 * whatever forgot them, and is refused.
 *
 * Threads: cache_publish and cache_apply, cache_bar: control only. Everything else: any thread; each
 * call takes the lock of one shard at a time through the hooks in cfg. Under a lock: no system call,
 * no other lock, at most CACHE_STEP items of eviction, expiry or sweeping.
 * Never asks for time, never knows where dots come from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/time.h"
#include "cache/token.h"

#define CACHE_KEY_MAX        1024
#define CACHE_TAG_MAX        128
#define CACHE_TAGS_MAX       16
#define CACHE_NS_MAX         64
#define CACHE_NAMESPACES_MAX 256
#define CACHE_SHARDS_MAX     256
#define CACHE_PREFIXES_MAX   1024 /* barriers per shard */
#define CACHE_PREFIX_LENS    16   /* distinct prefix lengths in use */
#define CACHE_STEP           64
#define CACHE_DIGEST_MAX     65536 /* longer values have no digest: they equal nothing */

struct cache_cfg {
    struct hkey hkey;   /* target hashes */
    uint64_t slot_seed; /* mixes the slot index, per process, against chosen keys */
    struct token_ctx token;
    uint64_t budget_bytes; /* all shards: items, tables, tags, prefixes, recent records */
    uint32_t shards;       /* power of two, 1..256; cache_shards_for() */
    uint32_t recent_max;   /* records per shard, a power of two; 0 = 4,096, or 256 under 64 MiB */
    uint32_t value_max;    /* bytes; at most 16 MiB - 1 */
    void *lock_ctx;        /* hooks; NULL functions mean one thread */
    void (*lock)(void *ctx, uint32_t shard_i);
    void (*unlock)(void *ctx, uint32_t shard_i);
    void (*ns_lock)(void *ctx);
    void (*ns_unlock)(void *ctx);
};

struct cache;

/** A good number of shards for a budget: enough to share, few enough that one can hold a value. */
uint32_t cache_shards_for(uint64_t budget_bytes, uint32_t value_max);

/** Make an empty cache of exactly budget_bytes plus a small fixed part (under 32 KiB). NULL when the
 *  arena is too small, or the budget for the tables of so many shards. The gate is CLOSED, L is 1. */
struct cache *cache_new(struct arena *arena, const struct cache_cfg *cfg);

/** Limits and hash key of this cache, lent. */
const struct cache_cfg *cache_config(const struct cache *c);

/** Publish the local event index (release); before any shard is visited for what raised it. */
void cache_publish(struct cache *c, uint64_t index);

/** The last published index (acquire). */
uint64_t cache_index(const struct cache *c);

/** What the node lets workers do. */
enum cache_gate {
    CACHE_CLOSED, /* not ready: MISS without token, fills and stores refused */
    CACHE_OPEN,
    CACHE_DRAINING, /* hits go on; no new tokens */
    CACHE_MUTED     /* conflict: no hits, no tokens */
};

/** Set the gate (control), look at it (any thread). */
void cache_gate_set(struct cache *c, enum cache_gate gate);
enum cache_gate cache_gate(const struct cache *c); /**< as last set */

/**
 * Find or make the index of a namespace; "" is always 0.
 * Errors: ERR_LIMIT (name longer than CACHE_NS_MAX), ERR_FULL (256 in use), *out is unchanged.
 */
MUST_USE enum err cache_namespace(struct cache *c, struct slice name, uint8_t *out);

/** Find only: false when the namespace was never used here. */
bool cache_namespace_find(const struct cache *c, struct slice name, uint8_t *out);

/** Namespaces in use, and the name of one (ns_i below that), lent for life. */
uint32_t cache_namespaces(const struct cache *c);
struct slice cache_namespace_name(const struct cache *c, uint8_t ns_i); /**< see above */

/** One key, with what is derived from it once. Make it with cache_key(). Lends key and ns. */
struct cache_key {
    struct slice ns;
    struct slice key;
    uint64_t hash; /* target hash */
    uint8_t ns_i;  /* when ns_known */
    bool ns_known;
};

/** Derive hash and namespace of a key. Errors: ERR_LIMIT (key not 1..1,024 bytes, ns too long). */
MUST_USE enum err cache_key(const struct cache *c, struct slice ns, struct slice key,
                            struct cache_key *out);

/** What a hit looks like. value is lent while the visit runs, under the shard's lock. */
struct cache_hit {
    struct slice value;
    uint64_t ttl_left_ms; /* UINT64_MAX = none */
    uint64_t age_ms;
    bool unproven; /* stored by a put without a token */
};

/** Called once, under the lock, with a hit; copy what you need, take no other lock, do not call back. */
typedef void cache_visit(void *ctx, const struct cache_hit *hit);

/**
 * Look key up: calls visit(ctx, hit) and returns true when a live entry is there.
 * Barrier words are read after the call began, never cached. Counts a hit or a miss.
 */
bool cache_get(struct cache *c, mono_us now, const struct cache_key *key, cache_visit *visit,
               void *ctx);

/**
 * Mint the token of a MISS: interns the namespace, then reads L.
 * Errors: ERR_NOT_READY (the gate is not OPEN), ERR_FULL (namespaces): answer MISS without a token.
 */
MUST_USE enum err cache_token(struct cache *c, mono_us now, const struct cache_key *key,
                              uint8_t out[TOKEN_LEN]);

/* ---- writing ---- */

/** Why a fill was not stored. Texts: cache_reason_text(). */
enum cache_reason {
    CACHE_STORED,
    CACHE_INVALIDATED,
    CACHE_TAG,
    CACHE_PREFIX,
    CACHE_NAMESPACE,
    CACHE_ALL,
    CACHE_FORGOTTEN,
    CACHE_NEWER,
    CACHE_TAGS_FULL,
    CACHE_MEMORY,
    CACHE_TOKEN_NODE,
    CACHE_TOKEN_KEY,
    CACHE_TOKEN_EXPIRED,
    CACHE_NOT_READY,
    CACHE_TOKEN_BAD, /* an error to the caller (BAD_TOKEN), not a refusal */
    CACHE_REASONS
};

/** The protocol's word for a reason: "invalidated", "tag", "forgotten", "token_node", ... */
const char *cache_reason_text(enum cache_reason reason);

/** What to store. All slices are copied. */
struct cache_item {
    struct slice value;
    uint64_t ttl_ms; /* 0 = none */
    const struct slice *tags;
    size_t tags_n;
};

/**
 * Fill: check the token, then all barriers, records and floors, and store, in one hold of the lock.
 * The value is stored with the token's stamp. An entry with a newer stamp is kept (CACHE_NEWER).
 * Asserts item within limits (cache_item_check). Counts every outcome.
 */
enum cache_reason cache_fill(struct cache *c, mono_us now, const struct cache_key *key,
                             const struct cache_item *item, struct slice token);

/**
 * Store the value of a put whose dot was applied here with index a: stamp = a. Refused when any
 * record, barrier or floor is newer than a. The copy is marked unproven. A namespace that is new here
 * is interned; CACHE_MEMORY when there is no room for it (cache_namespace() first tells them apart).
 */
enum cache_reason cache_put(struct cache *c, mono_us now, const struct cache_key *key,
                            const struct cache_item *item, uint64_t index);

/** As cache_put with the stamp of a token taken before the writer's commit, skipping only the record
 *  of the put's own dot (its index a). Stored with the token's stamp, and not unproven. */
enum cache_reason cache_put_token(struct cache *c, mono_us now, const struct cache_key *key,
                                  const struct cache_item *item, struct slice token,
                                  uint64_t index);

/** The digest that a put's dot carries: of value, set of tags and expiry class (none, or the power of
 *  two below ttl_ms); zero above CACHE_DIGEST_MAX. Pure, no lock. Layout: cache/digest.h. */
struct hash128 cache_digest(const struct cache *c, const struct cache_key *key,
                            const struct cache_item *item);

/** A limit that a caller's item broke. */
struct cache_limit {
    const char *what; /* static: "value", "tag", "tags"; NULL = none */
    uint64_t value, limit;
};

/** Does item keep every limit? false sets *broken. */
bool cache_item_check(const struct cache *c, const struct cache_item *item,
                      struct cache_limit *broken);

/** Set a new time to live, counted from now; 0 = none. false when there is no live entry. Local. */
bool cache_touch(struct cache *c, mono_us now, const struct cache_key *key, uint64_t ttl_ms);

/* ---- effects of dots: control only ---- */

/**
 * Apply the effect of d with index effect_i to every shard that it needs, one lock at a time: record,
 * then kill or raise. When it returns, d may be covered. Publishes nothing: cache_publish first.
 */
void cache_apply(struct cache *c, const struct dot *d, uint64_t effect_i);

/** Raise the whole-cache barrier of every shard to index: entries with an older stamp are dead. */
void cache_bar(struct cache *c, uint64_t index);

/** Raise barrier and fill floor of every shard to index: adoption at a join. */
void cache_adopt(struct cache *c, uint64_t index);

/** One bounded step of housekeeping (sweeps for barriers, expired and dead entries) in one shard, the
 *  next in turn. Any thread. Returns: true while a sweep for a barrier is not done: call again soon. */
bool cache_step(struct cache *c, mono_us now);

struct cache_stats {
    uint64_t budget_bytes, used_bytes, fixed_bytes; /* used: items alive or dead in the logs */
    uint64_t items;
    uint64_t hits, misses, expired;
    uint64_t fills, puts; /* stored */
    uint64_t refused[CACHE_REASONS];
    uint64_t killed; /* entries killed by key and put dots */
    uint64_t spared; /* entries that an equal put let live */
    uint64_t evicted, reinserted;
    uint64_t swept;        /* entries removed by sweeps */
    uint64_t dead_lookups; /* entries found dead by a barrier when looked at */
    uint64_t tags, tags_full, prefixes, prefixes_folded, namespaces;
};

/** Sum the counters of all shards, one lock at a time. */
void cache_stats(struct cache *c, struct cache_stats *out);
