#include "cache/count.h"

#include <string.h>

#include "cache/digest.h"
#include "cache/inside.h"

#define SLOTS_A_LOOK 32 /* that are passed at most to find one entry */

static bool carries(const struct tagset *tags, uint64_t hash)
{
    for (uint8_t i = 0; i < tags->n; i++)
        if (tags->hashes[i] == hash)
            return true;
    return false;
}

static bool carries_all(const struct tagset *tags, const struct cache_aim *aim)
{
    for (size_t i = 0; i < aim->tags_n; i++)
        if (!carries(tags, aim->tags[i]))
            return false;
    return true;
}

static bool begins_with(const struct item *it, struct slice prefix)
{
    const struct slice key = item_key(it);
    return key.len >= prefix.len && memcmp(key.at, prefix.at, prefix.len) == 0;
}

static bool matches(const struct shard *s, const struct item *it, const struct cache_aim *aim)
{
    if (aim->kind != DOT_TAG && aim->kind != DOT_TAGS_ALL) {
        const bool in_ns =
            aim->kind == DOT_ALL || slice_eq(names_text(s->names, item_ns(it)), aim->ns);
        return in_ns && (aim->kind != DOT_PREFIX || begins_with(it, aim->target));
    }
    const struct tagset tags = digest_tags_of_entry(s, it);
    return aim->kind == DOT_TAG ? carries(&tags, aim->hash) : carries_all(&tags, aim);
}

static void add(struct cache_count *count, const struct item *it)
{
    count->matches++;
    count->bytes += (uint64_t)item_key_len(it) + item_value_len(it);
}

/** Returns: whether slots of this shard are left. */
static bool step(struct shard *s, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count)
{
    uint32_t where;
    for (uint32_t i = 0; i < CACHE_STEP; i++) {
        uint32_t looks = SLOTS_A_LOOK;
        if (!slots_walk(&s->slots, &count->at, &looks, &where))
            continue;
        const struct item *it = segments_item(&s->segments, where);
        if (shard_lives(s, it, now) && matches(s, it, aim))
            add(count, it);
    }
    return !slots_walked(&s->slots, count->at);
}

/** A key is in the index. */
static void look_up(struct shard *s, mono_us now, const struct cache_aim *aim,
                    struct cache_count *count)
{
    struct probe p = slots_probe(&s->slots, aim->hash);
    for (struct item *it = shard_next(s, aim->hash, &p); it != NULL;
         it = shard_next(s, aim->hash, &p)) {
        if (shard_lives(s, it, now))
            add(count, it);
    }
}

bool cache_count(struct cache *c, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count)
{
    const bool key = aim->kind == DOT_KEY;
    const uint32_t shard_i = key ? cache_shard_of(c, aim->hash) : count->shard_i;
    bool more = false;
    struct shard *s = cache_enter(c, shard_i);
    if (key)
        look_up(s, now, aim, count);
    else
        more = step(s, now, aim, count);
    cache_leave(c, shard_i);
    if (key || more)
        return key;
    count->shard_i++;
    count->at = 0;
    return count->shard_i == c->cfg.shards;
}
