/**
 * loop/pages.h - memory for the part of the cache that is in use: ahead of need, and in huge pages.
 *
 * The memory of a cache is mapped in small pages that nobody has touched: so one that is hardly used takes
 * hardly any memory, though its shards lie far apart. What a shard has begun to fill is touched here
 * before items come to it; where items fill 2 MiB, these are put together, for fewer misses of the
 * translation cache in each get. Both take as long as the system likes, in a virtual machine some
 * milliseconds for one huge page. So no thread that serves somebody does it, and nobody does it under a
 * lock, but a thread of its own.
 * Never reads or writes an item itself. A failure costs speed alone.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "cache/cache.h"

/** How far that has come, and who does it; begins zeroed. */
struct pages {
    struct cache *cache;
    pthread_t thread;
    pthread_mutex_t mutex; /* of stops */
    pthread_cond_t woken;
    bool started, stops;

    uint32_t shard_i;                  /* whose page is to be put together next */
    mono_us next;                      /* and when */
    _Atomic uint64_t huge;             /* pages put together, or asked for; read by anybody */
    uint64_t touched;                  /* bytes */
    uintptr_t done[CACHE_SHARDS_MAX];  /* pages that begin below need no look */
    uintptr_t there[CACHE_SHARDS_MAX]; /* what lies below was touched */
};

/** Start the thread, for a cache that is large enough to gain from it; the cache is lent until
 *  pages_stop(). Returns: false when there is no thread, which costs speed alone. */
bool pages_start(struct pages *p, struct cache *c);

/** End it. Nothing when it was never started. */
void pages_stop(struct pages *p);

/** Touch what the shards of the cache have begun to fill since the last time. Returns: was there any? */
bool pages_touch(struct pages *p);

/** Put together one page that some shard of the cache has filled, the shards in turn. Returns: false when
 *  there is none. */
bool pages_join(struct pages *p);
