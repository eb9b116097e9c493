/** cache/inside.h - what struct cache is made of, for the files of this folder alone. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "cache/cache.h"
#include "cache/namespace.h"
#include "cache/shard.h"

struct cache {
    struct cache_cfg cfg;
    _Atomic uint64_t index;        /* L */
    _Atomic uint64_t horizon;      /* mono_us */
    _Atomic uint64_t proof_wanted; /* mono_us */
    _Atomic uint32_t gate;         /* enum cache_gate */
    _Atomic uint32_t turn;         /* shard of the next cache_step(), modulo their number */
    _Atomic uint32_t busy;         /* shards in which housekeeping waits */
    uint64_t fixed_bytes;
    struct names names;
    struct shard *shards[CACHE_SHARDS_MAX];
};

/** Number of the shard that holds a target hash: its top bits. */
uint32_t cache_shard_of(const struct cache *c, uint64_t hash);

/** Lock a shard and lend it until cache_leave(); never more than one at a time. */
struct shard *cache_enter(struct cache *c, uint32_t shard_i);
void cache_leave(struct cache *c, uint32_t shard_i); /**< unlock it again */

/** Tell who waits for the load of a key that it is over; waited is what leases_end() said. Under no
 *  lock. */
void cache_wake(struct cache *c, bool waited, uint64_t hash);

/** Lock and unlock the namespace table for an insertion, never under a shard's lock. */
void cache_ns_enter(struct cache *c);
void cache_ns_leave(struct cache *c); /**< unlock it again */
