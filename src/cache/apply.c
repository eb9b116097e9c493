/** From dots to shards: a key visits one, everything wider visits all, one lock at a time. */
#include <assert.h>

#include "cache/inside.h"

/** Keep the number of shards with an unfinished sweep; before and after are of one hold. */
static void note_sweep(struct cache *c, const struct shard *s, bool before)
{
    const bool after = shard_sweeping(s);
    if (after && !before)
        atomic_fetch_add_explicit(&c->sweeping, 1, memory_order_relaxed);
    if (before && !after)
        atomic_fetch_sub_explicit(&c->sweeping, 1, memory_order_relaxed);
}

/** The effect of a dot that concerns every shard; ns_i of a namespace dot. */
static void raise(struct shard *s, const struct dot *d, uint8_t ns_i, uint64_t e)
{
    if (d->kind == DOT_TAG)
        shard_bar_tag(s, d->hash, e);
    else if (d->kind == DOT_PREFIX)
        shard_bar_prefix(s, d->hash, d->prefix_len, e);
    else if (d->kind == DOT_NAMESPACE)
        shard_bar_ns(s, ns_i, e);
    else
        shard_bar_all(s, e); /* and every kind that only newer nodes know: never skipped */
}

static void raise_everywhere(struct cache *c, const struct dot *d, uint8_t ns_i, uint64_t e)
{
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        struct shard *s = cache_enter(c, i);
        const bool before = shard_sweeping(s);
        raise(s, d, ns_i, e);
        note_sweep(c, s, before);
        cache_leave(c, i);
    }
}

static void kill_key(struct cache *c, const struct dot *d, uint64_t e)
{
    const uint32_t shard_i = cache_shard_of(c, d->hash);
    struct shard *s = cache_enter(c, shard_i);
    shard_kill_key(s, d, e);
    cache_leave(c, shard_i);
}

/**
 * A namespace that was never used here has no entry and no token, so its dot has nothing to do. Nor
 * does anything slip in behind its back: the look happens under the lock of insertions, after L was
 * published. Whoever interns the name later, under that lock, sees that L: its tokens are minted from
 * it or later, and what carries an older stamp (a put whose dot came first) is refused by `born`.
 */
static bool find_namespace(struct cache *c, const struct dot *d, uint8_t *ns_i)
{
    cache_ns_enter(c);
    const bool found = names_find_hash(&c->names, d->hash, ns_i);
    cache_ns_leave(c);
    return found;
}

void cache_apply(struct cache *c, const struct dot *d, uint64_t effect_i)
{
    uint8_t ns_i = 0;
    assert(effect_i > 0 && effect_i <= cache_index(c));
    if (d->kind == DOT_KEY || d->kind == DOT_PUT)
        kill_key(c, d, effect_i);
    else if (d->kind != DOT_NAMESPACE || find_namespace(c, d, &ns_i))
        raise_everywhere(c, d, ns_i, effect_i);
}

void cache_bar(struct cache *c, uint64_t index)
{
    const struct dot all = {.kind = DOT_ALL};
    assert(index <= cache_index(c));
    raise_everywhere(c, &all, 0, index);
}

void cache_adopt(struct cache *c, uint64_t index)
{
    cache_bar(c, index);
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        struct shard *s = cache_enter(c, i);
        recent_raise_floor(&s->recent, index);
        cache_leave(c, i);
    }
}

bool cache_step(struct cache *c, mono_us now)
{
    const uint32_t turn = atomic_fetch_add_explicit(&c->turn, 1, memory_order_relaxed);
    const uint32_t shard_i = turn & (c->cfg.shards - 1);
    struct shard *s = cache_enter(c, shard_i);
    const bool before = shard_sweeping(s);
    shard_sweep(s, now);
    note_sweep(c, s, before);
    cache_leave(c, shard_i);
    return atomic_load_explicit(&c->sweeping, memory_order_relaxed) > 0;
}
