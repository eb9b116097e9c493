#include "cache/sample.h"

#include "cache/export.h"
#include "cache/inside.h"

/** What one walk collects. */
struct collecting {
    const struct hkey *hkey;
    struct cache_sampled *out;
    size_t n, max;
};

static bool collect(void *ctx, const struct cache_export_entry *e)
{
    struct collecting *to = ctx;
    if (to->n == to->max)
        return false;
    if (e->value.len <= CACHE_SAMPLE_MAX)
        to->out[to->n++] =
            (struct cache_sampled){.key_hash = hash_target(to->hkey, TARGET_KEY, e->ns, e->key),
                                   .value_hash = hash_bytes(to->hkey, e->value)};
    return true;
}

size_t cache_sample(struct cache *c, mono_us now, uint64_t *cursor, struct cache_sampled *out,
                    size_t max)
{
    struct collecting to = {.hkey = &c->cfg.hkey, .out = out, .max = max};
    (void)cache_export(c, now, cursor, collect, &to);
    return to.n;
}

bool cache_sample_of(struct cache *c, mono_us now, uint64_t key_hash, uint64_t *value_hash)
{
    const uint32_t shard_i = cache_shard_of(c, key_hash);
    struct shard *s = cache_enter(c, shard_i);
    struct probe p = slots_probe(&s->slots, key_hash);
    struct item *it = shard_next(s, key_hash, &p);
    const bool there =
        it != NULL && shard_gives(s, it, now) && item_value(it).len <= CACHE_SAMPLE_MAX;
    if (there)
        *value_hash = hash_bytes(&c->cfg.hkey, item_value(it));
    cache_leave(c, shard_i);
    return there;
}
