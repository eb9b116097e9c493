/**
 * loop/pages.h - huge pages for the part of the cache that is in use.
 *
 * Fewer misses of the translation cache for each get. The memory is mapped in small pages; where items fill
 * 2 MiB of it, these are put together, a few at a time. So a cache that is hardly used takes hardly
 * any memory, though its shards lie far apart. Where the system cannot do that at once it is asked to do
 * it in its own time. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "cache/cache.h"

/** How far that has come; begins zeroed. */
struct pages {
    uint32_t shard_i;                 /* to be looked at next */
    mono_us next;                     /* not before */
    uint64_t huge;                    /* pages put together, or asked for */
    uintptr_t done[CACHE_SHARDS_MAX]; /* addresses below need no look */
};

/** Put together what one shard has filled since the last look, at most one page. Does nothing when called
 *  again within a few milliseconds. */
void pages_step(struct pages *p, struct cache *c, mono_us now);
