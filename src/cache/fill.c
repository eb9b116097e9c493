/**
 * Storing: the whole check and the store inside one hold of the shard's lock.
 *
 * What refuses a fill with stamp T is anything newer than T that covers it. The order of the looks
 * matters for what forgets: records and barriers first, the floor last. Whoever forgets a record has
 * raised the floor before, so a fill that no longer meets the record meets the floor.
 */
#include <assert.h>
#include <string.h>

#include "cache/digest.h"
#include "cache/inside.h"

/** One value on its way into a shard. */
struct fill {
    const struct cache_key *key;
    const struct cache_item *item;
    mono_us now;
    uint64_t stamp;
    uint64_t own; /* index of the put's own dot, whose record is not held against it; 0 = none */
    bool unproven;
    uint8_t ns_i;
    struct tagset tags;
    uint64_t size; /* of its record in the log */
    bool has_digest;
    struct hash128 digest; /* when has_digest */
    struct reinserts reinserts;
};

/** How one hold of the lock ended. */
enum attempt {
    ATTEMPT_DONE,
    ATTEMPT_ROOM,  /* more must be evicted than one hold allows */
    ATTEMPT_DIGEST /* a put's record must be compared: derive the digest outside the lock */
};

/** What one look at the records says of a fill. */
enum record_says {
    RECORD_PASS,
    RECORD_REFUSE,
    RECORD_COMPARE /* the digest is needed first */
};

static enum record_says ask_record(const struct fill *f, const struct record *record)
{
    if (record->index <= f->stamp || record->index == f->own)
        return RECORD_PASS;
    if (hash128_zero(&record->digest))
        return RECORD_REFUSE;
    if (!f->has_digest)
        return RECORD_COMPARE;
    const bool equal = memcmp(record->digest.bytes, f->digest.bytes, sizeof f->digest.bytes) == 0;
    return equal ? RECORD_PASS : RECORD_REFUSE;
}

/** Every newer record of the key must be of an equal value, not only the newest: the dot of an older
 *  write may have been applied after that of a newer one. */
static enum record_says ask_key_records(const struct shard *s, const struct fill *f)
{
    enum record_says says = RECORD_PASS;
    for (const struct record *r = recent_first(&s->recent, f->key->hash);
         r != NULL && says == RECORD_PASS; r = recent_next(&s->recent, r))
        says = ask_record(f, r);
    return says;
}

static bool tag_is_newer(const struct shard *s, uint64_t hash, uint64_t stamp)
{
    for (const struct record *r = recent_first(&s->recent, hash); r != NULL;
         r = recent_next(&s->recent, r)) {
        if (r->index > stamp)
            return true;
    }
    const struct tag *tag = tagtable_find(&s->tags, hash);
    return tag != NULL && tag->bar > stamp;
}

static bool a_tag_is_newer(const struct shard *s, const struct fill *f)
{
    for (uint8_t i = 0; i < f->tags.n; i++) {
        if (tag_is_newer(s, f->tags.hashes[i], f->stamp))
            return true;
    }
    return false;
}

/** What, besides records of its key, is newer than the fill. The floor comes last. */
static enum cache_reason ask_barriers(const struct shard *s, const struct fill *f)
{
    if (a_tag_is_newer(s, f))
        return CACHE_TAG;
    if (prefixes_cover(&s->prefixes, s->hkey, f->key->ns, f->key->key, f->stamp))
        return CACHE_PREFIX;
    if (s->ns_bar[f->ns_i] > f->stamp || names_at(s->names, f->ns_i)->born > f->stamp)
        return CACHE_NAMESPACE;
    if (s->allbar > f->stamp)
        return CACHE_ALL;
    if (s->recent.floor > f->stamp)
        return CACHE_FORGOTTEN;
    return CACHE_STORED;
}

static bool newer_is_there(struct shard *s, const struct fill *f)
{
    struct probe p;
    struct item *it = shard_find(s, f->key, f->ns_i, &p);
    return it != NULL && it->stamp > f->stamp && shard_lives(s, it, f->now);
}

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

static void write_item(struct item *it, const struct fill *f, const uint32_t *ids)
{
    const struct slice value = f->item->value;
    const struct item head = {
        .value_len = (uint32_t)value.len,
        .key_len = (uint16_t)f->key->key.len,
        .ns_i = f->ns_i,
        .flags = f->unproven ? ITEM_UNPROVEN : 0,
        .hash = f->key->hash,
        .stamp = f->stamp,
        .expires_us = digest_expiry(f->now, f->item->ttl_ms),
        .created_us = f->now,
        .tags_n = f->tags.n,
        .life = digest_life(f->item->ttl_ms),
        .units = it->units,
    };
    *it = head;
    uint8_t *key =
        (uint8_t *)memcpy(it + 1, ids, f->tags.n * sizeof *ids) + f->tags.n * sizeof *ids;
    memcpy(key, f->key->key.at, f->key->key.len);
    if (value.len > 0)
        memcpy(key + f->key->key.len, value.at, value.len);
}

/** Store what passed every check; there is room. */
static enum cache_reason store(struct shard *s, const struct fill *f)
{
    uint32_t ids[CACHE_TAGS_MAX] = {0}, offset;
    struct probe p;
    /* The new references come before the old ones go: a tag that both entries carry must not be
     * freed in between and come back without its barrier. */
    if (!take_tags(s, &f->tags, ids))
        return CACHE_TAGS_FULL;
    struct item *old = shard_find(s, f->key, f->ns_i, &p);
    if (old != NULL)
        shard_remove(s, old, &p);
    write_item(itemlog_append(&s->log, f->size, &offset), f, ids);
    slots_add(&s->slots, f->key->hash, offset);
    return CACHE_STORED;
}

static enum attempt attempt(struct shard *s, struct fill *f, enum cache_reason *reason)
{
    const enum record_says says = ask_key_records(s, f);
    if (says == RECORD_COMPARE)
        return ATTEMPT_DIGEST;
    *reason = says == RECORD_REFUSE ? CACHE_INVALIDATED : ask_barriers(s, f);
    if (*reason == CACHE_STORED && newer_is_there(s, f))
        *reason = CACHE_NEWER;
    if (*reason == CACHE_STORED && f->size > itemlog_size_max(&s->log))
        *reason = CACHE_MEMORY;
    if (*reason != CACHE_STORED)
        return ATTEMPT_DONE;
    if (!shard_make_room(s, f->size, f->now, &f->reinserts))
        return ATTEMPT_ROOM;
    *reason = store(s, f);
    return ATTEMPT_DONE;
}

static void count(struct shard *s, const struct fill *f, enum cache_reason reason)
{
    if (reason != CACHE_STORED)
        s->counts.refused[reason]++;
    else if (f->own != 0 || f->unproven)
        s->counts.puts++;
    else
        s->counts.fills++;
}

/** Holds of the lock until even the smallest items have made room; twice that, as others compete. */
static uint64_t holds_max(uint64_t size)
{
    return 8 + 4 * size / (CACHE_STEP * sizeof(struct item));
}

/** Try until it is stored or refused. Every hold begins the check anew; nothing is kept but the
 *  digest, which depends on the caller's bytes alone. */
static enum cache_reason run(struct cache *c, struct fill *f)
{
    const uint32_t shard_i = cache_shard_of(c, f->key->hash);
    enum cache_reason reason = CACHE_MEMORY;
    enum attempt outcome = ATTEMPT_ROOM;
    for (uint64_t left = holds_max(f->size); outcome != ATTEMPT_DONE; left--) {
        struct shard *s = cache_enter(c, shard_i);
        outcome = attempt(s, f, &reason);
        if (outcome != ATTEMPT_DONE && left == 0) {
            reason = CACHE_MEMORY;
            outcome = ATTEMPT_DONE;
        }
        if (outcome == ATTEMPT_DONE)
            count(s, f, reason);
        cache_leave(c, shard_i);
        if (outcome == ATTEMPT_DIGEST) {
            f->digest =
                digest_of(&c->cfg.hkey, f->item->value, digest_life(f->item->ttl_ms), &f->tags);
            f->has_digest = true;
        }
    }
    return reason;
}

/** Count a refusal that no shard was asked for. */
static enum cache_reason refuse(struct cache *c, const struct cache_key *key,
                                enum cache_reason reason)
{
    const uint32_t shard_i = cache_shard_of(c, key->hash);
    struct shard *s = cache_enter(c, shard_i);
    s->counts.refused[reason]++;
    cache_leave(c, shard_i);
    return reason;
}

static bool may_store(const struct cache *c)
{
    const enum cache_gate gate = cache_gate(c);
    return gate == CACHE_OPEN || gate == CACHE_DRAINING;
}

/** Derive what the lock need not be held for, then run. stamp, own and unproven are set in f. */
static enum cache_reason begin(struct cache *c, struct fill *f)
{
    struct cache_limit broken;
    assert(cache_item_check(c, f->item, &broken));
    f->ns_i = f->key->ns_i;
    if (!f->key->ns_known && cache_namespace(c, f->key->ns, &f->ns_i) != OK)
        return refuse(c, f->key, CACHE_MEMORY);
    f->tags = digest_tags(&c->cfg.hkey, f->key->ns, f->item);
    f->size = itemlog_size(f->tags.n, f->key->key.len, f->item->value.len);
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
    struct fill f = {.key = key, .item = item, .now = now, .stamp = index, .unproven = true};
    return may_store(c) ? begin(c, &f) : refuse(c, key, CACHE_NOT_READY);
}

/* NOLINTNEXTLINE(readability-function-size): one parameter more than its siblings, not a struct. */
enum cache_reason cache_put_token(struct cache *c, mono_us now, const struct cache_key *key,
                                  const struct cache_item *item, struct slice token, uint64_t index)
{
    struct fill f = {.key = key, .item = item, .now = now, .own = index};
    const enum cache_reason reason = take_token(c, &f, token);
    return reason == CACHE_STORED ? begin(c, &f) : refuse(c, key, reason);
}
