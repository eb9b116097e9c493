#include "cache/hint.h"

#include "cache/inside.h"

#define LINE       64
#define NEAR_LINES 4 /* into the nearest cache; what is longer would drive others out of it */
#define STEPS_MAX  8 /* along a run of slots: beyond, the search itself pays */

static void fetch(const void *at)
{
    __builtin_prefetch(at);
}

void cache_hint(const struct cache *c, uint64_t hash)
{
    const struct shard *s = c->shards[cache_shard_of(c, hash)];
    const struct probe p = slots_probe(&s->slots, hash);
    fetch(&s->slots.at[p.i]);
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

/**
 * The place of the item that a slot from p on seems to name; 0 = none.
 *
 * Another thread may be writing these words. Whatever is read, torn or old, ends up as an address to
 * prefetch and nowhere else, so it is read without the lock, and ThreadSanitizer is told not to mind.
 */
__attribute__((no_sanitize("thread"))) static uint32_t glance(const struct slots *slots,
                                                              const struct probe *p)
{
    const volatile struct slot *const at = slots->at;
    uint32_t i = p->i;
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        const uint32_t where = at[i].where;
        if (where == 0 || at[i].fingerprint == p->fingerprint)
            return where;
        i = i + 1 == slots->n ? 0 : i + 1;
    }
    return 0;
}

void cache_hint_item(const struct cache *c, uint64_t hash, size_t len)
{
    const struct shard *s = c->shards[cache_shard_of(c, hash)];
    const struct probe p = slots_probe(&s->slots, hash);
    const uint32_t where = glance(&s->slots, &p);
    if (where == 0) {
        fetch_leases(s, hash); /* a miss is about to take one */
        return;
    }
    const uint8_t *item = (const uint8_t *)itemlog_item(&s->log, where - 1);
    const size_t whole = sizeof(struct item) + (len < CACHE_HINT_MAX ? len : CACHE_HINT_MAX);
    for (size_t i = 0; i < NEAR_LINES; i++)
        fetch(item + i * LINE);
    for (size_t at = (size_t)NEAR_LINES * LINE; at < whole; at += LINE)
        __builtin_prefetch(item + at, 0, 2);
}
