#include "world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static void lock(void *ctx, uint32_t shard_i)
{
    struct world *w = ctx;
    cr_assert(shard_i < cache_config(w->c)->shards);
    cr_assert_eq(w->held, 0, "a second lock is taken");
    w->held++;
    w->locks++;
}

static void unlock(void *ctx, uint32_t shard_i)
{
    struct world *w = ctx;
    (void)shard_i;
    cr_assert_eq(w->held, 1);
    w->held--;
}

static void ns_lock(void *ctx)
{
    struct world *w = ctx;
    cr_assert_eq(w->held, 0, "a second lock is taken");
    w->held++;
    w->locks++;
}

static void ns_unlock(void *ctx)
{
    unlock(ctx, 0);
}

struct world *world_new(const struct world_cfg *cfg)
{
    struct world *w = calloc(1, sizeof *w);
    const struct cache_cfg cc = {
        .hkey = hash_cluster_key(slice_text("test")),
        .slot_seed = 0x5eed,
        .token = {.secret = {"0123456789abcde"}, .epoch_low = 77},
        .budget_bytes = cfg->budget_bytes != 0 ? cfg->budget_bytes : 1 << 20,
        .shards = cfg->shards != 0 ? cfg->shards : 1,
        .recent_max = cfg->recent_max,
        .value_max = cfg->value_max != 0 ? cfg->value_max : 65536,
        .bucket_bits = cfg->bucket_bits,
        .lock_ctx = w,
        .lock = lock,
        .unlock = unlock,
        .ns_lock = ns_lock,
        .ns_unlock = ns_unlock,
    };
    const size_t len = cc.budget_bytes + (1 << 16);
    struct arena arena;
    w->mem = calloc(1, len);
    arena_init(&arena, w->mem, len);
    w->c = cache_new(&arena, &cc);
    cr_assert_not_null(w->c);
    w->index = cache_index(w->c);
    w->now = 1000 * US_PER_SEC;
    cache_gate_set(w->c, CACHE_OPEN);
    return w;
}

void world_free(struct world *w)
{
    cr_assert_eq(w->held, 0, "a lock was left held");
    free(w->mem);
    free(w);
}

struct cache_key key_of(struct world *w, const char *ns, const char *key)
{
    struct cache_key k;
    cr_assert_eq(cache_key(w->c, slice_text(ns), slice_text(key), &k), OK);
    return k;
}

struct slice take_token(struct world *w, const char *ns, const char *key, uint8_t out[TOKEN_LEN])
{
    const struct cache_key k = key_of(w, ns, key);
    cr_assert_eq(cache_token(w->c, w->now, &k, out), OK);
    return slice_of(out, TOKEN_LEN);
}

/** The item of e; tags is where its slices go. */
static struct cache_item item_of(const struct entry *e, struct slice tags[5])
{
    struct cache_item item = {.value = slice_text(e->value),
                              .ttl_ms = e->ttl_ms,
                              .fresh_ms = e->fresh_ms,
                              .tags = tags,
                              .has_version = e->version != 0,
                              .version = e->version};
    while (item.tags_n < 4 && e->tags[item.tags_n] != NULL) {
        tags[item.tags_n] = slice_text(e->tags[item.tags_n]);
        item.tags_n++;
    }
    return item;
}

enum cache_reason fill(struct world *w, const char *ns, const char *key, struct entry e,
                       struct slice token)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, ns, key);
    const struct cache_item item = item_of(&e, tags);
    return cache_fill(w->c, w->now, &k, &item, token);
}

enum cache_reason fill_now(struct world *w, const char *key, struct entry e)
{
    uint8_t token[TOKEN_LEN];
    return fill(w, "", key, e, take_token(w, "", key, token));
}

enum cache_reason fill_len(struct world *w, const char *key, size_t value_len)
{
    uint8_t token[TOKEN_LEN];
    uint8_t *value = malloc(value_len + 1);
    memset(value, 'v', value_len);
    const struct cache_item item = {.value = slice_of(value, value_len)};
    const struct cache_key k = key_of(w, "", key);
    const struct slice t = take_token(w, "", key, token);
    const enum cache_reason reason = cache_fill(w->c, w->now, &k, &item, t);
    free(value);
    return reason;
}

static void note_hit(void *ctx, const struct cache_hit *hit)
{
    struct world *w = ctx;
    cr_assert_eq(w->held, 1, "a visit runs under the lock");
    w->hit = *hit;
    w->hit.value = slice_of(NULL, 0);
    w->seen_len = hit->value.len;
    memcpy(w->seen, hit->value.at, hit->value.len < VALUE_SEEN ? hit->value.len : VALUE_SEEN);
}

bool get(struct world *w, const char *ns, const char *key)
{
    const struct cache_key k = key_of(w, ns, key);
    const struct cache_ask ask = {.stale_ok = false};
    return cache_get(w->c, w->now, &k, &ask, note_hit, w) == CACHE_HIT;
}

enum cache_found look(struct world *w, const char *key, struct cache_ask ask)
{
    return look_in(w, "", key, ask);
}

enum cache_found look_in(struct world *w, const char *ns, const char *key, struct cache_ask ask)
{
    const struct cache_key k = key_of(w, ns, key);
    return cache_get(w->c, w->now, &k, &ask, note_hit, w);
}

bool shows(struct world *w, const char *key, const char *value)
{
    return get(w, "", key) && w->seen_len == strlen(value) &&
           memcmp(w->seen, value, w->seen_len) == 0;
}

struct hash128 digest(struct world *w, const char *key, struct entry e)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, "", key);
    const struct cache_item item = item_of(&e, tags);
    return cache_digest(w->c, &k, &item);
}

enum cache_reason put(struct world *w, const char *key, struct entry e, uint64_t index)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, "", key);
    const struct cache_item item = item_of(&e, tags);
    return cache_put(w->c, w->now, &k, &item, index);
}

enum cache_reason put_token(struct world *w, const char *key, struct entry e, struct slice token,
                            uint64_t index)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, "", key);
    const struct cache_item item = item_of(&e, tags);
    const struct cache_written written = {.token = token, .index = index};
    return cache_put_token(w->c, w->now, &k, &item, &written);
}

enum cache_reason put_ending(struct world *w, const char *key, struct entry e,
                             const struct cache_written *written)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, "", key);
    const struct cache_item item = item_of(&e, tags);
    return cache_put_token(w->c, w->now, &k, &item, written);
}

enum cache_reason import(struct world *w, const char *key, struct entry e, uint64_t stamp)
{
    struct slice tags[5];
    const struct cache_key k = key_of(w, "", key);
    const struct cache_item item = item_of(&e, tags);
    return cache_import(w->c, w->now, &k, &item, stamp);
}

uint64_t event(struct world *w)
{
    cache_publish(w->c, ++w->index);
    return w->index;
}

static enum target_class class_of(uint8_t kind)
{
    if (kind == DOT_TAG || kind == DOT_TAGS_ALL)
        return TARGET_TAG;
    if (kind == DOT_PREFIX)
        return TARGET_PREFIX;
    return kind == DOT_NAMESPACE ? TARGET_NAMESPACE : TARGET_KEY;
}

struct dot dot_of(struct world *w, uint8_t kind, const char *ns, const char *target)
{
    struct dot d = {.kind = kind};
    d.prefix_len = kind == DOT_PREFIX ? (uint16_t)strlen(target) : 0;
    d.hash =
        hash_target(&cache_config(w->c)->hkey, class_of(kind), slice_text(ns), slice_text(target));
    return d;
}

void issue_at(struct world *w, struct dot d, uint64_t index)
{
    d.epoch = d.epoch != 0 ? d.epoch : 1;
    d.seq = d.seq != 0 ? d.seq : index;
    cache_apply(w->c, w->now, &d, index);
}

uint64_t issue(struct world *w, struct dot d)
{
    const uint64_t index = event(w);
    issue_at(w, d, index);
    return index;
}

uint64_t dot_soft(struct world *w, uint8_t kind, const char *target)
{
    struct dot d = dot_of(w, kind, "", target);
    d.soft = true;
    return issue(w, d);
}

uint64_t dot_version(struct world *w, uint8_t kind, const char *key, struct entry e)
{
    struct dot d = dot_of(w, kind, "", key);
    d.has_version = true;
    d.version = e.version;
    if (kind == DOT_PUT)
        d.digest = digest(w, key, e);
    return issue(w, d);
}

static void insert_tag(uint64_t *hashes, size_t n, uint64_t hash)
{
    for (; n > 0 && hashes[n - 1] > hash; n--)
        hashes[n] = hashes[n - 1];
    hashes[n] = hash;
}

struct dot tags_all_of(struct world *w, const char *ns, const char *const *tags, size_t n,
                       struct tags_all *room)
{
    uint64_t hashes[DOT_TAGS_MAX];
    for (size_t i = 0; i < n; i++)
        insert_tag(hashes, i, dot_of(w, DOT_TAG, ns, tags[i]).hash);
    struct writer out = writer_of(room->bytes, sizeof room->bytes);
    for (size_t i = 0; i < n; i++)
        write_u64(&out, hashes[i]);
    return (struct dot){.kind = DOT_TAGS_ALL, .more = writer_slice(&out)};
}

void apply_at(struct world *w, uint8_t kind, const char *ns, const char *target, uint64_t index)
{
    issue_at(w, dot_of(w, kind, ns, target), index);
}

void apply_put_at(struct world *w, const char *key, struct entry e, uint64_t index)
{
    const struct dot d = {.epoch = 1,
                          .seq = index,
                          .kind = DOT_PUT,
                          .hash = key_of(w, "", key).hash,
                          .digest = digest(w, key, e)};
    cache_apply(w->c, w->now, &d, index);
}

uint64_t dot_key(struct world *w, const char *ns, const char *key)
{
    const uint64_t e = event(w);
    apply_at(w, DOT_KEY, ns, key, e);
    return e;
}

uint64_t dot_put(struct world *w, const char *key, struct entry e)
{
    const uint64_t index = event(w);
    apply_put_at(w, key, e, index);
    return index;
}

uint64_t dot_tag(struct world *w, const char *ns, const char *tag)
{
    const uint64_t e = event(w);
    apply_at(w, DOT_TAG, ns, tag, e);
    return e;
}

uint64_t dot_prefix(struct world *w, const char *ns, const char *prefix)
{
    const uint64_t e = event(w);
    apply_at(w, DOT_PREFIX, ns, prefix, e);
    return e;
}

uint64_t dot_namespace(struct world *w, const char *ns)
{
    const uint64_t e = event(w);
    apply_at(w, DOT_NAMESPACE, ns, "", e);
    return e;
}

uint64_t dot_all(struct world *w)
{
    const uint64_t e = event(w);
    apply_at(w, DOT_ALL, "", "", e);
    return e;
}

void sweep_all(struct world *w)
{
    while (cache_step(w->c, w->now))
        ;
    /* One more pass over everything, as long as the longest log can make it. */
    for (uint32_t i = 0; i < 4096 * cache_config(w->c)->shards; i++)
        (void)cache_step(w->c, w->now);
}

struct cache_stats stats(struct world *w)
{
    struct cache_stats s;
    cache_stats(w->c, &s);
    return s;
}
