/** Puts that end an announced write: what they store, and what keeps them from it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "wire/client_answer.h"

#include "net.h"

#define SECOND US_PER_SEC
#define KEYS   4

/** What a client has of its begin. */
struct begun {
    uint8_t txn[STAMP_LEN];
    struct stamp stamp;
    uint8_t tokens[KEYS][TOKEN_LEN];
    size_t token_len[KEYS];
    size_t tokens_n;
};

static struct net *nodes(size_t n)
{
    return net_joined(&(struct net_cfg){.n = n});
}

static struct command_ctx ctx_of(struct net *t, size_t i)
{
    static struct policies none;
    return (struct command_ctx){.cache = t->at[i].cache, .policies = &none};
}

/** Plan a request at node i and let its control issue it. Returns: what it said. */
static struct node_reply issue(struct net *t, size_t i, const struct client_request *request,
                               struct command_issue *planned)
{
    const struct command_ctx ctx = ctx_of(t, i);
    const struct command_call call = {.now = t->now};
    struct writer w = writer_of(t->out, sizeof t->out);
    cr_assert_eq(command_run(&ctx, &call, request, &w, planned), COMMAND_ISSUE);
    struct node_command c = {
        .ask = planned->ask, .targets = planned->targets, .targets_n = planned->targets_n};
    memcpy(c.stamps, planned->stamps, sizeof c.stamps);
    c.stamps_n = planned->stamps_n;
    const struct net_reply *r = &t->replies[net_command(t, i, c)];
    cr_assert(r->came);
    return (struct node_reply){.err = r->err,
                               .epoch = r->stamp.epoch,
                               .seq = r->stamp.seq,
                               .count = r->stamp.count,
                               .index = r->index,
                               .ended = r->ended,
                               .ack = {.level = ACK_LOCAL},
                               .reached = true};
}

/** Announce a write of these keys at node i, for ms. */
static struct begun begin(struct net *t, size_t i, uint32_t ms, const char *const keys[KEYS])
{
    struct command_issue *planned = calloc(1, sizeof *planned);
    struct slice names[KEYS];
    struct client_request request = {
        .op = OP_BEGIN, .scope = SCOPE_KEY, .targets = names, .timeout_ms = ms};
    for (; request.targets_n < KEYS && keys[request.targets_n] != NULL; request.targets_n++)
        names[request.targets_n] = slice_text(keys[request.targets_n]);
    const struct node_reply reply = issue(t, i, &request, planned);
    const struct command_ctx ctx = ctx_of(t, i);
    struct writer w = writer_of(t->out, sizeof t->out);
    command_begin_issued(&ctx, t->now,
                         &(struct command_begin){
                             .id = 1, .targets = planned->targets, .targets_n = planned->targets_n},
                         &reply, &w);
    free(planned);
    struct client_reply frame;
    struct client_acked acked;
    struct begun b = {.stamp = {reply.epoch, reply.seq, reply.count}};
    cr_assert_eq(w.err, OK);
    cr_assert_eq(client_reply_decode(t->codec, slice_of(w.at + 4, w.len - 4), &frame), OK);
    cr_assert_eq(client_acked_decode(t->codec, frame.result, &acked), OK);
    memcpy(b.txn, acked.stamp.at, STAMP_LEN);
    b.tokens_n = acked.tokens_n;
    for (size_t k = 0; k < acked.tokens_n; k++) {
        b.token_len[k] = acked.tokens[k].len;
        if (acked.tokens[k].len > 0)
            memcpy(b.tokens[k], acked.tokens[k].at, TOKEN_LEN);
    }
    return b;
}

#define BEGIN(t, i, ms, ...) begin(t, i, ms, (const char *const[KEYS]){__VA_ARGS__})

/** A put at node i; txn and token may be NULL. Returns: what control said. */
static struct node_reply put(struct net *t, size_t i, const char *key, const struct begun *txn,
                             const uint8_t *token)
{
    struct command_issue *planned = calloc(1, sizeof *planned);
    const struct command_ctx ctx = ctx_of(t, i);
    struct client_request request = {.op = OP_PUT};
    request.fill.key = slice_text(key);
    request.fill.value = slice_text("new");
    request.fill.token = slice_of(token, token == NULL ? 0 : TOKEN_LEN);
    request.stamp = txn == NULL ? (struct slice){0} : slice_of(txn->txn, STAMP_LEN);
    const struct node_reply reply = issue(t, i, &request, planned);
    struct writer w = writer_of(t->out, sizeof t->out);
    command_put_issued(&ctx, t->now, &(struct command_put){.id = 1, .fill = request.fill}, &reply,
                       &w);
    cr_assert_eq(w.err, OK);
    free(planned);
    return reply;
}

/** What a look at a copy wants, and whether it had it. */
struct look {
    const char *value;
    bool same;
};

static void compare(void *ctx, const struct cache_hit *hit)
{
    struct look *l = ctx;
    l->same = slice_eq(hit->value, slice_text(l->value));
}

/** Has node i this value of "k", perhaps only if it can prove it? Nobody is given a load for it. */
static bool shows(struct net *t, size_t i, const char *value, bool proven)
{
    const struct cache_ask ask = {.proven_only = proven};
    struct look l = {.value = value};
    struct cache_key key;
    cr_assert_eq(cache_key(t->at[i].cache, slice_text(""), slice_text("k"), &key), OK);
    cache_get(t->at[i].cache, t->now, &key, &ask, compare, &l);
    return l.same;
}

static bool holds(struct net *t, size_t i)
{
    return shows(t, i, "new", false);
}

static struct net_reply invalidate(struct net *t, size_t i, const char *key)
{
    return t->replies[net_invalidate(t, i, key, (struct client_ack){.level = ACK_LOCAL}, SECOND)];
}

static const char *refill(struct net *t, size_t i)
{
    static uint64_t callers = 1ULL << 41;
    const struct net_got miss = net_get(t, i, (struct net_get){.key = "k", .caller = ++callers});
    cr_assert_eq(miss.status, STATUS_MISS);
    return net_fill(t, i, "k", "old", &miss);
}

/* ---- what it is for ---- */

Test(txn, a_put_commits_and_stores_what_was_written)
{
    struct net *t = nodes(2);
    net_store(t, 1, "k", "old");
    const struct begun b = BEGIN(t, 0, 10000, "k");
    cr_assert(b.tokens_n == 1 && b.token_len[0] == TOKEN_LEN);
    net_run(t, SECOND);
    const struct node_reply reply = put(t, 0, "k", &b, b.tokens[0]);
    cr_assert_eq(reply.count, 2, "its stamp names the commit and the put");
    cr_assert(reply.ended != 0 && reply.ended < reply.index);
    cr_assert(holds(t, 0));
    net_run(t, SECOND);
    cr_assert_null(refill(t, 1), "the other node is let go by the commit");
    net_run(t, 30 * SECOND);
    cr_assert(holds(t, 0), "and nothing is left that runs out");
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 0);
    net_free(t);
}

Test(txn, what_was_stored_is_proven)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    put(t, 0, "k", &b, b.tokens[0]);
    cr_assert(shows(t, 0, "new", true));
    net_free(t);
}

Test(txn, each_key_is_put_by_itself_and_the_rest_goes_on)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 5000, "j", "k", "l");
    cr_assert_eq(b.tokens_n, 3);
    cr_assert_eq(put(t, 0, "k", &b, b.tokens[1]).count, 2);
    cr_assert(holds(t, 0));
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 2);
    cr_assert_eq(put(t, 0, "l", &b, b.tokens[2]).count, 2);
    cr_assert(holds(t, 0) && net_holds(t, 0, "l", "new"));
    net_run(t, 6 * SECOND);
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 0, "the one that nobody put ran out");
    cr_assert(holds(t, 0));
    net_free(t);
}

/** A commit means all keys of its txn: what it says of a key that was put is true, and costs a miss. */
Test(txn, a_commit_after_a_put_drops_what_the_put_stored)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 5000, "k", "l");
    put(t, 0, "k", &b, b.tokens[0]);
    cr_assert_eq(t->replies[net_about(t, 0, NODE_COMMIT, &b.stamp)].err, OK);
    cr_assert_not(holds(t, 0));
    cr_assert_null(refill(t, 0));
    net_free(t);
}

Test(txn, a_key_that_was_announced_twice_is_committed_once)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 5000, "k", "k");
    cr_assert_eq(b.tokens_n, 2);
    cr_assert_eq(put(t, 0, "k", &b, b.tokens[0]).count, 3);
    cr_assert(holds(t, 0), "either token will do");
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 0);
    net_free(t);
}

Test(txn, without_a_token_the_copy_is_unproven)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 5000, "k");
    cr_assert_eq(put(t, 0, "k", &b, NULL).count, 2);
    cr_assert(holds(t, 0));
    cr_assert_not(shows(t, 0, "new", true));
    net_free(t);
}

Test(txn, before_the_node_is_ready_no_token_is_given)
{
    struct net *t = nodes(1);
    cache_gate_set(t->at[0].cache, CACHE_CLOSED);
    const struct begun b = BEGIN(t, 0, 5000, "k");
    cr_assert(b.tokens_n == 1 && b.token_len[0] == 0);
    net_free(t);
}

/** Its namespace is known to this node by the begin alone, and since before it. */
Test(txn, a_namespace_may_be_new)
{
    struct net *t = nodes(1);
    uint8_t ns_i;
    uint8_t token[TOKEN_LEN];
    struct cache_key k;
    struct command_issue *planned = calloc(1, sizeof *planned);
    const struct slice key = slice_text("k");
    const struct client_request request = {.op = OP_BEGIN,
                                           .ns = slice_text("new"),
                                           .scope = SCOPE_KEY,
                                           .targets = &key,
                                           .targets_n = 1};
    cr_assert_not(cache_namespace_find(t->at[0].cache, request.ns, &ns_i));
    const struct node_reply reply = issue(t, 0, &request, planned);
    const struct stamp txn = {reply.epoch, reply.seq, reply.count};
    invalidate(t, 0, "other");
    cr_assert_eq(cache_key(t->at[0].cache, request.ns, key, &k), OK);
    cr_assert_eq(cache_token_at(t->at[0].cache, t->now, &k, reply.index, token), OK);
    cr_assert_eq(t->replies[net_about(t, 0, NODE_ABORT, &txn)].err, OK);
    const struct cache_item item = {.value = slice_text("v")};
    const struct slice given = slice_of(token, TOKEN_LEN);
    cr_assert_eq(cache_fill(t->at[0].cache, t->now, &k, &item, given), CACHE_STORED);
    free(planned);
    net_free(t);
}

/* ---- what keeps it from storing ---- */

Test(txn, somebody_else_s_invalidation_in_between_refuses_it)
{
    for (size_t by = 0; by < 2; by++) {
        struct net *t = nodes(2);
        const struct begun b = BEGIN(t, 0, 10000, "k");
        invalidate(t, by, "k");
        net_run(t, SECOND);
        cr_assert_eq(put(t, 0, "k", &b, b.tokens[0]).count, 2);
        cr_assert_not(holds(t, 0), "by node %zu", by);
        cr_assert_null(refill(t, 0), "but the intent is over");
        net_free(t);
    }
}

/** The dot is issued first, and comes last. */
Test(txn, somebody_else_s_invalidation_that_is_late_kills_it)
{
    struct net *t = nodes(2);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    net_run(t, SECOND);
    t->cut[1][0] = true;
    invalidate(t, 1, "k");
    put(t, 0, "k", &b, b.tokens[0]);
    cr_assert(holds(t, 0));
    t->cut[1][0] = false;
    net_run(t, 3 * SECOND);
    cr_assert_not(holds(t, 0));
    net_free(t);
}

Test(txn, when_its_time_is_over_it_is_refused)
{
    struct net *t = nodes(2);
    const struct begun b = BEGIN(t, 0, 1000, "k");
    net_run(t, 2 * SECOND);
    const struct node_reply reply = put(t, 0, "k", &b, b.tokens[0]);
    cr_assert(reply.count == 1 && reply.ended == 0, "only the put itself is told");
    cr_assert_not(holds(t, 0));
    net_free(t);
}

/** Others hold it, too, and have committed it: here it is open no more when their dot has come. */
Test(txn, when_another_node_has_ended_it_it_is_refused)
{
    struct net *t = nodes(2);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    net_run(t, SECOND);
    cr_assert_eq(t->replies[net_about(t, 1, NODE_COMMIT, &b.stamp)].err, OK);
    net_run(t, SECOND);
    cr_assert_eq(put(t, 0, "k", &b, b.tokens[0]).count, 1);
    cr_assert_not(holds(t, 0));
    net_free(t);
}

Test(txn, after_a_commit_it_is_refused_and_takes_nothing_s_place)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    cr_assert_eq(t->replies[net_about(t, 0, NODE_COMMIT, &b.stamp)].err, OK);
    cr_assert_null(refill(t, 0));
    cr_assert_eq(put(t, 0, "k", &b, b.tokens[0]).count, 1);
    cr_assert_not(holds(t, 0));
    cr_assert_not(shows(t, 0, "old", false), "it is a put: other values go");
    net_free(t);
}

/** What was to be written after all: the token is as good as that of a miss. */
Test(txn, after_an_abort_it_is_a_put_with_a_token)
{
    struct net *t = nodes(1);
    struct begun b = BEGIN(t, 0, 10000, "k");
    cr_assert_eq(t->replies[net_about(t, 0, NODE_ABORT, &b.stamp)].err, OK);
    cr_assert_eq(put(t, 0, "k", &b, b.tokens[0]).count, 1);
    cr_assert(holds(t, 0));
    b = BEGIN(t, 0, 10000, "k");
    cr_assert_eq(t->replies[net_about(t, 0, NODE_ABORT, &b.stamp)].err, OK);
    invalidate(t, 0, "k");
    put(t, 0, "k", &b, b.tokens[0]);
    cr_assert_not(holds(t, 0));
    net_free(t);
}

Test(txn, sent_again_it_stays_stored_and_ends_nothing)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    put(t, 0, "k", &b, b.tokens[0]);
    const struct node_reply again = put(t, 0, "k", &b, b.tokens[0]);
    cr_assert(again.count == 1 && again.ended == 0);
    cr_assert(holds(t, 0), "the copy is equal to what is put");
    net_free(t);
}

/** Its answer was lost; meanwhile another wrote, and is cached. */
Test(txn, sent_again_after_a_newer_write_it_brings_nothing_back)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    put(t, 0, "k", &b, b.tokens[0]);
    invalidate(t, 0, "k");
    net_store(t, 0, "k", "newer");
    put(t, 0, "k", &b, b.tokens[0]);
    cr_assert_not(holds(t, 0));
    net_free(t);
}

/** To another node, because the first one did not answer. */
Test(txn, at_another_node_it_ends_the_intent_and_is_not_stored)
{
    struct net *t = nodes(2);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    net_run(t, SECOND);
    cr_assert_eq(put(t, 1, "k", &b, b.tokens[0]).count, 2);
    cr_assert_not(holds(t, 1), "the token is not of this node");
    net_run(t, SECOND);
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 0);
    cr_assert_null(refill(t, 0));
    net_free(t);
}

Test(txn, of_two_writes_of_one_key_on_one_node_neither_is_stored)
{
    struct net *t = nodes(1);
    const struct begun one = BEGIN(t, 0, 10000, "k");
    const struct begun two = BEGIN(t, 0, 10000, "k");
    put(t, 0, "k", &one, one.tokens[0]);
    cr_assert_not(holds(t, 0));
    cr_assert_str_eq(refill(t, 0), "intent", "the second one is open");
    put(t, 0, "k", &two, two.tokens[0]);
    cr_assert_not(holds(t, 0));
    cr_assert_null(refill(t, 0));
    net_free(t);
}

Test(txn, of_two_writes_of_one_key_on_two_nodes_neither_is_stored)
{
    struct net *t = nodes(2);
    const struct begun one = BEGIN(t, 0, 10000, "k");
    const struct begun two = BEGIN(t, 1, 10000, "k");
    net_run(t, SECOND);
    put(t, 0, "k", &one, one.tokens[0]);
    put(t, 1, "k", &two, two.tokens[0]);
    net_run(t, SECOND);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_not(holds(t, i));
        cr_assert_null(refill(t, i));
    }
    net_free(t);
}

/** Neither knows of the other before both have stored. */
Test(txn, two_writes_of_one_key_apart_kill_each_other)
{
    struct net *t = nodes(2);
    net_isolate(t, 0, true);
    const struct begun one = BEGIN(t, 0, 10000, "k");
    const struct begun two = BEGIN(t, 1, 10000, "k");
    put(t, 0, "k", &one, one.tokens[0]);
    put(t, 1, "k", &two, two.tokens[0]);
    cr_assert(holds(t, 0) && holds(t, 1));
    net_isolate(t, 0, false);
    net_run(t, 5 * SECOND);
    cr_assert(!holds(t, 0) && !holds(t, 1));
    net_free(t);
}

Test(txn, after_a_restart_the_write_is_told_and_not_stored)
{
    struct net *t = nodes(2);
    const struct begun b = BEGIN(t, 0, 10000, "k");
    net_run(t, SECOND);
    net_kill(t, 0);
    net_restart(t, 0);
    net_run(t, 5 * SECOND);
    const struct node_reply reply = put(t, 0, "k", &b, b.tokens[0]);
    cr_assert_eq(reply.err, OK);
    cr_assert_geq(reply.count, 1);
    cr_assert_not(holds(t, 0), "the token is of another run");
    net_run(t, 20 * SECOND);
    for (size_t i = 0; i < 2; i++)
        cr_assert_null(refill(t, i), "in the end nothing holds the key");
    net_free(t);
}

/** A txn of other keys, and one that nobody gave. */
Test(txn, a_txn_that_does_not_name_the_key_ends_nothing)
{
    struct net *t = nodes(1);
    const struct begun other = BEGIN(t, 0, 10000, "other");
    const struct begun b = BEGIN(t, 0, 10000, "k");
    struct begun never = b;
    stamp_write(&cache_config(t->at[0].cache)->hkey, &(struct stamp){77, 9, 3}, never.txn);
    cr_assert_eq(put(t, 0, "k", &other, b.tokens[0]).count, 1);
    cr_assert_eq(put(t, 0, "k", &never, b.tokens[0]).count, 1);
    cr_assert_not(holds(t, 0), "its own intent holds it back");
    cr_assert_eq(rig_view(&t->at[0]).intents.open, 2);
    net_free(t);
}

Test(txn, a_token_without_its_txn_does_not_pass_the_intent)
{
    struct net *t = nodes(1);
    const struct begun b = BEGIN(t, 0, 1000, "k");
    cr_assert_eq(put(t, 0, "k", NULL, b.tokens[0]).count, 1);
    cr_assert_not(holds(t, 0));
    const struct net_got as_miss = {.token_len = TOKEN_LEN};
    struct net_got fill = as_miss;
    memcpy(fill.token, b.tokens[0], TOKEN_LEN);
    cr_assert_str_eq(net_fill(t, 0, "k", "old", &fill), "intent");
    net_run(t, 2 * SECOND);
    cr_assert_str_eq(net_fill(t, 0, "k", "old", &fill), "invalidated");
    net_free(t);
}

Test(txn, a_malformed_txn_is_refused_and_issues_nothing)
{
    struct net *t = nodes(1);
    struct begun b = BEGIN(t, 0, 10000, "k");
    struct command_issue *planned = calloc(1, sizeof *planned);
    const struct command_ctx ctx = ctx_of(t, 0);
    const struct command_call call = {.now = t->now};
    struct client_request request = {.op = OP_PUT, .fill = {.key = slice_text("k")}};
    struct writer w = writer_of(t->out, sizeof t->out);
    b.txn[20] ^= 1;
    request.stamp = slice_of(b.txn, STAMP_LEN);
    cr_assert_eq(command_run(&ctx, &call, &request, &w, planned), COMMAND_DONE);
    cr_assert_not_null(memmem(w.at, w.len, "BAD_STAMP", 9));
    free(planned);
    net_free(t);
}
