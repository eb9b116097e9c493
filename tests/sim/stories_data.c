/* Invalidations, fills, joins under load, clients. */
#include <assert.h>
#include <string.h>

#include "base/attr.h"

#include "client_talk.h"
#include "process.h"
#include "story.h"

static bool vectors_equal(struct sim *s, void *ctx)
{
    (void)ctx;
    const struct node_view first = sim_view(s, 0);
    for (uint32_t i = 1; i < s->cfg.nodes; i++) {
        const struct node_view v = sim_view(s, i);
        if (v.vector_hash != first.vector_hash || v.gaps > 0)
            return false;
    }
    return first.gaps == 0;
}

static void issue_many(struct sim *s, uint32_t n, uint64_t every_us)
{
    for (uint32_t i = 0; i < n && !s->failed; i++) {
        sim_invalidate(s, 0, i % s->source.keys_n);
        sim_run(s, every_us);
    }
}

static uint64_t broad_at_all(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        n += sim_view(s, i).node.broad;
    return n;
}

static uint32_t target_of_race(const struct sim *s, enum dot_kind kind, uint32_t key)
{
    const struct source_key *k = &s->source.keys[key];
    if (kind == DOT_PREFIX)
        return k->prefix[1];
    if (kind == DOT_NAMESPACE)
        return k->ns;
    if (kind == DOT_TAG)
        return k->ns * SOURCE_TAGS + (uint32_t)__builtin_ctz(s->source.states[k->state].tags);
    return key;
}

static void blackout(struct sim *s)
{
    story_begin(s);
    const uint64_t pulled = s->failed ? 0 : sim_view(s, 2).heal.pulled;
    sim_split(s, 4, true);
    issue_many(s, 1000, 200);
    sim_split(s, 4, false);
    story_within(s, US_PER_SEC, vectors_equal, NULL, "healed");
    if (s->failed)
        return;
    story_expect(s, sim_view(s, 2).heal.pulled - pulled == 1000, "pulled what it missed");
    story_expect(s, broad_at_all(s) == 0, "no broad barrier");
}

static void read_all(struct sim *s, uint32_t i)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++)
        workload_read(s, &s->nodes[i], key);
    sim_run(s, US_PER_SEC);
}

/* n2 misses more dots than anybody keeps, so it is told which buckets they may have touched: what lies
 * there dies, and what does not is spared. */
static void miss_much(struct sim *s, enum dot_kind kind)
{
    const uint32_t missed = 64, spared = s->source.keys_n - 1;
    s->cfg.log_max = 16;
    s->cfg.thin_max = 0;
    story_begin(s);
    if (s->failed)
        return;
    read_all(s, 2);
    sim_split(s, 4, true);
    for (uint32_t key = 0; key < missed && !s->failed; key++) {
        const struct change change = {
            .kind = key == 0 ? kind : DOT_KEY, .key = key, .target = target_of_race(s, kind, key)};
        source_commit(&s->source, key);
        if (key == 0)
            workload_issue(s, &s->nodes[0], &change);
        else
            sim_invalidate(s, 0, key);
        sim_run(s, US_PER_MS);
    }
    sim_split(s, 4, false);
    story_within(s, 5 * US_PER_SEC, vectors_equal, NULL, "equal vectors");
    if (s->failed)
        return;
    oracle_audit(s, &s->nodes[2]);
    story_expect(s, sim_view(s, 2).heal.touched_closed > 0, "buckets close what nobody holds");
    if (kind == DOT_KEY)
        story_expect(s, workload_read(s, &s->nodes[2], spared), "other buckets are spared");
}

static void buckets_keys(struct sim *s)
{
    miss_much(s, DOT_KEY);
}

static void buckets_tags(struct sim *s)
{
    miss_much(s, DOT_TAG);
}

static void buckets_wide(struct sim *s)
{
    miss_much(s, DOT_PREFIX);
}

static void loss30(struct sim *s)
{
    story_begin(s);
    for (uint32_t i = 0; i < s->cfg.nodes * s->cfg.nodes; i++)
        s->links[i].loss = 300;
    issue_many(s, 10000, 1000);
    story_within(s, 3 * US_PER_SEC, vectors_equal, NULL, "equal vectors");
    if (!s->failed)
        story_expect(s, broad_at_all(s) == 0, "no broad barrier");
}

/* ---- fills that lose a race ---- */

struct race {
    enum dot_kind kind;
    enum cache_reason reason;
};

/* A reader misses at n0 and reads; then the source changes and n1 is told; then the fill arrives. */
static void race(struct sim *s, const struct race *what)
{
    const uint32_t key = 5;
    struct sim_node *n = &s->nodes[0];
    struct fetch fetch = {.key = key};
    struct cache_key ck;
    story_begin(s);
    if (s->failed)
        return;
    const enum err err =
        cache_key(n->cache, source_ns(s->source.keys[key].ns), source_name(&s->source, key), &ck);
    assert(err == OK);
    story_expect(s, !oracle_get(s, n, key), "the key is not cached");
    story_expect(s, cache_token(n->cache, s->now, &ck, fetch.token) == OK, "a token is given");
    fetch.run = n->run;
    fetch.state = s->source.keys[key].state;
    const struct change change = {
        .kind = what->kind, .key = key, .target = target_of_race(s, what->kind, key)};
    source_commit(&s->source, key);
    workload_issue(s, &s->nodes[1], &change);
    story_within(s, 100 * US_PER_MS, vectors_equal, NULL, "the dot arrives");
    if (s->failed)
        return;
    story_expect(s, workload_fill(s, n, &fetch) == what->reason,
                 "the fill is refused, and says why");
    story_expect(s, !oracle_get(s, n, key), "the old value is not served");
    workload_read(s, n, key);
    sim_run(s, US_PER_SEC);
    story_expect(s, workload_read(s, n, key), "the next fill is stored");
}

static void fill_race_key(struct sim *s)
{
    race(s, &(struct race){DOT_KEY, CACHE_INVALIDATED});
}

static void fill_race_tag(struct sim *s)
{
    race(s, &(struct race){DOT_TAG, CACHE_TAG});
}

static void fill_race_prefix(struct sim *s)
{
    race(s, &(struct race){DOT_PREFIX, CACHE_PREFIX});
}

static void fill_race_namespace(struct sim *s)
{
    race(s, &(struct race){DOT_NAMESPACE, CACHE_NAMESPACE});
}

/* A reader misses at n0 and reads; then every prefix there is changes, more than the cache has room for;
 * then the fill arrives. With time in between, sweeps have removed what the oldest ones killed. */
static void many_prefixes(struct sim *s, uint64_t every_us)
{
    struct sim_node *n = &s->nodes[0];
    struct fetch fetch = {.key = 0};
    s->cfg.budget_bytes = 168U << 10;
    s->cfg.cache_recent = 64;
    story_begin(s);
    while (s->source.keys[fetch.key].ns != 0) /* whose prefixes come first */
        fetch.key++;
    if (s->failed || !story_expect(s,
                                   cache_token(n->cache, sim_local(s, 0),
                                               process_key(s, n, fetch.key), fetch.token) == OK,
                                   "a token is given"))
        return;
    fetch.run = n->run;
    fetch.state = s->source.keys[fetch.key].state;
    read_all(s, 0);
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        source_commit(&s->source, key);
    for (uint32_t i = 0; i < SOURCE_NAMESPACES * SOURCE_PREFIXES && !s->failed; i++) {
        const struct change change = {.kind = DOT_PREFIX, .target = i};
        workload_issue(s, n, &change);
        sim_run(s, every_us);
    }
    if (s->failed)
        return;
    oracle_audit(s, n);
    story_expect(s, workload_fill(s, n, &fetch) != CACHE_STORED, "the late fill is refused");
}

static void prefixes_at_once(struct sim *s)
{
    many_prefixes(s, 0);
}

static void prefixes_slowly(struct sim *s)
{
    many_prefixes(s, 200 * US_PER_MS);
}

/* ---- load ---- */

static bool is_ready(struct sim *s, void *ctx)
{
    const uint32_t *i = ctx;
    return s->nodes[*i].up && node_state(s->nodes[*i].node) == NODE_READY;
}

static void join_during_writes(struct sim *s)
{
    uint32_t joiner = s->cfg.nodes - 1;
    const struct workload_cfg clients = {.ops_per_s = 500,
                                         .write_permille = 300,
                                         .wide_permille = 200,
                                         .put_permille = 200,
                                         .think_us = 5000,
                                         .tell_us = 500};
    for (uint32_t i = 0; i < joiner; i++)
        sim_boot(s, i);
    sim_run(s, 5 * US_PER_SEC);
    workload_begin(s, &clients);
    sim_run(s, 5 * US_PER_SEC);
    sim_boot(s, joiner);
    story_within(s, 3 * US_PER_SEC, is_ready, &joiner, "the joiner is ready");
    for (uint32_t i = 0; i < 100 && !s->failed; i++) {
        sim_run(s, 100 * US_PER_MS);
        for (uint32_t j = 0; j < s->cfg.nodes && !s->failed; j++)
            oracle_audit(s, &s->nodes[j]);
    }
    workload_stop(s);
    story_within(s, 3 * US_PER_SEC, sim_settled, NULL, "one view, one vector");
}

/* ---- the client protocol, through the same functions as a worker ---- */

static void protocol(struct sim *s)
{
    story_begin(s);
    if (s->failed)
        return;
    struct talk *t = talk_new(s);
    struct talk_got got = talk_get(t, 0, 7);
    story_expect(s, !got.hit && got.token_len == TOKEN_LEN, "a first get misses with a token");
    story_expect(s, talk_fill(t, 0, 7, &got), "the fill is stored");
    story_expect(s, talk_get(t, 0, 7).hit, "the next get hits");
    story_expect(s, talk_invalidate(t, 1, 7), "an invalidation elsewhere is stamped");
    story_within(s, 100 * US_PER_MS, vectors_equal, NULL, "the dot arrives");
    story_expect(s, s->failed || !talk_get(t, 0, 7).hit, "the get misses again");
    story_expect(s, s->failed || talk_put(t, 2, 7), "a put is stamped");
    story_expect(s, s->failed || talk_get(t, 2, 7).hit, "and stored");
    for (uint32_t i = 0; i < 2000 && !s->failed; i++) {
        const uint32_t key = source_pick(&s->source, &s->work.rng);
        const uint32_t node = (uint32_t)rng_below(&s->work.rng, s->cfg.nodes);
        talk_round(t, node, key);
        sim_run(s, 500);
    }
    talk_free(t);
}

/* ---- more origins than count ---- */

/* Nodes die and come back, each having issued a little, until the ring of ended origins is full twice. */
static void restart_often(struct sim *s)
{
    for (uint32_t i = 0; i < 12 && !s->failed; i++) {
        const uint32_t victim = 1 + i % (s->cfg.nodes - 1);
        sim_invalidate(s, victim, i);
        sim_run(s, US_PER_SEC);
        sim_crash(s, victim, i % 2 == 0);
        const uint64_t down_us = rng_below(&s->rest_rng, 20 * US_PER_SEC);
        sim_restart(s, victim, down_us, 0);
        sim_run(s, down_us + US_PER_SEC);
        story_within(s, 60 * US_PER_SEC, sim_settled, NULL, "all nodes find each other");
    }
}

/* With few slots origins end after seconds, else after minutes. */
static void retired_overflow(struct sim *s)
{
    s->cfg.retired_max = 2;
    s->cfg.windows_max = 4;
    s->cfg.origins_max = s->cfg.seed % 2 == 0 ? 8 : 256;
    story_begin(s);
    restart_often(s);
    sim_run(s, 620 * US_PER_SEC);
    if (s->failed || !story_expect(s, sim_view(s, 0).ledger.forgotten > 0, "origins are forgotten"))
        return;
    story_within(s, 10 * US_PER_SEC, vectors_equal, NULL, "equal vectors");
    const uint64_t broad = s->failed ? 0 : broad_at_all(s);
    for (uint32_t i = 0; i < 100 && !s->failed; i++) {
        sim_run(s, 100 * US_PER_MS);
        story_expect(s, vectors_equal(s, NULL), "vectors stay equal");
    }
    if (!s->failed)
        story_expect(s, broad_at_all(s) == broad, "and that costs no barrier");
}

/* ---- who knew is gone ---- */

/* A node dies, and its next process joins. */
static void restart(struct sim *s, uint32_t i)
{
    sim_crash(s, i, true);
    sim_restart(s, i, 5 * US_PER_SEC, 0);
    sim_run(s, 15 * US_PER_SEC);
}

/* Four runs end and are retired; the first of them has the lowest epoch, and two count. Then all but node 0
 * begin anew, and what they take over leaves out that first one. */
static void forget_first(struct sim *s)
{
    static const uint32_t ENDS[] = {3, 1, 4, 5};
    for (size_t i = 0; i < ARRAY_LEN(ENDS) && !s->failed; i++) {
        restart(s, ENDS[i]);
        sim_run(s, 620 * US_PER_SEC);
    }
    for (size_t i = 0; i < ARRAY_LEN(ENDS) && !s->failed; i++)
        restart(s, ENDS[i]);
}

/* Node 2 is cut off, and a copy of it is invalidated by a run that all others retire. Then everybody who
 * knew of it is gone, and node 2 meets only who joined since. It lacks nothing else. */
static void joined_since(struct sim *s)
{
    static const uint32_t KNOWN[] = {0, 1, 4, 5};
    const uint32_t key = 41;
    s->cfg.retired_max = 2;
    story_begin(s);
    for (size_t i = 1; i < ARRAY_LEN(KNOWN) && !s->failed; i++)
        restart(s, KNOWN[i]); /* so that their epochs are higher than that of node 3 */
    for (size_t i = 0; i < ARRAY_LEN(KNOWN) && !s->failed; i++)
        sim_invalidate(s, KNOWN[i], 100);
    sim_run(s, 5 * US_PER_SEC);
    if (s->failed)
        return;
    read_all(s, 2);
    sim_split(s, 4, true);
    sim_invalidate(s, 3, key);
    sim_run(s, 5 * US_PER_SEC);
    forget_first(s);
    if (s->failed || !story_expect(s, sim_view(s, 0).retired_n >= 4, "four runs are retired"))
        return;
    sim_crash(s, 0, true);
    story_expect(s, oracle_get(s, &s->nodes[2], key), "who was cut off still has its copy");
    sim_split(s, 4, false);
    sim_run(s, 20 * US_PER_SEC);
    if (!s->failed)
        story_expect(s, !oracle_get(s, &s->nodes[2], key), "what nobody knows any more is dropped");
}

struct stories stories_data(void)
{
    static const struct story STORIES[] = {
        {"blackout", 3, 20, blackout, "1,000 dots missed in 200 ms are pulled within 1 s, exactly"},
        {"loss30", 3, 3, loss30, "30 % loss, 10,000 dots at 1,000 a second: equal within 3 s"},
        {"buckets_keys", 3, 10, buckets_keys,
         "who missed what nobody keeps is told the buckets: keys"},
        {"buckets_tags", 3, 10, buckets_tags, "the same with a tag among them"},
        {"buckets_wide", 3, 10, buckets_wide, "the same with a prefix among them"},
        {"fill_race_key", 2, 5, fill_race_key, "a late fill is refused: key"},
        {"fill_race_tag", 2, 5, fill_race_tag,
         "a late fill is refused: tag named only by the fill"},
        {"fill_race_prefix", 2, 5, fill_race_prefix, "a late fill is refused: prefix"},
        {"fill_race_namespace", 2, 5, fill_race_namespace, "a late fill is refused: namespace"},
        {"prefixes_at_once", 2, 5, prefixes_at_once,
         "more prefixes than there is room for: no stale hit"},
        {"prefixes_slowly", 2, 5, prefixes_slowly,
         "the same with sweeps in between: a late fill is refused"},
        {"join_during_writes", 4, 5, join_during_writes, "a node joins under load: no stale hit"},
        {"retired_overflow", 4, 20, retired_overflow,
         "more origins end than count in the vector: vectors are equal all the same"},
        {"joined_since", 6, 10, joined_since,
         "who was cut off drops what those who joined since cannot tell it"},
        {"protocol", 3, 5, protocol,
         "gets, fills, puts, invalidations through the client protocol"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
