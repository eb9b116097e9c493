#include "cache/export.h"

#include <assert.h>

#include "cache/digest.h"
#include "cache/inside.h"

#define SLOTS_A_STEP                                                                               \
    2048 /* that one call looks at, most of them empty in a cache that is not full */

/** A cursor is 1 + shard << 32 + slot: a slot holds an entry or nothing, whatever became of the log. */
struct place {
    uint32_t shard_i;
    uint32_t slot_i;
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

static bool give(struct shard *s, struct item *it, mono_us now, cache_export_visit *visit,
                 void *ctx)
{
    const struct tagset tags = digest_tags_of_entry(s, it);
    struct cache_export_entry entry = {.ns = names_text(s->names, it->ns_i),
                                       .key = item_key(it),
                                       .value = item_value(it),
                                       .tags = tags.hashes,
                                       .tags_n = tags.n,
                                       .ttl_ms = ms_left(now, it->expires_us),
                                       .fresh_ms = ms_left(now, item_fresh_until(it)),
                                       .age_ms = item_age(it, now) / US_PER_MS};
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
static uint32_t walk(struct shard *s, uint32_t *slot_i, const struct receiver *to)
{
    uint32_t looked = 0;
    const uint64_t wished = (uint64_t)*slot_i + SLOTS_A_STEP;
    const uint64_t end = wished < s->slots.n ? wished : s->slots.n;
    for (; *slot_i < end && looked < CACHE_STEP; ++*slot_i) {
        const uint32_t where = s->slots.at[*slot_i].where;
        if (where == 0)
            continue;
        struct item *it = itemlog_item(&s->log, where - 1);
        looked++;
        if (shard_gives(s, it, to->now) && !give(s, it, to->now, to->visit, to->ctx))
            return CACHE_STEP + 1;
    }
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
    const bool ended = at.slot_i >= s->slots.n;
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
        const struct shard *s = cache_enter(c, i);
        used += itemlog_used(&s->log);
        cap += s->log.cap;
        cache_leave(c, i);
    }
    assert(cap > 0);
    return (uint32_t)(used * 1000 / cap);
}
