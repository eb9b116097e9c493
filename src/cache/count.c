#include "cache/count.h"

#include <string.h>

#include "cache/digest.h"
#include "cache/inside.h"

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

static bool matches(const struct shard *s, struct item *it, const struct cache_aim *aim)
{
    if (aim->kind != DOT_TAG && aim->kind != DOT_TAGS_ALL) {
        const bool in_ns =
            aim->kind == DOT_ALL || slice_eq(names_text(s->names, it->ns_i), aim->ns);
        return in_ns && (aim->kind != DOT_PREFIX || begins_with(it, aim->target));
    }
    const struct tagset tags = digest_tags_of_entry(s, it);
    return aim->kind == DOT_TAG ? carries(&tags, aim->hash) : carries_all(&tags, aim);
}

static void look(struct shard *s, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count)
{
    struct item *it = itemlog_at(&s->log, count->at);
    if ((it->flags & (ITEM_DEAD | ITEM_FILLER)) != 0 || !shard_lives(s, it, now) ||
        !matches(s, it, aim))
        return;
    count->matches++;
    count->bytes += (uint64_t)it->key_len + it->value_len;
}

/** What is moved to the head while we count lies past `end`: it is not met a second time. */
static void step(struct shard *s, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count)
{
    if (!count->inside) {
        count->inside = true;
        count->at = s->log.tail;
        count->end = s->log.head;
    }
    if (count->at < s->log.tail)
        count->at = s->log.tail;
    for (uint32_t i = 0; i < CACHE_STEP && count->at < count->end; i++) {
        look(s, now, aim, count);
        count->at = itemlog_next(&s->log, count->at);
    }
    count->inside = count->at < count->end;
}

/** A key is in the index. */
static void look_up(struct shard *s, mono_us now, const struct cache_aim *aim,
                    struct cache_count *count)
{
    struct probe p = slots_probe(&s->slots, aim->hash);
    for (struct item *it = shard_next(s, aim->hash, &p); it != NULL;
         it = shard_next(s, aim->hash, &p)) {
        if (!shard_lives(s, it, now))
            continue;
        count->matches++;
        count->bytes += (uint64_t)it->key_len + it->value_len;
    }
}

bool cache_count(struct cache *c, mono_us now, const struct cache_aim *aim,
                 struct cache_count *count)
{
    const bool key = aim->kind == DOT_KEY;
    const uint32_t shard_i = key ? cache_shard_of(c, aim->hash) : count->shard_i;
    struct shard *s = cache_enter(c, shard_i);
    if (key)
        look_up(s, now, aim, count);
    else
        step(s, now, aim, count);
    cache_leave(c, shard_i);
    if (key || count->inside)
        return key;
    count->shard_i++;
    return count->shard_i == c->cfg.shards;
}
