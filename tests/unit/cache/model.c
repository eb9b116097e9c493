#include "model.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUES   4
#define FEW_TAGS 5 /* that sets are made of */

static const char *const ns_names[REF_NS] = {"", "a", "bb"};
static const uint64_t ttls[] = {0, 40, 5000, 6000}; /* the last two are of one class */
static const uint64_t freshes[] = {0, 20, 3000, 3500};

uint64_t model_below(struct model *m, uint64_t n)
{
    return rng_below(&m->rng, n);
}

const char *model_ns(uint8_t ns)
{
    return ns_names[ns];
}

struct cache_key model_key(struct model *m, size_t key_i)
{
    const struct ref_key *k = &m->ref->keys[key_i];
    return key_of(m->w, ns_names[k->ns], k->text);
}

/* ---- beginning and end ---- */

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
        const size_t len = 2 + model_below(m, REF_KEY - 8);
        for (size_t j = 0; j < len; j++)
            k->text[j] = (char)('a' + model_below(m, 2));
        snprintf(k->text + len, 6, "%zu", i); /* all different */
        k->ns = (uint8_t)model_below(m, REF_NS);
        k->hash = model_key(m, i).hash;
    }
}

struct model *model_new(const struct world_cfg *cfg, uint64_t seed, bool exact)
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

void model_free(struct model *m)
{
    world_free(m->w);
    ref_free(m->ref);
    free(m);
}

/* ---- contents ---- */

static uint8_t class_of(uint64_t ms)
{
    uint8_t n = 0;
    for (; ms > 0; ms >>= 1)
        n++;
    return n;
}

static mono_us after(const struct model *m, uint64_t ms)
{
    return ms == 0 ? NEVER : m->w->now + ms * US_PER_MS;
}

void model_add_tag(uint16_t tags[4], uint8_t *n, uint16_t tag)
{
    for (uint8_t i = 0; i < *n; i++) {
        if (tags[i] == tag)
            return;
    }
    uint8_t at = (*n)++;
    for (; at > 0 && tag < tags[at - 1]; at--)
        tags[at] = tags[at - 1];
    tags[at] = tag;
}

uint16_t model_tag(struct model *m)
{
    return (uint16_t)model_below(m, rng_chance(&m->rng, 350) ? FEW_TAGS : REF_TAGS);
}

static uint64_t one_of(struct model *m, const uint64_t *ms, size_t n)
{
    return ms[rng_chance(&m->rng, 600) ? 0 : model_below(m, n)];
}

/** One of few values and, half of the time, one of few tag sets, so that equal contents happen. */
struct content model_content(struct model *m, uint64_t *ttl_ms, uint64_t *fresh_ms)
{
    struct content c = {.value = (uint8_t)model_below(m, VALUES)};
    *ttl_ms = one_of(m, ttls, ARRAY_LEN(ttls));
    *fresh_ms = one_of(m, freshes, ARRAY_LEN(freshes));
    c.ttl_class = class_of(*ttl_ms);
    c.fresh_class = class_of(*fresh_ms);
    if (rng_chance(&m->rng, 300))
        c.version = (uint8_t)(1 + model_below(m, 6));
    if (rng_chance(&m->rng, 500))
        return c;
    for (uint64_t n = model_below(m, 5); n > 0; n--)
        model_add_tag(c.tags, &c.tags_n, model_tag(m));
    return c;
}

struct cache_item model_item(const struct content *c, uint64_t ttl_ms, uint64_t fresh_ms)
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
    return (struct cache_item){.value = slice_of(value, len),
                               .ttl_ms = ttl_ms,
                               .fresh_ms = fresh_ms,
                               .tags = tags,
                               .tags_n = c->tags_n,
                               .has_version = c->version != 0,
                               .version = c->version};
}

/* ---- storing ---- */

void model_offered(struct model *m, size_t key_i, const struct ref_entry *entry,
                   enum cache_reason reason)
{
    const enum cache_reason told = ref_judge(m->ref, key_i, entry, m->w->now, m->exact);
    if (m->exact)
        cr_assert_eq(reason, told, "seed %" PRIu64 ": said %s, not %s", m->seed,
                     cache_reason_text(reason), cache_reason_text(told));
    if (reason != CACHE_STORED)
        return;
    cr_assert_eq(told, CACHE_STORED, "seed %" PRIu64 ": stored, though %s", m->seed,
                 cache_reason_text(told));
    m->ref->keys[key_i].entry = *entry;
    m->ref->keys[key_i].entry.there = true;
    m->stored++;
}

static struct ref_entry offer(struct model *m, struct cache_item *item)
{
    uint64_t ttl_ms, fresh_ms;
    struct ref_entry entry = {.content = model_content(m, &ttl_ms, &fresh_ms)};
    entry.expires_us = after(m, ttl_ms);
    entry.fresh_us = after(m, fresh_ms);
    *item = model_item(&entry.content, ttl_ms, fresh_ms);
    return entry;
}

void model_fill(struct model *m)
{
    struct pending *p = &m->pending[model_below(m, MODEL_PENDING)];
    struct cache_item item;
    if (!p->there)
        return;
    struct ref_entry entry = offer(m, &item);
    const struct cache_key key = model_key(m, p->key_i);
    entry.stamp = p->stamp;
    const enum cache_reason reason =
        cache_fill(m->w->c, m->w->now, &key, &item, slice_of(p->token, TOKEN_LEN));
    model_offered(m, p->key_i, &entry, reason);
    p->there = rng_chance(&m->rng, 200); /* some tokens are used again */
}

void model_import(struct model *m)
{
    const size_t key_i = model_below(m, REF_KEYS);
    const uint64_t back = model_below(m, m->w->index < 20 ? m->w->index : 20);
    struct cache_item item;
    struct ref_entry entry = offer(m, &item);
    const struct cache_key key = model_key(m, key_i);
    entry.stamp = m->w->index - back;
    entry.peer = true;
    model_offered(m, key_i, &entry, cache_import(m->w->c, m->w->now, &key, &item, entry.stamp));
}

/** A put: its dot, perhaps another event, then its store, with a token half of the time. */
void model_put(struct model *m)
{
    const struct pending p = m->pending[model_below(m, MODEL_PENDING)];
    const bool with_token = p.there && rng_chance(&m->rng, 500);
    const size_t target = with_token ? p.key_i : model_below(m, REF_KEYS);
    struct cache_item item;
    struct ref_entry entry = offer(m, &item);
    const struct cache_key key = model_key(m, target);
    const uint64_t ended = with_token && rng_chance(&m->rng, 300) ? model_end(m, target) : 0;
    const struct dot d = {.kind = DOT_PUT,
                          .hash = key.hash,
                          .has_version = item.has_version,
                          .version = item.version,
                          .digest = cache_digest(m->w->c, &key, &item)};
    const uint64_t index = issue(m->w, d);
    ref_key_dot(m->ref, target,
                &(struct key_dot){.index = index,
                                  .is_put = true,
                                  .version = entry.content.version,
                                  .content = entry.content});
    if (rng_chance(&m->rng, 200))
        model_key_dot(m);
    if (rng_chance(&m->rng, 100))
        model_tag_dot(m);
    if (rng_chance(&m->rng, 300)) /* some only announce */
        return;
    item = model_item(&entry.content, item.ttl_ms, item.fresh_ms);
    entry.stamp = with_token ? p.stamp : index;
    entry.own = with_token ? index : 0;
    entry.ended = ended;
    entry.unproven = !with_token;
    const struct cache_written written = {
        .token = slice_of(p.token, TOKEN_LEN), .index = index, .ended = ended};
    model_offered(m, target, &entry,
                  with_token ? cache_put_token(m->w->c, m->w->now, &key, &item, &written)
                             : cache_put(m->w->c, m->w->now, &key, &item, index));
}

/* ---- reading ---- */

static struct cache_ask random_ask(struct model *m)
{
    struct cache_ask ask = {.stale_ok = rng_chance(&m->rng, 300)};
    ask.proven_only = rng_chance(&m->rng, 100);
    if (rng_chance(&m->rng, 100))
        ask.min_stamp = m->w->index - model_below(m, m->w->index < 50 ? m->w->index : 50);
    return ask;
}

static void assert_shown(const struct model *m, const struct ref_entry *e, enum cache_found found)
{
    cr_assert_eq(m->w->seen_len, 4 + 90u * e->content.value);
    cr_assert_eq(m->w->seen[0], 'A' + e->content.value);
    cr_assert_eq(m->w->hit.stale, found == CACHE_STALE);
    cr_assert_eq(m->w->hit.unproven, e->unproven);
    cr_assert_eq(m->w->hit.has_version, e->content.version != 0);
    cr_assert(!m->w->hit.has_version || m->w->hit.version == e->content.version);
}

void model_get(struct model *m)
{
    const size_t key_i = model_below(m, rng_chance(&m->rng, 500) ? 16 : REF_KEYS);
    const struct ref_key *k = &m->ref->keys[key_i];
    const struct cache_ask ask = random_ask(m);
    const enum cache_found told = ref_look(m->ref, key_i, m->w->now, &ask);
    const enum cache_found found = look_in(m->w, ns_names[k->ns], k->text, ask);
    cr_assert(found == CACHE_ABSENT || found == told, "seed %" PRIu64 ": %s is %d, not %d", m->seed,
              k->text, found, told);
    cr_assert(!m->exact || found == told, "seed %" PRIu64 ": a needless miss of %s", m->seed,
              k->text);
    m->hits += found != CACHE_ABSENT;
    if (found != CACHE_ABSENT) {
        assert_shown(m, &k->entry, found);
        return;
    }
    struct pending *p = &m->pending[model_below(m, MODEL_PENDING)];
    *p = (struct pending){.there = true, .key_i = key_i, .stamp = m->w->index};
    take_token(m->w, ns_names[k->ns], k->text, p->token);
}

void model_touch(struct model *m)
{
    const size_t key_i = model_below(m, REF_KEYS);
    struct ref_entry *e = &m->ref->keys[key_i].entry;
    const struct cache_key key = model_key(m, key_i);
    const uint64_t ttl_ms = ttls[model_below(m, ARRAY_LEN(ttls))];
    const bool lives = ref_lives(m->ref, key_i, m->w->now);
    const bool touched = cache_touch(m->w->c, m->w->now, &key, ttl_ms);
    cr_assert(!touched || lives);
    cr_assert(!m->exact || touched == lives);
    if (!touched)
        return;
    e->expires_us = after(m, ttl_ms);
    e->content.ttl_class = class_of(ttl_ms);
}
