#include "reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "wire/client.h"

#include "client_talk.h"
#include "process.h"
#include "world.h"

#define MEMORY       (2U << 20)
#define ANSWER_ROOM  65536
#define TICKET_AFTER 3
#define BUSY_KEYS    12 /* keys that many read at once */
#define WAIT_MS      300
#define GIVE_UP_PER  12   /* one loader of so many goes away, telling it or not */
#define FRESH_MS     2000 /* of some fills: then the copy is out of date */
#define SAID_LATE_US 2000 /* between sending a request and its arrival, at most */

struct reader_codec {
    struct client_codec *codec;
    void *memory;
    uint8_t answer[ANSWER_ROOM];
    struct command_issue issue;
    uint8_t stamps[2 * STAMP_LEN];
};

void readers_init(struct sim *s)
{
    struct arena arena;
    struct reader_codec *c = calloc(1, sizeof *c);
    assert(c != NULL);
    c->memory = calloc(1, MEMORY);
    assert(c->memory != NULL);
    arena_init(&arena, c->memory, MEMORY);
    c->codec = client_codec_new(&arena, SOURCE_VALUE_MAX);
    assert(c->codec != NULL);
    s->readers.codec = c;
    s->readers.loading = calloc((size_t)s->cfg.nodes * s->cfg.keys, sizeof *s->readers.loading);
    s->readers.aborted = calloc(s->cfg.keys, sizeof *s->readers.aborted);
    assert(s->readers.loading != NULL && s->readers.aborted != NULL);
}

void readers_free(struct sim *s)
{
    client_codec_free(s->readers.codec->codec);
    free(s->readers.codec->memory);
    free(s->readers.codec);
    free(s->readers.loading);
    free(s->readers.aborted);
}

/* ---- one loader for each key ---- */

static struct loading *loading_of(struct sim *s, const struct sim_node *n, uint32_t key)
{
    return &s->readers.loading[n->i * s->cfg.keys + key];
}

void reader_load_ended(struct sim *s, const struct sim_node *n, uint32_t key)
{
    loading_of(s, n, key)->over = true;
}

void reader_everything(struct sim *s, const struct sim_node *n)
{
    for (uint32_t key = 0; key < s->cfg.keys; key++)
        loading_of(s, n, key)->over = true;
}

void reader_dot(struct sim *s, const struct sim_node *n, const struct oracle_dot *dot)
{
    if (dot->kind == DOT_ABORT)
        return;
    if (dot_names_key(dot->kind))
        reader_load_ended(s, n, dot->target);
    else if (dot->kind != DOT_TAG && dot->kind != DOT_TAGS_ALL && dot->kind != DOT_PREFIX)
        reader_everything(s, n);
}

static bool is_held(const struct sim_node *n, const struct loading *l, mono_us local)
{
    return l->run == n->run + 1 && local < l->until;
}

/* A token was given to load a key alone: nobody else may have one whose load is not over. */
static void lend_load(struct sim *s, const struct sim_node *n, const struct reading *r)
{
    struct loading *l = loading_of(s, n, r->key);
    const mono_us local = sim_local(s, n->i);
    struct cache_stats stats;
    /* While a process that slept reads what came meanwhile, it has not told yet what took effect. */
    const bool known = !l->over && !s->readers.aborted[r->key] && n->inputs == 0;
    sim_checked_if(s, CHECK_LEASE, known);
    if (known && is_held(n, l, local) && l->caller != r->caller) {
        cache_stats(n->cache, &stats);
        if (stats.leases_lost == 0 && stats.imports == 0) /* what comes from a peer ends it too */
            sim_violate(s, CHECK_LEASE, "n%u: two load %s at one time", n->i,
                        s->source.keys[r->key].text);
    }
    *l =
        (struct loading){.run = n->run + 1, .caller = r->caller, .until = local + COMMAND_LEASE_US};
}

/* Who is turned away is so because somebody has been told to load the key. */
static void check_turned_away(struct sim *s, const struct sim_node *n, const struct reading *r)
{
    const struct loading *l = loading_of(s, n, r->key);
    sim_checked(s, CHECK_LEASE);
    if (l->gone || !is_held(n, l, sim_local(s, n->i)))
        sim_violate(s, CHECK_LEASE, "n%u: nobody loads %s, and a reader is told to wait", n->i,
                    s->source.keys[r->key].text);
}

/* ---- what an answer promises ---- */

static uint32_t bound_of(const struct sim *s, const struct reading *r)
{
    const struct policy *policy = policy_of(&s->policies, source_ns(s->source.keys[r->key].ns));
    const uint32_t ms = r->within_ms != 0 ? r->within_ms : policy->within_ms;
    return policy->strict && (ms == 0 || ms > s->policies.fence_ms) ? s->policies.fence_ms : ms;
}

/* Certified when, and only when, the horizon reaches back far enough; and never what nobody proved. */
static void check_bound(struct sim *s, struct sim_node *n, const struct reading *r,
                        const struct client_got *got)
{
    const uint32_t bound_ms = bound_of(s, r);
    const mono_us horizon = cache_horizon(n->cache);
    const bool reaches = horizon != 0 && horizon + bound_ms * US_PER_MS >= sim_local(s, n->i);
    const struct oracle_entry *e = &n->oracle.entries[r->key];
    if (bound_ms == 0) {
        if (got->status == STATUS_UNPROVEN)
            sim_violate(s, CHECK_STRICT, "n%u: UNPROVEN, and nobody asked for proof", n->i);
        return;
    }
    sim_checked(s, CHECK_STRICT);
    const bool given = got->status == STATUS_HIT || got->status == STATUS_STALE;
    if (got->status == STATUS_STALE || (given && (!reaches || e->unproven)))
        sim_violate(s, CHECK_STRICT, "n%u gives %s within %u ms without proof", n->i,
                    s->source.keys[r->key].text, bound_ms);
    if (got->status == STATUS_UNPROVEN && reaches)
        sim_violate(s, CHECK_STRICT, "n%u has proof within %u ms, and says that it has not", n->i,
                    bound_ms);
    if (given && !s->failed && bound_ms <= s->policies.fence_ms && !e->is_void)
        promise_certified(s, n, e->state);
}

/* Nothing older than a dot that the stamp names. A copy of a put without a token is as new as its
 * arrival. */
static void check_after_dot(struct sim *s, const struct sim_node *n, const struct reading *r,
                            const struct oracle_dot *dot, bool stale)
{
    const struct oracle_entry *e = &n->oracle.entries[r->key];
    const uint32_t over = s->source.states[e->state].over;
    const bool excused =
        (stale && dot->soft) || (e->unproven && e->put_at >= r->stamp.at) || e->is_void;
    if (excused || !floors_aimed(&s->source, dot, e->state))
        return;
    sim_checked(s, CHECK_AFTER);
    if (over <= dot->commit)
        sim_violate(s, CHECK_AFTER,
                    "n%u gives %s as it was before commit %u, after a stamp of commit %u", n->i,
                    s->source.keys[r->key].text, over, dot->commit);
}

static void check_stamp(struct sim *s, const struct sim_node *n, const struct reading *r,
                        bool stale)
{
    if (s->runs[r->stamp.run].cloned)
        return;
    for (uint32_t i = 0; i < r->stamp.count && !s->failed; i++)
        check_after_dot(s, n, r, oracle_dot_at(&s->runs[r->stamp.run], r->stamp.seq - i), stale);
}

static void check_after(struct sim *s, const struct sim_node *n, const struct reading *r,
                        bool stale)
{
    const struct reading other = {.key = r->key, .stamp = r->also};
    check_stamp(s, n, r, stale);
    check_stamp(s, n, &other, stale);
}

static void check_value(struct sim *s, struct sim_node *n, const struct reading *r,
                        const struct client_got *got)
{
    const struct cache_hit hit = {.value = got->value,
                                  .unproven = n->oracle.entries[r->key].unproven,
                                  .stale = got->status == STATUS_STALE,
                                  .has_version = got->has_version,
                                  .version = got->version};
    oracle_hit(s, n, r->key, &hit);
    if (hit.stale && !r->stale)
        sim_violate(s, CHECK_STRICT, "n%u gives what is out of date to who did not ask", n->i);
    if (!s->failed && r->has_stamp)
        check_after(s, n, r, hit.stale);
}

/* ---- the request ---- */

static void write_stamp(const struct sim *s, const struct stamped *named, uint8_t out[STAMP_LEN])
{
    const struct stamp stamp = {
        .epoch = s->runs[named->run].epoch, .seq = named->seq, .count = (uint16_t)named->count};
    stamp_write(&s->hkey, &stamp, out);
}

static struct slice stamp_bytes(struct sim *s, const struct reading *r)
{
    uint8_t *out = s->readers.codec->stamps;
    if (!r->has_stamp)
        return (struct slice){0};
    write_stamp(s, &r->stamp, out);
    if (r->also.count == 0)
        return slice_of(out, STAMP_LEN);
    write_stamp(s, &r->also, out + STAMP_LEN);
    return slice_of(out, 2UL * STAMP_LEN);
}

/* Control says from which index on an entry reflects the stamp. Returns: false when it cannot. */
static bool ask_control(struct sim *s, struct sim_node *n, struct command_call *call)
{
    const struct command_issue *issue = &s->readers.codec->issue;
    struct node_command command = {
        .ticket = TICKET_AFTER, .ask = NODE_AFTER, .stamps_n = issue->stamps_n};
    memcpy(command.stamps, issue->stamps, sizeof command.stamps);
    s->work.replied = false;
    sim_input(s, n->i, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    if (!s->failed && !s->work.replied)
        sim_violate(s, CHECK_S19, "n%u does not say what is after a stamp", n->i);
    call->has_after = true;
    call->after = s->work.reply.index;
    s->counters.after_open += call->after != 0;
    return !s->failed && n->up;
}

/* Run the request as a worker does. Returns: false when it waits, or the node is gone; *reply else. */
static bool run(struct sim *s, struct sim_node *n, const struct reading *r,
                struct client_reply *reply)
{
    struct reader_codec *c = s->readers.codec;
    struct talk_clock clock;
    const struct command_ctx ctx = talk_context(s, n, &clock);
    struct command_call call = {
        .now = sim_local(s, n->i), .caller = r->caller, .waited = r->waited};
    static struct client_request request; /* large; every field that a get has is set anew */
    request.op = OP_GET;
    request.ns = source_ns(s->source.keys[r->key].ns);
    request.fill.key = source_name(&s->source, r->key);
    request.read = (struct client_read){.after = stamp_bytes(s, r),
                                        .stale = r->stale,
                                        .wait_ms = r->wait_ms,
                                        .within_ms = r->within_ms};
    struct writer w = writer_of(c->answer, sizeof c->answer);
    enum command_step step = command_run(&ctx, &call, &request, &w, &c->issue);
    if (step == COMMAND_ASK) {
        if (!ask_control(s, n, &call))
            return false;
        step = command_run(&ctx, &call, &request, &w, &c->issue);
    }
    if (step == COMMAND_WAIT)
        return false;
    const struct slice answer = writer_slice(&w);
    sim_checked(s, CHECK_S19);
    if (step != COMMAND_DONE || answer.len < 4 ||
        client_reply_decode(c->codec, slice_of(answer.at + 4, answer.len - 4), reply) != OK) {
        sim_violate(s, CHECK_S19, "n%u: a get is not answered", n->i);
        return false;
    }
    return true;
}

/* ---- what follows ---- */

/* The loader reads the source and fills; or its connection breaks, or it just never comes back. */
static void load(struct sim *s, struct sim_node *n, const struct reading *r, struct slice token)
{
    const uint64_t fate = rng_below(&s->work.rng, (uint64_t)GIVE_UP_PER * 2);
    const struct command_ctx ctx = {.cache = n->cache};
    if (fate == 0) {
        struct command_claims claims = {.hashes = {process_key(s, n, r->key)->hash}, .n = 1};
        reader_load_ended(s, n, r->key);
        command_gone(&ctx, &claims, r->caller);
        loading_of(s, n, r->key)->gone = true;
        s->counters.loaders_gone++;
    }
    if (fate <= 1)
        return;
    struct fetch *fetch = malloc(sizeof *fetch);
    assert(fetch != NULL);
    *fetch = (struct fetch){.key = r->key,
                            .caller = r->caller,
                            .run = n->run,
                            .fresh_ms = rng_chance(&s->work.rng, 100) ? FRESH_MS : 0};
    memcpy(fetch->token, token.at, TOKEN_LEN);
    workload_fetch(s, n, fetch);
}

static void wait(struct sim *s, struct sim_node *n, const struct reading *r)
{
    const uint64_t number = s->readers.callers++;
    struct waiting *w = &s->readers.waiting[number % WAITING_MAX];
    if (w->used) /* one client less */
        return;
    *w = (struct waiting){.used = true,
                          .number = number,
                          .run = n->run,
                          .hash = process_key(s, n, r->key)->hash,
                          .reading = *r};
    struct event *e = sim_plan(s, s->now + r->wait_ms * US_PER_MS, EVENT_CLIENT, n->i);
    e->a = CLIENT_LATE;
    e->b = number;
}

static void count(struct sim *s, const struct reading *r, const struct client_got *got)
{
    struct sim_counters *c = &s->counters;
    const bool hit = got->status == STATUS_HIT;
    c->reads++;
    c->hits += hit || got->status == STATUS_STALE;
    c->after_reads += r->has_stamp;
    c->after_hits += r->has_stamp && hit;
    c->bounded += r->within_ms != 0;
    c->certified += got->has_proof && hit;
    c->unproven += got->status == STATUS_UNPROVEN;
    c->stale_hits += got->status == STATUS_STALE;
    c->turned_away += got->status == STATUS_WAIT;
}

enum read_end reader_hear(struct sim *s, struct sim_node *n, const struct reading *r,
                          const struct client_got *got)
{
    static const enum read_end ENDS[] = {[STATUS_HIT] = READ_HIT,
                                         [STATUS_MISS] = READ_MISS,
                                         [STATUS_STALE] = READ_STALE,
                                         [STATUS_WAIT] = READ_WAIT,
                                         [STATUS_UNPROVEN] = READ_UNPROVEN};

    const bool given = got->status == STATUS_HIT || got->status == STATUS_STALE;
    count(s, r, got);
    trace_number(&s->trace, (uint64_t)got->status << 16 | r->key);
    check_bound(s, n, r, got);
    if (given && !s->failed)
        check_value(s, n, r, got);
    if (got->status == STATUS_WAIT)
        check_turned_away(s, n, r);
    if (!s->failed && got->token.len == TOKEN_LEN) {
        lend_load(s, n, r);
        if (!r->many)
            load(s, n, r, got->token);
    }
    return ENDS[got->status];
}

enum read_end reader_ask(struct sim *s, struct sim_node *n, const struct reading *r)
{
    struct client_reply reply;
    struct client_got got;
    if (!run(s, n, r, &reply)) {
        if (!s->failed && n->up && r->wait_ms > 0 && !r->waited)
            wait(s, n, r);
        return READ_WAIT;
    }
    const bool unset = s->policies.expect == 0 && r->within_ms != 0;
    if (unset != (reply.error.len > 0))
        sim_violate(s, CHECK_STRICT, "n%u: a read with a bound of %u ms is %s", n->i, r->within_ms,
                    unset ? "not refused" : "refused");
    if (s->failed || unset)
        return READ_ERROR;
    if (client_got_decode(s->readers.codec->codec, reply.result, &got) != OK) {
        sim_violate(s, CHECK_S19, "n%u: the answer to a get is not understood", n->i);
        return READ_ERROR;
    }
    return reader_hear(s, n, r, &got);
}

/* ---- events ---- */

void reader_wake(void *ctx, uint64_t hash)
{
    const struct sim_node *n = ctx;
    struct sim *s = n->sim;
    for (uint32_t i = 0; i < WAITING_MAX; i++) {
        const struct waiting *w = &s->readers.waiting[i];
        if (!w->used || w->run != n->run || w->hash != hash)
            continue;
        struct event *e = sim_plan(s, s->now, EVENT_CLIENT, n->i);
        e->a = CLIENT_WOKEN;
        e->b = w->number;
    }
}

static void go_on(struct sim *s, struct sim_node *n, const struct event *e)
{
    struct waiting *w = &s->readers.waiting[e->b % WAITING_MAX];
    if (!w->used || w->number != e->b)
        return;
    w->used = false;
    if (w->run != n->run)
        return;
    w->reading.waited = e->a == CLIENT_LATE;
    s->counters.woken += e->a == CLIENT_WOKEN;
    const struct reading again = w->reading;
    (void)reader_ask(s, n, &again);
}

void reader_event(struct sim *s, struct sim_node *n, struct event *e)
{
    if (e->a == CLIENT_READ && n->up)
        (void)reader_ask(s, n, e->p);
    else if (e->a != CLIENT_READ && n->up)
        go_on(s, n, e);
    else if (e->a != CLIENT_READ)
        s->readers.waiting[e->b % WAITING_MAX].used = false;
}

/* ---- what is asked for ---- */

/* A key that the stamp aims at, mostly. */
static void draw_stamp(struct sim *s, struct reading *r)
{
    const struct stamped *stamp = promise_stamp(s);
    if (stamp == NULL)
        return;
    const struct oracle_dot *dot = oracle_dot_at(&s->runs[stamp->run], stamp->seq);
    if (dot == NULL)
        return;
    r->has_stamp = true;
    r->stamp = *stamp;
    if (dot_names_key(dot->kind))
        r->key = dot->target;
}

static uint32_t draw_bound(struct sim *s)
{
    const uint32_t window_ms = s->policies.fence_ms;
    switch (rng_below(&s->work.rng, 4)) {
    case 0:
        return window_ms / 2;
    case 1:
        return window_ms * 3; /* more than a fence protects */
    default:
        return window_ms;
    }
}

bool reader_draw(struct sim *s, struct sim_node *n, uint32_t key)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    struct rng *r = &s->work.rng;
    struct reading reading = {.key = key, .caller = ++s->readers.callers};
    if (cfg->after_permille != 0 && rng_chance(r, cfg->after_permille))
        draw_stamp(s, &reading);
    if (cfg->within_permille != 0 && rng_chance(r, cfg->within_permille))
        reading.within_ms = draw_bound(s);
    const bool shares = cfg->share_permille != 0 && rng_chance(r, cfg->share_permille);
    if (!reading.has_stamp && reading.within_ms == 0 && !shares)
        return false;
    if (shares) {
        reading.key = reading.has_stamp ? reading.key : key % BUSY_KEYS;
        reading.wait_ms = rng_chance(r, 500) ? WAIT_MS : 0;
        reading.stale = rng_chance(r, 500);
    }
    struct reading *sent = malloc(sizeof *sent);
    assert(sent != NULL);
    *sent = reading;
    struct event *e = sim_plan(s, s->now + rng_below(r, SAID_LATE_US), EVENT_CLIENT, n->i);
    e->a = CLIENT_READ;
    e->p = sent;
    return true;
}
