/** Storing: the whole check and the store inside one hold of the shard's lock. */
#include <assert.h>
#include <string.h>

#include "cache/check.h"
#include "cache/inside.h"

enum attempt {
    ATTEMPT_DONE,
    ATTEMPT_ROOM,  /* more must be evicted than one hold allows */
    ATTEMPT_DIGEST /* a put's record must be compared: derive the digest outside the lock */
};

/** Take a reference of every tag, or of none. */
static bool take_tags(struct shard *s, const struct tagset *tags, uint32_t *ids)
{
    for (uint8_t i = 0; i < tags->n; i++) {
        if (tagtable_take(&s->tags, tags->hashes[i], &ids[i]))
            continue;
        while (i > 0)
            tagtable_release(&s->tags, ids[--i]);
        return false;
    }
    return true;
}

/** Which optional parts its record has, and how it is marked. */
static uint8_t flags_of(const struct fill *f)
{
    return (uint8_t)((f->unproven ? ITEM_UNPROVEN : 0) | (f->item->has_version ? ITEM_VERSION : 0) |
                     (f->item->fresh_ms != 0 ? ITEM_FRESH : 0));
}

/** How old the value is already, within what an item can say. */
static uint64_t age_of(const struct fill *f)
{
    return f->item->age_ms < ITEM_AGE_MAX_MS ? f->item->age_ms : ITEM_AGE_MAX_MS;
}

static void write_head(struct item *it, const struct fill *f)
{
    item_begin(it, &(struct item_head){
                       .value_len = (uint32_t)f->item->value.len,
                       .key_len = (uint16_t)f->key->key.len,
                       .tags_n = f->tags.n,
                       .flags = flags_of(f),
                       .ns_i = f->ns_i,
                       .life = digest_life(f->item->ttl_ms),
                       .stamp = f->stamp,
                       .created_ms = f->now / US_PER_MS - age_of(f),
                       .expires_us = digest_expiry(f->now, f->item->ttl_ms),
                   });
}

static void write_item(struct item *it, const struct fill *f, const uint32_t *ids)
{
    const struct slice value = f->item->value;
    const uint64_t fresh_ms = f->item->fresh_ms;
    write_head(it, f);
    if (f->item->has_version)
        item_set_version(it, f->item->version);
    if (fresh_ms != 0)
        item_set_fresh(it, digest_expiry(f->now, fresh_ms), digest_life(fresh_ms));
    memcpy(item_tags(it), ids, f->tags.n * sizeof *ids);
    uint8_t *text = item_text(it);
    memcpy(text, f->key->key.at, f->key->key.len);
    if (value.len > 0)
        memcpy(text + f->key->key.len, value.at, value.len);
}

/** Did its key leave the small queue lately? */
static bool was_here(struct shard *s, uint64_t hash)
{
    const enum ghost_found found = ghost_take(&s->ghost, hash);
    if (found == GHOST_ONCE)
        earn_back(&s->earn);
    s->counts.came_back += found != GHOST_NONE;
    return found != GHOST_NONE;
}

/** Choose a queue: that of the entry which it replaces, or the main one when its key left the small one
 *  lately. Once: its ghost is gone then. */
static void choose_queue(struct shard *s, struct fill *f)
{
    struct probe p;
    f->absent = false;
    if (f->placed)
        return;
    f->placed = true;
    f->absent = shard_find(s, f->key, f->ns_i, &p) == NULL;
    if (!f->absent) {
        f->queue = segments_queue(&s->segments, p.where);
        f->freq = slots_freq(&s->slots, &p);
    } else if (was_here(s, f->key->hash)) {
        f->queue = QUEUE_MAIN;
    }
}

/** Store what passed every check; there is room. */
static enum cache_reason store(struct shard *s, const struct fill *f)
{
    uint32_t ids[CACHE_TAGS_MAX] = {0}, where;
    struct probe p;
    /* The new references come before the old ones go: a tag that both entries carry must not be
     * freed in between and come back without its barrier. */
    if (!take_tags(s, &f->tags, ids))
        return CACHE_TAGS_FULL;
    struct item *old = f->absent ? NULL : shard_find(s, f->key, f->ns_i, &p);
    if (old != NULL)
        shard_remove(s, old, &p);
    struct item *it = segments_append(&s->segments, f->queue, f->size, &where);
    write_item(it, f, ids);
    shard_note_end(s, where, item_expires(it));
    slots_add(&s->slots, f->key->hash, where, f->freq);
    s->ns[f->ns_i].stats.items++;
    s->ns[f->ns_i].stats.bytes += f->size;
    return CACHE_STORED;
}

static enum attempt attempt(struct shard *s, struct fill *f, enum cache_reason *reason)
{
    ghost_hint(&s->ghost, f->key->hash);
    if (!check_fill(s, f, reason))
        return ATTEMPT_DIGEST;
    if (*reason == CACHE_STORED && f->size > shard_item_max(s->segments.n * s->segments.unit_len))
        *reason = CACHE_MEMORY;
    if (*reason != CACHE_STORED)
        return ATTEMPT_DONE;
    choose_queue(s, f);
    const struct wanted want = {
        .hash = f->key->hash, .size = f->size, .queue = f->queue, .now = f->now};
    if (!shard_make_room(s, &want, &f->reinserts))
        return ATTEMPT_ROOM;
    *reason = store(s, f);
    return ATTEMPT_DONE;
}

static void count(struct shard *s, const struct fill *f, enum cache_reason reason)
{
    if (reason != CACHE_STORED)
        s->counts.refused[reason]++;
    else if (f->source == FILL_PUT)
        s->ns[f->ns_i].stats.puts++;
    else if (f->source == FILL_PEER)
        s->counts.imports++;
    else
        s->ns[f->ns_i].stats.fills++;
}

/** Holds of the lock until even the smallest items have made room; twice that, as others compete. */
static uint64_t holds_max(const struct fill *f, const struct shard *s)
{
    const uint64_t bytes = f->size + shard_effort(s);
    return 8 + 4 * bytes / (CACHE_STEP * sizeof(struct item));
}

/** Whoever loads the key is done, or somebody else has brought it: but not when a peer failed to. */
static bool ends_lease(const struct fill *f, enum cache_reason reason)
{
    return f->source != FILL_PEER || reason == CACHE_STORED;
}

/** Try until it is stored or refused. Every hold begins the check anew; nothing is kept but the
 *  digest, which depends on the caller's bytes alone. */
static enum cache_reason run(struct cache *c, struct fill *f)
{
    const uint32_t shard_i = cache_shard_of(c, f->key->hash);
    enum cache_reason reason = CACHE_MEMORY;
    enum attempt outcome = ATTEMPT_ROOM;
    bool waited = false;
    for (uint64_t holds = 0; outcome != ATTEMPT_DONE; holds++) {
        struct shard *s = cache_enter(c, shard_i);
        outcome = attempt(s, f, &reason);
        if (outcome != ATTEMPT_DONE && holds >= holds_max(f, s)) {
            reason = CACHE_MEMORY;
            outcome = ATTEMPT_DONE;
        }
        if (outcome == ATTEMPT_DONE) {
            count(s, f, reason);
            waited = ends_lease(f, reason) && leases_end(&s->leases, f->key->hash);
        }
        cache_leave(c, shard_i);
        if (outcome == ATTEMPT_DIGEST) {
            f->digest = digest_of(&c->cfg.hkey, f->item, &f->tags);
            f->has_digest = true;
        }
    }
    cache_wake(c, waited, f->key->hash);
    return reason;
}

/** Count a refusal that no shard was asked for. */
static enum cache_reason refuse(struct cache *c, const struct cache_key *key,
                                enum cache_reason reason)
{
    const uint32_t shard_i = cache_shard_of(c, key->hash);
    struct shard *s = cache_enter(c, shard_i);
    s->counts.refused[reason]++;
    const bool waited = leases_end(&s->leases, key->hash);
    cache_leave(c, shard_i);
    cache_wake(c, waited, key->hash);
    return reason;
}

static bool may_store(const struct cache *c)
{
    const enum cache_gate gate = cache_gate(c);
    return gate == CACHE_OPEN || gate == CACHE_DRAINING;
}

/** Derive what the lock need not be held for, then run. The rest is set in f. */
static enum cache_reason begin(struct cache *c, struct fill *f)
{
    struct cache_limit broken;
    assert(cache_item_check(c, f->item, &broken));
    f->ns_i = f->key->ns_i;
    if (!f->key->ns_known && cache_namespace(c, f->key->ns, &f->ns_i) != OK)
        return refuse(c, f->key, CACHE_MEMORY);
    if (f->item->tags_n > 0)
        f->tags = digest_tags(&c->cfg.hkey, f->key->ns, f->item);
    f->size = item_size(&(struct item_shape){.flags = flags_of(f),
                                             .tags_n = f->tags.n,
                                             .key_len = f->key->key.len,
                                             .value_len = f->item->value.len});
    f->reinserts.left = CACHE_STEP;
    return run(c, f);
}

static enum cache_reason reason_of(enum token_verdict verdict)
{
    static const enum cache_reason reasons[] = {
        [TOKEN_OK] = CACHE_STORED,
        [TOKEN_BAD] = CACHE_TOKEN_BAD,
        [TOKEN_NODE] = CACHE_TOKEN_NODE,
        [TOKEN_KEY] = CACHE_TOKEN_KEY,
        [TOKEN_EXPIRED] = CACHE_TOKEN_EXPIRED,
    };

    return reasons[verdict];
}

/** The stamp of f from a token, or why not. */
static enum cache_reason take_token(struct cache *c, struct fill *f, struct slice token)
{
    if (!may_store(c))
        return CACHE_NOT_READY;
    return reason_of(token_check(&c->cfg.token, f->now, token, f->key->hash, &f->stamp));
}

enum cache_reason cache_fill(struct cache *c, mono_us now, const struct cache_key *key,
                             const struct cache_item *item, struct slice token)
{
    struct fill f = {.key = key, .item = item, .now = now};
    const enum cache_reason reason = take_token(c, &f, token);
    return reason == CACHE_STORED ? begin(c, &f) : refuse(c, key, reason);
}

enum cache_reason cache_put(struct cache *c, mono_us now, const struct cache_key *key,
                            const struct cache_item *item, uint64_t index)
{
    struct fill f = {.key = key, .item = item, .now = now, .source = FILL_PUT};
    f.stamp = index;
    f.unproven = true;
    return may_store(c) ? begin(c, &f) : refuse(c, key, CACHE_NOT_READY);
}

enum cache_reason cache_put_token(struct cache *c, mono_us now, const struct cache_key *key,
                                  const struct cache_item *item,
                                  const struct cache_written *written)
{
    struct fill f = {.key = key, .item = item, .now = now, .source = FILL_PUT};
    f.own = written->index;
    f.ended = written->ended;
    const enum cache_reason reason = take_token(c, &f, written->token);
    return reason == CACHE_STORED ? begin(c, &f) : refuse(c, key, reason);
}

enum cache_reason cache_import(struct cache *c, mono_us now, const struct cache_key *key,
                               const struct cache_item *item, uint64_t stamp)
{
    struct fill f = {.key = key, .item = item, .now = now, .source = FILL_PEER};
    f.stamp = stamp;
    assert(stamp > 0 && stamp <= cache_index(c));
    return may_store(c) ? begin(c, &f) : refuse(c, key, CACHE_NOT_READY);
}
