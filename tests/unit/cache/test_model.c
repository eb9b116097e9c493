/**
 * Random lives of a cache beside a reference that forgets nothing.
 *
 * A value is "as of" the L of its token. Whenever the cache returns one, no dot newer than that may
 * cover it; whenever it stores one, the reference must agree. A cache with limits may miss more; one
 * whose tables are never full must do exactly what the reference does.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#include "reference.h"
#include "seed.h"
#include "world.h"

#define PENDING 48
#define VALUES  4

static const char *const ns_names[REF_NS] = {"", "a", "bb"};
static const uint64_t ttls[] = {0, 40, 5000, 6000}; /* the last two are of one class */

/** A token in somebody's hands. */
struct pending {
    bool there;
    size_t key_i;
    uint64_t stamp;
    uint8_t token[TOKEN_LEN];
};

struct model {
    struct world *w;
    struct reference *ref;
    struct rng rng;
    uint64_t seed;
    bool exact;
    bool sweeps;       /* as it should; else rarely */
    size_t prefix_max; /* longest prefix dot */
    struct pending pending[PENDING];
    uint64_t hits, stored;
};

static uint64_t below(struct model *m, uint64_t n)
{
    return rng_below(&m->rng, n);
}

/** In an exact life the namespaces are there from the start: a put whose dot is older than its
 *  namespace is refused, needlessly, once. */
static void make_namespaces(struct model *m)
{
    uint8_t ns_i;
    for (size_t i = 0; i < REF_NS; i++)
        cr_assert_eq(cache_namespace(m->w->c, slice_text(ns_names[i]), &ns_i), OK);
}

static void make_keys(struct model *m)
{
    for (size_t i = 0; i < REF_KEYS; i++) {
        struct ref_key *k = &m->ref->keys[i];
        const size_t len = 2 + below(m, REF_KEY - 8);
        for (size_t j = 0; j < len; j++)
            k->text[j] = (char)('a' + below(m, 2));
        snprintf(k->text + len, 6, "%zu", i); /* all different */
        k->ns = (uint8_t)below(m, REF_NS);
    }
}

static struct model *model_new(const struct world_cfg *cfg, uint64_t seed, bool exact)
{
    struct model *m = calloc(1, sizeof *m);
    m->w = world_new(cfg);
    m->ref = calloc(1, sizeof *m->ref);
    m->seed = seed;
    m->exact = exact;
    m->sweeps = exact || seed % 2 == 0;
    m->prefix_max = exact ? 12 : REF_KEY;
    rng_init(&m->rng, seed);
    make_keys(m);
    if (exact)
        make_namespaces(m);
    return m;
}

static void model_free(struct model *m)
{
    world_free(m->w);
    ref_free(m->ref);
    free(m);
}

/* ---- contents ---- */

static uint8_t class_of(uint64_t ttl_ms)
{
    uint8_t n = 0;
    for (; ttl_ms > 0; ttl_ms >>= 1)
        n++;
    return n;
}

static void add_tag(struct content *c, uint16_t tag)
{
    for (size_t i = 0; i < c->tags_n; i++) {
        if (c->tags[i] == tag)
            return;
    }
    c->tags[c->tags_n++] = tag;
    for (size_t i = c->tags_n - 1u; i > 0 && c->tags[i] < c->tags[i - 1]; i--) {
        const uint16_t t = c->tags[i];
        c->tags[i] = c->tags[i - 1];
        c->tags[i - 1] = t;
    }
}

/** One of few values and, half of the time, one of few tag sets, so that equal contents happen. */
static struct content random_content(struct model *m, uint64_t *ttl_ms)
{
    struct content c = {.value = (uint8_t)below(m, VALUES)};
    *ttl_ms = ttls[rng_chance(&m->rng, 600) ? 0 : below(m, ARRAY_LEN(ttls))];
    c.ttl_class = class_of(*ttl_ms);
    if (rng_chance(&m->rng, 500))
        return c;
    for (uint64_t n = below(m, 5); n > 0; n--)
        add_tag(&c, (uint16_t)below(m, rng_chance(&m->rng, 300) ? 3 : REF_TAGS));
    return c;
}

/** The item of a content; its bytes live until the next call. */
static struct cache_item item_of(const struct content *c, uint64_t ttl_ms)
{
    static char names[4][8];
    static struct slice tags[4];
    static uint8_t value[512];
    const size_t len = 4 + 90u * c->value;
    memset(value, 'A' + c->value, len);
    for (size_t i = 0; i < c->tags_n; i++) { /* in reverse order: a set has none */
        snprintf(names[i], sizeof names[i], "t%u", c->tags[c->tags_n - 1u - i]);
        tags[i] = slice_text(names[i]);
    }
    return (struct cache_item){
        .value = slice_of(value, len), .ttl_ms = ttl_ms, .tags = tags, .tags_n = c->tags_n};
}

static struct cache_key key_at(struct model *m, size_t key_i)
{
    const struct ref_key *k = &m->ref->keys[key_i];
    return key_of(m->w, ns_names[k->ns], k->text);
}

/* ---- operations ---- */

/** A value was offered with this stamp, and the cache said reason. */
static void offered(struct model *m, size_t key_i, const struct ref_key *entry,
                    enum cache_reason reason)
{
    enum cache_reason told = ref_judge(m->ref, key_i, &entry->content, entry->stamp, entry->own);
    const bool newer =
        ref_lives(m->ref, key_i, m->w->now) && m->ref->keys[key_i].stamp > entry->stamp;
    if (told == CACHE_STORED && newer && m->exact)
        told = CACHE_NEWER;
    if (m->exact)
        cr_assert_eq(reason, told, "seed %" PRIu64 ": said %s, not %s", m->seed,
                     cache_reason_text(reason), cache_reason_text(told));
    if (reason != CACHE_STORED)
        return;
    cr_assert_eq(told, CACHE_STORED, "seed %" PRIu64 ": stored, though %s", m->seed,
                 cache_reason_text(told));
    ref_store(m->ref, key_i, entry);
    m->stored++;
}

static void step_get(struct model *m)
{
    const size_t key_i = below(m, rng_chance(&m->rng, 500) ? 16 : REF_KEYS);
    const struct ref_key *k = &m->ref->keys[key_i];
    const bool lives = ref_lives(m->ref, key_i, m->w->now);
    const bool hit = get(m->w, ns_names[k->ns], k->text);
    cr_assert(!hit || lives, "seed %" PRIu64 ": a dead value of %s is served", m->seed, k->text);
    cr_assert(!m->exact || hit == lives, "seed %" PRIu64 ": a needless miss of %s", m->seed,
              k->text);
    m->hits += hit;
    if (hit) {
        cr_assert_eq(m->w->seen_len, 4 + 90u * k->content.value);
        cr_assert_eq(m->w->seen[0], 'A' + k->content.value);
        return;
    }
    struct pending *p = &m->pending[below(m, PENDING)];
    *p = (struct pending){.there = true, .key_i = key_i, .stamp = m->w->index};
    take_token(m->w, ns_names[k->ns], k->text, p->token);
}

static void step_fill(struct model *m)
{
    struct pending *p = &m->pending[below(m, PENDING)];
    uint64_t ttl_ms;
    if (!p->there)
        return;
    struct ref_key entry = {.stamp = p->stamp, .content = random_content(m, &ttl_ms)};
    const struct cache_item item = item_of(&entry.content, ttl_ms);
    const struct cache_key key = key_at(m, p->key_i);
    entry.expires_us = ttl_ms == 0 ? NEVER : m->w->now + ttl_ms * US_PER_MS;
    const enum cache_reason reason =
        cache_fill(m->w->c, m->w->now, &key, &item, slice_of(p->token, TOKEN_LEN));
    offered(m, p->key_i, &entry, reason);
    p->there = rng_chance(&m->rng, 200); /* some tokens are used again */
}

static void apply_target(struct model *m, uint8_t kind, uint8_t ns, const char *target,
                         uint64_t index)
{
    apply_at(m->w, kind, ns_names[ns], target, index);
}

/** The effect index of a wide dot: now, or, as one heard of earlier, a little ago. */
static uint64_t wide_index(struct model *m)
{
    const uint64_t a = event(m->w);
    return a > 6 ? a - below(m, 5) : a;
}

static void raise(uint64_t *bar, uint64_t index)
{
    *bar = index > *bar ? index : *bar;
}

static void step_key_dot(struct model *m)
{
    const size_t key_i = below(m, REF_KEYS);
    const struct ref_key *k = &m->ref->keys[key_i];
    const uint64_t index = event(m->w);
    apply_target(m, DOT_KEY, k->ns, k->text, index);
    raise(&m->ref->keys[key_i].key_bar, index);
}

static void step_tag_dot(struct model *m)
{
    char name[8];
    const uint8_t ns = (uint8_t)below(m, REF_NS);
    const uint64_t tag = below(m, rng_chance(&m->rng, 300) ? 3 : REF_TAGS);
    const uint64_t index = wide_index(m);
    snprintf(name, sizeof name, "t%u", (unsigned)tag);
    apply_target(m, DOT_TAG, ns, name, index);
    raise(&m->ref->tag_bar[ns][tag], index);
}

static void step_prefix_dot(struct model *m)
{
    char prefix[REF_KEY + 1] = {0};
    const struct ref_key *k = &m->ref->keys[below(m, REF_KEYS)];
    const size_t most = strlen(k->text) < m->prefix_max ? strlen(k->text) : m->prefix_max;
    const size_t len = 1 + below(m, most);
    const uint64_t index = wide_index(m);
    memcpy(prefix, k->text, len);
    apply_target(m, DOT_PREFIX, k->ns, prefix, index);
    ref_prefix(m->ref, k->ns, prefix, len, index);
}

static void step_wider_dot(struct model *m)
{
    const uint64_t which = below(m, 6);
    const uint8_t ns = (uint8_t)below(m, REF_NS);
    const uint64_t index = wide_index(m);
    if (which < 4) {
        apply_target(m, DOT_NAMESPACE, ns, "", index);
        raise(&m->ref->ns_bar[ns], index);
        return;
    }
    if (which == 4)
        apply_target(m, DOT_ALL, 0, "", index);
    else
        cache_bar(m->w->c, index);
    raise(&m->ref->all_bar, index);
}

/** A put: its dot, perhaps another event, then its store, with a token half of the time. */
static void step_put(struct model *m)
{
    uint64_t ttl_ms;
    const size_t key_i = below(m, REF_KEYS);
    struct pending *p = &m->pending[below(m, PENDING)];
    const bool with_token = p->there && rng_chance(&m->rng, 500);
    const size_t target = with_token ? p->key_i : key_i;
    struct ref_key entry = {.content = random_content(m, &ttl_ms)};
    struct cache_key key = key_at(m, target);
    struct cache_item item = item_of(&entry.content, ttl_ms);
    const struct dot d = {
        .kind = DOT_PUT, .hash = key.hash, .digest = cache_digest(m->w->c, &key, &item)};
    const uint64_t index = event(m->w);
    cache_apply(m->w->c, &d, index);
    ref_put(m->ref, target, &entry.content, index);
    if (rng_chance(&m->rng, 200))
        step_key_dot(m);
    if (rng_chance(&m->rng, 100))
        step_tag_dot(m);
    if (rng_chance(&m->rng, 300)) /* some only announce */
        return;
    entry.expires_us = ttl_ms == 0 ? NEVER : m->w->now + ttl_ms * US_PER_MS;
    entry.stamp = with_token ? p->stamp : index;
    entry.own = with_token ? index : 0;
    offered(m, target, &entry,
            with_token ? cache_put_token(m->w->c, m->w->now, &key, &item,
                                         slice_of(p->token, TOKEN_LEN), index)
                       : cache_put(m->w->c, m->w->now, &key, &item, index));
}

static void step_touch(struct model *m)
{
    const size_t key_i = below(m, REF_KEYS);
    struct ref_key *k = &m->ref->keys[key_i];
    const struct cache_key key = key_at(m, key_i);
    const uint64_t ttl_ms = ttls[below(m, ARRAY_LEN(ttls))];
    const bool lives = ref_lives(m->ref, key_i, m->w->now);
    const bool touched = cache_touch(m->w->c, m->w->now, &key, ttl_ms);
    cr_assert(!touched || lives);
    cr_assert(!m->exact || touched == lives);
    if (!touched)
        return;
    k->expires_us = ttl_ms == 0 ? NEVER : m->w->now + ttl_ms * US_PER_MS;
    k->content.ttl_class = class_of(ttl_ms);
    k->touched = m->w->index;
}

static void step(struct model *m)
{
    const uint64_t dice = below(m, 1000);
    m->w->now += below(m, 1500);
    if (dice < 450)
        step_get(m);
    else if (dice < 800)
        step_fill(m);
    else if (dice < 840)
        step_key_dot(m);
    else if (dice < 870)
        step_put(m);
    else if (dice < 890)
        step_tag_dot(m);
    else if (dice < 900)
        step_prefix_dot(m);
    else if (dice < 902)
        step_wider_dot(m);
    else if (dice < 912)
        step_touch(m);
    else if (m->sweeps || dice == 912)
        (void)cache_step(m->w->c, m->w->now);
}

static void add(struct cache_stats *sum, const struct cache_stats *s)
{
    uint64_t *to = (uint64_t *)(void *)sum;
    const uint64_t *from = (const uint64_t *)(const void *)s;
    for (size_t i = 0; i < sizeof *s / sizeof *to; i++)
        to[i] += from[i];
}

static void run(const struct world_cfg *cfg, uint64_t seed, uint64_t ops, struct cache_stats *sum)
{
    struct model *m = model_new(cfg, seed, false);
    for (uint64_t i = 0; i < ops; i++) {
        step(m);
        if (i % 1024 == 0)
            cr_assert_leq(stats(m->w).used_bytes, cfg->budget_bytes);
    }
    cr_assert_gt(m->hits, ops / 50, "seed %" PRIu64 ": it still is a cache", seed);
    const struct cache_stats s = stats(m->w);
    add(sum, &s);
    model_free(m);
}

static void assert_everything_happened(const struct cache_stats *s)
{
    static const enum cache_reason reasons[] = {
        CACHE_INVALIDATED, CACHE_TAG,       CACHE_PREFIX, CACHE_NAMESPACE,
        CACHE_ALL,         CACHE_FORGOTTEN, CACHE_NEWER,  CACHE_TAGS_FULL,
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        cr_assert_gt(s->refused[reasons[i]], 0, "no %s", cache_reason_text(reasons[i]));
    cr_assert_gt(s->evicted, 0);
    cr_assert_gt(s->reinserted, 0);
    cr_assert_gt(s->expired, 0);
    cr_assert_gt(s->killed, 0);
    cr_assert_gt(s->spared, 0);
    cr_assert_gt(s->swept, 0);
    cr_assert_gt(s->dead_lookups, 0);
    cr_assert_gt(s->prefixes_folded, 0);
    cr_assert_gt(s->tags_full, 0);
}

Test(model, a_small_cache_never_serves_what_a_dot_covered)
{
    static const struct world_cfg cfgs[] = {
        {.budget_bytes = 32 << 10, .shards = 1, .recent_max = 16},
        {.budget_bytes = 24 << 10, .shards = 1, .recent_max = 4},
        {.budget_bytes = 96 << 10, .shards = 2, .recent_max = 64},
        {.budget_bytes = 128 << 10, .shards = 1, .recent_max = 256},
    };
    const uint64_t seed = seed_of(20240601);
    struct cache_stats sum = {0};
    for (uint64_t i = 0; i < 2 * ARRAY_LEN(cfgs); i++)
        run(&cfgs[i % ARRAY_LEN(cfgs)], seed + i, 60000, &sum);
    assert_everything_happened(&sum);
}

Test(model, a_roomy_cache_does_exactly_what_the_reference_does)
{
    const struct world_cfg cfg = {.budget_bytes = 48 << 20, .shards = 4, .recent_max = 32768};
    const uint64_t seed = seed_of(77001);
    for (uint64_t i = 0; i < 3; i++) {
        struct model *m = model_new(&cfg, seed + i, true);
        for (int n = 0; n < 40000; n++)
            step(m);
        const struct cache_stats s = stats(m->w);
        cr_assert_eq(s.evicted + s.prefixes_folded + s.tags_full + s.refused[CACHE_FORGOTTEN], 0);
        cr_assert_gt(m->hits, 1000);
        cr_assert_gt(m->stored, 1000);
        model_free(m);
    }
}
