#include "cache/shard.h"

#include <assert.h>
#include <stddef.h>

#include "cache/claim.h"
#include "cache/digest.h"
#include "cache/mix.h"

/* Shares of a shard, chosen so that items keep at least four fifths of a 4 MiB one. */
#define TAGS_SHARE     64 /* one byte in so many */
#define TAGS_MIN       64
#define PREFIXES_SHARE 64
#define PREFIXES_MIN   16
#define SLOTS_SHARE    80 /* bytes per slot: entries of 91 bytes and more fill the log first */
#define SLOTS_MIN      16
#define ALIGN          64 /* what the arena may add in front of each table */
#define LEASES_SHARE   512
#define LEASES_MIN     32
#define TABLES         11

/** How a shard divides its bytes. */
struct plan {
    uint32_t tags_n, tag_heads_n, prefixes_n, prefix_heads_n, slots_n, buckets_n, leases_n;
    uint64_t log_bytes;
};

static uint32_t share(uint64_t bytes, uint64_t size, uint64_t least, uint64_t most)
{
    const uint64_t n = bytes / size;
    return (uint32_t)(n < least ? least : n > most ? most : n);
}

static uint64_t table_bytes(const struct plan *p, uint32_t recent_n)
{
    return sizeof(struct shard) + (uint64_t)TABLES * ALIGN + p->tags_n * sizeof(struct tag) +
           p->tag_heads_n * sizeof(uint32_t) + p->prefixes_n * sizeof(struct prefix) +
           p->prefix_heads_n * sizeof(uint16_t) + p->buckets_n * sizeof(uint64_t) +
           p->leases_n * sizeof(struct lease) +
           recent_n * (sizeof(struct record) + sizeof(uint64_t));
}

static struct plan plan_of(const struct shard_cfg *cfg)
{
    const uint64_t bytes = cfg->bytes;
    struct plan p = {
        .tags_n = share(bytes / TAGS_SHARE, sizeof(struct tag), TAGS_MIN, 1U << 24),
        .prefixes_n =
            share(bytes / PREFIXES_SHARE, sizeof(struct prefix), PREFIXES_MIN, CACHE_PREFIXES_MAX),
        .buckets_n = (1U << cfg->bucket_bits) / cfg->shards,
        .leases_n = (uint32_t)mix_pow2(
            share(bytes / LEASES_SHARE, sizeof(struct lease), LEASES_MIN, CACHE_LEASES_MAX)),
    };
    p.tag_heads_n = (uint32_t)mix_pow2(p.tags_n);
    p.prefix_heads_n = (uint32_t)mix_pow2(p.prefixes_n);
    const uint64_t tables = table_bytes(&p, cfg->recent_n);
    if (bytes < tables + (uint64_t)SLOTS_MIN * SLOTS_SHARE)
        return p;
    const uint64_t rest = bytes - tables;
    p.slots_n = (uint32_t)(rest / SLOTS_SHARE);
    p.log_bytes = (rest - p.slots_n * sizeof(struct slot)) / 8 * 8;
    return p;
}

uint64_t shard_log_bytes(const struct shard_cfg *cfg)
{
    return plan_of(cfg).log_bytes;
}

/** Lay the tables of p out in the block; false when they do not fit, which the plan rules out. */
static bool carve(struct shard *s, struct arena *block, const struct plan *p, uint32_t recent_n)
{
    struct slot *slots = arena_take(block, p->slots_n, sizeof *slots);
    struct tag *tags = arena_take(block, p->tags_n, sizeof *tags);
    uint32_t *tag_heads = arena_take(block, p->tag_heads_n, sizeof *tag_heads);
    struct prefix *prefixes = arena_take(block, p->prefixes_n, sizeof *prefixes);
    uint16_t *prefix_heads = arena_take(block, p->prefix_heads_n, sizeof *prefix_heads);
    struct record *ring = arena_take(block, recent_n, sizeof *ring);
    uint64_t *recent_heads = arena_take(block, recent_n, sizeof *recent_heads);
    s->bucket_bars = arena_take(block, p->buckets_n, sizeof *s->bucket_bars);
    struct lease *leases = arena_take(block, p->leases_n, sizeof *leases);
    void *log = arena_take(block, 1, (size_t)p->log_bytes);
    if (log == NULL)
        return false;
    leases_init(&s->leases, leases, p->leases_n, 0); /* seeds are set behind us */
    slots_init(&s->slots, slots, p->slots_n, 0);
    tagtable_init(&s->tags, tags, p->tags_n, tag_heads, p->tag_heads_n);
    prefixes_init(&s->prefixes, prefixes, p->prefixes_n, prefix_heads, p->prefix_heads_n);
    recent_init(&s->recent, ring, recent_heads, recent_n);
    itemlog_init(&s->log, log, p->log_bytes);
    return true;
}

struct shard *shard_new(struct arena *arena, const struct shard_cfg *cfg)
{
    const struct plan p = plan_of(cfg);
    void *mem = p.log_bytes == 0 ? NULL : arena_take(arena, 1, (size_t)cfg->bytes);
    if (mem == NULL)
        return NULL;
    struct arena block;
    arena_init(&block, mem, (size_t)cfg->bytes);
    struct shard *s = arena_take(&block, 1, sizeof *s);
    if (s == NULL || !carve(s, &block, &p, cfg->recent_n))
        return NULL;
    s->slots.seed = s->tags.seed = s->prefixes.seed = s->recent.seed = cfg->seed;
    s->buckets_mask = p.buckets_n - 1;
    s->bucket_bits = cfg->bucket_bits;
    s->hkey = cfg->hkey;
    s->names = cfg->names;
    return s;
}

struct item *shard_next(struct shard *s, uint64_t hash, struct probe *p)
{
    while (slots_next(&s->slots, p)) {
        struct item *it = itemlog_item(&s->log, p->offset);
        if (it->hash == hash)
            return it;
    }
    return NULL;
}

struct item *shard_find(struct shard *s, const struct cache_key *key, uint8_t ns_i, struct probe *p)
{
    *p = slots_probe(&s->slots, key->hash);
    for (;;) {
        struct item *it = shard_next(s, key->hash, p);
        if (it == NULL || (it->ns_i == ns_i && slice_eq(item_key(it), key->key)))
            return it;
    }
}

uint64_t *shard_bucket_bar(const struct shard *s, uint64_t hash)
{
    return &s->bucket_bars[dot_bucket(hash, s->bucket_bits) & s->buckets_mask];
}

static bool a_conjunction_kills(const struct shard *s, struct item *it)
{
    if (it->tags_n < DOT_TAGS_MIN || it->stamp >= s->conjunctions.top)
        return false;
    const struct tagset tags = digest_tags_of_entry(s, it);
    return conjunctions_cover(&s->conjunctions, tags.hashes, tags.n, it->stamp);
}

static bool a_tag_kills(const struct shard *s, struct item *it)
{
    if (it->tags_n == 0)
        return false;
    const uint32_t *ids = item_tags(it);
    for (uint32_t i = 0; i < it->tags_n; i++) {
        if (it->stamp < s->tags.tags[ids[i]].bar)
            return true;
    }
    return it->stamp < s->tagged_bar || a_conjunction_kills(s, it);
}

/** What a prefix covers was removed by the end of its sweep (see shard_sweep()); from then on it is there
 *  for what is yet to be stored, and no entry need be hashed for it. */
static bool a_prefix_kills(const struct shard *s, const struct item *it)
{
    const struct prefix *newest = prefixes_newest(&s->prefixes);
    return newest != NULL && newest->pass > s->sweep.done &&
           prefixes_cover(&s->prefixes, s->hkey, names_text(s->names, it->ns_i), item_key(it),
                          it->stamp);
}

bool shard_kills(const struct shard *s, struct item *it)
{
    return it->stamp < s->allbar || it->stamp < s->ns_bar[it->ns_i] ||
           it->stamp < *shard_bucket_bar(s, it->hash) || a_tag_kills(s, it) ||
           a_prefix_kills(s, it);
}

static bool a_tag_marks(const struct shard *s, struct item *it)
{
    const uint32_t *ids = item_tags(it);
    for (uint32_t i = 0; i < it->tags_n; i++) {
        if (it->stamp < s->tags.tags[ids[i]].soft)
            return true;
    }
    return false;
}

bool shard_stale(const struct shard *s, struct item *it, mono_us now)
{
    return (it->flags & ITEM_STALE) != 0 || it->stamp < s->all_soft ||
           it->stamp < s->ns_soft[it->ns_i] || a_tag_marks(s, it) || now >= item_fresh_until(it);
}

bool shard_gives(struct shard *s, struct item *it, mono_us now)
{
    return (it->flags & ITEM_UNPROVEN) == 0 && shard_lives(s, it, now) &&
           !shard_stale(s, it, now) &&
           quarantine_ask(&s->quarantine, now, it->hash) == CACHE_STORED &&
           it->expires_us - now >= US_PER_MS && item_fresh_until(it) - now >= US_PER_MS;
}

bool shard_lives(const struct shard *s, struct item *it, mono_us now)
{
    return now < it->expires_us && !shard_kills(s, it);
}

void shard_remove(struct shard *s, struct item *it, struct probe *p)
{
    const uint32_t *ids = item_tags(it);
    assert((it->flags & ITEM_DEAD) == 0);
    for (uint32_t i = 0; i < it->tags_n; i++)
        tagtable_release(&s->tags, ids[i]);
    it->flags |= ITEM_DEAD;
    slots_remove(&s->slots, p);
}
