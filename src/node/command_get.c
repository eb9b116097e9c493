/** node/command_get.c - get and mget: hit, miss with a token, stale, wait, or not proven. */
#include <assert.h>

#include "cache/claim.h"
#include "node/command_inside.h"

#define LIKELY_LEN 256 /* bytes of key and value */

/** One look-up on its way to its reply: a whole one, or one element of an mget. */
struct lookup {
    const struct command_ctx *ctx;
    const struct command_call *call;
    const struct client_read *read;
    struct cache_key key;
    uint64_t within_us; /* bound of the read; 0 = none */
    mono_us horizon;    /* of the certificate, loaded before the entry was looked at: rule TH10 */
    struct slice token; /* a stale value's caller may hold it */
    struct writer *w;
    uint32_t id;
    bool many;
    size_t begun;              /* mget: where in w its reply begins */
    size_t left;               /* mget: elements still to come after this one */
    size_t room;               /* mget: bytes that all elements may take */
    enum client_status status; /* of the last element that was said */
};

static void say(struct lookup *l, const struct client_got *got)
{
    l->status = got->status;
    if (l->many)
        client_reply_many_get(l->w, got);
    else
        client_reply_get(l->w, l->id, got);
}

static uint64_t proof_ms(const struct lookup *l)
{
    const mono_us now = l->call->now;
    return l->horizon < now ? (now - l->horizon) / US_PER_MS : 0;
}

static void on_found(void *context, const struct cache_hit *hit)
{
    struct lookup *l = context;
    const struct client_got got = {.status = hit->stale ? STATUS_STALE : STATUS_HIT,
                                   .value = hit->value,
                                   .token = l->token,
                                   .age_ms = hit->age_ms,
                                   .ttl_ms = hit->ttl_left_ms,
                                   .has_version = hit->has_version,
                                   .version = hit->version,
                                   .has_proof = l->within_us > 0,
                                   .proof_ms = l->within_us > 0 ? proof_ms(l) : 0};
    static const struct client_got alone = {.status = STATUS_MISS};
    const bool fits =
        !l->many ||
        l->w->len - l->begun + hit->value.len + (l->left + 1) * CLIENT_GOT_MAX <= l->room;
    say(l, fits ? &got : &alone);
}

/**
 * Was the read certified? The horizon was loaded, then the entry copied, and only now the clock is
 * read: a pause at any point makes the answer older and the check fail. Whoever looked at a second,
 * newer horizon would certify the old copy.
 */
static bool is_proven(const struct lookup *l)
{
    const mono_us now = l->ctx->clock(l->ctx->clock_ctx);
    return l->horizon != 0 && l->horizon + l->within_us >= now;
}

/** The token of a miss, and whether the caller is the one who loads: else somebody else does. */
static bool take_lease(const struct lookup *l, uint8_t token[TOKEN_LEN], struct slice *out)
{
    const struct cache_wish wish = {.caller = l->call->caller,
                                    .hold_us = COMMAND_LEASE_US,
                                    .waits = l->read->wait_ms > 0 && !l->many};
    *out = (struct slice){0};
    if (cache_gate(l->ctx->cache) != CACHE_OPEN)
        return true; /* there is no token, and nobody loads */
    if (!cache_claim(l->ctx->cache, l->call->now, &l->key, &wish))
        return false;
    if (l->call->claims != NULL)
        l->call->claims->hashes[l->call->claims->n++ % COMMAND_CLAIMS] = l->key.hash;
    if (cache_token(l->ctx->cache, l->call->now, &l->key, token) == OK)
        *out = slice_of(token, TOKEN_LEN);
    return true;
}

static bool look(struct lookup *l, bool stale_ok)
{
    const struct cache_ask ask = {
        .stale_ok = stale_ok, .proven_only = l->within_us > 0, .min_stamp = l->call->after};
    return cache_get(l->ctx->cache, l->call->now, &l->key, &ask, on_found, l) != CACHE_ABSENT;
}

/** A copy was found, and cannot be shown to be new enough: its caller goes to the source, and may fill
 *  what it finds there. */
static void say_unproven(struct lookup *l, size_t begun)
{
    uint8_t token[TOKEN_LEN];
    struct client_got got = {.status = STATUS_UNPROVEN,
                             .has_proof = l->horizon != 0,
                             .proof_ms = l->horizon != 0 ? proof_ms(l) : 0};
    l->w->len = begun;
    (void)take_lease(l, token, &got.token);
    say(l, &got);
}

/** Nothing fresh is here. The token is minted after the look-up and before the caller can read its
 *  source: rule TH9. */
static enum command_step miss(struct lookup *l)
{
    uint8_t token[TOKEN_LEN];
    const bool mine = take_lease(l, token, &l->token);
    if (l->read->stale && l->within_us == 0 && look(l, true))
        return COMMAND_DONE;
    if (!mine && l->read->wait_ms > 0 && !l->many && !l->call->waited)
        return COMMAND_WAIT;
    const struct client_got got = {.status = mine ? STATUS_MISS : STATUS_WAIT, .token = l->token};
    say(l, &got);
    return COMMAND_DONE;
}

static enum command_step find(struct lookup *l)
{
    const size_t begun = l->w->len;
    l->token = (struct slice){0};
    l->horizon = l->within_us > 0 ? cache_horizon(l->ctx->cache) : 0;
    if (!look(l, false))
        return miss(l);
    if (l->within_us > 0 && l->w->err == OK && !is_proven(l))
        say_unproven(l, begun);
    return COMMAND_DONE;
}

/** Count what the reply says of one key, if it could be made: else it is made once more, with more room. */
static void count_said(const struct lookup *l)
{
    if (l->call->said != NULL && l->w->err == OK)
        l->call->said->n[l->status]++;
}

static struct cache_key key_of(const struct command_ctx *ctx, struct slice ns, struct slice name)
{
    struct cache_key key;
    const enum err err = cache_key(ctx->cache, ns, name, &key);
    assert(err == OK); /* the codec checked the same limits */
    return key;
}

/** The bound of a read: its own, or the one of its namespace. */
static uint64_t within_us(const struct command_ctx *ctx, struct slice ns, uint64_t ms)
{
    const struct policy *policy = policy_of(ctx->policies, ns);
    if (ms == 0)
        ms = policy->within_ms;
    if (policy->strict && (ms == 0 || ms > ctx->policies->fence_ms))
        ms = ctx->policies->fence_ms; /* a wider bound is not protected by fences */
    return ms * US_PER_MS;
}

/** Bound the read before its first look. */
static void bound(struct lookup *l, struct slice ns)
{
    l->within_us = within_us(l->ctx, ns, l->read->within_ms);
    if (l->within_us > 0)
        cache_want_proof(l->ctx->cache, l->call->now);
}

static struct lookup lookup_of(const struct command_ctx *ctx, const struct command_call *call,
                               const struct client_request *request, struct writer *w)
{
    struct lookup l = {.ctx = ctx, .call = call, .read = &request->read, .w = w, .id = request->id};
    bound(&l, request->ns);
    return l;
}

/** The index of `after` is not known yet: control is asked. false: the stamps are malformed. */
static enum command_step ask_control(const struct command_ctx *ctx,
                                     const struct client_request *request, struct writer *w,
                                     struct command_issue *issue)
{
    issue->ask = NODE_AFTER;
    issue->targets_n = 0;
    return command_stamps(ctx, request->id, request->read.after, issue, w) ? COMMAND_ASK
                                                                           : COMMAND_DONE;
}

enum command_step command_get(const struct command_ctx *ctx, const struct command_call *call,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue)
{
    if (request->read.after.len > 0 && !call->has_after)
        return ask_control(ctx, request, w, issue);
    struct lookup l = lookup_of(ctx, call, request, w);
    l.key = key_of(ctx, request->ns, request->fill.key);
    const enum command_step step = find(&l);
    if (step == COMMAND_DONE)
        count_said(&l);
    return step;
}

enum client_status command_get_plain(const struct command_ctx *ctx, const struct command_call *call,
                                     const struct command_plain *plain, struct writer *w)
{
    static const struct client_read by_default;
    struct lookup l = {.ctx = ctx,
                       .call = call,
                       .read = &by_default,
                       .key = plain->key,
                       .w = w,
                       .id = plain->request.id};
    bound(&l, plain->request.ns);
    (void)find(&l); /* without wait_ms it is done */
    return l.status;
}

/** Take the next group of the keys of an mget. */
static void take_group(const struct command_ctx *ctx, const struct client_request *request,
                       size_t from, struct command_group *group)
{
    group->n = 0;
    for (size_t i = from; i < request->targets_n && group->n < GROUP; i++)
        command_group_add(ctx, group, request->targets[i]);
    command_group_hint(group);
}

enum command_step command_mget(const struct command_ctx *ctx, const struct command_call *call,
                               const struct client_request *request, struct writer *w,
                               struct command_issue *issue)
{
    if (request->read.after.len > 0 && !call->has_after)
        return ask_control(ctx, request, w, issue);
    struct lookup l = lookup_of(ctx, call, request, w);
    l.many = true;
    l.begun = w->len;
    l.room = command_room_max(ctx) - REPLY_ROOM;
    const size_t mark = client_reply_many_begin(w, request->id, request->targets_n);
    struct command_group group = {.ns = request->ns, .likely_len = LIKELY_LEN};
    struct command_said said = {0};
    for (size_t i = 0; i < request->targets_n; i++) {
        l.left = request->targets_n - i - 1;
        if (i % GROUP == 0)
            take_group(ctx, request, i, &group);
        l.key = group.keys[i % GROUP];
        (void)find(&l);
        said.n[l.status]++;
    }
    client_reply_many_end(w, mark);
    for (size_t i = 0; i < CLIENT_STATUSES && call->said != NULL && w->err == OK; i++)
        call->said->n[i] += said.n[i];
    return COMMAND_DONE;
}

void command_gone(const struct command_ctx *ctx, const struct command_claims *claims,
                  uint64_t caller)
{
    for (uint32_t i = 0; i < claims->n && i < COMMAND_CLAIMS; i++)
        cache_release(ctx->cache, claims->hashes[i], caller);
}

uint64_t command_wait_hash(const struct command_ctx *ctx, const struct client_request *request)
{
    return hash_target(&cache_config(ctx->cache)->hkey, TARGET_KEY, request->ns, request->fill.key);
}
