/** node/command_store.c - fill, mfill, touch, and the value of a put. */
#include <assert.h>

#include "node/command_inside.h"

struct cache_item command_item(const struct command_ctx *ctx, struct slice ns,
                               const struct client_fill *fill)
{
    const struct policy *policy = policy_of(ctx->policies, ns);
    const struct policy_life life = policy_life(
        policy, (struct policy_life){.fresh_ms = fill->fresh_ms, .ttl_ms = fill->ttl_ms});
    return (struct cache_item){.value = fill->value,
                               .ttl_ms = life.ttl_ms,
                               .fresh_ms = life.fresh_ms,
                               .has_version = fill->has_version,
                               .version = fill->version,
                               .tags = fill->tags,
                               .tags_n = fill->tags_n};
}

static struct cache_key key_of(const struct command_ctx *ctx, struct slice ns, struct slice name)
{
    struct cache_key key;
    const enum err err = cache_key(ctx->cache, ns, name, &key);
    assert(err == OK); /* the codec checked the same limits */
    return key;
}

static enum cache_reason fill_one(const struct command_ctx *ctx, mono_us now,
                                  const struct cache_key *key, const struct client_fill *fill)
{
    const struct cache_item item = command_item(ctx, key->ns, fill);
    return cache_fill(ctx->cache, now, key, &item, fill->token);
}

static void say_filled(struct writer *w, uint32_t id, enum cache_reason reason)
{
    if (reason == CACHE_TOKEN_BAD)
        command_fault(w, id, "BAD_TOKEN", "the token is not one that a MISS gives");
    else
        client_reply_fill(w, id, reason == CACHE_STORED ? NULL : cache_reason_text(reason));
}

void command_fill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                  struct writer *w)
{
    const struct cache_key key = key_of(ctx, request->ns, request->fill.key);
    say_filled(w, request->id, fill_one(ctx, now, &key, &request->fill));
}

void command_fill_plain(const struct command_ctx *ctx, mono_us now,
                        const struct command_plain *plain, struct writer *w)
{
    const struct client_plain *r = &plain->request;
    const struct policy_life life =
        policy_life(policy_of(ctx->policies, r->ns), (struct policy_life){.ttl_ms = r->ttl_ms});
    const struct cache_item item = {
        .value = r->value, .ttl_ms = life.ttl_ms, .fresh_ms = life.fresh_ms};
    say_filled(w, r->id, cache_fill(ctx->cache, now, &plain->key, &item, r->token));
}

/** Take the next group of the keys of an mfill. */
static void take_group(const struct command_ctx *ctx, const struct client_request *request,
                       size_t from, struct command_group *group)
{
    group->n = 0;
    for (size_t i = from; i < request->fills_n && group->n < GROUP; i++)
        command_group_add(ctx, group, request->fills[i].key);
    command_group_hint(group);
}

void command_mfill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                   struct writer *w)
{
    const size_t mark = client_reply_many_begin(w, request->id, request->fills_n);
    struct command_group group = {.ns = request->ns};
    for (size_t i = 0; i < request->fills_n; i++) {
        if (i % GROUP == 0)
            take_group(ctx, request, i, &group);
        const enum cache_reason reason =
            fill_one(ctx, now, &group.keys[i % GROUP], &request->fills[i]);
        client_reply_many_fill(w, reason == CACHE_STORED ? NULL : cache_reason_text(reason));
    }
    client_reply_many_end(w, mark);
}

void command_touch(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                   struct writer *w)
{
    const struct cache_key key = key_of(ctx, request->ns, request->fill.key);
    client_reply_bool(w, request->id, cache_touch(ctx->cache, now, &key, request->fill.ttl_ms));
}

/** Refused by something newer, the write stands all the same: it is only not cached here. */
static void store_put(const struct command_ctx *ctx, mono_us now, const struct command_put *put,
                      const struct node_reply *reply)
{
    const struct cache_key key = key_of(ctx, put->ns, put->fill.key);
    const struct cache_item item = command_item(ctx, put->ns, &put->fill);
    const struct cache_written written = {
        .token = put->fill.token, .index = reply->index, .ended = reply->ended};
    if (put->fill.token.len > 0)
        cache_put_token(ctx->cache, now, &key, &item, &written);
    else if (!policy_of(ctx->policies, put->ns)
                  ->strict) /* what nobody can prove is not kept there */
        cache_put(ctx->cache, now, &key, &item, reply->index);
}

void command_put_issued(const struct command_ctx *ctx, mono_us now, const struct command_put *put,
                        const struct node_reply *reply, struct writer *w)
{
    if (reply->err == OK)
        store_put(ctx, now, put, reply);
    command_issued(ctx, put->id, reply, w);
}
