/** What callers may ask for beyond get, fill and invalidate: levels, stamps, soft, dry runs, intents. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static _Atomic int rendered; /* the op that was rendered last */

static size_t one_byte(uint8_t **msgpack, uint8_t byte)
{
    *msgpack = malloc(1);
    **msgpack = byte;
    return 1;
}

static size_t render(void *ctx, enum client_op what, uint8_t **msgpack)
{
    (void)ctx;
    atomic_store(&rendered, (int)what);
    return one_byte(msgpack, 1);
}

/** The number of dots of the stamp, and of nodes that were asked, in one small number. */
static size_t render_trace(void *ctx, const struct node_reply *reply, uint8_t **msgpack)
{
    (void)ctx;
    cr_expect_eq(reply->traced[0].state, TRACE_APPLIED);
    return one_byte(msgpack, (uint8_t)(reply->count * 16 + reply->traced_n));
}

static void start_with(uint32_t expect)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.policies = (struct policies){.expect = expect, .fence_ms = POLICY_FENCE_MS_MIN};
    kit_make(&cfg);
    loop_inspect_set(kit_loop, render, render_trace, NULL);
    kit_launch();
}

static void start(void)
{
    start_with(0);
}

static void start_with_expect(void)
{
    start_with(1);
}

TestSuite(promises, .init = start, .fini = kit_end, .timeout = 60);

static void refused(struct client *c, struct client_request r, const char *error)
{
    const struct client_reply reply = kit_call(c, r);
    cr_expect(slice_eq(reply.error, slice_text(error)), "%.*s", (int)reply.error.len,
              (const char *)reply.error.at);
}

static void fill(struct client *c, const char *key, const char *value)
{
    const struct client_got got = kit_get(c, key);
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert(kit_fill(c, key, value, got.token).stored);
}

static struct client_request put_of(const char *key, struct client_ack ack)
{
    return (struct client_request){
        .op = OP_PUT, .fill = {.key = slice_text(key), .value = slice_text("v")}, .ack = ack};
}

static struct client_request invalidate_all(struct client_ack ack)
{
    return (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL, .ack = ack};
}

/* ---- levels ---- */

static void only_us(const struct client_acked *a)
{
    cr_expect(a->reached);
    cr_expect_eq(a->applied_n, 1);
    cr_expect(slice_eq(a->applied[0], slice_text("n")));
    cr_expect_eq(a->missing_n, 0);
    cr_expect_eq(a->stamp.len, STAMP_LEN);
}

Test(promises, alone_all_is_reached_at_once)
{
    struct client c = kit_dial();
    const struct client_acked a = kit_acked(&c, put_of("k", (struct client_ack){.level = ACK_ALL}));
    cr_expect_eq(a.level.level, ACK_ALL);
    only_us(&a);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_HIT, "a put that waits stores its value, too");
    kit_hang_up(&c);
}

Test(promises, nodes_that_are_not_there_are_waited_for_in_vain)
{
    struct client c = kit_dial();
    struct client_request r = invalidate_all((struct client_ack){.level = ACK_NODES, .k = 2});
    r.timeout_ms = 1;
    const struct client_acked a = kit_acked(&c, r);
    cr_expect(a.level.level == ACK_NODES && a.level.k == 2);
    cr_expect_not(a.reached);
    cr_expect_eq(a.applied_n, 1);
    kit_hang_up(&c);
}

Test(promises, what_needs_the_number_of_nodes_is_refused_without_it)
{
    struct client c = kit_dial();
    struct client_request get = {.op = OP_GET, .fill.key = slice_text("k"), .read.within_ms = 10};
    refused(&c, put_of("k", (struct client_ack){.level = ACK_QUORUM}), "NOT_CONFIGURED");
    refused(&c, invalidate_all((struct client_ack){.level = ACK_FENCED}), "NOT_CONFIGURED");
    refused(&c, get, "NOT_CONFIGURED");
    kit_hang_up(&c);
}

Test(promises_of_one, quorum_and_fenced_of_one_are_this_node, .init = start_with_expect,
     .fini = kit_end, .timeout = 60)
{
    struct client c = kit_dial();
    struct client_acked a = kit_acked(&c, invalidate_all((struct client_ack){.level = ACK_QUORUM}));
    only_us(&a);
    a = kit_acked(&c, invalidate_all((struct client_ack){.level = ACK_FENCED}));
    only_us(&a);
    kit_hang_up(&c);
}

Test(promises, a_node_may_stop_while_a_level_is_waited_for)
{
    struct client c = kit_dial();
    struct client_request r = invalidate_all((struct client_ack){.level = ACK_NODES, .k = 1});
    r.timeout_ms = CLIENT_ACK_MS_MAX;
    (void)kit_ask(&c, r);
    (void)kit_invalidate(&c, "k"); /* answered by control, which answers in order */
    kit_hang_up(&c);
}

/* ---- soft ---- */

Test(promises, a_soft_invalidation_leaves_what_is_stale)
{
    struct client c = kit_dial();
    const struct slice key = slice_text("k");
    struct client_request stale = {.op = OP_GET, .fill.key = key, .read.stale = true};
    fill(&c, "k", "old");
    (void)kit_acked(&c, (struct client_request){.op = OP_INVALIDATE,
                                                .scope = SCOPE_KEY,
                                                .targets = &key,
                                                .targets_n = 1,
                                                .soft = true});
    struct client_got got = kit_got(&c, kit_ask(&c, stale));
    cr_expect_eq(got.status, STATUS_STALE);
    cr_expect(slice_eq(got.value, slice_text("old")));
    cr_expect_eq(got.token.len, TOKEN_LEN, "its caller may load what is fresh");
    fill(&c, "k", "new");
    got = kit_got(&c, kit_ask(&c, stale));
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_text("new")));
    kit_hang_up(&c);
}

/* ---- after ---- */

struct stamp_bytes {
    uint8_t at[STAMP_LEN];
};

/** A stamp of a run that this node never heard of. */
static struct stamp_bytes unheard_of(uint64_t seq)
{
    struct stamp_bytes out;
    const struct stamp stamp = {.epoch = 0xabcdef, .seq = seq, .count = 1};
    stamp_write(&cache_config(loop_cache(kit_loop))->hkey, &stamp, out.at);
    return out;
}

static struct client_request get_after(const char *key, struct slice stamps)
{
    return (struct client_request){.op = OP_GET, .fill.key = slice_text(key), .read.after = stamps};
}

Test(promises, after_an_unknown_stamp_only_a_new_fill_will_do)
{
    struct client c = kit_dial();
    const struct stamp_bytes stamp = unheard_of(1);
    const struct slice after = slice_of(stamp.at, STAMP_LEN);
    fill(&c, "k", "old");
    const struct client_got got = kit_got(&c, kit_ask(&c, get_after("k", after)));
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert(kit_fill(&c, "k", "new", got.token).stored);
    const struct client_got again = kit_got(&c, kit_ask(&c, get_after("k", after)));
    cr_expect_eq(again.status, STATUS_HIT);
    cr_expect(slice_eq(again.value, slice_text("new")));
    kit_hang_up(&c);
}

Test(promises, after_a_stamp_of_this_node_everything_will_do)
{
    struct client c = kit_dial();
    struct stamp_bytes stamp;
    fill(&c, "k", "v");
    const struct client_acked a = kit_invalidate(&c, "other");
    memcpy(stamp.at, a.stamp.at, STAMP_LEN);
    const uint32_t id = kit_ask(&c, get_after("k", slice_of(stamp.at, STAMP_LEN)));
    cr_expect_eq(kit_got(&c, id).status, STATUS_HIT);
    kit_hang_up(&c);
}

Test(promises, a_get_after_a_stamp_may_wait_for_a_fill)
{
    struct client a = kit_dial(), b = kit_dial();
    uint8_t token[TOKEN_LEN];
    const struct stamp_bytes stamp = unheard_of(2);
    struct client_request r = get_after("k", slice_of(stamp.at, STAMP_LEN));
    fill(&a, "k", "old");
    const struct client_got got = kit_got(&a, kit_ask(&a, r));
    cr_assert_eq(got.status, STATUS_MISS);
    memcpy(token, got.token.at, TOKEN_LEN);
    r.read.wait_ms = CLIENT_WAIT_MS_MAX;
    const uint32_t id = kit_ask(&b, r);
    (void)kit_invalidate(&b, "other"); /* answered by control, which answers in order */
    cr_assert(kit_fill(&a, "k", "new", slice_of(token, TOKEN_LEN)).stored);
    const struct client_got late = kit_got(&b, id);
    cr_expect(late.status == STATUS_HIT && slice_eq(late.value, slice_text("new")));
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(promises, many_gets_after_a_stamp_are_answered_in_one)
{
    struct client c = kit_dial();
    const struct stamp_bytes stamp = unheard_of(3);
    const struct slice keys[] = {slice_text("a"), slice_text("b")};
    const struct client_reply reply =
        kit_call(&c, (struct client_request){.op = OP_MGET,
                                             .targets = keys,
                                             .targets_n = 2,
                                             .read.after = slice_of(stamp.at, STAMP_LEN)});
    cr_expect_eq(reply.error.len, 0);
    cr_expect_gt(reply.result.len, 0);
    cr_expect_eq(reply.result.at[0], 0x92, "an array of two");
    kit_hang_up(&c);
}

Test(promises, a_stamp_that_was_changed_is_refused)
{
    struct client c = kit_dial();
    struct stamp_bytes stamp = unheard_of(4);
    stamp.at[9] ^= 1;
    refused(&c, get_after("k", slice_of(stamp.at, STAMP_LEN)), "BAD_STAMP");
    refused(&c, (struct client_request){.op = OP_TRACE, .stamp = slice_of(stamp.at, STAMP_LEN)},
            "BAD_STAMP");
    kit_hang_up(&c);
}

/* ---- dry runs ---- */

static struct client_dry_run dry_run(struct client *c, struct client_request r)
{
    struct client_dry_run out;
    r.op = OP_INVALIDATE;
    r.dry_run = true;
    const struct client_reply reply = kit_call(c, r);
    cr_assert_eq(reply.error.len, 0);
    cr_assert_eq(client_dry_run_decode(c->codec, reply.result, &out), OK);
    return out;
}

Test(promises, a_dry_run_counts_and_leaves_everything_alone)
{
    struct client c = kit_dial();
    const struct slice keys[] = {slice_text("aa"), slice_text("b"), slice_text("nothing")};
    fill(&c, "aa", "123");
    fill(&c, "b", "4567");
    struct client_dry_run d = dry_run(&c, (struct client_request){.scope = SCOPE_ALL});
    cr_expect_eq(d.matches, 2);
    cr_expect_eq(d.bytes, 2 + 3 + 1 + 4);
    d = dry_run(&c, (struct client_request){.scope = SCOPE_KEY, .targets = keys, .targets_n = 3});
    cr_expect_eq(d.matches, 2);
    d = dry_run(&c,
                (struct client_request){.scope = SCOPE_PREFIX, .targets = keys, .targets_n = 1});
    cr_expect_eq(d.matches, 1);
    cr_expect_eq(kit_get(&c, "aa").status, STATUS_HIT);
    cr_expect_eq(kit_get(&c, "b").status, STATUS_HIT);
    cr_expect_eq(kit_counters().waiting, 0);
    kit_hang_up(&c);
}

Test(promises, dry_runs_take_turns_and_may_be_left_behind)
{
    enum {
        N = 50
    };

    struct client a = kit_dial(), b = kit_dial();
    struct client_reply reply;
    bool seen[N + 1] = {false};
    const struct client_request r = {.op = OP_INVALIDATE, .scope = SCOPE_ALL, .dry_run = true};
    for (int i = 0; i < N; i++) {
        (void)kit_ask(&a, r);
        (void)kit_ask(&b, r);
    }
    kit_hang_up(&b);
    for (int i = 0; i < N; i++) {
        cr_assert(kit_next(&a, &reply));
        cr_assert_eq(reply.error.len, 0);
        cr_assert_not(seen[reply.id]);
        seen[reply.id] = true;
    }
    kit_hang_up(&a);
}

/* ---- documents ---- */

Test(promises, a_trace_is_rendered_with_its_number_of_dots)
{
    struct client c = kit_dial();
    struct stamp_bytes stamp;
    const struct slice keys[] = {slice_text("a"), slice_text("b")};
    const struct client_acked a = kit_acked(
        &c, (struct client_request){
                .op = OP_INVALIDATE, .scope = SCOPE_KEY, .targets = keys, .targets_n = 2});
    memcpy(stamp.at, a.stamp.at, STAMP_LEN);
    const struct client_reply reply = kit_call(
        &c, (struct client_request){.op = OP_TRACE, .stamp = slice_of(stamp.at, STAMP_LEN)});
    cr_assert_eq(reply.result.len, 1);
    cr_expect_eq(reply.result.at[0], 2 * 16 + 1);
    kit_hang_up(&c);
}

Test(promises, namespaces_are_rendered_by_control)
{
    struct client c = kit_dial();
    const struct client_reply reply = kit_call(&c, (struct client_request){.op = OP_NAMESPACES});
    cr_expect_eq(reply.result.len, 1);
    cr_expect_eq(atomic_load(&rendered), OP_NAMESPACES);
    kit_hang_up(&c);
}

/* ---- intents ---- */

static struct stamp_bytes begin(struct client *c, const char *key)
{
    struct stamp_bytes txn;
    const struct slice name = slice_text(key);
    const struct client_acked a =
        kit_acked(c, (struct client_request){.op = OP_BEGIN,
                                             .scope = SCOPE_KEY,
                                             .targets = &name,
                                             .targets_n = 1,
                                             .timeout_ms = CLIENT_INTENT_MS_MAX});
    cr_assert_eq(a.stamp.len, STAMP_LEN);
    memcpy(txn.at, a.stamp.at, STAMP_LEN);
    return txn;
}

static struct client_request end_of(enum client_op op, const struct stamp_bytes *txn)
{
    return (struct client_request){.op = op, .stamp = slice_of(txn->at, STAMP_LEN)};
}

static void is_held_back(struct client *c, const char *key)
{
    const struct client_got got = kit_get(c, key);
    cr_assert_neq(got.status, STATUS_HIT);
    if (got.token.len == 0)
        return;
    const struct client_stored s = kit_fill(c, key, "v", got.token);
    cr_expect_not(s.stored);
    cr_expect(slice_eq(s.reason, slice_text("intent")), "%.*s", (int)s.reason.len,
              (const char *)s.reason.at);
}

Test(promises, an_intent_holds_fills_back_until_it_is_committed)
{
    struct client c = kit_dial();
    fill(&c, "k", "old");
    const struct stamp_bytes txn = begin(&c, "k");
    is_held_back(&c, "k");
    (void)kit_acked(&c, end_of(OP_COMMIT, &txn));
    fill(&c, "k", "new");
    cr_expect_eq(kit_get(&c, "k").status, STATUS_HIT);
    kit_hang_up(&c);
}

Test(promises, an_intent_that_is_aborted_lets_fills_in)
{
    struct client c = kit_dial();
    const struct stamp_bytes txn = begin(&c, "k");
    is_held_back(&c, "k");
    (void)kit_acked(&c, end_of(OP_ABORT, &txn));
    fill(&c, "k", "same");
    kit_hang_up(&c);
}

/** All keys that one begin may have: each has its token, and the last one can be put with it. */
Test(promises, an_intent_gives_a_token_for_each_key)
{
    static char names[CLIENT_TARGETS_MAX][8];
    static struct slice keys[CLIENT_TARGETS_MAX];
    uint8_t txn[STAMP_LEN], token[TOKEN_LEN];
    struct client c = kit_dial();
    for (size_t i = 0; i < CLIENT_TARGETS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "k%zu", i);
        keys[i] = slice_text(names[i]);
    }
    const struct client_acked begun = kit_acked(
        &c,
        (struct client_request){
            .op = OP_BEGIN, .scope = SCOPE_KEY, .targets = keys, .targets_n = CLIENT_TARGETS_MAX});
    cr_assert_eq(begun.tokens_n, CLIENT_TARGETS_MAX);
    for (size_t i = 0; i < CLIENT_TARGETS_MAX; i++)
        cr_assert_eq(begun.tokens[i].len, TOKEN_LEN, "%zu", i);
    memcpy(txn, begun.stamp.at, STAMP_LEN);
    memcpy(token, begun.tokens[CLIENT_TARGETS_MAX - 1].at, TOKEN_LEN);
    struct client_request put = {.op = OP_PUT, .stamp = slice_of(txn, STAMP_LEN)};
    put.fill.key = keys[CLIENT_TARGETS_MAX - 1];
    put.fill.value = slice_text("new");
    put.fill.token = slice_of(token, TOKEN_LEN);
    (void)kit_acked(&c, put);
    cr_expect_eq(kit_get(&c, names[CLIENT_TARGETS_MAX - 1]).status, STATUS_HIT);
    is_held_back(&c, names[0]);
    kit_hang_up(&c);
}

Test(promises, an_intent_that_was_never_begun_cannot_be_ended)
{
    struct client c = kit_dial();
    const struct stamp_bytes txn = unheard_of(5);
    refused(&c, end_of(OP_COMMIT, &txn), "UNKNOWN_TXN");
    refused(&c, end_of(OP_ABORT, &txn), "UNKNOWN_TXN");
    kit_hang_up(&c);
}
