/**
 * cache/hint.h - asks the processor for memory that a request is about to need.
 *
 * Whoever has several requests at hand hints each of them with cache_hint() as soon as the hash of its
 * key is known, then all with cache_hint_index(), then all with cache_hint_item(), and then carries them
 * out: the waits for memory, several in a row for each request, overlap. Short loops are best: the more
 * requests the processor sees at once, the more of their addresses it translates side by side. A hint
 * changes nothing, answers nothing and may be wrong.
 *
 * No lock is needed. What cache_hint() reads is constant; the others read words that another thread may
 * be writing under the shard's lock, and use them only as addresses to prefetch, which never faults.
 * Thread: any.
 */
#pragma once

#include "cache/cache.h"
#include "cache/slots.h"

struct shard;

/** What is known so far of where a key lies. Good for hints alone, while the cache is there. */
struct cache_hint {
    const struct shard *shard;
    uint64_t hash;
    struct slots_hint index;
};

/** Stage 1, before the key with this target hash is read: what says where its place in the index is. */
void cache_hint(const struct cache *c, uint64_t hash, struct cache_hint *h);

/** Stage 2, when the line of stage 1 has come: its places in the index and among the barriers. */
void cache_hint_index(struct cache_hint *h);

/** Stage 2 of a key that is about to be filled: what decides of a fill, besides, and where the item goes. */
void cache_hint_fill(const struct cache_hint *h);

#define CACHE_HINT_MAX 4096 /* bytes of one item that are worth asking for */

/** Stage 3, when the lines of stage 2 have come: the item that the index names, if it does. len: bytes
 *  that its key and value are likely to have; at most CACHE_HINT_MAX are asked for. */
void cache_hint_item(const struct cache_hint *h, size_t len);
