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
#define LEASES_SHARE   512
#define LEASES_MIN     32
#define GHOST_SHARE    128 /* bytes for each place: as many ghosts as items of that length */
#define GROUP_SHARE    (96U << 10) /* bytes of items for each group of slots */
#define ITEM_LEAST     34          /* bytes of an item with its slot */
#define UNITS          128         /* in a shard, unless they would be very small or large */
#define UNIT_LEN_MIN   SLOTS_CHUNK_LEN
#define UNIT_LEN_MAX   (256U << 10)
#define UNITS_MIN      8
#define ALIGN          64 /* what the arena may add in front of each table */
#define TABLES         14
#define ITEM_LINES     3 /* of a short item, that are fetched together */

/** How a shard divides its bytes. */
struct plan {
    uint32_t tags_n, tag_heads_n, prefixes_n, prefix_heads_n, buckets_n, leases_n;
    uint32_t ghost_lines, groups_n, chunks_max;
    uint32_t units_n;
    uint64_t unit_len;
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
           (uint64_t)p->ghost_lines * GHOST_LINE * sizeof(uint16_t) +
           p->groups_n * (sizeof(struct group) + slots_more_n(p->chunks_max) * sizeof(uint32_t)) +
           recent_n * (sizeof(struct record) + sizeof(uint64_t));
}

/** The index: groups for so many bytes of items, each large enough for the smallest items. */
static void plan_slots(struct plan *p, uint64_t bytes)
{
    p->groups_n = share(bytes, GROUP_SHARE, 1, 1U << 20);
    p->chunks_max = share(bytes / p->groups_n, ITEM_LEAST * SLOTS_CHUNK / 2, 1, SLOTS_CHUNKS_MAX);
}

/** Divide what the tables leave into units. */
static void plan_units(struct plan *p, uint64_t rest)
{
    const uint64_t wished = rest / UNITS / SLOTS_CHUNK_LEN * SLOTS_CHUNK_LEN;
    p->unit_len = wished < UNIT_LEN_MIN   ? UNIT_LEN_MIN
                  : wished > UNIT_LEN_MAX ? UNIT_LEN_MAX
                                          : wished;
    p->units_n = (uint32_t)(rest / (p->unit_len + sizeof(struct unit)));
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
        .ghost_lines = share(bytes, GHOST_SHARE * GHOST_LINE, 1, 1U << 24),
    };
    p.tag_heads_n = (uint32_t)mix_pow2(p.tags_n);
    p.prefix_heads_n = (uint32_t)mix_pow2(p.prefixes_n);
    plan_slots(&p, bytes);
    const uint64_t tables = table_bytes(&p, cfg->recent_n);
    if (bytes > tables)
        plan_units(&p, bytes - tables);
    if (p.units_n < UNITS_MIN || p.units_n * p.unit_len / ITEM_ALIGN > SLOTS_WHERE_MAX)
        p.units_n = 0;
    return p;
}

uint64_t shard_units_bytes(const struct shard_cfg *cfg)
{
    const struct plan p = plan_of(cfg);
    return p.units_n * p.unit_len;
}

uint64_t shard_item_max(uint64_t units_bytes)
{
    /* Half of all units is the index's at most; with UNITS_MIN of them, this many are not more than the
     * other half. */
    return units_bytes * 7 / 16;
}

/** Lay the tables of p out in the block; false when they do not fit, which the plan rules out. */
static bool carve(struct shard *s, struct arena *block, const struct plan *p, uint32_t recent_n)
{
    struct tag *tags = arena_take(block, p->tags_n, sizeof *tags);
    uint32_t *tag_heads = arena_take(block, p->tag_heads_n, sizeof *tag_heads);
    struct prefix *prefixes = arena_take(block, p->prefixes_n, sizeof *prefixes);
    uint16_t *prefix_heads = arena_take(block, p->prefix_heads_n, sizeof *prefix_heads);
    struct record *ring = arena_take(block, recent_n, sizeof *ring);
    uint64_t *recent_heads = arena_take(block, recent_n, sizeof *recent_heads);
    s->bucket_bars = arena_take(block, p->buckets_n, sizeof *s->bucket_bars);
    struct lease *leases = arena_take(block, p->leases_n, sizeof *leases);
    uint16_t *ghosts = arena_take(block, (size_t)p->ghost_lines * GHOST_LINE, sizeof *ghosts);
    struct unit *units = arena_take(block, p->units_n, sizeof *units);
    uint8_t *at = arena_take(block, p->units_n, (size_t)p->unit_len);
    struct slots_cfg slots = {.at = at, .groups_n = p->groups_n, .chunks_max = p->chunks_max};
    const size_t more_n = (size_t)p->groups_n * slots_more_n(p->chunks_max);
    slots.groups = arena_take(block, p->groups_n, sizeof *slots.groups);
    slots.more = arena_take(block, more_n, sizeof *slots.more);
    if (at == NULL || slots.groups == NULL || slots.more == NULL)
        return false;
    leases_init(&s->leases, leases, p->leases_n, 0); /* seeds are set behind us */
    slots_init(&s->slots, &slots);
    ghost_init(&s->ghost, ghosts, p->ghost_lines, 0);
    segments_init(&s->segments, at, units, p->units_n, p->unit_len);
    tagtable_init(&s->tags, tags, p->tags_n, tag_heads, p->tag_heads_n);
    prefixes_init(&s->prefixes, prefixes, p->prefixes_n, prefix_heads, p->prefix_heads_n);
    recent_init(&s->recent, ring, recent_heads, recent_n);
    return true;
}

struct shard *shard_new(struct arena *arena, const struct shard_cfg *cfg)
{
    const struct plan p = plan_of(cfg);
    void *mem = p.units_n == 0 ? NULL : arena_take(arena, 1, (size_t)cfg->bytes);
    if (mem == NULL)
        return NULL;
    struct arena block;
    arena_init(&block, mem, (size_t)cfg->bytes);
    struct shard *s = arena_take(&block, 1, sizeof *s);
    if (s == NULL || !carve(s, &block, &p, cfg->recent_n))
        return NULL;
    s->slots.seed = s->ghost.seed = s->tags.seed = s->prefixes.seed = s->recent.seed = cfg->seed;
    s->buckets_mask = p.buckets_n - 1;
    s->bucket_bits = cfg->bucket_bits;
    s->hkey = cfg->hkey;
    s->names = cfg->names;
    return s;
}

uint64_t shard_hash(const struct shard *s, const struct item *it)
{
    return hash_target(s->hkey, TARGET_KEY, names_text(s->names, item_ns(it)), item_key(it));
}

struct item *shard_next(struct shard *s, uint64_t hash, struct probe *p)
{
    while (slots_next(&s->slots, p)) {
        struct item *it = segments_item(&s->segments, p->where);
        if (shard_hash(s, it) == hash)
            return it;
    }
    return NULL;
}

/** Begin to fetch what follows the first line of an item, before its head says where what is. */
static void fetch_rest(const struct item *it)
{
    for (size_t i = 1; i < ITEM_LINES; i++)
        __builtin_prefetch((const uint8_t *)it + i * ALIGN);
}

struct item *shard_find(struct shard *s, const struct cache_key *key, uint8_t ns_i, struct probe *p)
{
    *p = slots_probe(&s->slots, key->hash);
    while (slots_next(&s->slots, p)) {
        struct item *it = segments_item(&s->segments, p->where);
        fetch_rest(it);
        if (item_ns(it) == ns_i && slice_eq(item_key(it), key->key))
            return it;
    }
    return NULL;
}

uint64_t *shard_bucket_bar(const struct shard *s, uint64_t hash)
{
    return &s->bucket_bars[dot_bucket(hash, s->bucket_bits) & s->buckets_mask];
}

static bool a_bucket_kills(const struct shard *s, const struct item *it)
{
    /* Hardly any bucket was ever raised: then the hash need not be made. */
    return item_stamp(it) < s->bucket_top &&
           item_stamp(it) < *shard_bucket_bar(s, shard_hash(s, it));
}

static bool a_conjunction_kills(const struct shard *s, const struct item *it)
{
    const uint64_t stamp = item_stamp(it);
    if (item_tags_n(it) < DOT_TAGS_MIN || stamp >= s->conjunctions.top)
        return false;
    const struct tagset tags = digest_tags_of_entry(s, it);
    return conjunctions_cover(&s->conjunctions, tags.hashes, tags.n, stamp);
}

static bool a_tag_kills(const struct shard *s, const struct item *it)
{
    const uint8_t n = item_tags_n(it);
    if (n == 0)
        return false;
    const uint32_t *ids = item_tag_ids(it);
    const uint64_t stamp = item_stamp(it);
    for (uint32_t i = 0; i < n; i++) {
        if (stamp < s->tags.tags[ids[i]].bar)
            return true;
    }
    return stamp < s->tagged_bar || a_conjunction_kills(s, it);
}

/** What a prefix covers was removed by the end of its sweep (see sweep.c); from then on it is there for what
 *  is yet to be stored, and no entry need be hashed for it. */
static bool a_prefix_kills(const struct shard *s, const struct item *it)
{
    const struct prefix *newest = prefixes_newest(&s->prefixes);
    return newest != NULL && newest->pass > s->sweep.done &&
           prefixes_cover(&s->prefixes, s->hkey, names_text(s->names, item_ns(it)), item_key(it),
                          item_stamp(it));
}

bool shard_kills(const struct shard *s, const struct item *it)
{
    const uint64_t stamp = item_stamp(it);
    return stamp < s->allbar || stamp < s->ns[item_ns(it)].bar || a_bucket_kills(s, it) ||
           a_tag_kills(s, it) || a_prefix_kills(s, it);
}

static bool a_tag_marks(const struct shard *s, const struct item *it)
{
    const uint32_t *ids = item_tag_ids(it);
    const uint64_t stamp = item_stamp(it);
    for (uint32_t i = 0; i < item_tags_n(it); i++) {
        if (stamp < s->tags.tags[ids[i]].soft)
            return true;
    }
    return false;
}

bool shard_stale(const struct shard *s, const struct item *it, mono_us now)
{
    const uint64_t stamp = item_stamp(it);
    return (item_flags(it) & ITEM_STALE) != 0 || stamp < s->all_soft ||
           stamp < s->ns[item_ns(it)].soft || a_tag_marks(s, it) || now >= item_fresh_until(it);
}

bool shard_gives(struct shard *s, const struct item *it, mono_us now)
{
    return (item_flags(it) & ITEM_UNPROVEN) == 0 && shard_lives(s, it, now) &&
           !shard_stale(s, it, now) &&
           quarantine_ask(&s->quarantine, now, shard_hash(s, it)) == CACHE_STORED &&
           item_expires(it) - now >= US_PER_MS && item_fresh_until(it) - now >= US_PER_MS;
}

bool shard_lives(const struct shard *s, const struct item *it, mono_us now)
{
    return now < item_expires(it) && !shard_kills(s, it);
}

struct cache_ns_stats *shard_stats_of(struct shard *s, const struct item *it)
{
    return &s->ns[item_ns(it)].stats;
}

void shard_count_end(struct shard *s, const struct item *it, bool expired)
{
    struct cache_ns_stats *stats = shard_stats_of(s, it);
    stats->expired += expired;
    stats->invalidated += !expired;
}

void shard_remove(struct shard *s, struct item *it, struct probe *p)
{
    const uint32_t *ids = item_tag_ids(it);
    assert((item_flags(it) & ITEM_DEAD) == 0);
    for (uint32_t i = 0; i < item_tags_n(it); i++)
        tagtable_release(&s->tags, ids[i]);
    struct cache_ns_stats *stats = shard_stats_of(s, it);
    const uint64_t len = item_len(it);
    stats->items--;
    stats->bytes -= len;
    item_mark(it, ITEM_DEAD);
    segments_kill(&s->segments, p->where, len);
    slots_remove(&s->slots, p);
}
