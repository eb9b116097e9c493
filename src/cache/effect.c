/** What a dot does to one shard, under that shard's lock. */
#include <string.h>

#include "cache/digest.h"
#include "cache/shard.h"

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/** Is the entry what the put has written? It then lives on, with the stamp that it has: other dots,
 *  heard of but not yet here, still treat it as before. */
static bool equals_put(const struct shard *s, struct item *it, const struct dot *d)
{
    if (d->kind != DOT_PUT || hash128_zero(&d->digest))
        return false;
    const struct hash128 own = digest_of_entry(s, it);
    return memcmp(own.bytes, d->digest.bytes, sizeof own.bytes) == 0;
}

void shard_kill_key(struct shard *s, const struct dot *d, uint64_t e)
{
    static const struct hash128 none;
    recent_add(&s->recent, d->hash, e, d->kind == DOT_PUT ? &d->digest : &none);
    struct probe p = slots_probe(&s->slots, d->hash);
    for (struct item *it = shard_next(s, d->hash, &p); it != NULL;
         it = shard_next(s, d->hash, &p)) {
        if (it->stamp >= e)
            continue;
        if (equals_put(s, it, d)) {
            s->counts.spared++;
            continue;
        }
        shard_remove(s, it, &p);
        s->counts.killed++;
    }
}

void shard_bar_tag(struct shard *s, uint64_t hash, uint64_t e)
{
    static const struct hash128 none;
    recent_add(&s->recent, hash, e, &none);
    struct tag *tag = tagtable_find(&s->tags, hash);
    if (tag != NULL)
        tag->bar = later(tag->bar, e);
}

void shard_bar_ns(struct shard *s, uint8_t ns_i, uint64_t e)
{
    s->ns_bar[ns_i] = later(s->ns_bar[ns_i], e);
    (void)shard_ask_sweep(s);
}

void shard_bar_all(struct shard *s, uint64_t e)
{
    s->allbar = later(s->allbar, e);
    (void)shard_ask_sweep(s);
}

/** Make room for a prefix barrier by turning the oldest into something that needs no room. */
static void fold_oldest_prefix(struct shard *s)
{
    const struct prefix *oldest = prefixes_oldest(&s->prefixes);
    /* Swept: no entry needs it any more, only fills in flight do, and the floor refuses those.
     * In this order: sweep, raise the floor, drop. */
    recent_raise_floor(&s->recent, oldest->index);
    if (oldest->pass > s->sweep.done) {
        shard_bar_all(s, oldest->index);
        s->counts.prefixes_folded++;
    }
    prefixes_drop(&s->prefixes);
}

void shard_bar_prefix(struct shard *s, uint64_t hash, uint16_t len, uint64_t e)
{
    if (len > CACHE_KEY_MAX) /* longer than any key: covers nothing */
        return;
    const uint64_t pass = shard_ask_sweep(s);
    if (prefixes_raise(&s->prefixes, hash, e, pass))
        return;
    /* A 17th length waits for a length to become free, as a 1,025th prefix does for a place. */
    while (!prefixes_take(&s->prefixes, len))
        fold_oldest_prefix(s);
    const struct prefix barrier = {.hash = hash, .index = e, .pass = pass, .len = len};
    prefixes_add(&s->prefixes, &barrier);
}
