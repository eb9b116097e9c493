#include "cache/digest.h"

#include <assert.h>

#include "base/bytes.h"
#include "cache/inside.h"

uint8_t digest_life(uint64_t ms)
{
    return ms == 0 ? 0 : (uint8_t)(64 - __builtin_clzll(ms));
}

mono_us digest_expiry(mono_us now, uint64_t ms)
{
    uint64_t us;
    mono_us then;
    if (ms == 0 || __builtin_mul_overflow(ms, US_PER_MS, &us) ||
        __builtin_add_overflow(now, us, &then))
        return NEVER;
    return then;
}

/** Insert hash in order; a hash that is there already is left out. */
static void add_sorted(struct tagset *tags, uint64_t hash)
{
    uint8_t at = 0;
    while (at < tags->n && tags->hashes[at] < hash)
        at++;
    if (at < tags->n && tags->hashes[at] == hash)
        return;
    for (uint8_t i = tags->n; i > at; i--)
        tags->hashes[i] = tags->hashes[i - 1];
    tags->hashes[at] = hash;
    tags->n++;
}

struct tagset digest_tags(const struct hkey *hkey, struct slice ns, const struct cache_item *item)
{
    struct tagset tags = {.n = 0};
    assert(item->tags_n <= CACHE_TAGS_MAX);
    for (size_t i = 0; i < item->tags_n; i++)
        add_sorted(&tags, item->tag_hashes != NULL
                              ? item->tag_hashes[i]
                              : hash_target(hkey, TARGET_TAG, ns, item->tags[i]));
    return tags;
}

struct tagset digest_tags_of_entry(const struct shard *s, const struct item *it)
{
    const uint32_t *ids = item_tag_ids(it);
    struct tagset tags = {.n = 0};
    for (uint8_t i = 0; i < item_tags_n(it); i++)
        add_sorted(&tags, s->tags.tags[ids[i]].hash);
    return tags;
}

/** What decides the life of an entry beside its tags. */
struct traits {
    struct slice value;
    uint8_t life, fresh;
    bool has_version;
    uint64_t version;
};

static struct hash128 digest(const struct hkey *hkey, const struct traits *t,
                             const struct tagset *tags)
{
    uint8_t bytes[8 + 16 + 3 + 8 + 1 + 8 * CACHE_TAGS_MAX];
    if (t->value.len > CACHE_DIGEST_MAX)
        return (struct hash128){.bytes = {0}};
    const struct hash128 inner = hash_bytes128(hkey, t->value);
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u64(&w, t->value.len);
    write_bytes(&w, slice_of(inner.bytes, sizeof inner.bytes));
    write_u8(&w, t->life);
    write_u8(&w, t->fresh);
    write_u8(&w, t->has_version ? 1 : 0);
    write_u64(&w, t->has_version ? t->version : 0);
    write_u8(&w, tags->n);
    for (uint8_t i = 0; i < tags->n; i++)
        write_u64(&w, tags->hashes[i]);
    assert(w.err == OK);
    return hash_bytes128(hkey, writer_slice(&w));
}

struct hash128 digest_of(const struct hkey *hkey, const struct cache_item *item,
                         const struct tagset *tags)
{
    const struct traits t = {.value = item->value,
                             .life = digest_life(item->ttl_ms),
                             .fresh = digest_life(item->fresh_ms),
                             .has_version = item->has_version,
                             .version = item->version};
    return digest(hkey, &t, tags);
}

struct hash128 digest_of_entry(const struct shard *s, const struct item *it)
{
    const struct tagset tags = digest_tags_of_entry(s, it);
    struct traits t = {.value = item_value(it), .life = item_life(it), .fresh = item_fresh(it)};
    t.has_version = item_version(it, &t.version);
    return digest(s->hkey, &t, &tags);
}

struct hash128 cache_digest(const struct cache *c, const struct cache_key *key,
                            const struct cache_item *item)
{
    const struct tagset tags = digest_tags(&c->cfg.hkey, key->ns, item);
    return digest_of(&c->cfg.hkey, item, &tags);
}
