/** node/command_issue.c - what control is to do for a request, and what its answer means to the client. */
#include <assert.h>
#include <string.h>

#include "node/command_inside.h"

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

/** Put hash into its place among n rising ones, once. Returns: how many there are then. */
static uint8_t insert_hash(uint64_t *at, uint8_t n, uint64_t hash)
{
    uint8_t i = 0;
    while (i < n && at[i] < hash)
        i++;
    if (i < n && at[i] == hash)
        return n;
    memmove(at + i + 1, at + i, (size_t)(n - i) * sizeof *at);
    at[i] = hash;
    return (uint8_t)(n + 1);
}

struct node_target command_target_tags(const struct hkey *hkey, struct slice ns,
                                       const struct slice *tags, size_t tags_n)
{
    struct node_target t = {.kind = DOT_TAGS_ALL, .ns = ns};
    assert(tags_n >= 1 && tags_n <= DOT_TAGS_MAX);
    for (size_t i = 0; i < tags_n; i++)
        t.tags_n = insert_hash(t.tags, t.tags_n, hash_target(hkey, TARGET_TAG, ns, tags[i]));
    return t.tags_n >= DOT_TAGS_MIN ? t : command_target(hkey, SCOPE_TAG, ns, tags[0]);
}

/* ---- plans ---- */

static void plan_ack(const struct command_ctx *ctx, const struct client_request *request,
                     struct command_issue *issue)
{
    const uint32_t ms = request->timeout_ms != 0 ? request->timeout_ms : CLIENT_ACK_MS;
    issue->ack = policy_ack(policy_of(ctx->policies, request->ns), request->ack);
    issue->timeout_us = (uint64_t)ms * US_PER_MS;
}

static struct node_target *add_target(struct command_issue *issue, struct node_target target)
{
    assert(issue->targets_n < NODE_TARGETS_MAX);
    issue->targets[issue->targets_n] = target;
    return &issue->targets[issue->targets_n++];
}

/** How many targets an invalidation has: a namespace, everything, and tags together are one. */
static size_t targets_of(const struct client_request *request)
{
    const bool each = request->scope == SCOPE_KEY || request->scope == SCOPE_TAG ||
                      request->scope == SCOPE_PREFIX;
    return each ? request->targets_n : 1;
}

static struct node_target target_at(const struct command_ctx *ctx,
                                    const struct client_request *request, size_t i)
{
    static const struct slice whole; /* a namespace, or everything, has no target of its own */
    const struct hkey *hkey = &cache_config(ctx->cache)->hkey;
    if (request->scope == SCOPE_TAGS_ALL)
        return command_target_tags(hkey, request->ns, request->targets, request->targets_n);
    if (request->scope == SCOPE_NAMESPACE || request->scope == SCOPE_ALL)
        return command_target(hkey, request->scope, request->ns, whole);
    return command_target(hkey, request->scope, request->ns, request->targets[i]);
}

static void plan_invalidate(const struct command_ctx *ctx, const struct client_request *request,
                            struct command_issue *issue)
{
    for (size_t i = 0; i < targets_of(request); i++) {
        struct node_target *t = add_target(issue, target_at(ctx, request, i));
        t->soft = request->soft;
        t->has_version = request->fill.has_version;
        t->version = request->fill.version;
    }
}

static void plan_begin(const struct command_ctx *ctx, const struct client_request *request,
                       struct command_issue *issue)
{
    const struct hkey *hkey = &cache_config(ctx->cache)->hkey;
    uint8_t ns_i;
    /* A put is refused where its namespace is younger than its token: known now, it is not. When there
     * is no room for the name, command_begin_issued() gives no token. */
    const enum err known = cache_namespace(ctx->cache, request->ns, &ns_i);
    (void)known;
    for (size_t i = 0; i < request->targets_n; i++) {
        struct node_target *t =
            add_target(issue, command_target(hkey, SCOPE_KEY, request->ns, request->targets[i]));
        t->kind = DOT_BEGIN;
        t->ms = request->timeout_ms != 0 ? request->timeout_ms : CLIENT_INTENT_MS;
    }
    /* Its timeout_ms is the life of the intent: no acknowledgement is waited for past that. */
    if (request->timeout_ms == 0 || request->timeout_ms > CLIENT_ACK_MS)
        issue->timeout_us = CLIENT_ACK_MS * US_PER_MS;
}

/** false: its txn is malformed, and the error was appended. */
static bool plan_put(const struct command_ctx *ctx, const struct client_request *request,
                     struct writer *w, struct command_issue *issue)
{
    struct cache_key key;
    const struct cache_item item = command_item(ctx, request->ns, &request->fill);
    const enum err err = cache_key(ctx->cache, request->ns, request->fill.key, &key);
    assert(err == OK);
    add_target(issue, (struct node_target){.kind = DOT_PUT,
                                           .hash = key.hash,
                                           .digest = cache_digest(ctx->cache, &key, &item),
                                           .has_version = request->fill.has_version,
                                           .version = request->fill.version,
                                           .ns = request->ns,
                                           .target = request->fill.key});
    return command_stamps(ctx, request->id, request->stamp, issue, w);
}

bool command_stamps(const struct command_ctx *ctx, uint32_t id, struct slice bytes,
                    struct command_issue *issue, struct writer *w)
{
    const struct hkey *hkey = &cache_config(ctx->cache)->hkey;
    issue->stamps_n = 0;
    for (size_t at = 0; at + STAMP_LEN <= bytes.len; at += STAMP_LEN) {
        assert(issue->stamps_n < CLIENT_AFTER_MAX); /* the codec's limit */
        const struct slice one = slice_of(bytes.at + at, STAMP_LEN);
        if (stamp_read(hkey, one, &issue->stamps[issue->stamps_n++]) != OK) {
            command_fault(w, id, "BAD_STAMP",
                          "the stamp is not one that an invalidation of this cluster gives");
            return false;
        }
    }
    return true;
}

enum command_step command_plan(const struct command_ctx *ctx, const struct client_request *request,
                               struct writer *w, struct command_issue *issue)
{
    static const enum node_ask ASKS[] = {[OP_TRACE] = NODE_TRACE,
                                         [OP_COMMIT] = NODE_COMMIT,
                                         [OP_ABORT] = NODE_ABORT,
                                         [OP_MATRIX] = NODE_SURVEY};

    issue->ask = NODE_ISSUE;
    issue->targets_n = 0;
    issue->stamps_n = 0;
    if (request->op == OP_INVALIDATE && request->dry_run)
        return COMMAND_COUNT;
    plan_ack(ctx, request, issue);
    if (request->op == OP_INVALIDATE)
        plan_invalidate(ctx, request, issue);
    else if (request->op == OP_BEGIN)
        plan_begin(ctx, request, issue);
    else if (request->op == OP_PUT)
        return plan_put(ctx, request, w, issue) ? COMMAND_ISSUE : COMMAND_DONE;
    else {
        issue->ask = ASKS[request->op];
        if (!command_stamps(ctx, request->id, request->stamp, issue, w))
            return COMMAND_DONE;
    }
    return COMMAND_ISSUE;
}

/* ---- dry runs ---- */

static struct cache_aim aim_of(const struct node_target *t)
{
    return (struct cache_aim){.kind = t->kind,
                              .ns = t->ns,
                              .target = t->target,
                              .hash = t->hash,
                              .tags = t->tags,
                              .tags_n = t->tags_n};
}

bool command_count(const struct command_ctx *ctx, const struct command_call *call,
                   const struct client_request *request, struct command_dry_run *run,
                   struct writer *w)
{
    const struct node_target target = target_at(ctx, request, run->target_i);
    const struct cache_aim aim = aim_of(&target);
    if (!cache_count(ctx->cache, call->now, &aim, &run->count))
        return false;
    run->count.shard_i = 0;
    if (++run->target_i < targets_of(request))
        return false;
    client_reply_dry_run(w, request->id, run->count.matches, run->count.bytes);
    return true;
}

/* ---- when control has answered ---- */

/** What the reply says of acknowledgements; stamp is lent to it. */
static struct client_acks acks_of(const struct command_ctx *ctx, const struct node_reply *reply,
                                  uint8_t stamp[STAMP_LEN])
{
    const struct stamp named = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count};
    stamp_write(&cache_config(ctx->cache)->hkey, &named, stamp);
    return (struct client_acks){.stamp = slice_of(stamp, STAMP_LEN),
                                .level = reply->ack,
                                .reached = reply->reached,
                                .applied = reply->applied,
                                .applied_n = reply->applied_n,
                                .missing = reply->missing,
                                .missing_n = reply->missing_n};
}

struct command_refusal command_refusal(enum err err)
{
    switch (err) {
    case ERR_STALE:
        return (struct command_refusal){"CONFLICT",
                                        "another process uses this node's name, or its random "
                                        "numbers; ask another node"};
    case ERR_CONFIG:
        return (struct command_refusal){
            "NOT_CONFIGURED", "this level needs --expect N, and the same fence_ms, on every node"};
    case ERR_LIMIT:
        return (struct command_refusal){
            "EXPECT_EXCEEDED", "more nodes live than --expect promises; nothing was invalidated"};
    case ERR_FULL:
        return (struct command_refusal){
            "BUSY",
            "too many requests wait for their level, or too many intents are open; nothing was "
            "issued, try again"};
    case ERR_UNKNOWN:
        return (struct command_refusal){
            "UNKNOWN_TXN", "this node knows no such open intent; ask the node that gave it"};
    default:
        return (struct command_refusal){"DRAINING", "this node is leaving; ask another one"};
    }
}

size_t command_issued_room(const struct node_reply *reply)
{
    return REPLY_ROOM + CLIENT_ACKS_MAX +
           (reply->applied_n + reply->missing_n) * CLIENT_ACKS_NAME_MAX +
           reply->count * (size_t)CLIENT_BEGUN_TOKEN_MAX;
}

static void say_refusal(struct writer *w, uint32_t id, enum err err)
{
    const struct command_refusal refusal = command_refusal(err);
    command_fault(w, id, refusal.name, refusal.text);
}

void command_issued(const struct command_ctx *ctx, uint32_t id, const struct node_reply *reply,
                    struct writer *w)
{
    uint8_t stamp[STAMP_LEN];
    if (reply->err != OK) {
        say_refusal(w, id, reply->err);
        return;
    }
    const struct client_acks acks = acks_of(ctx, reply, stamp);
    client_reply_acks(w, id, &acks);
}

/** A token for each target of a begin, empty where none is given. */
struct tokens {
    uint8_t bytes[CLIENT_TARGETS_MAX][TOKEN_LEN];
    struct slice at[CLIENT_TARGETS_MAX];
};

/**
 * One token for each key, good from the dots of the begin on. What a client writes after it was answered
 * is newer than all that came before those dots, and whatever came after them is a reason to refuse.
 */
static void mint_tokens(const struct command_ctx *ctx, mono_us now,
                        const struct command_begin *begin, uint64_t index, struct tokens *out)
{
    for (size_t i = 0; i < begin->targets_n; i++) {
        const struct node_target *t = &begin->targets[i];
        struct cache_key key;
        out->at[i] = (struct slice){0};
        if (cache_key(ctx->cache, t->ns, t->target, &key) == OK &&
            cache_token_at(ctx->cache, now, &key, index, out->bytes[i]) == OK)
            out->at[i] = slice_of(out->bytes[i], TOKEN_LEN);
    }
}

void command_begin_issued(const struct command_ctx *ctx, mono_us now,
                          const struct command_begin *begin, const struct node_reply *reply,
                          struct writer *w)
{
    uint8_t stamp[STAMP_LEN];
    struct tokens tokens;
    assert(begin->targets_n <= CLIENT_TARGETS_MAX);
    if (reply->err != OK) {
        say_refusal(w, begin->id, reply->err);
        return;
    }
    const struct client_acks acks = acks_of(ctx, reply, stamp);
    mint_tokens(ctx, now, begin, reply->index, &tokens);
    client_reply_begin(w, begin->id, &acks, tokens.at, begin->targets_n);
}
