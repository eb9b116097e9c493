#include "cache/claim.h"

#include "cache/inside.h"

bool cache_claim(struct cache *c, mono_us now, const struct cache_key *key,
                 const struct cache_wish *wish)
{
    const struct lease_wish lease = {.hash = key->hash,
                                     .owner = wish->caller,
                                     .now = now,
                                     .hold_us = wish->hold_us,
                                     .waits = wish->waits};
    const uint32_t shard_i = cache_shard_of(c, key->hash);
    struct shard *s = cache_enter(c, shard_i);
    const enum lease_claim claim = leases_claim(&s->leases, &lease);
    s->counts.claims_taken += claim == LEASE_TAKEN;
    cache_leave(c, shard_i);
    return claim == LEASE_MINE;
}

void cache_release(struct cache *c, uint64_t key_hash, uint64_t caller)
{
    const uint32_t shard_i = cache_shard_of(c, key_hash);
    struct shard *s = cache_enter(c, shard_i);
    const bool waited = leases_release(&s->leases, key_hash, caller);
    cache_leave(c, shard_i);
    cache_wake(c, waited, key_hash);
}

void cache_wake(struct cache *c, bool waited, uint64_t hash)
{
    if (waited && c->cfg.wake != NULL)
        c->cfg.wake(c->cfg.wake_ctx, hash);
}

void cache_want_proof(struct cache *c, mono_us now)
{
    atomic_store_explicit(&c->proof_wanted, now, memory_order_relaxed);
}

mono_us cache_proof_wanted(const struct cache *c)
{
    return atomic_load_explicit(&c->proof_wanted, memory_order_relaxed);
}
