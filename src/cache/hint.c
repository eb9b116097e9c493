#include "cache/hint.h"

#include "cache/hinted.h"
#include "cache/inside.h"

#define LINE       64
#define NEAR_LINES 3 /* into the nearest cache; what is longer would drive others out of it */

static void fetch(const void *at)
{
    __builtin_prefetch(at);
}

void cache_hint(const struct cache *c, uint64_t hash, struct cache_hint *h)
{
    h->shard = c->shards[cache_shard_of(c, hash)];
    h->hash = hash;
    h->index = slots_hint(&h->shard->slots, hash);
    fetch(h->index.group);
}

void cache_hint_index(struct cache_hint *h)
{
    const struct shard *s = h->shard;
    slots_hint_home(&s->slots, &h->index);
    fetch(h->index.home);
    if (hinted_read(&s->bucket_top) != 0) /* hardly any bucket was ever raised */
        fetch(shard_bucket_bar(s, h->hash));
}

/** The places of the key's lease. */
static void fetch_leases(const struct cache_hint *h)
{
    const struct lease *set = leases_set(&h->shard->leases, h->hash);
    fetch(set);
    fetch(set + LEASE_WAYS - 1);
}

void cache_hint_fill(const struct cache_hint *h)
{
    const struct shard *s = h->shard;
    const uint8_t *next = segments_hint(&s->segments);
    fetch(recent_head(&s->recent, h->hash));
    fetch_leases(h);
    for (size_t i = 0; i < NEAR_LINES; i++)
        __builtin_prefetch(next + i * LINE, 1);
}

void cache_hint_item(const struct cache_hint *h, size_t len)
{
    uint32_t where;
    if (!slots_guess(&h->index, &where)) {
        fetch_leases(h); /* a miss is about to take one */
        return;
    }
    const uint8_t *item = (const uint8_t *)segments_item(&h->shard->segments, where);
    const size_t whole = sizeof(struct item) + (len < CACHE_HINT_MAX ? len : CACHE_HINT_MAX);
    for (size_t i = 0; i < NEAR_LINES; i++)
        fetch(item + i * LINE);
    for (size_t at = (size_t)NEAR_LINES * LINE; at < whole; at += LINE)
        __builtin_prefetch(item + at, 0, 2);
}
