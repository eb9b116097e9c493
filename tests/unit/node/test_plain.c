/**
 * Plain requests that were prepared together mean what each of them means alone.
 *
 * Two nodes that are alike are told the same story: one decodes and answers request after request, the
 * other prepares them in groups first. Their replies are the same bytes.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "node/command.h"

#include "rig.h"

#define KEYS      12
#define GROUP_MAX 8
#define GROUPS    400
#define FRAME_MAX 512
#define REPLY_MAX 2048
#define VALUE_MAX 65536
#define CODEC_LEN (4U << 20)

struct twin {
    struct rig rig;
    struct command_ctx ctx;
    uint8_t reply[REPLY_MAX];
};

/** What happens next. */
enum happening {
    ASKED,
    INVALIDATED,
    WAITED
};

struct event {
    enum happening what;
    uint32_t key;
    struct slice frame; /* ASKED */
    uint8_t bytes[FRAME_MAX];
    struct command_plain plain;
};

struct story {
    struct twin one, all; /* who answers one by one, and who prepares groups */
    struct policies policies;
    struct policy strict;
    struct rng rng;
    void *memory;
    struct client_codec *codec;
    uint8_t tokens[KEYS][TOKEN_LEN]; /* of the last miss of each key */
    uint32_t hits, stored;
};

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static mono_us now_of(void *ctx)
{
    return ((const struct rig *)ctx)->now;
}

static void begin_twin(struct twin *t, const struct policies *policies)
{
    rig_init(&t->rig, &(struct rig_cfg){.name = "a", .run = 1, .host = 1, .policies = *policies});
    t->ctx = (struct command_ctx){.cache = t->rig.cache,
                                  .node_name = slice_text("a"),
                                  .cluster = slice_text("test"),
                                  .epoch = rig_view(&t->rig).epoch,
                                  .policies = policies,
                                  .clock = now_of,
                                  .clock_ctx = &t->rig};
}

static struct story *begin(void)
{
    struct story *s = calloc(1, sizeof *s);
    struct arena arena;
    s->strict = (struct policy){
        .ns = slice_text("strict"), .ttl_ms = 500, .ttl_max_ms = 1000, .stale_ms = 100};
    s->policies = (struct policies){.at = &s->strict, .n = 1};
    begin_twin(&s->one, &s->policies);
    begin_twin(&s->all, &s->policies);
    rng_init(&s->rng, seed());
    s->memory = calloc(1, CODEC_LEN);
    arena_init(&arena, s->memory, CODEC_LEN);
    s->codec = client_codec_new(&arena, VALUE_MAX);
    cr_assert_not_null(s->codec);
    return s;
}

static void end(struct story *s)
{
    client_codec_free(s->codec);
    rig_fini(&s->one.rig);
    rig_fini(&s->all.rig);
    free(s->memory);
    free(s);
}

static const char *key_text(uint32_t key, char text[8])
{
    (void)snprintf(text, 8, "key-%u", key);
    return text;
}

/** Every third key lies in a namespace with times of its own, every third in one that nobody named. */
static struct slice ns_of(uint32_t key)
{
    static const char *const names[] = {"", "strict", "other"};
    return slice_text(names[key % 3]);
}

static void draw_request(struct story *s, struct event *e)
{
    static const uint8_t value[300] = {7};
    char key[8];
    struct client_request r = {.id = (uint32_t)rng_next(&s->rng),
                               .op = rng_chance(&s->rng, 600) ? OP_GET : OP_FILL,
                               .ns = ns_of(e->key),
                               .fill.key = slice_text(key_text(e->key, key))};
    if (r.op == OP_FILL) {
        r.fill.value = slice_of(value, rng_below(&s->rng, sizeof value));
        r.fill.token = slice_of(s->tokens[rng_chance(&s->rng, 50) ? 0 : e->key], TOKEN_LEN);
        r.fill.ttl_ms = rng_chance(&s->rng, 500) ? 0 : rng_below(&s->rng, 2000);
    }
    struct writer w = writer_of(e->bytes, sizeof e->bytes);
    client_request_encode(&w, &r);
    cr_assert_eq(w.err, OK);
    e->frame = slice_of(e->bytes + 4, w.len - 4);
    cr_assert(client_plain_read(s->codec, e->frame, &e->plain.request));
    command_plain_prepare(&s->all.ctx, &e->plain);
    command_plain_hint(&e->plain);
}

static void draw(struct story *s, struct event *e)
{
    const uint64_t dice = rng_below(&s->rng, 20);
    e->what = dice == 0 ? INVALIDATED : dice == 1 ? WAITED : ASKED;
    e->key = (uint32_t)rng_below(&s->rng, KEYS);
    if (e->what == ASKED)
        draw_request(s, e);
}

static struct slice answer_alone(struct story *s, const struct event *e)
{
    static struct command_issue issue;
    struct client_request request;
    struct client_fault fault;
    struct writer w = writer_of(s->one.reply, REPLY_MAX);
    const struct command_call call = {.now = s->one.rig.now, .caller = 1};
    cr_assert_eq(client_request_decode(s->codec, e->frame, &request, &fault), OK);
    cr_assert_eq(command_run(&s->one.ctx, &call, &request, &w, &issue), COMMAND_DONE);
    return writer_slice(&w);
}

static struct slice answer_prepared(struct story *s, const struct event *e)
{
    struct writer w = writer_of(s->all.reply, REPLY_MAX);
    const struct command_call call = {.now = s->all.rig.now, .caller = 1};
    command_plain_run(&s->all.ctx, &call, &e->plain, &w);
    cr_assert_eq(w.err, OK);
    return writer_slice(&w);
}

/** Keep the token of a miss, and count what else there was. */
static void learn(struct story *s, const struct event *e, struct slice said)
{
    struct client_reply reply;
    struct client_got got;
    cr_assert_eq(client_reply_decode(s->codec, slice_of(said.at + 4, said.len - 4), &reply), OK);
    if (e->plain.request.op == OP_FILL) {
        s->stored += reply.result.len > 1 && reply.result.at[1] == 0xC3;
        return;
    }
    cr_assert_eq(client_got_decode(s->codec, reply.result, &got), OK);
    s->hits += got.status == STATUS_HIT;
    if (got.token.len == TOKEN_LEN)
        memcpy(s->tokens[e->key], got.token.at, TOKEN_LEN);
}

static void happen(struct story *s, const struct event *e)
{
    char key[8];
    if (e->what == ASKED) {
        const struct slice alone = answer_alone(s, e);
        cr_assert(slice_eq(answer_prepared(s, e), alone), "SEED=%llu", (unsigned long long)seed());
        learn(s, e, alone);
    } else if (e->what == INVALIDATED) {
        rig_issue(&s->one.rig, DOT_KEY, key_text(e->key, key));
        rig_issue(&s->all.rig, DOT_KEY, key_text(e->key, key));
    } else {
        s->one.rig.now += 50 * US_PER_MS;
        s->all.rig.now += 50 * US_PER_MS;
    }
}

/** All of a group is prepared and hinted before the first of it happens. */
static void tell_group(struct story *s)
{
    static struct event events[GROUP_MAX];
    const size_t n = 1 + rng_below(&s->rng, GROUP_MAX);
    for (size_t i = 0; i < n; i++)
        draw(s, &events[i]);
    for (size_t i = 0; i < n; i++)
        if (events[i].what == ASKED)
            command_plain_hint_item(&events[i].plain, 300);
    for (size_t i = 0; i < n; i++)
        happen(s, &events[i]);
}

Test(plain, groups_are_answered_as_their_requests_one_by_one)
{
    struct story *s = begin();
    for (int i = 0; i < GROUPS; i++)
        tell_group(s);
    cr_expect_gt(s->hits, GROUPS / 4, "hits, or the story tells of nothing");
    cr_expect_gt(s->stored, GROUPS / 8);
    end(s);
}

/* ---- mget and mfill, which prepare their keys in groups, too ---- */

#define MANY        75
#define MANY_ROUNDS 120

/** The result of one request of s->one, without its frame. */
static struct slice result_of(struct story *s, const struct client_request *r)
{
    static uint8_t reply[1 << 16];
    static struct command_issue issue;
    struct client_reply read;
    struct writer w = writer_of(reply, sizeof reply);
    const struct command_call call = {.now = s->one.rig.now, .caller = 1};
    cr_assert_eq(command_run(&s->one.ctx, &call, r, &w, &issue), COMMAND_DONE);
    cr_assert_eq(w.err, OK);
    cr_assert_eq(client_reply_decode(s->codec, slice_of(reply + 4, w.len - 4), &read), OK);
    return read.result;
}

/** A get and, when it misses and may, a fill. */
static void load(struct story *s, struct slice key, bool fills)
{
    struct client_got got;
    const struct client_request get = {.op = OP_GET, .fill.key = key};
    cr_assert_eq(client_got_decode(s->codec, result_of(s, &get), &got), OK);
    if (!fills)
        return;
    memcpy(s->tokens[0], got.token.at, TOKEN_LEN);
    const struct client_request fill = {
        .op = OP_FILL,
        .fill = {.key = key, .value = key, .token = slice_of(s->tokens[0], TOKEN_LEN)}};
    (void)result_of(s, &fill);
}

Test(plain, an_mget_of_several_groups_answers_as_its_gets_in_order)
{
    static uint8_t expected[1 << 16];
    struct story *s = begin();
    char names[MANY][8];
    struct slice keys[MANY];
    struct writer w = writer_of(expected, sizeof expected);
    for (uint32_t i = 0; i < MANY; i++) {
        keys[i] = slice_text(key_text(i, names[i]));
        load(s, keys[i], i % 3 != 0);
    }
    for (uint32_t i = 0; i < MANY; i++)
        write_bytes(&w, result_of(s, &(struct client_request){.op = OP_GET, .fill.key = keys[i]}));
    const struct slice all =
        result_of(s, &(struct client_request){.op = OP_MGET, .targets = keys, .targets_n = MANY});
    const size_t head = 3; /* of an array of so many */
    cr_expect(slice_eq(slice_of(all.at + head, all.len - head), writer_slice(&w)));
    end(s);
}

/** What s->all says to r, which it reads without a tree, less the head of the list. */
static struct slice many_of(struct story *s, const struct client_request *r)
{
    static uint8_t frame[1 << 16], reply[1 << 16];
    static struct command_issue issue;
    struct client_request many;
    struct client_reply read;
    struct writer sent = writer_of(frame, sizeof frame), said = writer_of(reply, sizeof reply);
    const struct command_call call = {.now = s->all.rig.now, .caller = 1};
    const size_t n = r->targets_n + r->fills_n;
    client_request_encode(&sent, r);
    cr_assert_eq(sent.err, OK);
    cr_assert(client_plain_many(s->codec, slice_of(frame + 4, sent.len - 4), &many));
    cr_assert_eq(command_run(&s->all.ctx, &call, &many, &said, &issue), COMMAND_DONE);
    cr_assert_eq(said.err, OK);
    cr_assert_eq(client_reply_decode(s->codec, slice_of(reply + 4, said.len - 4), &read), OK);
    const size_t head = n < 16 ? 1 : 3;
    return slice_of(read.result.at + head, read.result.len - head);
}

/** Some keys of one namespace, and what is known of each. */
struct many {
    struct slice keys[MANY];
    char names[MANY][8];
    uint8_t tokens[MANY][TOKEN_LEN]; /* of its last miss, if there was one */
    bool has_token[MANY];
    uint32_t hits, stored, refused;
};

static void mget_alike(struct story *s, struct many *m, const uint32_t *picked, size_t n)
{
    static uint8_t expected[1 << 16];
    struct slice keys[MANY];
    struct client_got got;
    struct writer w = writer_of(expected, sizeof expected);
    for (size_t i = 0; i < n; i++) {
        keys[i] = m->keys[picked[i]];
        const struct client_request get = {.op = OP_GET, .fill.key = keys[i]};
        const struct slice result = result_of(s, &get);
        write_bytes(&w, result);
        cr_assert_eq(client_got_decode(s->codec, result, &got), OK);
        m->hits += got.status == STATUS_HIT;
        if (got.token.len == TOKEN_LEN) {
            memcpy(m->tokens[picked[i]], got.token.at, TOKEN_LEN);
            m->has_token[picked[i]] = true;
        }
    }
    const struct client_request r = {.op = OP_MGET, .targets = keys, .targets_n = n};
    cr_assert(slice_eq(many_of(s, &r), writer_slice(&w)), "SEED=%llu", (unsigned long long)seed());
}

static void mfill_alike(struct story *s, struct many *m, const uint32_t *picked, size_t n)
{
    static uint8_t expected[1 << 16];
    struct client_fill fills[MANY];
    size_t fills_n = 0;
    struct writer w = writer_of(expected, sizeof expected);
    for (size_t i = 0; i < n; i++) {
        if (!m->has_token[picked[i]])
            continue;
        fills[fills_n] =
            (struct client_fill){.key = m->keys[rng_chance(&s->rng, 50) ? 0 : picked[i]],
                                 .value = m->keys[i],
                                 .token = slice_of(m->tokens[picked[i]], TOKEN_LEN),
                                 .ttl_ms = rng_chance(&s->rng, 500) ? 0 : 200};
        const struct client_request fill = {.op = OP_FILL, .fill = fills[fills_n++]};
        const struct slice result = result_of(s, &fill);
        write_bytes(&w, result);
        m->stored += result.at[1] == 0xC3;
        m->refused += result.at[1] != 0xC3;
    }
    if (fills_n == 0)
        return;
    const struct client_request r = {.op = OP_MFILL, .fills = fills, .fills_n = fills_n};
    cr_assert(slice_eq(many_of(s, &r), writer_slice(&w)), "SEED=%llu", (unsigned long long)seed());
}

Test(plain, mgets_and_mfills_are_answered_as_their_gets_and_fills_one_by_one)
{
    struct story *s = begin();
    struct many m = {.hits = 0};
    for (uint32_t i = 0; i < MANY; i++)
        m.keys[i] = slice_text(key_text(i, m.names[i]));
    for (int round = 0; round < MANY_ROUNDS; round++) {
        uint32_t picked[MANY];
        const size_t n = 1 + rng_below(&s->rng, MANY);
        for (size_t i = 0; i < n; i++)
            picked[i] = (uint32_t)rng_below(&s->rng, MANY);
        if (rng_chance(&s->rng, 500))
            mget_alike(s, &m, picked, n);
        else
            mfill_alike(s, &m, picked, n);
        happen(s, &(struct event){.what = round % 4 == 0 ? WAITED : INVALIDATED,
                                  .key = (uint32_t)rng_below(&s->rng, MANY)});
    }
    cr_expect(m.hits > MANY && m.stored > MANY && m.refused > MANY, "%u, %u, %u", m.hits, m.stored,
              m.refused);
    end(s);
}

Test(plain, a_namespace_that_came_up_after_the_preparation_is_found)
{
    struct story *s = begin();
    struct event early = {.what = ASKED, .key = 2}, get = {.what = ASKED, .key = 2};
    struct client_request r = {.op = OP_GET, .ns = ns_of(2), .fill.key = slice_text("key-2")};
    struct writer w = writer_of(get.bytes, sizeof get.bytes);
    client_request_encode(&w, &r);
    get.frame = early.frame = slice_of(get.bytes + 4, w.len - 4);
    cr_assert(client_plain_read(s->codec, get.frame, &get.plain.request));
    command_plain_prepare(&s->all.ctx, &get.plain);
    early.plain = get.plain;
    cr_assert_not(get.plain.key.ns_known);
    happen(s, &early); /* a miss: its token makes the namespace known */
    struct client_request fill = {.op = OP_FILL,
                                  .ns = ns_of(2),
                                  .fill = {.key = slice_text("key-2"),
                                           .value = slice_text("v"),
                                           .token = slice_of(s->tokens[2], TOKEN_LEN)}};
    struct event store = {.what = ASKED, .key = 2};
    w = writer_of(store.bytes, sizeof store.bytes);
    client_request_encode(&w, &fill);
    store.frame = slice_of(store.bytes + 4, w.len - 4);
    cr_assert(client_plain_read(s->codec, store.frame, &store.plain.request));
    command_plain_prepare(&s->all.ctx, &store.plain);
    happen(s, &store);
    cr_assert_eq(s->stored, 1);
    happen(s, &get);
    cr_expect_eq(s->hits, 1, "though its key was derived before the namespace was known");
    end(s);
}
