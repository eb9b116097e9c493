#include "cache/cache.h"

#include <assert.h>

#include "cache/digest.h"
#include "cache/inside.h"
#include "cache/mix.h"

#define SHARD_BYTES  (4ULL << 20)
#define SMALL_BUDGET (64ULL << 20)
#define RECENT_SMALL 256
#define RECENT_LARGE 4096
#define VALUE_MAX    ((1U << 24) - 1)

static uint32_t recent_for(uint64_t budget_bytes)
{
    return budget_bytes < SMALL_BUDGET ? RECENT_SMALL : RECENT_LARGE;
}

static uint64_t share_of(uint64_t budget_bytes, uint32_t shards)
{
    return budget_bytes / shards / 64 * 64;
}

/** Does the largest value find a place in a shard of this size? */
static bool holds_largest(const struct shard_cfg *cfg, uint32_t value_max)
{
    const struct item_shape largest = {.flags = ITEM_VERSION | ITEM_FRESH,
                                       .tags_n = CACHE_TAGS_MAX,
                                       .key_len = CACHE_KEY_MAX,
                                       .value_len = value_max};
    return shard_item_max(shard_units_bytes(cfg)) >= item_size(&largest);
}

uint32_t cache_shards_for(uint64_t budget_bytes, uint32_t value_max)
{
    const uint64_t wished = budget_bytes / SHARD_BYTES;
    const uint64_t most = wished > CACHE_SHARDS_MAX ? CACHE_SHARDS_MAX : wished;
    uint32_t shards = most == 0 ? 1 : (uint32_t)mix_pow2(most);
    for (; shards > 1; shards /= 2) {
        const struct shard_cfg cfg = {.bytes = share_of(budget_bytes, shards),
                                      .recent_n = recent_for(budget_bytes),
                                      .shards = shards,
                                      .bucket_bits = CACHE_BUCKET_BITS_MAX};
        if (holds_largest(&cfg, value_max))
            break;
    }
    return shards;
}

static bool bucket_bits_are_sound(const struct cache_cfg *cfg)
{
    const unsigned bits = cfg->bucket_bits == 0 ? CACHE_BUCKET_BITS : cfg->bucket_bits;
    return bits >= CACHE_BUCKET_BITS && bits <= CACHE_BUCKET_BITS_MAX && cfg->shards <= 1U << bits;
}

static bool cfg_is_sound(const struct cache_cfg *cfg)
{
    return cfg->shards >= 1 && cfg->shards <= CACHE_SHARDS_MAX &&
           (cfg->shards & (cfg->shards - 1)) == 0 &&
           (cfg->recent_max & (cfg->recent_max - 1)) == 0 && cfg->value_max <= VALUE_MAX &&
           bucket_bits_are_sound(cfg) && (cfg->lock == NULL) == (cfg->unlock == NULL) &&
           (cfg->ns_lock == NULL) == (cfg->ns_unlock == NULL);
}

static bool make_shards(struct cache *c, struct arena *arena)
{
    const struct shard_cfg cfg = {.bytes = share_of(c->cfg.budget_bytes, c->cfg.shards),
                                  .recent_n = c->cfg.recent_max,
                                  .shards = c->cfg.shards,
                                  .bucket_bits = c->cfg.bucket_bits,
                                  .seed = c->cfg.slot_seed,
                                  .hkey = &c->cfg.hkey,
                                  .names = &c->names};
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        c->shards[i] = shard_new(arena, &cfg);
        if (c->shards[i] == NULL)
            return false;
    }
    return true;
}

struct cache *cache_new(struct arena *arena, const struct cache_cfg *cfg)
{
    assert(cfg_is_sound(cfg));
    const size_t before = arena->used;
    struct cache *c = arena_take(arena, 1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->cfg = *cfg;
    if (c->cfg.recent_max == 0)
        c->cfg.recent_max = recent_for(cfg->budget_bytes);
    if (c->cfg.bucket_bits == 0)
        c->cfg.bucket_bits = CACHE_BUCKET_BITS;
    atomic_init(&c->index, 1); /* L starts at 1: stamp 0 never occurs */
    atomic_init(&c->gate, CACHE_CLOSED);
    const bool named = names_add(&c->names, &c->cfg.hkey, slice_of(NULL, 0), 0);
    if (!named || !make_shards(c, arena))
        return NULL;
    c->fixed_bytes = arena->used - before - share_of(cfg->budget_bytes, cfg->shards) * cfg->shards;
    return c;
}

const struct cache_cfg *cache_config(const struct cache *c)
{
    return &c->cfg;
}

void cache_publish(struct cache *c, uint64_t index)
{
    assert(index >= cache_index(c));
    atomic_store_explicit(&c->index, index, memory_order_release);
}

uint64_t cache_index(const struct cache *c)
{
    return atomic_load_explicit(&c->index, memory_order_acquire);
}

void cache_horizon_publish(struct cache *c, mono_us horizon)
{
    atomic_store_explicit(&c->horizon, horizon, memory_order_release);
}

mono_us cache_horizon(const struct cache *c)
{
    return atomic_load_explicit(&c->horizon, memory_order_acquire);
}

void cache_gate_set(struct cache *c, enum cache_gate gate)
{
    atomic_store_explicit(&c->gate, (uint32_t)gate, memory_order_release);
}

enum cache_gate cache_gate(const struct cache *c)
{
    return (enum cache_gate)atomic_load_explicit(&c->gate, memory_order_acquire);
}

uint32_t cache_shard_of(const struct cache *c, uint64_t hash)
{
    /* The top 8 bits scaled down: shards is a power of two, at most 256. */
    return (uint32_t)((hash >> 56) * c->cfg.shards >> 8);
}

struct shard *cache_enter(struct cache *c, uint32_t shard_i)
{
    if (c->cfg.lock != NULL)
        c->cfg.lock(c->cfg.lock_ctx, shard_i);
    return c->shards[shard_i];
}

void cache_leave(struct cache *c, uint32_t shard_i)
{
    if (c->cfg.unlock != NULL)
        c->cfg.unlock(c->cfg.lock_ctx, shard_i);
}

void cache_ns_enter(struct cache *c)
{
    if (c->cfg.ns_lock != NULL)
        c->cfg.ns_lock(c->cfg.lock_ctx);
}

void cache_ns_leave(struct cache *c)
{
    if (c->cfg.ns_unlock != NULL)
        c->cfg.ns_unlock(c->cfg.lock_ctx);
}

enum err cache_key(const struct cache *c, struct slice ns, struct slice key, struct cache_key *out)
{
    if (key.len < 1 || key.len > CACHE_KEY_MAX || ns.len > CACHE_NS_MAX)
        return ERR_LIMIT;
    *out = (struct cache_key){.ns = ns, .key = key};
    out->hash = hash_target(&c->cfg.hkey, TARGET_KEY, ns, key);
    out->ns_known = names_find(&c->names, ns, &out->ns_i);
    return OK;
}

/** May a token of key be given? Then its namespace is known from now on. */
static enum err admit_token(struct cache *c, const struct cache_key *key)
{
    uint8_t ns_i = key->ns_i;
    if (cache_gate(c) != CACHE_OPEN)
        return ERR_NOT_READY;
    return key->ns_known ? OK : cache_namespace(c, key->ns, &ns_i);
}

enum err cache_token(struct cache *c, mono_us now, const struct cache_key *key,
                     uint8_t out[TOKEN_LEN])
{
    /* First the name, then L: what a namespace dot did not find, it published its index before. */
    const enum err err = admit_token(c, key);
    if (err != OK)
        return err;
    token_mint(&c->cfg.token, now, cache_index(c), key->hash, out);
    return OK;
}

enum err cache_token_at(struct cache *c, mono_us now, const struct cache_key *key, uint64_t index,
                        uint8_t out[TOKEN_LEN])
{
    assert(index > 0 && index <= cache_index(c));
    const enum err err = admit_token(c, key);
    if (err != OK)
        return err;
    token_mint(&c->cfg.token, now, index, key->hash, out);
    return OK;
}

bool cache_item_check(const struct cache *c, const struct cache_item *item,
                      struct cache_limit *broken)
{
    *broken = (struct cache_limit){.what = NULL};
    if (item->value.len > c->cfg.value_max)
        *broken = (struct cache_limit){"value", item->value.len, c->cfg.value_max};
    else if (item->tags_n > CACHE_TAGS_MAX)
        *broken = (struct cache_limit){"tags", item->tags_n, CACHE_TAGS_MAX};
    const bool named = item->tag_hashes == NULL;
    for (size_t i = 0; broken->what == NULL && named && i < item->tags_n; i++) {
        const size_t len = item->tags[i].len;
        if (len < 1 || len > CACHE_TAG_MAX)
            *broken = (struct cache_limit){"tag", len, CACHE_TAG_MAX};
    }
    return broken->what == NULL;
}

struct slice cache_reach(struct cache *c, uint32_t shard_i)
{
    const struct shard *s = cache_enter(c, shard_i);
    const struct segments *g = &s->segments;
    struct slice reach = slice_of(g->at, g->top * (size_t)g->unit_len);
    if (g->top + g->index_n >= g->n)
        reach = slice_of((const uint8_t *)s, (size_t)share_of(c->cfg.budget_bytes, c->cfg.shards));
    cache_leave(c, shard_i);
    return reach;
}
