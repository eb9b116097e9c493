#include "policy/stand.h"

#include <stdlib.h>
#include <string.h>

#define NODES_SHARE 2 /* what lies beside the shards is small: a map of twice the budget has room */

static void *make(void *ctx, struct arena *arena)
{
    return cache_new(arena, ctx);
}

static struct cache_cfg cfg_of(const struct stand_cfg *cfg)
{
    return (struct cache_cfg){.hkey = hash_cluster_key(slice_text("stand")),
                              .slot_seed = 0x5eed,
                              .token = {.epoch_low = 1},
                              .budget_bytes = cfg->budget_bytes,
                              .shards = cfg->shards != 0
                                            ? cfg->shards
                                            : cache_shards_for(cfg->budget_bytes, cfg->value_max),
                              .value_max = cfg->value_max};
}

bool stand_begin(struct stand *s, const struct stand_cfg *cfg)
{
    struct cache_cfg c = cfg_of(cfg);
    const size_t len = (size_t)cfg->budget_bytes + (1U << 20);
    const struct store_plan plan = {
        .len = len, .len_max = NODES_SHARE * len, .make = make, .ctx = &c};
    *s = (struct stand){.now = 1};
    if (cfg->like_a_node) {
        s->locks = aligned_alloc(_Alignof(struct store_locks), sizeof *s->locks);
        if (s->locks == NULL)
            return false;
        store_locks_init(s->locks);
        store_locks_hook(s->locks, &c);
    }
    s->cache = store_build(&s->map, &plan);
    if (s->cache == NULL) {
        stand_end(s);
        return false;
    }
    if (cfg->like_a_node)
        (void)pages_start(&s->pages, s->cache);
    s->index = cache_index(s->cache);
    cache_gate_set(s->cache, CACHE_OPEN);
    return true;
}

void stand_end(struct stand *s)
{
    pages_stop(&s->pages);
    store_unmap(&s->map);
    if (s->locks != NULL)
        store_locks_fini(s->locks);
    free(s->locks);
    *s = (struct stand){.cache = NULL};
}

bool stand_fill(struct stand *s, const struct cache_key *key, const struct cache_item *item)
{
    uint8_t token[TOKEN_LEN];
    return cache_token(s->cache, s->now, key, token) == OK &&
           cache_fill(s->cache, s->now, key, item, slice_of(token, sizeof token)) == CACHE_STORED;
}

static void copy(void *ctx, const struct cache_hit *hit)
{
    memcpy(ctx, hit->value.at, hit->value.len);
}

bool stand_get(struct stand *s, const struct cache_key *key, uint8_t *room)
{
    const struct cache_ask ask = {.stale_ok = false};
    return cache_get(s->cache, s->now, key, &ask, copy, room) == CACHE_HIT;
}

void stand_kill_tag(struct stand *s, struct slice tag)
{
    const struct hkey *hkey = &cache_config(s->cache)->hkey;
    const struct dot d = {.epoch = 1,
                          .seq = ++s->index,
                          .kind = DOT_TAG,
                          .hash = hash_target(hkey, TARGET_TAG, slice_of(NULL, 0), tag)};
    cache_publish(s->cache, s->index);
    cache_apply(s->cache, s->now, &d, s->index);
}
