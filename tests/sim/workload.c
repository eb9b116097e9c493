#include "workload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "world.h"

#define TOKEN_PUT_PERMILLE 400 /* of the puts: those with a token from before the commit */
#define SHORT_LIVED_PER    5   /* one key of so many is cached with a time to live */
#define SHORT_LIVED_MS     20000
#define ALL_PER            200   /* one wide invalidation of so many is of everything */
#define STORE_US           50000 /* at most so long between a put's dot and its store */

static uint64_t next_op_us(struct sim *s)
{
    return 1 + link_exponential(&s->work.rng, US_PER_SEC / s->work.cfg.ops_per_s);
}

void workload_begin(struct sim *s, const struct workload_cfg *cfg)
{
    s->work.cfg = *cfg;
    s->work.on = cfg->ops_per_s > 0;
    for (uint32_t i = 0; s->work.on && i < s->cfg.nodes; i++)
        sim_plan(s, s->now + next_op_us(s), EVENT_OP, i);
}

void workload_stop(struct sim *s)
{
    s->work.on = false;
}

/* ---- readers ---- */

static uint64_t think(struct sim *s)
{
    return link_exponential(&s->work.rng, s->work.cfg.think_us);
}

bool workload_read(struct sim *s, struct sim_node *n, uint32_t key)
{
    s->counters.reads++;
    if (oracle_get(s, n, key)) {
        s->counters.hits++;
        return true;
    }
    struct fetch *fetch = malloc(sizeof *fetch);
    assert(fetch != NULL);
    *fetch = (struct fetch){.key = key};
    const struct cache_key *ck = process_key(s, n, key);
    if (cache_token(n->cache, sim_local(s, n->i), ck, fetch->token) != OK) {
        free(fetch);
        return false;
    }
    sim_plan(s, s->now + think(s), EVENT_FETCH, n->i)->p = fetch;
    return false;
}

static void fetch_source(struct sim *s, struct event *e)
{
    struct fetch *fetch = e->p;
    fetch->state = s->source.keys[fetch->key].state;
    e->p = NULL;
    sim_plan(s, s->now + think(s), EVENT_FILL, e->node)->p = fetch;
}

/** An item of the source, with room for what it lends. */
struct item {
    uint8_t value[SOURCE_VALUE_MAX];
    struct slice tags[SOURCE_TAGS];
    struct cache_item item;
};

static void item_make(const struct source *src, uint32_t state, struct item *out)
{
    const uint32_t len = source_value(src, state, out->value);
    const uint32_t tags_n = source_tags(src, state, out->tags);
    out->item = (struct cache_item){
        .value = slice_of(out->value, len),
        .tags = out->tags,
        .tags_n = tags_n,
        .ttl_ms = src->states[state].key % SHORT_LIVED_PER == 0 ? SHORT_LIVED_MS : 0};
}

enum cache_reason workload_fill(struct sim *s, struct sim_node *n, const struct fetch *fetch)
{
    static struct item item; /* not on the stack, where the build clears it each time */
    const struct cache_key *ck = process_key(s, n, fetch->key);
    item_make(&s->source, fetch->state, &item);
    const enum cache_reason reason =
        cache_fill(n->cache, sim_local(s, n->i), ck, &item.item, slice_of(fetch->token, TOKEN_LEN));
    s->counters.fills += reason == CACHE_STORED;
    s->counters.refused += reason != CACHE_STORED;
    if (reason == CACHE_STORED)
        oracle_stored(s, n, &(struct oracle_entry){.state = fetch->state, .stored = true});
    trace_number(&s->trace, (uint64_t)reason);
    return reason;
}

/* ---- writers ---- */

static struct node_target target_of(struct sim *s, const struct intent *intent)
{
    const struct source *src = &s->source;
    struct node_target t = {.kind = intent->kind};
    switch (intent->kind) {
    case DOT_KEY:
    case DOT_PUT:
        t.ns = source_ns(src->keys[intent->target].ns);
        t.target = source_name(src, intent->target);
        t.hash = hash_target(&s->hkey, TARGET_KEY, t.ns, t.target);
        break;
    case DOT_TAG:
        t.ns = source_ns(intent->target / SOURCE_TAGS);
        t.target = source_tag(intent->target % SOURCE_TAGS);
        t.hash = hash_target(&s->hkey, TARGET_TAG, t.ns, t.target);
        break;
    case DOT_PREFIX:
        t.ns = source_ns(intent->target / SOURCE_PREFIXES);
        t.target = source_prefix(intent->target);
        t.prefix_len = (uint16_t)t.target.len;
        t.hash = hash_target(&s->hkey, TARGET_PREFIX, t.ns, t.target);
        break;
    case DOT_NAMESPACE:
        t.ns = source_ns(intent->target);
        t.hash = hash_target(&s->hkey, TARGET_NAMESPACE, t.ns, t.target);
        break;
    default:
        break;
    }
    return t;
}

static void store_put(struct sim *s, struct sim_node *n, const struct storing *storing)
{
    static struct item item;
    const struct intent *intent = &storing->intent;
    const struct cache_key *ck = process_key(s, n, intent->key);
    item_make(&s->source, intent->state, &item);
    const enum cache_reason reason =
        intent->has_token ? cache_put_token(n->cache, sim_local(s, n->i), ck, &item.item,
                                            slice_of(intent->token, TOKEN_LEN), storing->index)
                          : cache_put(n->cache, sim_local(s, n->i), ck, &item.item, storing->index);
    s->counters.puts += reason == CACHE_STORED;
    if (reason == CACHE_STORED)
        oracle_stored(s, n, &(struct oracle_entry){intent->state, true, !intent->has_token});
    trace_number(&s->trace, (uint64_t)reason << 8);
}

/* Half of the puts are stored before anything else can happen, half some time later. */
static void store_soon(struct sim *s, struct sim_node *n, const struct intent *intent)
{
    struct storing *storing = malloc(sizeof *storing);
    assert(storing != NULL);
    *storing = (struct storing){.intent = *intent, .index = s->work.reply.index};
    const uint64_t wait_us = rng_chance(&s->work.rng, 500) ? 0 : rng_below(&s->work.rng, STORE_US);
    if (wait_us == 0) {
        store_put(s, n, storing);
        free(storing);
        return;
    }
    struct event *e = sim_plan(s, s->now + wait_us, EVENT_STORE, n->i);
    e->run = n->run;
    e->p = storing;
}

/* Who was answered reads nothing older at this node from now on, whoever else has yet to hear of it. */
static void check_own(struct sim *s, struct sim_node *n)
{
    struct origin_view own;
    node_origin_at(n->node, 0, &own);
    if (own.applied < s->work.reply.seq)
        sim_violate(s, CHECK_S12, "n%u answered for dot %llu and has covered %llu", n->i,
                    (unsigned long long)s->work.reply.seq, (unsigned long long)own.applied);
}

bool workload_issue(struct sim *s, struct sim_node *n, const struct intent *intent)
{
    static struct item item;
    struct node_target target = target_of(s, intent);
    const struct node_command command = {.ticket = 1, .targets = &target, .targets_n = 1};
    if (intent->kind == DOT_PUT) {
        const struct cache_key *ck = process_key(s, n, intent->key);
        item_make(&s->source, intent->state, &item);
        target.digest = cache_digest(n->cache, ck, &item.item);
    }
    /* Whatever was committed by now was committed before the dot; a put speaks of its own write. */
    const struct oracle_dot dot = {.kind = (uint8_t)intent->kind,
                                   .target = intent->target,
                                   .commit =
                                       intent->kind == DOT_PUT ? intent->commit : s->source.commits,
                                   .hash = target.hash,
                                   .digest = target.digest};
    oracle_issue(s, n, &dot);
    s->work.replied = false;
    s->counters.invalidations++;
    sim_input(s, n->i, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    if (s->failed)
        return false;
    if (!s->work.replied)
        sim_violate(s, CHECK_S19, "n%u does not answer a command", n->i);
    else if (s->work.reply.err != OK)
        oracle_refused(s, n, 1);
    else if (s->work.reply.seq != s->runs[n->run].dots_n || s->work.reply.count != 1)
        sim_violate(s, CHECK_S19, "n%u answers a command with dot %llu, expected %u", n->i,
                    (unsigned long long)s->work.reply.seq, s->runs[n->run].dots_n);
    else if (n->up)
        check_own(s, n);
    if (!s->failed && s->work.reply.err == OK && intent->kind == DOT_PUT && n->up)
        store_soon(s, n, intent);
    return s->work.reply.err == OK;
}

bool sim_invalidate(struct sim *s, uint32_t i, uint32_t key)
{
    const struct intent intent = {.kind = DOT_KEY, .key = key, .target = key};
    source_commit(&s->source, key);
    return workload_issue(s, &s->nodes[i], &intent);
}

void workload_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply)
{
    if (s->work.replied)
        sim_violate(s, CHECK_S19, "n%u answers a command twice", n->i);
    s->work.replied = true;
    s->work.reply = *reply;
}

static void aim_wide(struct sim *s, struct intent *intent, uint32_t tags)
{
    const struct source_key *k = &s->source.keys[intent->key];
    struct rng *r = &s->work.rng;
    const uint64_t draw = rng_below(r, ALL_PER);
    if (draw == 0) {
        intent->kind = DOT_ALL;
    } else if (draw < ALL_PER / 20) {
        intent->kind = DOT_NAMESPACE;
        intent->target = k->ns;
    } else if (draw < ALL_PER / 3 || tags == 0) {
        intent->kind = DOT_PREFIX;
        intent->target = k->prefix[draw % 4 == 0 ? 0 : 1];
    } else {
        intent->kind = DOT_TAG;
        intent->target = k->ns * SOURCE_TAGS + (uint32_t)__builtin_ctz(tags);
    }
}

static void aim(struct sim *s, struct intent *intent, uint32_t tags)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    const uint64_t draw = rng_below(&s->work.rng, 1000);
    intent->kind = DOT_KEY;
    intent->target = intent->key;
    if (draw < cfg->put_permille)
        intent->kind = DOT_PUT;
    else if (draw < cfg->put_permille + cfg->wide_permille)
        aim_wide(s, intent, tags);
}

static uint32_t pick_up(struct sim *s)
{
    const uint32_t from = (uint32_t)rng_below(&s->work.rng, s->cfg.nodes);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[(from + i) % s->cfg.nodes].up)
            return (from + i) % s->cfg.nodes;
    return UINT32_MAX;
}

static bool take_token(struct sim *s, struct sim_node *n, struct intent *intent)
{
    const struct cache_key *ck = process_key(s, n, intent->key);
    return cache_token(n->cache, sim_local(s, n->i), ck, intent->token) == OK;
}

static void write(struct sim *s)
{
    struct source *src = &s->source;
    const uint32_t where = pick_up(s);
    struct intent intent = {.key = source_pick(src, &s->work.rng)};
    const uint32_t tags = src->states[src->keys[intent.key].state].tags;
    aim(s, &intent, tags);
    if (where == UINT32_MAX)
        return;
    if (intent.kind == DOT_PUT && rng_chance(&s->work.rng, TOKEN_PUT_PERMILLE))
        intent.has_token = take_token(s, &s->nodes[where], &intent);
    intent.state = source_commit(src, intent.key);
    intent.commit = src->commits;
    sim_watch(s, intent.key, "commit %u: value %u tags %x", src->commits,
              src->states[intent.state].value, src->states[intent.state].tags);
    struct intent *kept = malloc(sizeof *kept);
    assert(kept != NULL);
    *kept = intent;
    sim_plan(s, s->now + link_exponential(&s->work.rng, s->work.cfg.tell_us), EVENT_ISSUE, where)
        ->p = kept;
}

static void operate(struct sim *s, struct sim_node *n)
{
    if (rng_chance(&s->work.rng, s->work.cfg.write_permille))
        write(s);
    else if (n->up)
        workload_read(s, n, source_pick(&s->source, &s->work.rng));
    sim_plan(s, s->now + next_op_us(s), EVENT_OP, n->i);
}

bool workload_event(struct sim *s, struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    if (e->kind == EVENT_OP) {
        if (s->work.on)
            operate(s, n);
    } else if (e->kind == EVENT_FETCH) {
        fetch_source(s, e);
    } else if (!n->up) {
        s->counters.skipped++;
    } else if (e->kind == EVENT_FILL) {
        workload_fill(s, n, e->p);
    } else if (e->kind == EVENT_STORE) {
        if (e->run == n->run)
            store_put(s, n, e->p);
    } else {
        workload_issue(s, n, e->p);
    }
    return false;
}
