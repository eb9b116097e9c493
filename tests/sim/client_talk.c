#include "client_talk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "wire/client.h"

#include "world.h"

#define MEMORY      (4U << 20)
#define FRAME_ROOM  65536
#define WRITE_PER   10
#define TALK_TICKET 2

struct talk {
    struct sim *s;
    struct client_codec *codec;  /* the node's */
    struct client_codec *reader; /* the client's */
    void *memory;
    uint32_t id;
    uint8_t sent[FRAME_ROOM], answered[FRAME_ROOM];
    uint8_t value[SOURCE_VALUE_MAX];
    struct slice tags[SOURCE_TAGS];
    struct command_issue issue;
};

struct talk *talk_new(struct sim *s)
{
    struct arena arena;
    struct talk *t = calloc(1, sizeof *t);
    assert(t != NULL);
    t->s = s;
    t->memory = calloc(1, MEMORY);
    assert(t->memory != NULL);
    arena_init(&arena, t->memory, MEMORY);
    t->codec = client_codec_new(&arena, SOURCE_VALUE_MAX);
    t->reader = client_codec_new(&arena, SOURCE_VALUE_MAX);
    assert(t->codec != NULL && t->reader != NULL);
    return t;
}

void talk_free(struct talk *t)
{
    client_codec_free(t->codec);
    client_codec_free(t->reader);
    free(t->memory);
    free(t);
}

static mono_us read_clock(void *ctx)
{
    const struct talk_clock *c = ctx;
    return sim_local(c->s, c->i);
}

struct command_ctx talk_context(const struct sim *s, const struct sim_node *n,
                                struct talk_clock *clock)
{
    *clock = (struct talk_clock){s, n->i};
    return (struct command_ctx){.cache = n->cache,
                                .node_name = slice_text(n->name),
                                .cluster = slice_text(SIM_CLUSTER),
                                .epoch = s->runs[n->run].epoch,
                                .policies = &s->policies,
                                .clock = read_clock,
                                .clock_ctx = clock};
}

static struct slice first_frame(struct talk *t, struct slice bytes)
{
    struct slice frame = {0};
    struct client_fault fault;
    size_t need = 0;
    const enum err err = client_frame(t->codec, bytes, &frame, &need, &fault);
    if (err != OK)
        sim_fail(t->s, "a frame of %zu B is not one: %s", bytes.len, err_text(err));
    return frame;
}

/* Issue the targets of a request at the node, and let the worker finish it. */
static void issue(struct talk *t, struct sim_node *n, const struct client_request *request,
                  const struct oracle_dot *dot, struct writer *w)
{
    struct sim *s = t->s;
    struct talk_clock clock;
    const struct command_ctx ctx = talk_context(s, n, &clock);
    const struct node_command command = {
        .ticket = TALK_TICKET, .targets = t->issue.targets, .targets_n = t->issue.targets_n};
    struct oracle_dot issued = *dot;
    issued.hash = t->issue.targets[0].hash;
    issued.digest = t->issue.targets[0].digest;
    oracle_issue(s, n, &issued);
    s->work.replied = false;
    s->work.asked = 1;
    sim_input(s, n->i, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    s->work.asked = 0;
    if (s->failed || !s->work.replied || s->work.reply.ticket != TALK_TICKET) {
        sim_fail(s, "n%u does not answer a command", n->i);
        return;
    }
    if (request->op != OP_PUT) {
        command_issued(&ctx, request->id, &s->work.reply, w);
        return;
    }
    struct cache_stats before;
    struct cache_stats after;
    const struct command_put put = {.id = request->id, .ns = request->ns, .fill = request->fill};
    cache_stats(n->cache, &before);
    command_put_issued(&ctx, sim_local(s, n->i), &put, &s->work.reply, w);
    cache_stats(n->cache, &after);
    if (after.puts > before.puts)
        oracle_stored(s, n,
                      &(struct oracle_entry){.state = s->source.keys[dot->target].state,
                                             .stored = true,
                                             .unproven = true,
                                             .put_at = s->now});
}

/* One request, from the client's bytes to the client's reply. */
static bool ask(struct talk *t, uint32_t node, struct client_request *request,
                const struct oracle_dot *dot, struct client_reply *reply)
{
    struct sim *s = t->s;
    struct sim_node *n = &s->nodes[node];
    struct client_request decoded;
    struct client_fault fault;
    struct writer sent = writer_of(t->sent, sizeof t->sent);
    struct writer answered = writer_of(t->answered, sizeof t->answered);
    struct talk_clock clock;
    const struct command_ctx ctx = talk_context(s, n, &clock);
    request->id = ++t->id;
    client_request_encode(&sent, request);
    const struct slice frame = first_frame(t, writer_slice(&sent));
    if (s->failed)
        return false;
    if (client_request_decode(t->codec, frame, &decoded, &fault) != OK) {
        sim_fail(s, "a request is not understood: %s", fault.text);
        return false;
    }
    const struct command_call call = {.now = sim_local(s, n->i), .caller = 1};
    const enum command_step step = command_run(&ctx, &call, &decoded, &answered, &t->issue);
    if (step == COMMAND_ISSUE && dot != NULL)
        issue(t, n, &decoded, dot, &answered);
    if (s->failed)
        return false;
    const struct slice back = first_frame(t, writer_slice(&answered));
    if (s->failed || client_reply_decode(t->reader, back, reply) != OK || reply->push ||
        !reply->has_id || reply->id != t->id) {
        sim_fail(s, "a reply is not understood");
        return false;
    }
    return reply->error.len == 0;
}

static struct client_request request_of(const struct talk *t, enum client_op op, uint32_t key)
{
    struct client_request request;
    memset(&request, 0, sizeof request);
    request.op = op;
    request.ns = source_ns(t->s->source.keys[key].ns);
    request.fill.key = source_name(&t->s->source, key);
    return request;
}

static void carry_value(struct talk *t, struct client_request *request, uint32_t key)
{
    const struct source *src = &t->s->source;
    const uint32_t state = src->keys[key].state;
    request->fill.value = slice_of(t->value, source_value(src, state, t->value));
    request->fill.tags_n = source_tags(src, state, request->fill.tags);
}

struct talk_got talk_get(struct talk *t, uint32_t node, uint32_t key)
{
    struct talk_got out = {0};
    struct client_reply reply;
    struct client_got got;
    struct client_request request = request_of(t, OP_GET, key);
    if (!ask(t, node, &request, NULL, &reply))
        return out;
    if (client_got_decode(t->reader, reply.result, &got) != OK) {
        sim_fail(t->s, "the answer to a get is not understood");
        return out;
    }
    out.hit = got.status == STATUS_HIT;
    if (out.hit) {
        struct sim_node *n = &t->s->nodes[node];
        const struct cache_hit hit = {.value = got.value,
                                      .unproven = n->oracle.entries[key].unproven};
        oracle_hit(t->s, n, key, &hit);
    } else if (got.token.len == TOKEN_LEN) {
        out.token_len = TOKEN_LEN;
        memcpy(out.token, got.token.at, TOKEN_LEN);
    }
    return out;
}

bool talk_fill(struct talk *t, uint32_t node, uint32_t key, const struct talk_got *miss)
{
    struct client_reply reply;
    struct client_request request = request_of(t, OP_FILL, key);
    carry_value(t, &request, key);
    request.fill.token = slice_of(miss->token, miss->token_len);
    if (!ask(t, node, &request, NULL, &reply))
        return false;
    /* [stored, reason]: a msgpack array of two that begins with true. */
    const bool stored = reply.result.len >= 2 && reply.result.at[1] == 0xC3;
    if (stored)
        oracle_stored(
            t->s, &t->s->nodes[node],
            &(struct oracle_entry){.state = t->s->source.keys[key].state, .stored = true});
    return stored;
}

bool talk_invalidate(struct talk *t, uint32_t node, uint32_t key)
{
    struct client_reply reply;
    struct client_request request = request_of(t, OP_INVALIDATE, key);
    const struct slice target = request.fill.key;
    source_commit(&t->s->source, key);
    request.scope = SCOPE_KEY;
    request.targets = &target;
    request.targets_n = 1;
    const struct oracle_dot dot = {.kind = DOT_KEY, .target = key, .commit = t->s->source.commits};
    return ask(t, node, &request, &dot, &reply);
}

bool talk_put(struct talk *t, uint32_t node, uint32_t key)
{
    struct client_reply reply;
    struct client_request request = request_of(t, OP_PUT, key);
    source_commit(&t->s->source, key);
    carry_value(t, &request, key);
    const struct oracle_dot dot = {.kind = DOT_PUT, .target = key, .commit = t->s->source.commits};
    return ask(t, node, &request, &dot, &reply);
}

void talk_round(struct talk *t, uint32_t node, uint32_t key)
{
    struct rng *r = &t->s->work.rng;
    const uint64_t draw = rng_below(r, WRITE_PER);
    if (draw == 0) {
        talk_invalidate(t, node, key);
        return;
    }
    if (draw == 1) {
        talk_put(t, node, key);
        return;
    }
    const struct talk_got got = talk_get(t, node, key);
    if (!got.hit && got.token_len > 0 && !t->s->failed)
        talk_fill(t, node, key, &got);
}
