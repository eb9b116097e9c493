/** From dots to shards: a key visits one, everything wider visits all, one lock at a time. */
#include <assert.h>

#include "cache/hinted.h"
#include "cache/inside.h"

/** Keep the number of shards in which housekeeping waits. */
static void note_work(struct cache *c, struct shard *s, bool busy)
{
    if (busy && !s->busy)
        atomic_fetch_add_explicit(&c->busy, 1, memory_order_relaxed);
    if (s->busy && !busy)
        atomic_fetch_sub_explicit(&c->busy, 1, memory_order_relaxed);
    s->busy = busy;
}

/** A set of buckets as others number them: 2^bits_log2 bits. */
struct bucket_set {
    const uint8_t *bits;
    unsigned bits_log2;
};

/** What every shard is to raise, and to what. */
struct wide {
    uint8_t
        kind; /* DOT_TAG, DOT_TAGS_ALL, DOT_PREFIX, DOT_NAMESPACE, DOT_BUCKETS; else everything */
    bool soft;
    uint8_t ns_i;
    bool tagged; /* not a dot: whatever carries a tag */
    const struct dot *dot;
    struct conjunction set;
    struct bucket_set buckets;
    uint64_t e;
};

static bool has_bit(const uint8_t *bits, uint32_t i)
{
    return (bits[i / 8] >> i % 8 & 1) != 0;
}

/** Does any bucket of set overlap bucket i of 2^log2? */
static bool touches(const struct bucket_set *set, uint32_t i, unsigned log2)
{
    if (set->bits_log2 <= log2)
        return has_bit(set->bits, i >> (log2 - set->bits_log2));
    const unsigned finer = set->bits_log2 - log2;
    for (uint32_t j = i << finer; j < (i + 1) << finer; j++) {
        if (has_bit(set->bits, j))
            return true;
    }
    return false;
}

static void bar_buckets(struct shard *s, uint32_t shard_i, const struct wide *w)
{
    const uint32_t first = shard_i * (s->buckets_mask + 1);
    bool any = false;
    for (uint32_t i = 0; i <= s->buckets_mask; i++) {
        if (!touches(&w->buckets, first + i, s->bucket_bits))
            continue;
        s->bucket_bars[i] = w->e > s->bucket_bars[i] ? w->e : s->bucket_bars[i];
        any = true;
    }
    if (!any)
        return;
    hinted_write(&s->bucket_top, w->e > s->bucket_top ? w->e : s->bucket_top);
    (void)shard_ask_sweep(s);
}

static void raise(struct shard *s, uint32_t shard_i, const struct wide *w)
{
    if (w->tagged)
        shard_bar_tagged(s, w->e);
    else if (w->kind == DOT_TAG)
        shard_bar_tag(s, w->dot->hash, w->e, w->soft);
    else if (w->kind == DOT_TAGS_ALL)
        shard_bar_conjunction(s, &w->set, w->e);
    else if (w->kind == DOT_PREFIX)
        shard_bar_prefix(s, w->dot->hash, w->dot->prefix_len, w->e);
    else if (w->kind == DOT_NAMESPACE)
        shard_bar_ns(s, w->ns_i, w->e, w->soft);
    else if (w->kind == DOT_BUCKETS)
        bar_buckets(s, shard_i, w);
    else
        shard_bar_all(s, w->e,
                      w->soft); /* and every kind that only newer nodes know: never skipped */
}

static void raise_everywhere(struct cache *c, const struct wide *w)
{
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        struct shard *s = cache_enter(c, i);
        raise(s, i, w);
        note_work(c, s, s->busy || shard_sweeping(s));
        cache_leave(c, i);
    }
}

static void apply_key(struct cache *c, mono_us now, const struct dot *d, uint64_t e)
{
    const uint32_t shard_i = cache_shard_of(c, d->hash);
    struct shard *s = cache_enter(c, shard_i);
    shard_apply_key(s, now, d, e);
    const bool waited = leases_end(&s->leases, d->hash); /* the load under way is refused */
    cache_leave(c, shard_i);
    cache_wake(c, waited, d->hash);
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

/** Does the dot say in `more` what its kind demands? */
static bool read_more(const struct dot *d, struct wide *w)
{
    if (d->kind == DOT_TAGS_ALL)
        return conjunction_parse(d->more, &w->set);
    if (d->kind != DOT_BUCKETS)
        return true;
    w->buckets = (struct bucket_set){d->more.at, 12};
    return d->more.len == DOT_BUCKETS_LEN;
}

void cache_apply(struct cache *c, mono_us now, const struct dot *d, uint64_t effect_i)
{
    assert(effect_i > 0 && effect_i <= cache_index(c));
    if (dot_names_key(d->kind) || d->kind == DOT_ABORT) {
        apply_key(c, now, d, effect_i);
        return;
    }
    struct wide w = {.kind = d->kind, .dot = d, .e = effect_i};
    w.soft = d->soft && (d->kind == DOT_TAG || d->kind == DOT_NAMESPACE || d->kind == DOT_ALL);
    if (!read_more(d, &w))
        w.kind = DOT_ALL;
    if (d->kind != DOT_NAMESPACE || find_namespace(c, d, &w.ns_i))
        raise_everywhere(c, &w);
}

void cache_bar(struct cache *c, uint64_t index)
{
    const struct wide w = {.kind = DOT_ALL, .e = index};
    assert(index <= cache_index(c));
    raise_everywhere(c, &w);
}

void cache_bar_buckets(struct cache *c, const uint8_t *bits, unsigned bits_log2, uint64_t index)
{
    const struct wide w = {.kind = DOT_BUCKETS, .buckets = {bits, bits_log2}, .e = index};
    assert(bits_log2 <= CACHE_BUCKET_BITS_MAX);
    assert(index <= cache_index(c));
    raise_everywhere(c, &w);
}

void cache_bar_tagged(struct cache *c, uint64_t index)
{
    const struct wide w = {.tagged = true, .e = index};
    assert(index <= cache_index(c));
    raise_everywhere(c, &w);
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
    shard_sweep(s, now);
    note_work(c, s, shard_has_work(s, now));
    cache_leave(c, shard_i);
    return atomic_load_explicit(&c->busy, memory_order_relaxed) > 0;
}
