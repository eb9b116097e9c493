/**
 * cache/shard.h - one shard: items, their index, and every barrier that can kill one of them.
 *
 * All of it lies in one block of the shard's share of the budget. Every function here runs under the
 * shard's lock, and none takes a lock. Never asks for time, never visits another shard.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/hash.h"
#include "base/time.h"
#include "cache/cache.h"
#include "cache/itemlog.h"
#include "cache/namespace.h"
#include "cache/prefixes.h"
#include "cache/recent.h"
#include "cache/slots.h"
#include "cache/tagtable.h"

#define REINSERT_MAX                                                                               \
    16384 /* bytes; longer items are not copied under the lock, they leave in turn */

/** What happened in a shard since its start; see struct cache_stats. */
struct shard_counts {
    uint64_t hits, misses, expired, fills, puts;
    uint64_t refused[CACHE_REASONS];
    uint64_t killed, spared, evicted, reinserted, swept, dead_lookups, prefixes_folded;
};

/** A walk over the log from tail to head, over and over; passes are numbered from 1. */
struct sweep {
    uint64_t at;      /* position to look at next */
    uint64_t end;     /* head when this pass began */
    uint64_t started; /* number of the newest pass */
    uint64_t done;    /* number of the newest pass that ended; < started while one runs */
    uint64_t wanted;  /* some barrier waits for the end of this pass */
};

struct shard {
    struct itemlog log;
    struct slots slots;
    struct tagtable tags;
    struct prefixes prefixes;
    struct recent recent; /* with the fill floor */
    uint64_t allbar;
    uint64_t ns_bar[CACHE_NAMESPACES_MAX];
    struct sweep sweep;
    struct shard_counts counts;
    const struct hkey *hkey; /* lent by the cache, as are the names */
    const struct names *names;
};

/** What a shard is made with. */
struct shard_cfg {
    uint64_t bytes;
    uint32_t recent_n; /* a power of two */
    uint64_t seed;
    const struct hkey *hkey;
    const struct names *names;
};

/** Bytes of the log in a shard of so many bytes; 0 when the tables alone do not fit. */
uint64_t shard_log_bytes(uint64_t bytes, uint32_t recent_n);

/** Make an empty shard of exactly cfg->bytes. NULL: it does not fit the arena, or nothing fits it. */
struct shard *shard_new(struct arena *arena, const struct shard_cfg *cfg);

/** Find the item of a key, dead or alive; p then stands at its slot. NULL: none. */
struct item *shard_find(struct shard *s, const struct cache_key *key, uint8_t ns_i,
                        struct probe *p);

/** Find the next item whose key has this hash, with a walk begun by slots_probe(). NULL: no more. */
struct item *shard_next(struct shard *s, uint64_t hash, struct probe *p);

/** Does any barrier of this shard kill the item? Its time is not looked at. */
bool shard_kills(const struct shard *s, struct item *it);

/** Is the item neither expired nor dead? */
bool shard_lives(const struct shard *s, struct item *it, mono_us now);

/** Take the item of p out of the index and give its tags back; its bytes wait for the tail. */
void shard_remove(struct shard *s, struct item *it, struct probe *p);

/** How many items one call may still copy to the head of the log, over all its holds of the lock. */
struct reinserts {
    uint32_t left;
};

/**
 * Make room for a record of size bytes and one slot by dropping at most CACHE_STEP of the oldest.
 * Returns: true when there is room; false when a further call is needed.
 */
bool shard_make_room(struct shard *s, uint64_t size, mono_us now, struct reinserts *reinserts);

/** Sweep at most CACHE_STEP items and free as many dead ones at the tail. */
void shard_sweep(struct shard *s, mono_us now);

/** Is there a barrier whose sweep has not ended? */
bool shard_sweeping(const struct shard *s);

/** Ask for a whole sweep from now on; returns its number. */
uint64_t shard_ask_sweep(struct shard *s);

/** Effects of dots with index e: record first, then kill or raise, in this one hold of the lock. */
void shard_kill_key(struct shard *s, const struct dot *d, uint64_t e);
void shard_bar_tag(struct shard *s, uint64_t hash, uint64_t e);                  /**< one tag */
void shard_bar_prefix(struct shard *s, uint64_t hash, uint16_t len, uint64_t e); /**< one prefix */
void shard_bar_ns(struct shard *s, uint8_t ns_i, uint64_t e);                    /**< a namespace */
void shard_bar_all(struct shard *s, uint64_t e);                                 /**< everything */
