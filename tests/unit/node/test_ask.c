/** Levels of acknowledgement, between real nodes: reached, not reached, refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define SECOND US_PER_SEC

static const struct client_ack ONE = {.level = ACK_NODES, .k = 1};
static const struct client_ack TWO = {.level = ACK_NODES, .k = 2};
static const struct client_ack ALL = {.level = ACK_ALL};
static const struct client_ack QUORUM = {.level = ACK_QUORUM};
static const struct client_ack FENCED = {.level = ACK_FENCED};

static struct net *three(void)
{
    return net_joined(&(struct net_cfg){.n = 3, .expect = 3});
}

static struct net_reply invalidate(struct net *t, struct client_ack ack, uint64_t timeout_us)
{
    const uint64_t ticket = net_invalidate(t, 0, "k", ack, timeout_us);
    cr_assert(net_await(t, ticket, 30 * SECOND), "every command is answered");
    return t->replies[ticket];
}

/** Are the names in any order? */
static bool names(const char *text, const char *wanted)
{
    if (strlen(text) != strlen(wanted))
        return false;
    for (const char *at = wanted; *at != 0; at++)
        if (strchr(text, *at) == NULL)
            return false;
    return true;
}

Test(ask, every_level_is_reached_when_all_is_well)
{
    static const struct client_ack LEVELS[] = {
        {.level = ACK_LOCAL}, {.level = ACK_NODES, .k = 1}, {.level = ACK_NODES, .k = 2},
        {.level = ACK_ALL},   {.level = ACK_QUORUM},        {.level = ACK_FENCED}};
    struct net *t = three();
    for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
        const mono_us before = t->now;
        const struct net_reply r = invalidate(t, LEVELS[i], SECOND);
        cr_assert_eq(r.err, OK);
        cr_assert(r.reached, "level %d", (int)LEVELS[i].level);
        cr_assert_eq(r.applied[0], 'a', "ourselves first");
        cr_assert_lt(r.at - before, 100 * US_PER_MS);
    }
    net_free(t);
}

Test(ask, all_names_everybody)
{
    struct net *t = three();
    const struct net_reply r = invalidate(t, ALL, SECOND);
    cr_assert(names(r.applied, "a,b,c"));
    cr_assert_str_eq(r.missing, "");
    net_free(t);
}

Test(ask, k_is_reached_without_who_is_cut_off)
{
    struct net *t = three();
    net_isolate(t, 2, true);
    const struct net_reply r = invalidate(t, ONE, SECOND);
    cr_assert(r.reached);
    cr_assert_str_eq(r.applied, "a,b");
    cr_assert_str_eq(r.missing, "c");
    net_free(t);
}

Test(ask, k_that_is_more_than_there_are_is_not_reached_in_time)
{
    struct net *t = three();
    net_isolate(t, 2, true);
    const mono_us before = t->now;
    const struct net_reply r = invalidate(t, TWO, SECOND);
    cr_assert_not(r.reached);
    cr_assert_eq(r.err, OK);
    cr_assert_geq(r.at - before, SECOND);
    cr_assert_str_eq(r.applied, "a,b");
    cr_assert_str_eq(r.missing, "c");
    net_free(t);
}

Test(ask, all_does_not_wait_for_who_died_meanwhile_and_names_it)
{
    struct net *t = three();
    net_kill(t, 2);
    const struct net_reply r = invalidate(t, ALL, 60 * SECOND);
    cr_assert(r.reached);
    cr_assert_str_eq(r.missing, "c");
    net_free(t);
}

Test(ask, a_quorum_does_with_two_of_three_but_not_with_one)
{
    struct net *t = three();
    net_isolate(t, 2, true);
    cr_assert(invalidate(t, QUORUM, SECOND).reached);
    net_isolate(t, 0, true);
    const struct net_reply r = invalidate(t, QUORUM, SECOND);
    cr_assert_not(r.reached);
    cr_assert_str_eq(r.applied, "a");
    cr_assert(names(r.missing, "b,c"));
    net_free(t);
}

Test(ask, a_fence_returns_early_only_when_all_names_have_covered)
{
    struct net *t = three();
    mono_us before = t->now;
    cr_assert(invalidate(t, FENCED, SECOND).reached);
    cr_assert_lt(t->now - before, 100 * US_PER_MS);
    net_kill(t, 2);
    before = t->now;
    const struct net_reply r = invalidate(t, FENCED, SECOND);
    cr_assert(r.reached);
    cr_assert_geq(r.at - before, POLICY_FENCE_MS * US_PER_MS);
    cr_assert_lt(r.at - before, 2 * POLICY_FENCE_MS * US_PER_MS);
    cr_assert_str_eq(r.missing, "c");
    net_free(t);
}

Test(ask, a_fence_still_waits_after_membership_took_who_is_silent_for_dead)
{
    struct net *t = three();
    net_kill(t, 2);
    net_run(t, 60 * SECOND);
    cr_assert_eq(rig_view(&t->at[0]).alive, 2);
    const mono_us before = t->now;
    const struct net_reply r = invalidate(t, FENCED, SECOND);
    cr_assert(r.reached);
    cr_assert_geq(r.at - before, POLICY_FENCE_MS * US_PER_MS, "all who live is not all who run");
    net_free(t);
}

Test(ask, a_minority_fences_nothing)
{
    struct net *t = three();
    net_isolate(t, 0, true);
    cr_assert_not(invalidate(t, FENCED, SECOND).reached);
    net_free(t);
}

Test(ask, levels_are_reached_through_loss_and_delay)
{
    struct net *t = three();
    t->loss = 300;
    t->delay_us = 5 * US_PER_MS;
    for (int i = 0; i < 20; i++) {
        cr_assert(invalidate(t, QUORUM, 5 * SECOND).reached, "round %d", i);
        cr_assert(invalidate(t, ALL, 5 * SECOND).reached, "round %d", i);
    }
    net_free(t);
}

static void assert_refused(struct net *t, struct client_ack ack, enum err err)
{
    const uint64_t head = rig_view(&t->at[0]).head;
    cr_assert_eq(invalidate(t, ack, SECOND).err, err);
    cr_assert_eq(rig_view(&t->at[0]).head, head, "no dot was allotted");
}

Test(ask, majorities_of_an_unknown_number_are_refused)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    assert_refused(t, QUORUM, ERR_CONFIG);
    assert_refused(t, FENCED, ERR_CONFIG);
    cr_assert(invalidate(t, ALL, SECOND).reached);
    net_free(t);
}

Test(ask, majorities_of_fewer_than_there_are_are_refused)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 2});
    assert_refused(t, QUORUM, ERR_LIMIT);
    assert_refused(t, FENCED, ERR_LIMIT);
    cr_assert(invalidate(t, ALL, SECOND).reached);
    net_free(t);
}

Test(ask, more_waits_than_fit_are_refused_and_the_others_still_answered)
{
    enum {
        WAITS = 4096
    };
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_isolate(t, 0, true);
    const uint64_t first = t->tickets + 1;
    for (int i = 0; i < WAITS; i++)
        net_invalidate(t, 0, "k", ONE, SECOND);
    cr_assert_not(t->replies[first].came);
    assert_refused(t, ONE, ERR_FULL);
    net_run(t, 2 * SECOND);
    for (uint64_t k = first; k < first + WAITS; k++)
        cr_assert(t->replies[k].came && !t->replies[k].reached);
    cr_assert_eq(invalidate(t, ONE, SECOND).err, OK, "their places are free again");
    net_free(t);
}

Test(ask, the_stamp_and_index_of_a_batch_name_its_last_dot)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    const struct node_target targets[] = {net_target(t, DOT_KEY, "a"), net_target(t, DOT_KEY, "b"),
                                          net_target(t, DOT_KEY, "c")};
    const uint64_t ticket =
        net_command(t, 0, (struct node_command){.targets = targets, .targets_n = 3});
    const struct net_reply *r = &t->replies[ticket];
    cr_assert(r->came && r->reached);
    cr_assert_eq(r->stamp.count, 3);
    cr_assert_eq(r->stamp.seq, rig_view(&t->at[0]).head);
    cr_assert_eq(r->index, rig_view(&t->at[0]).index);
    net_free(t);
}

/* ---- trace ---- */

static struct net_reply trace(struct net *t, size_t i, const struct stamp *stamp)
{
    const uint64_t ticket = net_about(t, i, NODE_TRACE, stamp);
    cr_assert(net_await(t, ticket, 5 * SECOND));
    return t->replies[ticket];
}

/** Is every word of wanted among the rows, and nothing else? */
static bool tells(const struct net_reply *r, const char *wanted)
{
    char word[32];
    int len = 0;
    if (strlen(r->traced) != strlen(wanted))
        return false;
    for (const char *at = wanted; sscanf(at, "%31s%n", word, &len) == 1; at += len)
        if (strstr(r->traced, word) == NULL)
            return false;
    return true;
}

Test(ask, a_trace_tells_who_applied_acknowledged_or_is_silent)
{
    struct net *t = three();
    const struct stamp stamp = invalidate(t, ALL, SECOND).stamp;
    net_run(t, SECOND);
    struct net_reply r = trace(t, 0, &stamp);
    cr_assert(tells(&r, "a:applied b:applied+ c:applied+"), "%s", r.traced);
    cr_assert_not_null(strstr(trace(t, 1, &stamp).traced, "a:applied"));
    cr_assert_null(strchr(trace(t, 1, &stamp).traced, '+'), "only the issuer knows");
    net_isolate(t, 2, true);
    r = trace(t, 0, &stamp);
    cr_assert(tells(&r, "a:applied b:applied+ c:silent+"), "%s", r.traced);
    net_free(t);
}

Test(ask, a_trace_tells_how_late_a_node_was_and_how_long_it_knew)
{
    struct net *t = three();
    net_isolate(t, 2, true);
    const struct stamp stamp = invalidate(t, (struct client_ack){.level = ACK_LOCAL}, SECOND).stamp;
    net_run(t, SECOND);
    t->delay_us = 20 * US_PER_MS;
    net_isolate(t, 2, false);
    net_run(t, 5 * SECOND);
    for (size_t i = 0; i < 3; i++) {
        const struct net_reply r = trace(t, i, &stamp);
        cr_assert(r.late_us > SECOND / 2 && r.late_us < 3 * SECOND, "%llu us",
                  (unsigned long long)r.late_us);
        cr_assert(r.waited_us > 0 && r.waited_us < SECOND, "%llu us: a pull and its answer",
                  (unsigned long long)r.waited_us);
    }
    net_free(t);
}

Test(ask, a_trace_of_what_nobody_issued_is_unknown)
{
    struct net *t = three();
    const struct stamp stamp = {.epoch = 77, .seq = 1, .count = 1};
    const struct net_reply r = trace(t, 0, &stamp);
    cr_assert(tells(&r, "a:unknown b:unknown c:unknown"), "%s", r.traced);
    net_free(t);
}

/* ---- intents ---- */

static struct stamp begin(struct net *t, size_t i, const char *key, uint32_t ms)
{
    struct node_target target = net_target(t, DOT_BEGIN, key);
    target.ms = ms;
    const uint64_t ticket =
        net_command(t, i, (struct node_command){.targets = &target, .targets_n = 1});
    cr_assert_eq(t->replies[ticket].err, OK);
    return t->replies[ticket].stamp;
}

static const char *refill(struct net *t, size_t i, const char *key)
{
    static uint64_t callers = 1ULL << 40;
    const struct net_got miss = net_get(t, i, (struct net_get){.key = key, .caller = ++callers});
    cr_assert_eq(miss.status, STATUS_MISS);
    return net_fill(t, i, key, "v", &miss);
}

Test(ask, a_begun_key_is_stored_nowhere_until_the_commit)
{
    struct net *t = three();
    for (size_t i = 0; i < 3; i++)
        net_store(t, i, "k", "old");
    const struct stamp txn = begin(t, 0, "k", 10000);
    net_run(t, SECOND);
    for (size_t i = 0; i < 3; i++)
        cr_assert_str_eq(refill(t, i, "k"), "intent");
    const uint64_t ticket = net_about(t, 0, NODE_COMMIT, &txn);
    cr_assert_eq(t->replies[ticket].err, OK);
    net_run(t, SECOND);
    for (size_t i = 0; i < 3; i++)
        cr_assert_null(refill(t, i, "k"));
    net_run(t, 30 * SECOND);
    for (size_t i = 0; i < 3; i++)
        cr_assert(net_holds(t, i, "k", "v"), "what was ended does not run out");
    net_free(t);
}

Test(ask, an_abort_lets_fills_in_and_kills_nothing)
{
    struct net *t = three();
    const struct stamp txn = begin(t, 0, "k", 10000);
    net_run(t, SECOND);
    cr_assert_str_eq(refill(t, 1, "k"), "intent");
    const uint64_t head = rig_view(&t->at[0]).head;
    const uint64_t ticket = net_about(t, 0, NODE_ABORT, &txn);
    cr_assert_eq(t->replies[ticket].err, OK);
    cr_assert_eq(rig_view(&t->at[0]).head, head + 1);
    net_run(t, SECOND);
    cr_assert_null(refill(t, 1, "k"));
    net_run(t, 30 * SECOND);
    cr_assert(net_holds(t, 1, "k", "v"));
    cr_assert_eq(rig_view(&t->at[0]).head, head + 1);
    net_free(t);
}

Test(ask, an_intent_whose_issuer_died_runs_out_at_everybody)
{
    struct net *t = three();
    const uint64_t before = rig_view(&t->at[1]).head + rig_view(&t->at[2]).head;
    begin(t, 0, "k", 5000);
    net_run(t, SECOND);
    net_kill(t, 0);
    const struct net_got early = net_get(t, 1, (struct net_get){.key = "k"});
    net_run(t, 5 * SECOND);
    const uint64_t ended = rig_view(&t->at[1]).head + rig_view(&t->at[2]).head - before;
    cr_assert(ended == 1 || ended == 2, "a dot said so, of one of them, or of both");
    cr_assert_str_eq(net_fill(t, 1, "k", "old", &early), "invalidated", "it acts as a key dot");
    for (size_t i = 1; i < 3; i++)
        cr_assert_null(refill(t, i, "k"));
    net_run(t, 30 * SECOND);
    cr_assert_eq(rig_view(&t->at[1]).head + rig_view(&t->at[2]).head - before, ended, "once");
    net_free(t);
}

Test(ask, an_intent_of_a_living_issuer_is_ended_by_one_dot)
{
    struct net *t = three();
    const struct node_view before = rig_view(&t->at[0]);
    begin(t, 0, "k", 2000);
    net_run(t, 10 * SECOND);
    cr_assert_eq(rig_view(&t->at[0]).head, before.head + 2);
    cr_assert_eq(rig_view(&t->at[0]).ledger.applied, before.ledger.applied + 2, "by nobody else");
    net_free(t);
}

Test(ask, who_leaves_ends_no_intents_and_does_not_spin)
{
    struct net *t = three();
    begin(t, 0, "k", 1200); /* a quarter of drain_us later nothing is issued any more */
    net_isolate(t, 0, true);
    net_run(t, 400 * US_PER_MS);
    node_recv(t->at[0].node, t->now, &(struct node_in){.kind = NODE_IN_LEAVE});
    const uint64_t head = rig_view(&t->at[0]).head;
    net_run(t, SECOND);
    cr_assert_eq(node_state(t->at[0].node), NODE_DRAINING);
    cr_assert_gt(node_deadline(t->at[0].node), t->now);
    cr_assert_eq(rig_view(&t->at[0]).head, head);
    net_free(t);
}

Test(ask, who_leaves_tells_callers_that_still_wait_who_has_it)
{
    struct net *t = three();
    net_isolate(t, 2, true);
    const uint64_t two = net_invalidate(t, 0, "k", TWO, 20 * SECOND);
    const uint64_t fence = net_invalidate(t, 0, "k", FENCED, 20 * SECOND);
    net_run(t, 100 * US_PER_MS);
    cr_assert(!t->replies[two].came && !t->replies[fence].came);
    node_recv(t->at[0].node, t->now, &(struct node_in){.kind = NODE_IN_LEAVE});
    node_recv(t->at[0].node, t->now, &(struct node_in){.kind = NODE_IN_LEAVE}); /* at once */
    net_run(t, 1);
    cr_assert(t->left[0] && t->replies[two].came && t->replies[fence].came);
    cr_assert(!t->replies[two].reached && !t->replies[fence].reached);
    cr_assert(names(t->replies[two].applied, "a,b"));
    cr_assert_str_eq(t->replies[two].missing, "c");
    net_free(t);
}

Test(ask, a_begin_waits_for_its_level_no_longer_than_the_intent_lives)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct policies none = {.n = 0};
    const struct command_ctx ctx = {.cache = t->at[0].cache, .policies = &none};
    const struct command_call call = {.now = t->now};
    const struct slice key = slice_text("k");
    static const uint32_t LIVES[] = {0, 20, 5000};
    static const uint32_t WAITS[] = {CLIENT_ACK_MS, 20, CLIENT_ACK_MS};
    struct command_issue *issue = calloc(1, sizeof *issue);
    for (size_t i = 0; i < ARRAY_LEN(LIVES); i++) {
        const struct client_request request = {.op = OP_BEGIN,
                                               .scope = SCOPE_KEY,
                                               .targets = &key,
                                               .targets_n = 1,
                                               .timeout_ms = LIVES[i]};
        struct writer w = writer_of(t->out, sizeof t->out);
        cr_assert_eq(command_run(&ctx, &call, &request, &w, issue), COMMAND_ISSUE);
        cr_assert_eq(issue->timeout_us, WAITS[i] * US_PER_MS);
        cr_assert_eq(issue->targets[0].ms, LIVES[i] == 0 ? CLIENT_INTENT_MS : LIVES[i]);
    }
    free(issue);
    net_free(t);
}

Test(ask, a_txn_that_is_unknown_is_refused_and_changes_nothing)
{
    struct net *t = three();
    const struct stamp key = invalidate(t, ALL, SECOND).stamp;
    const struct stamp never = {.epoch = 77, .seq = 1, .count = 1};
    const struct stamp wide = {.epoch = rig_view(&t->at[0]).epoch, .seq = 60000, .count = 60000};
    const uint64_t head = rig_view(&t->at[0]).head;
    cr_assert_eq(t->replies[net_about(t, 0, NODE_COMMIT, &key)].err, ERR_UNKNOWN);
    cr_assert_eq(t->replies[net_about(t, 0, NODE_ABORT, &never)].err, ERR_UNKNOWN);
    cr_assert_eq(t->replies[net_about(t, 0, NODE_COMMIT, &wide)].err, ERR_UNKNOWN);
    cr_assert_eq(rig_view(&t->at[0]).head, head);
    net_free(t);
}

Test(ask, a_commit_finds_its_intent_after_the_log_forgot_it)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .log_max = 64});
    const struct stamp txn = begin(t, 0, "k", 60000);
    for (int i = 0; i < 100; i++)
        invalidate(t, (struct client_ack){.level = ACK_LOCAL}, SECOND);
    cr_assert_eq(t->replies[net_about(t, 0, NODE_COMMIT, &txn)].err, OK);
    net_run(t, SECOND);
    cr_assert_null(refill(t, 1, "k"));
    net_free(t);
}

Test(ask, more_intents_than_fit_are_refused_before_a_dot_is_allotted)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    struct node_target targets[NODE_TARGETS_MAX];
    char key[40];
    for (int round = 0; round < 17; round++) {
        for (int i = 0; i < NODE_TARGETS_MAX; i++) {
            (void)snprintf(key, sizeof key, "k%d.%d", round, i);
            targets[i] = net_target(t, DOT_BEGIN, key);
            targets[i].ms = 60000;
        }
        const uint64_t head = rig_view(&t->at[0]).head;
        const uint64_t ticket = net_command(
            t, 0, (struct node_command){.targets = targets, .targets_n = NODE_TARGETS_MAX});
        const bool fits = round < 16;
        cr_assert_eq(t->replies[ticket].err, fits ? OK : ERR_FULL);
        cr_assert_eq(rig_view(&t->at[0]).head, head + (fits ? NODE_TARGETS_MAX : 0));
    }
    net_free(t);
}

/* ---- what is issued in the place of what was asked for ---- */

Test(ask, a_key_that_changes_all_the_time_is_stored_nowhere_for_a_while)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    for (int i = 0; i < 150; i++)
        invalidate(t, (struct client_ack){.level = ACK_LOCAL}, SECOND);
    net_run(t, 10 * US_PER_MS);
    cr_assert_str_eq(refill(t, 0, "k"), "nostore");
    cr_assert_str_eq(refill(t, 1, "k"), "nostore");
    cr_assert_null(refill(t, 1, "other"));
    net_run(t, 2 * SECOND);
    cr_assert_null(refill(t, 0, "k"));
    net_free(t);
}

/** `n` keys in one command; those of two rounds differ. */
static struct net_reply invalidate_many(struct net *t, int round, size_t n)
{
    static struct node_target targets[NODE_TARGETS_MAX];
    static char keys[NODE_TARGETS_MAX][40];
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%d.%zu", round, i);
        targets[i] = net_target(t, DOT_KEY, keys[i]);
    }
    const uint64_t ticket =
        net_command(t, 0, (struct node_command){.targets = targets, .targets_n = n});
    net_run(t, US_PER_MS);
    return t->replies[ticket];
}

Test(ask, long_lists_of_keys_in_a_burst_go_as_one_dot)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_store(t, 1, "k99.7", "old");
    int round = 0;
    while (invalidate_many(t, round, 256).stamp.count == 256)
        cr_assert_lt(++round, 100, "a burst is more than 20,000");
    cr_assert_geq(round * 256, 20000 - 256);
    const uint64_t head = rig_view(&t->at[0]).head;
    cr_assert_eq(invalidate_many(t, 99, 256).stamp.count, 1);
    cr_assert_eq(invalidate_many(t, 98, 3).stamp.count, 3, "a short list goes as it is");
    cr_assert_eq(rig_view(&t->at[0]).head, head + 4);
    net_run(t, SECOND);
    cr_assert_not(net_holds(t, 1, "k99.7", "old"));
    net_free(t);
}
