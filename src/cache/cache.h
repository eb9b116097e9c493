/**
 * cache/cache.h - the local cache: shards of entries under barriers.
 *
 * An entry carries one stamp: L as it was when its MISS was answered. It is live iff its stamp is at
 * least every barrier that covers it: the shard's, its namespace's, its bucket's, each of its tags',
 * those of sets of tags that it carries whole, and those of the prefixes of its key. A key dot kills
 * entries with an older stamp. Fills are checked against the barriers and against the ring of recent
 * records; whatever forgets a record raises a floor first. Soft dots have words of their own: below
 * those an entry is stale, which is still an answer for who asked for it.
 *
 * Why no fill slips past a concurrent invalidation. Let a fill carry token T and a dot have effect
 * index e. T >= e: the worker read L after control published it, so after the node heard of the dot,
 * so after its commit, and the source was read later still: the value is new. T < e: the fill and the
 * visit of its shard are ordered by that shard's lock. Fill first: the visit kills the entry or raises
 * a word above its stamp. Visit first: the fill finds the record, the word, or a floor raised by
 * whatever forgot them, and is refused.
 *
 * Threads: cache_publish, cache_apply, cache_bar and its kin, cache_adopt, cache_horizon_publish:
 * control only. Everything else: any thread; each call takes the lock of one shard at a time through the hooks in cfg. Under a lock: no system call,
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
#include "cache/item.h"
#include "cache/reason.h"
#include "cache/stats.h"
#include "cache/token.h"

#define CACHE_KEY_MAX          1024
#define CACHE_TAG_MAX          128
#define CACHE_TAGS_MAX         16
#define CACHE_NS_MAX           64
#define CACHE_NAMESPACES_MAX   256
#define CACHE_SHARDS_MAX       256
#define CACHE_PREFIXES_MAX     1024 /* barriers per shard */
#define CACHE_PREFIX_LENS      16   /* distinct prefix lengths in use */
#define CACHE_CONJUNCTIONS_MAX 64   /* barriers of several tags together, per shard */
#define CACHE_QUARANTINE_MAX   256  /* keys per shard that nobody may store now */
#define CACHE_BUCKET_BITS      12   /* least and default */
#define CACHE_BUCKET_BITS_MAX  16
#define CACHE_STEP             64
#define CACHE_DIGEST_MAX       65536 /* longer values have no digest: they equal nothing */

struct cache_cfg {
    struct hkey hkey;   /* target hashes */
    uint64_t slot_seed; /* mixes the slot index, per process, against chosen keys */
    struct token_ctx token;
    uint64_t budget_bytes; /* all shards: items, tables, tags, prefixes, recent records */
    uint32_t shards;       /* power of two, 1..256; cache_shards_for() */
    uint32_t recent_max;   /* records per shard, a power of two; 0 = 4,096, or 256 under 64 MiB */
    uint32_t value_max;    /* bytes; at most 16 MiB - 1 */
    uint8_t bucket_bits; /* 2^bits bucket barriers in all: 12..16, at least log2(shards); 0 = 12 */
    void *lock_ctx;      /* hooks; NULL functions mean one thread */
    void (*lock)(void *ctx, uint32_t shard_i);
    void (*unlock)(void *ctx, uint32_t shard_i);
    void (*ns_lock)(void *ctx);
    void (*ns_unlock)(void *ctx);
    void *wake_ctx;                         /* of wake; NULL = nobody waits for loads */
    void (*wake)(void *ctx, uint64_t hash); /* a load ended that somebody waits for: cache/claim.h.
                                             * Called under no lock, by the thread that ended it */
};

struct cache;

/** A good number of shards for a budget: enough to share, few enough that one can hold a value. */
uint32_t cache_shards_for(uint64_t budget_bytes, uint32_t value_max);

/** Make an empty cache of exactly budget_bytes plus a small fixed part (under 32 KiB). NULL when the
 *  arena is too small, or the budget for the tables of so many shards. The gate is CLOSED, L is 1. */
struct cache *cache_new(struct arena *arena, const struct cache_cfg *cfg);

const struct cache_cfg *cache_config(const struct cache *c); /**< limits and hash key, lent */

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

/** What an answer looks like. value is lent while the visit runs, under the shard's lock. */
struct cache_hit {
    struct slice value;
    uint64_t ttl_left_ms; /* UINT64_MAX = none */
    uint64_t age_ms;
    bool unproven; /* stored by a put without a token */
    bool stale;
    bool has_version;
    uint64_t version; /* when has_version */
};

/** Called once, under the lock, with an answer; copy what you need, take no other lock, do not call
 *  back. */
typedef void cache_visit(void *ctx, const struct cache_hit *hit);

enum cache_found {
    CACHE_ABSENT,
    CACHE_HIT,
    CACHE_STALE
};

/** What a reader takes for an answer; all zero = what is fresh. What it does not take stays there. */
struct cache_ask {
    bool stale_ok;
    bool proven_only;   /* nothing that a put without a token stored */
    uint64_t min_stamp; /* nothing with an older stamp */
};

/**
 * Look key up: calls visit(ctx, hit), unless CACHE_ABSENT, with a live entry that ask allows.
 * Barrier words are read after the call began, never cached. Counts a hit, a stale hit or a miss.
 */
enum cache_found cache_get(struct cache *c, mono_us now, const struct cache_key *key,
                           const struct cache_ask *ask, cache_visit *visit, void *ctx);

/**
 * Mint the token of a MISS: interns the namespace, then reads L.
 * Errors: ERR_NOT_READY (the gate is not OPEN), ERR_FULL (namespaces): answer MISS without a token.
 */
MUST_USE enum err cache_token(struct cache *c, mono_us now, const struct cache_key *key,
                              uint8_t out[TOKEN_LEN]);

/** As cache_token(), with an index of before, not past L, in the place of L: whatever came after that
 *  index refuses. What is stored by it is refused, too, where its namespace became known later. */
MUST_USE enum err cache_token_at(struct cache *c, mono_us now, const struct cache_key *key,
                                 uint64_t index, uint8_t out[TOKEN_LEN]);

/* ---- writing ---- */

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

/** As cache_put with the stamp of a token, skipping only the records of these two dots: any other that
 *  is newer than the token refuses, wherever it lies. Stored with the token's stamp, and not unproven. */
enum cache_reason cache_put_token(struct cache *c, mono_us now, const struct cache_key *key,
                                  const struct cache_item *item,
                                  const struct cache_written *written);

/** Store a copy that another node had, as proven: the whole check of a fill, with stamp (1..L, decided
 *  on control from what both nodes have covered) in the place of a token's. An entry that is an answer
 *  is kept, whatever its stamp (CACHE_NEWER). */
enum cache_reason cache_import(struct cache *c, mono_us now, const struct cache_key *key,
                               const struct cache_item *item, uint64_t stamp);

/** Set a new time to live, counted from now; 0 = none. false when there is no live entry. Local. A
 *  stale entry takes it too, and stays stale. */
bool cache_touch(struct cache *c, mono_us now, const struct cache_key *key, uint64_t ttl_ms);

/* ---- effects of dots: control only ---- */

/**
 * Apply the effect of d with index effect_i to every shard that it needs, one lock at a time: record,
 * then kill, mark or raise. When it returns, d may be covered. Publishes nothing: cache_publish first.
 * A quarantine (DOT_NOSTORE, DOT_BEGIN) lasts until now + d->ms or, of a DOT_BEGIN, until a DOT_COMMIT
 * or DOT_ABORT names it; its end by time is silent, and the dot that then kills is the caller's to make.
 * d->more that is not what its kind demands, and every unknown kind, act as DOT_ALL.
 */
void cache_apply(struct cache *c, mono_us now, const struct dot *d, uint64_t effect_i);

/** Raise the whole-cache barrier of every shard to index: entries with an older stamp are dead. */
void cache_bar(struct cache *c, uint64_t index);

/**
 * Raise the barriers of the buckets set in bits: 2^bits_log2 bits, bucket b at bit b % 8 of byte b / 8
 * (so at least one byte). bits_log2 is at most 16 and may differ from ours: who has more buckets has
 * them inside those of the other. Visits each shard once.
 */
void cache_bar_buckets(struct cache *c, const uint8_t *bits, unsigned bits_log2, uint64_t index);

/** Raise the barrier of everything that carries a tag, whichever, to index. */
void cache_bar_tagged(struct cache *c, uint64_t index);

/** Raise barrier and fill floor of every shard to index: adoption at a join, and whatever closing of
 *  gaps must refuse every fill in flight by a word that stays. */
void cache_adopt(struct cache *c, uint64_t index);

/** Publish until when, on the caller's clock, every invalidation issued is covered here (release, after
 *  the effects that it stands for), and read it (acquire): load it, then cache_get(), then the clock. */
void cache_horizon_publish(struct cache *c, mono_us horizon);
mono_us cache_horizon(const struct cache *c); /**< 0 until first published; any thread */

/** One bounded step of housekeeping (sweeps for barriers, expired and dead entries, dead bytes) in one
 *  shard, the next in turn. Any thread. Returns: true while a sweep for a barrier is not done in some
 *  shard, or something has expired in one that was looked at: call again soon. */
bool cache_step(struct cache *c, mono_us now);

/** The memory of a shard from its first item to the end of the last that it ever held; all of it, up to that
 *  of the next shard, when that was its last place. Any thread. */
struct slice cache_reach(struct cache *c, uint32_t shard_i);
