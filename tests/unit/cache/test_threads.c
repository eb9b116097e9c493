/**
 * Three workers and one control thread on one cache, with real locks.
 *
 * The source of truth is a version per key. Control commits new versions, then issues the dot that
 * covers them, then notes that it is covered. A worker that begins a read after that must not see an
 * older version.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cache/cache.h"
#include "cache/hint.h"

#include "seed.h"

#define KEYS      64
#define WORKERS   3
#define DOTS      12000
#define DOTS_MOST (100 * DOTS) /* until workers have seen at least so much: */
#define SEEN_MIN  100
#define SHARDS    4
#define HELD      8 /* tokens that one worker sits on */

struct stage {
    struct cache *c;
    pthread_mutex_t shards[SHARDS];
    pthread_mutex_t names;
    _Atomic uint64_t source[KEYS];  /* committed version */
    _Atomic uint64_t covered[KEYS]; /* every dot up to this version is covered */
    _Atomic uint64_t now;
    _Atomic uint64_t stale, hits, stored;
    _Atomic bool stop;
};

struct worker {
    struct stage *s;
    uint64_t seed;
    struct rng rng;

    struct {
        bool there;
        uint32_t key_i;
        uint64_t version;
        uint8_t token[TOKEN_LEN];
    } held[HELD];
};

static void lock_shard(void *ctx, uint32_t shard_i)
{
    pthread_mutex_lock(&((struct stage *)ctx)->shards[shard_i]);
}

static void unlock_shard(void *ctx, uint32_t shard_i)
{
    pthread_mutex_unlock(&((struct stage *)ctx)->shards[shard_i]);
}

static void lock_names(void *ctx)
{
    pthread_mutex_lock(&((struct stage *)ctx)->names);
}

static void unlock_names(void *ctx)
{
    pthread_mutex_unlock(&((struct stage *)ctx)->names);
}

/* Key i: namespace i % 2, prefix "p<i % 4>/", tag "t<i % 8>". */

static const char *ns_of(uint32_t i)
{
    return i % 2 == 0 ? "" : "odd";
}

static struct cache_key key_of_i(const struct stage *s, uint32_t i, char text[16])
{
    struct cache_key key;
    snprintf(text, 16, "p%u/%u", i % 4, i);
    cr_assert_eq(cache_key(s->c, slice_text(ns_of(i)), slice_text(text), &key), OK);
    return key;
}

static void read_version(void *ctx, const struct cache_hit *hit)
{
    memcpy(ctx, hit->value.at, sizeof(uint64_t));
}

static void fill_held(struct worker *w, size_t slot)
{
    char text[16], tag[8];
    uint8_t value[300] = {0};
    const uint32_t i = w->held[slot].key_i;
    const struct cache_key key = key_of_i(w->s, i, text);
    snprintf(tag, sizeof tag, "t%u", i % 8);
    const struct slice tags = slice_text(tag);
    memcpy(value, &w->held[slot].version, sizeof w->held[slot].version);
    const struct cache_item item = {.value = slice_of(value, 8 + rng_below(&w->rng, 290)),
                                    .ttl_ms = rng_below(&w->rng, 3) * 100,
                                    .tags = &tags,
                                    .tags_n = 1};
    const enum cache_reason reason = cache_fill(w->s->c, atomic_load(&w->s->now), &key, &item,
                                                slice_of(w->held[slot].token, TOKEN_LEN));
    w->held[slot].there = false;
    if (reason == CACHE_STORED)
        atomic_fetch_add(&w->s->stored, 1);
}

/** The source is read after the token was taken, as C2 of every cache of this kind demands. */
static void miss(struct worker *w, const struct cache_key *key, uint32_t i)
{
    const size_t slot = rng_below(&w->rng, HELD);
    if (w->held[slot].there)
        fill_held(w, slot);
    if (cache_token(w->s->c, atomic_load(&w->s->now), key, w->held[slot].token) != OK)
        return;
    if (rng_chance(&w->rng, 100))
        sched_yield();
    w->held[slot].version = atomic_load(&w->s->source[i]);
    w->held[slot].key_i = i;
    w->held[slot].there = true;
    if (rng_chance(&w->rng, 700))
        fill_held(w, slot);
}

static void look(struct worker *w)
{
    char text[16];
    uint64_t version = 0;
    const uint32_t i = (uint32_t)rng_below(&w->rng, KEYS);
    const struct cache_key key = key_of_i(w->s, i, text);
    const uint64_t least = atomic_load(&w->s->covered[i]);
    struct cache_hint h;
    cache_hint(w->s->c, key.hash, &h);
    cache_hint_index(&h);
    cache_hint_fill(&h);
    cache_hint_item(&h, 300);
    if (cache_get(w->s->c, atomic_load(&w->s->now), &key, &(struct cache_ask){.min_stamp = 0},
                  read_version, &version) != CACHE_HIT) {
        miss(w, &key, i);
        return;
    }
    atomic_fetch_add(&w->s->hits, 1);
    if (version < least)
        atomic_fetch_add(&w->s->stale, 1);
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    rng_init(&w->rng, w->seed);
    while (!atomic_load(&w->s->stop)) {
        look(w);
        if (rng_chance(&w->rng, 50))
            (void)cache_step(w->s->c, atomic_load(&w->s->now));
    }
    return NULL;
}

/** Does the dot of this kind on the target of key k cover key i? */
static bool covers(uint8_t kind, uint32_t k, uint32_t i)
{
    if (kind == DOT_KEY)
        return k == i;
    if (kind == DOT_TAG)
        return k % 8 == i % 8;
    if (kind == DOT_PREFIX)
        return k % 4 == i % 4 && k % 2 == i % 2;
    return kind == DOT_ALL || k % 2 == i % 2;
}

static uint64_t target_of(const struct stage *s, uint8_t kind, uint32_t k)
{
    char text[16];
    const struct hkey *hkey = &cache_config(s->c)->hkey;
    const struct slice ns = slice_text(ns_of(k));
    if (kind == DOT_KEY)
        return key_of_i(s, k, text).hash;
    snprintf(text, sizeof text, kind == DOT_TAG ? "t%u" : "p%u/", kind == DOT_TAG ? k % 8 : k % 4);
    if (kind == DOT_NAMESPACE)
        text[0] = '\0';
    const enum target_class class = kind == DOT_TAG      ? TARGET_TAG
                                    : kind == DOT_PREFIX ? TARGET_PREFIX
                                                         : TARGET_NAMESPACE;
    return hash_target(hkey, class, ns, slice_text(text));
}

static uint8_t random_kind(struct rng *rng)
{
    static const uint8_t wide[] = {DOT_TAG, DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL};
    return rng_chance(rng, 850) ? DOT_KEY : wide[rng_below(rng, ARRAY_LEN(wide))];
}

/* Workers may not have had a core yet. */
static bool saw_enough(struct stage *s)
{
    return atomic_load(&s->hits) > SEEN_MIN && atomic_load(&s->stored) > SEEN_MIN;
}

static void control(struct stage *s, struct rng *rng)
{
    for (uint64_t n = 1; n <= DOTS || (n <= DOTS_MOST && !saw_enough(s)); n++) {
        const uint8_t kind = random_kind(rng);
        const uint32_t k = (uint32_t)rng_below(rng, KEYS);
        for (uint32_t i = 0; i < KEYS; i++) {
            if (covers(kind, k, i))
                atomic_fetch_add(&s->source[i], 1);
        }
        const struct dot d = {.epoch = 1,
                              .seq = n,
                              .kind = kind,
                              .hash = target_of(s, kind, k),
                              .prefix_len = 3,
                              .soft = rng_chance(rng, 300)};
        cache_publish(s->c, n + 1);
        cache_apply(s->c, atomic_load(&s->now), &d, n + 1);
        for (uint32_t i = 0; i < KEYS; i++) {
            if (covers(kind, k, i))
                atomic_store(&s->covered[i], atomic_load(&s->source[i]));
        }
        atomic_fetch_add(&s->now, 50);
        (void)cache_step(s->c, atomic_load(&s->now));
        if (n % 4 == 0)
            sched_yield();
    }
}

static struct stage *stage_new(void *mem, size_t len)
{
    static struct stage s;
    struct arena arena;
    const struct cache_cfg cfg = {.hkey = hash_cluster_key(slice_text("threads")),
                                  .budget_bytes = 304 << 10,
                                  .shards = SHARDS,
                                  .recent_max = 16,
                                  .value_max = 4096,
                                  .lock_ctx = &s,
                                  .lock = lock_shard,
                                  .unlock = unlock_shard,
                                  .ns_lock = lock_names,
                                  .ns_unlock = unlock_names};
    arena_init(&arena, mem, len);
    s.c = cache_new(&arena, &cfg);
    cr_assert_not_null(s.c);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&s.shards[i], NULL);
    pthread_mutex_init(&s.names, NULL);
    atomic_store(&s.now, 1000000);
    cache_gate_set(s.c, CACHE_OPEN);
    return &s;
}

Test(threads, no_covered_version_is_ever_read_again)
{
    static struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    struct rng rng;
    void *mem = calloc(1, 384 << 10);
    struct stage *s = stage_new(mem, 384 << 10);
    const uint64_t seed = seed_of(5);
    rng_init(&rng, seed);
    for (uint64_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.s = s, .seed = seed * 31 + i};
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    control(s, &rng);
    atomic_store(&s->stop, true);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    struct cache_stats stats;
    cache_stats(s->c, &stats);
    cr_assert_eq(atomic_load(&s->stale), 0, "%llu stale reads",
                 (unsigned long long)atomic_load(&s->stale));
    cr_assert_gt(atomic_load(&s->hits), SEEN_MIN);
    cr_assert_gt(atomic_load(&s->stored), SEEN_MIN);
    cr_assert_gt(stats.refused[CACHE_INVALIDATED], 0);
    free(mem);
}
