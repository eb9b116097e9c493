#include "node/command.h"

#include <assert.h>
#include <string.h>

#include "node/stamp.h"

#define REPLY_ROOM 1024 /* any reply without values: names, stamps, texts */
#define VALUE_ROOM 4096 /* most replies with a value */
#define GOT_ROOM   60   /* one element of an mget without its value: status, token, info */

static const char *const FEATURES[] = {"get",  "fill",    "put",       "invalidate", "touch",
                                       "mget", "mfill",   "subscribe", "members",    "stats",
                                       "node", "vectors", "ack_local"};

static void say_fault(struct writer *w, uint32_t id, const char *name, const char *text)
{
    struct client_fault fault = {.has_id = true, .id = id, .name = name};
    const size_t len = strlen(text);
    assert(len < sizeof fault.text);
    memcpy(fault.text, text, len + 1);
    client_reply_error(w, &fault);
}

static void say_hello(const struct command_ctx *ctx, uint32_t id, struct writer *w)
{
    const struct client_hello hello = {.version = NODE_VERSION,
                                       .node = ctx->node_name,
                                       .epoch = ctx->epoch,
                                       .cluster = ctx->cluster,
                                       .features = FEATURES,
                                       .features_n = ARRAY_LEN(FEATURES),
                                       .value_max = cache_config(ctx->cache)->value_max};
    client_reply_hello(w, id, &hello);
}

/* ---- get ---- */

/** Where a visit writes its hit: a whole reply, or one element of an mget. */
struct got_sink {
    struct writer *w;
    uint32_t id;
    bool many;
    size_t begun; /* mget: where in w its reply begins */
    size_t left;  /* mget: elements still to come after this one */
    size_t room;  /* mget: bytes that all elements may take */
};

static void say_got(const struct got_sink *sink, const struct client_got *got)
{
    if (sink->many)
        client_reply_many_get(sink->w, got);
    else
        client_reply_get(sink->w, sink->id, got);
}

static void on_hit(void *context, const struct cache_hit *hit)
{
    const struct client_got got = {.status = STATUS_HIT,
                                   .value = hit->value,
                                   .age_ms = hit->age_ms,
                                   .ttl_ms = hit->ttl_left_ms};
    const struct got_sink *sink = context;
    static const struct client_got alone = {.status = STATUS_MISS};
    const bool fits =
        !sink->many ||
        sink->w->len - sink->begun + hit->value.len + (sink->left + 1) * GOT_ROOM <= sink->room;
    say_got(sink, fits ? &got : &alone);
}

/* The token is minted after the look-up and before the caller can read its source: rule TH9. */
static void get(const struct command_ctx *ctx, mono_us now, struct slice ns, struct slice name,
                struct got_sink *sink)
{
    struct cache_key key;
    uint8_t token[TOKEN_LEN];
    struct client_got got = {.status = STATUS_MISS};
    const enum err err = cache_key(ctx->cache, ns, name, &key);
    assert(err == OK); /* the codec checked the same limits */
    if (cache_get(ctx->cache, now, &key, on_hit, sink))
        return;
    if (cache_token(ctx->cache, now, &key, token) == OK)
        got.token = slice_of(token, TOKEN_LEN);
    say_got(sink, &got);
}

static void mget(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                 struct writer *w)
{
    struct got_sink sink = {
        .w = w, .many = true, .begun = w->len, .room = command_room_max(ctx) - REPLY_ROOM};
    const size_t mark = client_reply_many_begin(w, request->id, request->targets_n);
    for (size_t i = 0; i < request->targets_n; i++) {
        sink.left = request->targets_n - i - 1;
        get(ctx, now, request->ns, request->targets[i], &sink);
    }
    client_reply_many_end(w, mark);
}

/* ---- fill ---- */

static struct cache_item item_of(const struct client_fill *fill)
{
    return (struct cache_item){
        .value = fill->value, .ttl_ms = fill->ttl_ms, .tags = fill->tags, .tags_n = fill->tags_n};
}

static enum cache_reason fill_one(const struct command_ctx *ctx, mono_us now, struct slice ns,
                                  const struct client_fill *fill)
{
    struct cache_key key;
    const struct cache_item item = item_of(fill);
    const enum err err = cache_key(ctx->cache, ns, fill->key, &key);
    assert(err == OK);
    return cache_fill(ctx->cache, now, &key, &item, fill->token);
}

static void fill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                 struct writer *w)
{
    const enum cache_reason reason = fill_one(ctx, now, request->ns, &request->fill);
    if (reason == CACHE_TOKEN_BAD)
        say_fault(w, request->id, "BAD_TOKEN", "the token is not one that a MISS gives");
    else
        client_reply_fill(w, request->id,
                          reason == CACHE_STORED ? NULL : cache_reason_text(reason));
}

static void mfill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                  struct writer *w)
{
    const size_t mark = client_reply_many_begin(w, request->id, request->fills_n);
    for (size_t i = 0; i < request->fills_n; i++) {
        const enum cache_reason reason = fill_one(ctx, now, request->ns, &request->fills[i]);
        client_reply_many_fill(w, reason == CACHE_STORED ? NULL : cache_reason_text(reason));
    }
    client_reply_many_end(w, mark);
}

static void touch(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                  struct writer *w)
{
    struct cache_key key;
    const enum err err = cache_key(ctx->cache, request->ns, request->fill.key, &key);
    assert(err == OK);
    client_reply_bool(w, request->id, cache_touch(ctx->cache, now, &key, request->fill.ttl_ms));
}

/* ---- invalidate and put: dots for control ---- */

struct scope_rule {
    enum dot_kind kind;
    enum target_class target_class;
};

static struct scope_rule rule_of(enum client_scope scope)
{
    static const struct scope_rule RULES[] = {[SCOPE_KEY] = {DOT_KEY, TARGET_KEY},
                                              [SCOPE_TAG] = {DOT_TAG, TARGET_TAG},
                                              [SCOPE_PREFIX] = {DOT_PREFIX, TARGET_PREFIX},
                                              [SCOPE_NAMESPACE] = {DOT_NAMESPACE, TARGET_NAMESPACE},
                                              [SCOPE_ALL] = {DOT_ALL, TARGET_KEY}};
    assert(scope >= SCOPE_KEY && scope <= SCOPE_ALL);
    return RULES[scope];
}

struct node_target command_target(const struct hkey *hkey, enum client_scope scope, struct slice ns,
                                  struct slice name)
{
    const struct scope_rule rule = rule_of(scope);
    const bool all = rule.kind == DOT_ALL;
    return (struct node_target){.kind = rule.kind,
                                .hash = all ? 0 : hash_target(hkey, rule.target_class, ns, name),
                                .prefix_len = rule.kind == DOT_PREFIX ? (uint16_t)name.len : 0,
                                .ns = ns,
                                .target = name};
}

static void plan_invalidate(const struct command_ctx *ctx, const struct client_request *request,
                            struct command_issue *issue)
{
    const struct hkey *hkey = &cache_config(ctx->cache)->hkey;
    static const struct slice whole; /* a namespace, or everything, has no target of its own */
    issue->targets_n = 0;
    if (request->scope == SCOPE_NAMESPACE || request->scope == SCOPE_ALL) {
        issue->targets[issue->targets_n++] =
            command_target(hkey, request->scope, request->ns, whole);
        return;
    }
    for (size_t i = 0; i < request->targets_n; i++)
        issue->targets[issue->targets_n++] =
            command_target(hkey, request->scope, request->ns, request->targets[i]);
}

static void plan_put(const struct command_ctx *ctx, const struct client_request *request,
                     struct command_issue *issue)
{
    struct cache_key key;
    const struct cache_item item = item_of(&request->fill);
    const enum err err = cache_key(ctx->cache, request->ns, request->fill.key, &key);
    assert(err == OK);
    issue->targets[0] = (struct node_target){.kind = DOT_PUT,
                                             .hash = key.hash,
                                             .digest = cache_digest(ctx->cache, &key, &item),
                                             .ns = request->ns,
                                             .target = request->fill.key};
    issue->targets_n = 1;
}

enum command_step command_run(const struct command_ctx *ctx, mono_us now,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue)
{
    struct got_sink sink = {.w = w, .id = request->id};
    switch (request->op) {
    case OP_HELLO:
        say_hello(ctx, request->id, w);
        return COMMAND_DONE;
    case OP_PING:
        client_reply_text(w, request->id, slice_text("pong"));
        return COMMAND_DONE;
    case OP_GET:
        get(ctx, now, request->ns, request->fill.key, &sink);
        return COMMAND_DONE;
    case OP_FILL:
        fill(ctx, now, request, w);
        return COMMAND_DONE;
    case OP_TOUCH:
        touch(ctx, now, request, w);
        return COMMAND_DONE;
    case OP_MGET:
        mget(ctx, now, request, w);
        return COMMAND_DONE;
    case OP_MFILL:
        mfill(ctx, now, request, w);
        return COMMAND_DONE;
    case OP_PUT:
        plan_put(ctx, request, issue);
        return COMMAND_ISSUE;
    case OP_INVALIDATE:
        plan_invalidate(ctx, request, issue);
        return COMMAND_ISSUE;
    case OP_SUBSCRIBE:
    case OP_UNSUBSCRIBE:
        return COMMAND_SUBSCRIBE;
    default:
        return COMMAND_INSPECT;
    }
}

size_t command_room(const struct client_request *request)
{
    if (request->op == OP_MGET)
        return VALUE_ROOM + request->targets_n * GOT_ROOM;
    if (request->op == OP_MFILL)
        return REPLY_ROOM + request->fills_n * GOT_ROOM;
    return VALUE_ROOM;
}

size_t command_room_max(const struct command_ctx *ctx)
{
    return cache_config(ctx->cache)->value_max + CLIENT_FRAME_EXTRA;
}

/* ---- when the dots are issued ---- */

static void say_acks(const struct command_ctx *ctx, uint32_t id, const struct node_reply *reply,
                     struct writer *w)
{
    uint8_t bytes[STAMP_LEN];
    const struct stamp stamp = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count};
    stamp_write(&cache_config(ctx->cache)->hkey, &stamp, bytes);
    const struct client_acks acks = {.stamp = slice_of(bytes, STAMP_LEN),
                                     .level = "local",
                                     .reached = true,
                                     .applied = &ctx->node_name,
                                     .applied_n = 1};
    client_reply_acks(w, id, &acks);
}

struct command_refusal command_refusal(enum err err)
{
    if (err == ERR_STALE)
        return (struct command_refusal){"CONFLICT",
                                        "a newer process uses this node's name; ask another node"};
    return (struct command_refusal){"DRAINING", "this node is leaving; ask another one"};
}

void command_issued(const struct command_ctx *ctx, uint32_t id, const struct node_reply *reply,
                    struct writer *w)
{
    if (reply->err == OK) {
        say_acks(ctx, id, reply, w);
        return;
    }
    const struct command_refusal refusal = command_refusal(reply->err);
    say_fault(w, id, refusal.name, refusal.text);
}

void command_put_issued(const struct command_ctx *ctx, mono_us now, const struct command_put *put,
                        const struct node_reply *reply, struct writer *w)
{
    struct cache_key key;
    const struct cache_item item = item_of(&put->fill);
    const enum err err = cache_key(ctx->cache, put->ns, put->fill.key, &key);
    assert(err == OK);
    /* Refused by something newer: the write stands, it is only not cached here. Counted there. */
    if (reply->err == OK && put->fill.token.len > 0)
        cache_put_token(ctx->cache, now, &key, &item, put->fill.token, reply->index);
    else if (reply->err == OK)
        cache_put(ctx->cache, now, &key, &item, reply->index);
    command_issued(ctx, put->id, reply, w);
}
