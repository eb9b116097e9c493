/** Looking entries up: hits, misses, and a new time to live. */
#include <stddef.h>

#include "cache/digest.h"
#include "cache/inside.h"

static bool may_serve(const struct cache *c)
{
    const enum cache_gate gate = cache_gate(c);
    return gate == CACHE_OPEN || gate == CACHE_DRAINING;
}

/** The live entry of key, or NULL; one that is found dead is removed on the way. */
static struct item *find_live(struct shard *s, const struct cache_key *key, uint8_t ns_i,
                              mono_us now, struct probe *p)
{
    struct item *it = shard_find(s, key, ns_i, p);
    if (it == NULL || shard_lives(s, it, now))
        return it;
    const bool expired = now >= item_expires(it);
    shard_count_end(s, it, expired);
    s->counts.dead_lookups += !expired;
    shard_remove(s, it, p);
    return NULL;
}

static uint64_t ms_until(mono_us now, mono_us then)
{
    return then == NEVER ? UINT64_MAX : (then - now + US_PER_MS - 1) / US_PER_MS;
}

/** Written where it is needed: to copy what was just written in parts makes the processor wait. */
static void describe(const struct item *it, mono_us now, bool stale, struct cache_hit *out)
{
    out->value = item_value(it);
    out->ttl_left_ms = ms_until(now, item_expires(it));
    out->age_ms = item_age_ms(it, now);
    out->unproven = (item_flags(it) & ITEM_UNPROVEN) != 0;
    out->stale = stale;
    out->version = 0;
    out->has_version = item_version(it, &out->version);
}

/** What a live entry is to this reader. */
static enum cache_found judge(const struct shard *s, struct item *it, mono_us now,
                              const struct cache_ask *ask)
{
    if (item_stamp(it) < ask->min_stamp ||
        (ask->proven_only && (item_flags(it) & ITEM_UNPROVEN) != 0))
        return CACHE_ABSENT;
    if (!shard_stale(s, it, now))
        return CACHE_HIT;
    return ask->stale_ok ? CACHE_STALE : CACHE_ABSENT;
}

static void count(struct cache_ns_stats *n, enum cache_found found)
{
    n->hits += found == CACHE_HIT;
    n->stale_hits += found == CACHE_STALE;
    n->misses += found == CACHE_ABSENT;
}

/** An entry can be there only when the namespace is known, perhaps since the key was derived. */
static bool knows_namespace(const struct cache *c, const struct cache_key *key, uint8_t *ns_i)
{
    *ns_i = key->ns_i;
    return key->ns_known || names_find(&c->names, key->ns, ns_i);
}

/* NOLINTNEXTLINE(readability-function-size): a look, what it takes, and a callback with its context. */
enum cache_found cache_get(struct cache *c, mono_us now, const struct cache_key *key,
                           const struct cache_ask *ask, cache_visit *visit, void *ctx)
{
    uint8_t ns_i;
    const bool may = may_serve(c) && knows_namespace(c, key, &ns_i);
    const uint32_t shard_i = cache_shard_of(c, key->hash);
    struct shard *s = cache_enter(c, shard_i);
    struct probe p;
    struct item *it = may ? find_live(s, key, ns_i, now, &p) : NULL;
    const enum cache_found found = it != NULL ? judge(s, it, now, ask) : CACHE_ABSENT;
    if (found != CACHE_ABSENT) {
        struct cache_hit hit;
        describe(it, now, found == CACHE_STALE, &hit);
        slots_use(&s->slots, &p);
        visit(ctx, &hit);
    }
    if (may)
        count(&s->ns[ns_i].stats, found);
    else
        s->counts.misses++;
    cache_leave(c, shard_i);
    return found;
}

bool cache_touch(struct cache *c, mono_us now, const struct cache_key *key, uint64_t ttl_ms)
{
    uint8_t ns_i;
    if (!may_serve(c) || !knows_namespace(c, key, &ns_i))
        return false;
    const uint32_t shard_i = cache_shard_of(c, key->hash);
    struct shard *s = cache_enter(c, shard_i);
    struct probe p;
    struct item *it = find_live(s, key, ns_i, now, &p);
    if (it != NULL) {
        item_expire_at(it, digest_expiry(now, ttl_ms), digest_life(ttl_ms));
        shard_note_end(s, p.where, item_expires(it));
    }
    cache_leave(c, shard_i);
    return it != NULL;
}
