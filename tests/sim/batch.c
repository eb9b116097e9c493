#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "cache/stats.h"
#include "node/command.h"
#include "wire/client.h"
#include "wire/client_answer.h"
#include "wire/scan.h"

#include "client_talk.h"
#include "item.h"
#include "process.h"
#include "world.h"

#define MEMORY        (4U << 20)
#define ROOM          65536
#define KEYS_MAX      8 /* of one mget; its answer's head is one byte */
#define ARRAY_HEAD    0x90
#define FRAME_HEAD    4
#define SAID_LATE_US  2000 /* between sending a request and its arrival, at most */
#define STORM_TIMES   180  /* more than make a key a hot one, within a second */
#define STORM_MEAN_US 3000
#define STORM_PAUSE   (20 * US_PER_SEC)

struct batches {
    struct client_codec *node, *client;
    void *memory;
    uint32_t id;
    uint8_t sent[ROOM], answered[ROOM];
    struct command_issue issue;
    struct slice names[KEYS_MAX];
    struct client_fill fills[KEYS_MAX];
    struct item items[KEYS_MAX];
};

/** Readers that were told to load several keys and come back together. */
struct sheaf {
    uint32_t n;
    struct fetch at[KEYS_MAX];
};

void batches_init(struct sim *s)
{
    struct arena arena;
    struct batches *b = calloc(1, sizeof *b);
    assert(b != NULL);
    b->memory = calloc(1, MEMORY);
    assert(b->memory != NULL);
    arena_init(&arena, b->memory, MEMORY);
    b->node = client_codec_new(&arena, SOURCE_VALUE_MAX);
    b->client = client_codec_new(&arena, SOURCE_VALUE_MAX);
    assert(b->node != NULL && b->client != NULL);
    s->batches = b;
}

void batches_free(struct sim *s)
{
    client_codec_free(s->batches->node);
    client_codec_free(s->batches->client);
    free(s->batches->memory);
    free(s->batches);
}

/* ---- one request ---- */

static struct slice framed(const struct writer *w)
{
    const struct slice all = writer_slice(w);
    assert(w->err == OK && all.len > FRAME_HEAD);
    return slice_of(all.at + FRAME_HEAD, all.len - FRAME_HEAD);
}

/* From the client's bytes to the client's reply. */
static bool ask(struct sim *s, struct sim_node *n, struct client_request *request, uint64_t caller,
                struct client_reply *reply)
{
    static struct client_request decoded; /* large */
    struct batches *b = s->batches;
    struct client_fault fault;
    struct talk_clock clock;
    struct writer sent = writer_of(b->sent, sizeof b->sent);
    struct writer answered = writer_of(b->answered, sizeof b->answered);
    const struct command_ctx ctx = talk_context(s, n, &clock);
    const struct command_call call = {.now = sim_local(s, n->i), .caller = caller};
    *reply = (struct client_reply){0};
    request->id = ++b->id;
    client_request_encode(&sent, request);
    const bool understood =
        client_request_decode(b->node, framed(&sent), &decoded, &fault) == OK &&
        command_run(&ctx, &call, &decoded, &answered, &b->issue) == COMMAND_DONE &&
        client_reply_decode(b->client, framed(&answered), reply) == OK;
    sim_checked(s, CHECK_S19);
    if (!understood || !reply->has_id || reply->id != b->id)
        sim_violate(s, CHECK_S19, "n%u: a request for op %u is not answered", n->i, request->op);
    return !s->failed;
}

static struct client_request *request_of(const struct sim *s, enum client_op op, uint32_t key)
{
    static struct client_request request; /* large */
    memset(&request, 0, sizeof request);
    request.op = op;
    request.ns = source_ns(s->source.keys[key].ns);
    request.fill.key = source_name(&s->source, key);
    return &request;
}

/* Take the next element of an answer to many. */
static struct slice next_element(struct sim *s, struct slice *left)
{
    static const struct scan_limits limits = {.depth_max = 8, .nodes_max = 64};
    struct scan_size size = {0};
    if (scan_value(*left, &limits, &size) != OK)
        sim_violate(s, CHECK_S19, "an answer to many is too short");
    const struct slice element = slice_of(left->at, size.len);
    *left = slice_of(left->at + size.len, left->len - size.len);
    return element;
}

/* The elements of a reply, exactly so many; empty, and a violation, otherwise. */
static struct slice elements_of(struct sim *s, const struct client_reply *reply, uint32_t n)
{
    const struct slice all = reply->result;
    if (reply->error.len == 0 && all.len > 0 && all.at[0] == (ARRAY_HEAD | n))
        return slice_of(all.at + 1, all.len - 1);
    sim_violate(s, CHECK_S19, "%u are asked for, and as many are not answered", n);
    return (struct slice){0};
}

/* ---- mget ---- */

/* The key that was drawn and those after it of the same namespace. */
static uint32_t list_keys(const struct sim *s, uint32_t key, uint32_t keys[KEYS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->source.keys_n && n < KEYS_MAX; i++) {
        const uint32_t other = (key + i) % s->source.keys_n;
        if (s->source.keys[other].ns == s->source.keys[key].ns)
            keys[n++] = other;
    }
    return n;
}

static void plan(struct sim *s, const struct sim_node *n, enum client_step step, uint64_t us,
                 void *p)
{
    struct event *e = sim_plan(s, s->now + us, EVENT_CLIENT, n->i);
    e->a = step;
    e->p = p;
}

/* Whoever was told to load keys reads the source for all of them, and comes back with all. */
static void load(struct sim *s, struct sim_node *n, const struct sheaf *sheaf)
{
    struct sheaf *kept = malloc(sizeof *kept);
    assert(kept != NULL);
    *kept = *sheaf;
    plan(s, n, CLIENT_LOADED, workload_delay(s, s->work.cfg.think_us), kept);
}

static void hear_one(struct sim *s, struct sim_node *n, const struct reading *r,
                     struct slice element, struct sheaf *sheaf)
{
    struct client_got got;
    if (client_got_decode(s->batches->client, element, &got) != OK) {
        sim_violate(s, CHECK_S19, "n%u: one answer of an mget is not understood", n->i);
        return;
    }
    (void)reader_hear(s, n, r, &got);
    if (got.token.len != TOKEN_LEN)
        return;
    struct fetch *fetch = &sheaf->at[sheaf->n++];
    *fetch = (struct fetch){.key = r->key, .caller = r->caller, .run = n->run};
    memcpy(fetch->token, got.token.at, TOKEN_LEN);
}

static void get_many(struct sim *s, struct sim_node *n, const struct reading *wanted)
{
    struct sheaf sheaf = {0};
    uint32_t keys[KEYS_MAX];
    struct slice *names = s->batches->names;
    struct client_reply reply;
    struct reading r = *wanted;
    struct client_request *request = request_of(s, OP_MGET, r.key);
    request->targets = names;
    request->targets_n = list_keys(s, r.key, keys);
    request->read = (struct client_read){.stale = r.stale, .within_ms = r.within_ms};
    for (size_t i = 0; i < request->targets_n; i++)
        names[i] = source_name(&s->source, keys[i]);
    if (!ask(s, n, request, r.caller, &reply))
        return;
    const uint32_t keys_n = (uint32_t)request->targets_n;
    struct slice left = elements_of(s, &reply, keys_n);
    s->counters.mgets++;
    for (uint32_t i = 0; i < keys_n && !s->failed; i++) {
        r.key = keys[i];
        const struct slice element = next_element(s, &left);
        if (!s->failed)
            hear_one(s, n, &r, element, &sheaf);
    }
    if (sheaf.n > 0 && !s->failed)
        load(s, n, &sheaf);
}

/* ---- mfill ---- */

static void take_source(struct sim *s, struct sim_node *n, struct event *e)
{
    struct sheaf *sheaf = e->p;
    for (uint32_t i = 0; i < sheaf->n; i++)
        workload_source(s, &sheaf->at[i]);
    e->p = NULL;
    plan(s, n, CLIENT_MFILL, workload_delay(s, s->work.cfg.think_us), sheaf);
}

static struct client_fill fill_of(struct sim *s, const struct fetch *fetch, struct item *item)
{
    fetch_item(s, fetch, item);
    struct client_fill fill = {.key = source_name(&s->source, fetch->key),
                               .value = item->item.value,
                               .token = slice_of(fetch->token, TOKEN_LEN),
                               .ttl_ms = item->item.ttl_ms,
                               .fresh_ms = item->item.fresh_ms,
                               .has_version = item->item.has_version,
                               .version = item->item.version,
                               .tags_n = item->item.tags_n};
    for (size_t i = 0; i < fill.tags_n; i++)
        fill.tags[i] = item->item.tags[i];
    return fill;
}

static void hear_stored(struct sim *s, struct sim_node *n, const struct fetch *fetch,
                        struct slice element, struct fetch_end *end)
{
    struct client_stored stored;
    if (client_stored_decode(s->batches->client, element, &stored) != OK) {
        sim_violate(s, CHECK_S19, "n%u: one answer of an mfill is not understood", n->i);
        return;
    }
    end->stored = stored.stored;
    fetch_filled(s, n, fetch, end);
    trace_number(&s->trace, stored.stored);
}

static uint64_t evicted_by(const struct sim_node *n)
{
    struct cache_stats stats;
    cache_stats(n->cache, &stats);
    return stats.evicted;
}

/* Was some copy driven out? Then perhaps that which a later fill of the same mfill would have met. */
static void forget_newer(struct fetch_end *ends, uint32_t n, bool driven_out)
{
    for (uint32_t i = 0; i < n && driven_out; i++)
        ends[i].newer = false;
}

static void fill_many(struct sim *s, struct sim_node *n, const struct sheaf *sheaf)
{
    struct client_fill *fills = s->batches->fills;
    struct fetch_end ends[KEYS_MAX];
    struct client_reply reply;
    struct client_request *request = request_of(s, OP_MFILL, sheaf->at[0].key);
    for (uint32_t i = 0; i < sheaf->n; i++) {
        fills[i] = fill_of(s, &sheaf->at[i], &s->batches->items[i]);
        ends[i] = (struct fetch_end){.newer = fetch_has_newer(s, n, &sheaf->at[i]),
                                     .ttl_ms = fills[i].ttl_ms};
    }
    request->fills = fills;
    request->fills_n = sheaf->n;
    const uint64_t evicted = evicted_by(n);
    if (s->failed || !ask(s, n, request, sheaf->at[0].caller, &reply))
        return;
    forget_newer(ends, sheaf->n, evicted_by(n) != evicted);
    struct slice left = elements_of(s, &reply, sheaf->n);
    s->counters.mfills++;
    for (uint32_t i = 0; i < sheaf->n && !s->failed; i++) {
        const struct slice element = next_element(s, &left);
        if (!s->failed)
            hear_stored(s, n, &sheaf->at[i], element, &ends[i]);
    }
}

/* ---- touch ---- */

struct looked {
    uint64_t ttl_left_ms, age_ms;
};

static void note_look(void *ctx, const struct cache_hit *hit)
{
    *(struct looked *)ctx = (struct looked){hit->ttl_left_ms, hit->age_ms};
}

static enum cache_found look(struct sim *s, struct sim_node *n, uint32_t key, struct looked *out)
{
    static const struct cache_ask any = {.stale_ok = true};
    return cache_get(n->cache, sim_local(s, n->i), process_key(s, n, key), &any, note_look, out);
}

static bool is_lifetime(uint64_t left_ms, uint64_t ttl_ms)
{
    return ttl_ms == 0 ? left_ms == UINT64_MAX : left_ms <= ttl_ms && left_ms + 1 >= ttl_ms;
}

/* What was touched is there, with another time to live; what was not is not. */
static void check_touched(struct sim *s, struct sim_node *n, const struct touch *touch, bool there)
{
    struct looked looked = {0};
    const char *name = s->source.keys[touch->key].text;
    const enum cache_found is = look(s, n, touch->key, &looked);
    sim_checked(s, CHECK_LIFE);
    if (there != (is != CACHE_ABSENT))
        sim_violate(s, CHECK_LIFE, "n%u: there is %s copy of %s, and a touch says otherwise", n->i,
                    there ? "no" : "a", name);
    else if (there && !is_lifetime(looked.ttl_left_ms, touch->ttl_ms))
        sim_violate(s, CHECK_LIFE, "n%u: %s is touched for %llu ms, and %llu are left", n->i, name,
                    (unsigned long long)touch->ttl_ms, (unsigned long long)looked.ttl_left_ms);
    else if (touch->looked && is != touch->was)
        sim_violate(s, CHECK_LIFE, "n%u: a touch of %s makes %d of %d", n->i, name, (int)is,
                    (int)touch->was);
}

bool batch_touch(struct sim *s, struct sim_node *n, struct touch *touch)
{
    struct client_reply reply;
    struct looked looked;
    bool there = false;
    struct oracle_entry *e = &n->oracle.entries[touch->key];
    if (touch->looked) /* which also clears away what is over */
        touch->was = look(s, n, touch->key, &looked);
    struct client_request *request = request_of(s, OP_TOUCH, touch->key);
    request->fill.ttl_ms = touch->ttl_ms;
    if (!ask(s, n, request, 0, &reply))
        return false;
    if (reply.error.len > 0 || client_bool_decode(s->batches->client, reply.result, &there) != OK)
        sim_violate(s, CHECK_S19, "n%u: a touch is not answered", n->i);
    else
        check_touched(s, n, touch, there);
    if (there && !s->failed) {
        lives_hit(s, n, touch->key); /* what was over, or dead, is not brought back */
        e->until = lives_until(s, n, touch->ttl_ms);
        (void)oracle_get(s, n, touch->key);
    }
    s->counters.touched += there;
    s->counters.touched_none += !there;
    trace_number(&s->trace, there);
    return there;
}

/* ---- what is drawn ---- */

static void draw_touch(struct sim *s, struct sim_node *n, uint32_t key)
{
    static const uint64_t TIMES_MS[] = {0, 50, 2000, 20000, 60000};
    struct touch touch = {.key = key};
    touch.ttl_ms = TIMES_MS[rng_below(&s->work.rng, ARRAY_LEN(TIMES_MS))];
    touch.looked = rng_chance(&s->work.rng, 500);
    if (!n->frozen)
        (void)batch_touch(s, n, &touch);
}

bool batch_read(struct sim *s, struct sim_node *n, uint32_t key)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    struct rng *r = &s->work.rng;
    if (cfg->touch_permille != 0 && rng_chance(r, cfg->touch_permille)) {
        draw_touch(s, n, key);
        return true;
    }
    if (cfg->many_permille == 0 || !rng_chance(r, cfg->many_permille))
        return false;
    struct reading *sent = malloc(sizeof *sent);
    assert(sent != NULL);
    *sent = (struct reading){.key = key, .caller = ++s->readers.callers, .many = true};
    sent->stale = rng_chance(r, 200);
    if (s->policies.expect != 0 && cfg->within_permille != 0 && rng_chance(r, cfg->within_permille))
        sent->within_ms = s->policies.fence_ms;
    plan(s, n, CLIENT_MANY, rng_below(r, SAID_LATE_US), sent);
    return true;
}

/* ---- several targets ---- */

static void write_several(struct sim *s, uint32_t where, uint32_t key)
{
    struct several *several = calloc(1, sizeof *several);
    struct rng *r = &s->work.rng;
    assert(several != NULL);
    several->n = 2 + (uint32_t)rng_below(r, SEVERAL_MAX - 1);
    for (uint32_t i = 0; i < several->n; i++) {
        several->at[i].key = i == 0 ? key : source_pick(&s->source, r);
        workload_aim(s, &several->at[i]);
    }
    struct change first = several->at[0];
    workload_level(s, &first);
    several->ack = first.ack;
    several->timeout_ms = first.timeout_ms;
    s->counters.several++;
    plan(s, &s->nodes[where], CLIENT_SEVERAL, workload_delay(s, s->work.cfg.tell_us), several);
}

/* ---- a key that changes all the time ---- */

void batch_storm(struct sim *s, struct sim_node *n, uint32_t key, uint32_t times)
{
    struct event *e = sim_plan(s, s->now, EVENT_CLIENT, n->i);
    e->a = CLIENT_STORM;
    e->b = (uint64_t)times << 32 | key;
    s->work.stormed_at = s->now;
    s->counters.storms++;
}

/* It changes once, and somebody reads it: whoever misses will try to store it. */
static void storm(struct sim *s, struct sim_node *n, const struct event *e)
{
    const uint32_t key = (uint32_t)e->b;
    const uint32_t times = (uint32_t)(e->b >> 32);
    const uint32_t reader = workload_somewhere(s);
    if (times == 0 || s->failed)
        return;
    (void)sim_invalidate(s, n->i, key);
    if (!s->failed && reader != UINT32_MAX && s->nodes[reader].up && !s->nodes[reader].frozen)
        (void)workload_read(s, &s->nodes[reader], key);
    const uint64_t us = 1 + workload_delay(s, STORM_MEAN_US);
    struct event *next = sim_plan(s, s->now + us, EVENT_CLIENT, n->i);
    next->a = CLIENT_STORM;
    next->b = (uint64_t)(times - 1) << 32 | key;
}

bool batch_write(struct sim *s, uint32_t where, uint32_t key)
{
    const struct workload_cfg *cfg = &s->work.cfg;
    struct rng *r = &s->work.rng;
    if (cfg->several_permille != 0 && rng_chance(r, cfg->several_permille)) {
        write_several(s, where, key);
        return true;
    }
    if (cfg->hot_permille == 0 || !rng_chance(r, cfg->hot_permille) ||
        s->now < s->work.stormed_at + STORM_PAUSE)
        return false;
    batch_storm(s, &s->nodes[where], key, STORM_TIMES);
    return true;
}

/* ---- events ---- */

void batch_event(struct sim *s, struct sim_node *n, struct event *e)
{
    if (e->a == CLIENT_LOADED) /* the reader reads its source, whoever is up */
        take_source(s, n, e);
    else if (!n->up)
        s->counters.skipped++;
    else if (e->a == CLIENT_MANY)
        get_many(s, n, e->p);
    else if (e->a == CLIENT_MFILL)
        fill_many(s, n, e->p);
    else if (e->a == CLIENT_SEVERAL)
        (void)workload_issue_several(s, n, e->p);
    else
        storm(s, n, e);
}
