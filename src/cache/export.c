#include "cache/export.h"

#include <assert.h>

#include "cache/digest.h"
#include "cache/inside.h"

#define SLOTS_A_STEP                                                                               \
    2048 /* that one call looks at, most of them empty in a cache that is not full */

/** A cursor is 1 + shard << 32 + slot: a slot holds an entry or nothing, wherever its item went. */
struct place {
    uint32_t shard_i;
    uint64_t slot_i;
};

static struct place place_of(uint64_t cursor)
{
    const uint64_t at = cursor == 0 ? 0 : cursor - 1;
    const uint64_t shard_i = at >> 32;
    return (struct place){.shard_i =
                              shard_i < CACHE_SHARDS_MAX ? (uint32_t)shard_i : CACHE_SHARDS_MAX,
                          .slot_i = (uint32_t)at};
}

static uint64_t cursor_of(const struct place *p)
{
    return 1 + ((uint64_t)p->shard_i << 32) + p->slot_i;
}

/** What is left of a time, rounded down. */
static uint64_t ms_left(mono_us now, mono_us then)
{
    return then == NEVER ? 0 : (then - now) / US_PER_MS;
}

static bool give(struct shard *s, const struct item *it, mono_us now, cache_export_visit *visit,
                 void *ctx)
{
    const struct tagset tags = digest_tags_of_entry(s, it);
    struct cache_export_entry entry = {.ns = names_text(s->names, item_ns(it)),
                                       .key = item_key(it),
                                       .value = item_value(it),
                                       .tags = tags.hashes,
                                       .tags_n = tags.n,
                                       .ttl_ms = ms_left(now, item_expires(it)),
                                       .fresh_ms = ms_left(now, item_fresh_until(it)),
                                       .age_ms = item_age_ms(it, now)};
    entry.has_version = item_version(it, &entry.version);
    return visit(ctx, &entry);
}

/** Whom entries go to. */
struct receiver {
    mono_us now;
    cache_export_visit *visit;
    void *ctx;
};

/** Walk on from slot *slot_i. Returns: as cache_export(). */
static uint32_t walk(struct shard *s, uint64_t *slot_i, const struct receiver *to)
{
    uint32_t looked = 0, looks = SLOTS_A_STEP, where;
    uint64_t next = *slot_i;
    for (; looked < CACHE_STEP && slots_walk(&s->slots, &next, &looks, &where); looked++) {
        const struct item *it = segments_item(&s->segments, where);
        if (shard_gives(s, it, to->now) && !give(s, it, to->now, to->visit, to->ctx))
            return CACHE_STEP + 1;
        *slot_i = next;
    }
    if (looked < CACHE_STEP)
        *slot_i = next;
    return looked;
}

uint32_t cache_export(struct cache *c, mono_us now, uint64_t *cursor, cache_export_visit *visit,
                      void *ctx)
{
    const struct receiver to = {.now = now, .visit = visit, .ctx = ctx};
    struct place at = place_of(*cursor);
    *cursor = 0;
    if (at.shard_i >= c->cfg.shards)
        return 0;
    struct shard *s = cache_enter(c, at.shard_i);
    const uint32_t looked = walk(s, &at.slot_i, &to);
    const bool ended = slots_walked(&s->slots, at.slot_i);
    cache_leave(c, at.shard_i);
    if (ended)
        at = (struct place){.shard_i = at.shard_i + 1};
    if (at.shard_i < c->cfg.shards)
        *cursor = cursor_of(&at);
    return looked;
}

uint32_t cache_filled(struct cache *c)
{
    uint64_t used = 0, cap = 0;
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        const struct segments *g = &cache_enter(c, i)->segments;
        used += g->used;
        cap += (g->n - g->index_n) * g->unit_len;
        cache_leave(c, i);
    }
    assert(cap > 0);
    return (uint32_t)(used * 1000 / cap);
}
