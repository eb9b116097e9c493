#include "load/plan.h"

#include <assert.h>
#include <string.h>

#include "load/fatal.h"

/** A lane's next key of a stage that visits every key once. */
static bool next_in_turn(struct lane *l, uint32_t *key)
{
    const struct job *job = l->job;
    const uint64_t at = l->cursor * job->options->threads + l->lane_i;
    if (at >= job->keys)
        return false;
    l->cursor++;
    *key = (uint32_t)at;
    return true;
}

/** Where a miss gives a token, storing begins with a get. */
static enum verb first_of_load(const struct job *job)
{
    return job->options->protocol->has_tokens ? VERB_GET : VERB_FILL;
}

static enum verb verb_of_run(struct lane *l)
{
    const struct options *o = l->job->options;
    switch (o->op) {
    case WORKLOAD_GET:
        return VERB_GET;
    case WORKLOAD_FILL:
        return VERB_FILL;
    case WORKLOAD_INVALIDATE:
        return VERB_INVALIDATE;
    case WORKLOAD_MIXED:
        return rng_below(&l->rng, 100) < o->reads ? VERB_GET : VERB_PUT;
    default:
        return VERB_PUT;
    }
}

uint64_t plan_due_ns(const struct lane *l)
{
    const struct options *o = l->job->options;
    assert(o->rate > 0);
    const double nth = (double)l->scheduled * o->threads + l->lane_i;
    return l->job->start_ns + (uint64_t)(nth * 1e9 / o->rate);
}

/** The timed part: always something to ask, or when the schedule says so. */
static bool next_of_run(struct lane *l, uint64_t now_ns, struct ask *out)
{
    const struct job *job = l->job;
    out->due_ns = now_ns;
    if (now_ns >= job->until_ns)
        return false;
    if (job->options->rate > 0) {
        out->due_ns = plan_due_ns(l);
        if (out->due_ns > now_ns)
            return false;
        l->scheduled++;
    }
    out->verb = verb_of_run(l);
    out->key = keys_next(&l->keys);
    if (out->verb == VERB_FILL && job->tokens.at != NULL)
        out->token = job->tokens.at[out->key];
    return true;
}

bool plan_next(struct lane *l, uint64_t now_ns, struct ask *out)
{
    *out = (struct ask){.due_ns = now_ns};
    switch (l->job->stage) {
    case STAGE_CLEAR:
        out->verb = VERB_CLEAR;
        return l->lane_i == 0 && l->cursor++ == 0;
    case STAGE_LOAD:
        out->verb = first_of_load(l->job);
        return next_in_turn(l, &out->key);
    case STAGE_TOKENS:
        out->verb = VERB_GET;
        return next_in_turn(l, &out->key);
    default:
        return next_of_run(l, now_ns, out);
    }
}

/* ---- what follows ---- */

/** All tokens of a run are equally long: requests are made to measure. */
static bool fits(struct job *job, struct slice token)
{
    uint32_t none = 0;
    if (token.len == 0 || token.len > JOB_TOKEN_MAX)
        return false;
    return atomic_compare_exchange_strong(&job->tokens.len, &none, (uint32_t)token.len) ||
           none == token.len;
}

static bool fill_after(struct lane *l, const struct reply *reply, struct ask *out)
{
    if (l->job->options->protocol->has_tokens && !fits(l->job, reply->token)) {
        tally_error(&l->tally, slice_text("a miss without a token, or with another kind"), 1);
        return false;
    }
    out->verb = VERB_FILL;
    out->token = reply->token.at;
    return true;
}

static bool keep_token(struct lane *l, const struct slot *slot, const struct reply *reply)
{
    if (fits(l->job, reply->token))
        memcpy(l->job->tokens.at[slot->key], reply->token.at, reply->token.len);
    else
        tally_error(&l->tally, slice_text("a miss without a token, or with another kind"), 1);
    return false;
}

static bool follow_miss(struct lane *l, const struct slot *slot, const struct reply *reply,
                        struct ask *out)
{
    switch (l->job->stage) {
    case STAGE_LOAD:
        return fill_after(l, reply, out);
    case STAGE_TOKENS:
        return keep_token(l, slot, reply);
    case STAGE_RUN:
        return l->job->options->read_through && fill_after(l, reply, out);
    default:
        return false;
    }
}

bool plan_follow(struct lane *l, const struct slot *slot, const struct reply *reply,
                 struct ask *out)
{
    *out = (struct ask){.verb = slot->verb, .key = slot->key};
    if (reply->answer == ANSWER_MISS)
        return follow_miss(l, slot, reply, out);
    if (reply->answer == ANSWER_HIT && l->job->stage == STAGE_TOKENS)
        tally_error(&l->tally, slice_text("a hit, so no token: --clear drops what is there"), 1);
    return reply->answer == ANSWER_WAIT && l->job->stage != STAGE_RUN;
}
