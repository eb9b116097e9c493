#include "workload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "world.h"

#define TOKEN_PUT_PERMILLE 400 /* of the puts: those with a token from before the commit */
#define ALL_PER            200 /* one wide invalidation of so many is of everything */
#define AGAIN_US           (2 * US_PER_SEC) /* what is told once more comes within this */
#define TIMEOUTS_MS                                                                                \
    {                                                                                              \
        50, 300, 1000, 2000                                                                        \
    }

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

uint64_t workload_delay(struct sim *s, uint64_t mean_us)
{
    return link_exponential(&s->work.rng, mean_us);
}

static uint64_t think(struct sim *s)
{
    return workload_delay(s, s->work.cfg.think_us);
}

/* Does who writes or fills this key say a version? */
static bool says_version(struct sim *s, uint32_t key)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    return cfg->version_permille != 0 && (cfg->versions >> s->source.keys[key].ns & 1) != 0 &&
           rng_chance(&s->work.rng, cfg->version_permille);
}

/* ---- readers ---- */

void workload_fetch(struct sim *s, struct sim_node *n, struct fetch *fetch)
{
    sim_plan(s, s->now + think(s), EVENT_FETCH, n->i)->p = fetch;
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
    *fetch = (struct fetch){.key = key, .run = n->run};
    const struct cache_key *ck = process_key(s, n, key);
    if (cache_token(n->cache, sim_local(s, n->i), ck, fetch->token) != OK) {
        free(fetch);
        return false;
    }
    workload_fetch(s, n, fetch);
    return false;
}

void workload_source(struct sim *s, struct fetch *fetch)
{
    const struct source_key *k = &s->source.keys[fetch->key];
    fetch->state = k->state;
    fetch->has_version = says_version(s, fetch->key);
    fetch->version = k->commit;
}

static void fetch_source(struct sim *s, struct event *e)
{
    struct fetch *fetch = e->p;
    workload_source(s, fetch);
    e->p = NULL;
    sim_plan(s, s->now + think(s), EVENT_FILL, e->node)->p = fetch;
}

/* ---- writers ---- */

/* What a key's tags allow: one of them, or, where there are two, both together. */
static void aim_tags(struct sim *s, struct change *c, uint32_t ns, uint32_t tags)
{
    const uint32_t more = tags & (tags - 1);
    c->kind = DOT_TAG;
    c->target = ns * SOURCE_TAGS + (uint32_t)__builtin_ctz(tags);
    if (more == 0 || rng_chance(&s->work.rng, 500))
        return;
    c->kind = DOT_TAGS_ALL;
    c->target = floors_pair(ns, (uint32_t)__builtin_ctz(tags), (uint32_t)__builtin_ctz(more));
    s->counters.pairs++;
}

static void aim_wide(struct sim *s, struct change *c, uint32_t tags)
{
    const struct source_key *k = &s->source.keys[c->key];
    const uint64_t draw = rng_below(&s->work.rng, ALL_PER);
    if (draw == 0) {
        c->kind = DOT_ALL;
    } else if (draw < ALL_PER / 20) {
        c->kind = DOT_NAMESPACE;
        c->target = k->ns;
    } else if (draw < ALL_PER / 3 || tags == 0) {
        c->kind = DOT_PREFIX;
        c->target = k->prefix[draw % 4 == 0 ? 0 : 1];
    } else {
        aim_tags(s, c, k->ns, tags);
    }
}

static void aim(struct sim *s, struct change *c, uint32_t tags)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    const uint64_t draw = rng_below(&s->work.rng, 1000);
    c->kind = DOT_KEY;
    c->target = c->key;
    if (draw < cfg->put_permille)
        c->kind = DOT_PUT;
    else if (draw < cfg->put_permille + cfg->wide_permille)
        aim_wide(s, c, tags);
}

static void aim_softly(struct sim *s, struct change *c)
{
    const bool may =
        c->kind == DOT_KEY || c->kind == DOT_TAG || c->kind == DOT_NAMESPACE || c->kind == DOT_ALL;
    const uint32_t permille = s->work.cfg.soft_permille;
    c->soft = may && permille != 0 && rng_chance(&s->work.rng, permille);
    s->counters.soft += c->soft;
}

/* How many are to have heard of it before the writer goes on. Without expect two levels are refused. */
void workload_level(struct sim *s, struct change *c)
{
    static const uint32_t TIMES_MS[] = TIMEOUTS_MS;

    static const enum client_ack_level LEVELS[] = {ACK_NODES, ACK_ALL, ACK_QUORUM, ACK_FENCED,
                                                   ACK_FENCED};
    struct rng *r = &s->work.rng;
    const uint32_t permille = s->work.cfg.level_permille;
    const struct policy *policy = policy_of(&s->policies, source_ns(s->source.keys[c->key].ns));
    c->ack = policy_ack(policy, (struct client_ack){.level = ACK_DEFAULT});
    if (permille == 0 || !rng_chance(r, permille))
        return;
    c->ack.level = LEVELS[rng_below(r, ARRAY_LEN(LEVELS))];
    c->ack.k = c->ack.level == ACK_NODES ? 1 + (uint32_t)rng_below(r, s->cfg.nodes) : 0;
    c->timeout_ms = TIMES_MS[rng_below(r, ARRAY_LEN(TIMES_MS))];
}

uint32_t workload_somewhere(struct sim *s)
{
    const uint32_t from = (uint32_t)rng_below(&s->work.rng, s->cfg.nodes);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[(from + i) % s->cfg.nodes].up)
            return (from + i) % s->cfg.nodes;
    return UINT32_MAX;
}

static bool take_token(struct sim *s, struct sim_node *n, struct change *c)
{
    const struct cache_key *ck = process_key(s, n, c->key);
    return cache_token(n->cache, sim_local(s, n->i), ck, c->token) == OK;
}

static void plan_issue(struct sim *s, uint32_t where, uint64_t us, const struct change *c)
{
    struct change *kept = malloc(sizeof *kept);
    assert(kept != NULL);
    *kept = *c;
    sim_plan(s, s->now + us, EVENT_ISSUE, where)->p = kept;
}

static void commit(struct sim *s, struct change *c)
{
    struct source *src = &s->source;
    c->state = source_commit(src, c->key);
    c->commit = src->commits;
    c->has_version = (c->kind == DOT_KEY || c->kind == DOT_PUT) && says_version(s, c->key);
    s->counters.versioned += c->has_version;
    sim_watch(s, c->key, "commit %u: value %u tags %x", src->commits, src->states[c->state].value,
              src->states[c->state].tags);
}

void workload_aim(struct sim *s, struct change *c)
{
    const struct source *src = &s->source;
    const uint32_t tags = src->states[src->keys[c->key].state].tags;
    c->kind = DOT_KEY;
    c->target = c->key;
    if (rng_chance(&s->work.rng, 500))
        aim_wide(s, c, tags);
    aim_softly(s, c);
    commit(s, c);
}

/* Is this write of a kind that is done elsewhere? */
static bool write_otherwise(struct sim *s, uint32_t where, uint32_t key)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    if (cfg->announce_permille != 0 && rng_chance(&s->work.rng, cfg->announce_permille)) {
        if (!s->nodes[where].frozen)
            announce_begin(s, where, key);
        return true;
    }
    return batch_write(s, where, key);
}

static void write(struct sim *s)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    struct source *src = &s->source;
    const uint32_t where = workload_somewhere(s);
    struct change c = {.key = source_pick(src, &s->work.rng)};
    const uint32_t tags = src->states[src->keys[c.key].state].tags;
    if (where == UINT32_MAX)
        return;
    if (write_otherwise(s, where, c.key))
        return;
    aim(s, &c, tags);
    aim_softly(s, &c);
    workload_level(s, &c);
    if (c.kind == DOT_PUT && rng_chance(&s->work.rng, TOKEN_PUT_PERMILLE))
        c.has_token = take_token(s, &s->nodes[where], &c);
    c.token_run = s->nodes[where].run;
    commit(s, &c);
    c.again = cfg->again_permille != 0 && rng_chance(&s->work.rng, cfg->again_permille);
    plan_issue(s, where, workload_delay(s, cfg->tell_us), &c);
}

/* A writer that is not sure repeats itself, on any node: the same words, perhaps much later. */
static void tell_again(struct sim *s, const struct change *c)
{
    struct change again = *c;
    const uint32_t where = workload_somewhere(s);
    if (c->again == 0 || c->kind == DOT_PUT || where == UINT32_MAX)
        return;
    again.again--;
    s->counters.again++;
    plan_issue(s, where, rng_below(&s->work.rng, AGAIN_US), &again);
}

static void issue(struct sim *s, struct sim_node *n, const struct change *c)
{
    workload_issue(s, n, c);
    if (!s->failed)
        tell_again(s, c);
}

/* ---- events ---- */

static void operate(struct sim *s, struct sim_node *n)
{
    if (rng_chance(&s->work.rng, s->work.cfg.write_permille)) {
        write(s);
    } else if (n->up) {
        const uint32_t key = source_pick(&s->source, &s->work.rng);
        if (!batch_read(s, n, key) && !reader_draw(s, n, key))
            workload_read(s, n, key);
    }
    sim_plan(s, s->now + next_op_us(s), EVENT_OP, n->i);
}

static void client_event(struct sim *s, struct sim_node *n, struct event *e)
{
    if (e->a == CLIENT_ANNOUNCE || e->a == CLIENT_DEADLINE)
        announce_event(s, n, e);
    else if (e->a >= CLIENT_MANY)
        batch_event(s, n, e);
    else
        reader_event(s, n, e);
}

bool workload_event(struct sim *s, struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    if (e->kind == EVENT_OP) {
        if (s->work.on)
            operate(s, n);
    } else if (e->kind == EVENT_CLIENT) {
        client_event(s, n, e);
    } else if (e->kind == EVENT_FETCH) {
        fetch_source(s, e);
    } else if (!n->up) {
        s->counters.skipped++;
    } else if (e->kind == EVENT_FILL) {
        workload_fill(s, n, e->p);
    } else if (e->kind == EVENT_STORE) {
        if (e->run == n->run)
            workload_stored(s, n, e->p);
    } else {
        issue(s, n, e->p);
    }
    return false;
}
