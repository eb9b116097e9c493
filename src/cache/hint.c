#include "cache/hint.h"

#include "cache/inside.h"

#define LINE       64
#define NEAR_LINES 4 /* into the nearest cache; what is longer would drive others out of it */

static void fetch(const void *at)
{
    __builtin_prefetch(at);
}

void cache_hint(const struct cache *c, uint64_t hash)
{
    const struct shard *s = c->shards[cache_shard_of(c, hash)];
    const void *line = slots_hint(&s->slots, hash);
    if (line != NULL)
        fetch(line);
    fetch(shard_bucket_bar(s, hash));
}

/** The places of the key's lease. */
static void fetch_leases(const struct shard *s, uint64_t hash)
{
    const struct lease *set = leases_set(&s->leases, hash);
    fetch(set);
    fetch(set + LEASE_WAYS - 1);
}

void cache_hint_fill(const struct cache *c, uint64_t hash)
{
    const struct shard *s = c->shards[cache_shard_of(c, hash)];
    fetch(recent_head(&s->recent, hash));
    fetch_leases(s, hash);
}

void cache_hint_item(const struct cache *c, uint64_t hash, size_t len)
{
    const struct shard *s = c->shards[cache_shard_of(c, hash)];
    uint32_t where;
    if (!slots_guess(&s->slots, hash, &where)) {
        fetch_leases(s, hash); /* a miss is about to take one */
        return;
    }
    const uint8_t *item = (const uint8_t *)segments_item(&s->segments, where);
    const size_t whole = sizeof(struct item) + (len < CACHE_HINT_MAX ? len : CACHE_HINT_MAX);
    for (size_t i = 0; i < NEAR_LINES; i++)
        fetch(item + i * LINE);
    for (size_t at = (size_t)NEAR_LINES * LINE; at < whole; at += LINE)
        __builtin_prefetch(item + at, 0, 2);
}
