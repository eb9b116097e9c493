/**
 * cache/hint.h - asks the processor for memory that a request is about to need.
 *
 * Whoever has several requests at hand hints all their keys with cache_hint(), then all with
 * cache_hint_item(), and then carries them out: the waits for memory, several in a row for each
 * request, overlap. A hint changes nothing, answers nothing and may be wrong.
 *
 * No lock is needed. What cache_hint() reads is constant; cache_hint_item() reads words that another
 * thread may be writing under the shard's lock, and uses them only as addresses to prefetch, which
 * never faults. Thread: any.
 */
#pragma once

#include "cache/cache.h"

/** Stage 1, before the key with this target hash is read: its places in the index and among the
 *  barriers. */
void cache_hint(const struct cache *c, uint64_t hash);

/** Stage 1 of a key that is about to be filled: what decides of a fill, besides. */
void cache_hint_fill(const struct cache *c, uint64_t hash);

#define CACHE_HINT_MAX 4096 /* bytes of one item that are worth asking for */

/** Stage 2, when the lines of stage 1 have come: the item that the index names, if it does. len: bytes
 *  that its key and value are likely to have; at most CACHE_HINT_MAX are asked for. */
void cache_hint_item(const struct cache *c, uint64_t hash, size_t len);
