/** What an operator configured for a namespace, as values and as what becomes of requests. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "node/policy.h"

#include "net.h"

#define SECOND US_PER_SEC

static const struct client_ack DEFAULT = {.level = ACK_DEFAULT};

Test(policy, a_namespace_that_is_not_listed_allows_everything)
{
    const struct policy listed = {.ns = slice_text("a"), .strict = true};
    const struct policies all = {.at = &listed, .n = 1};
    const struct policy *open = policy_of(&all, slice_text("b"));
    cr_assert_eq(policy_of(&all, slice_text("a")), &listed);
    cr_assert_not(open->strict);
    cr_assert_eq(policy_ack(open, DEFAULT).level, ACK_LOCAL);
    const struct policy_life life =
        policy_life(open, (struct policy_life){.fresh_ms = 3, .ttl_ms = 5});
    cr_assert_eq(life.fresh_ms, 3);
    cr_assert_eq(life.ttl_ms, 5);
}

Test(policy, none_configured_is_none_strict)
{
    const struct policies none = {.n = 0};
    const struct policy one[] = {{.ns = slice_text("a")}, {.ns = slice_text("b"), .strict = true}};
    cr_assert_not(policies_strict(&none));
    cr_assert_not(policies_strict(&(struct policies){.at = one, .n = 1}));
    cr_assert(policies_strict(&(struct policies){.at = one, .n = 2}));
    cr_assert_not(policy_of(&none, slice_text("a"))->strict);
}

Test(policy, the_level_is_what_was_asked_else_configured_else_safe)
{
    const struct policy quorum = {.ack = {.level = ACK_QUORUM}};
    const struct policy strict = {.strict = true};
    const struct policy both = {.strict = true, .ack = {.level = ACK_NODES, .k = 2}};
    const struct client_ack local = {.level = ACK_LOCAL};
    cr_assert_eq(policy_ack(&quorum, local).level, ACK_LOCAL);
    cr_assert_eq(policy_ack(&quorum, DEFAULT).level, ACK_QUORUM);
    cr_assert_eq(policy_ack(&strict, DEFAULT).level, ACK_FENCED);
    cr_assert_eq(policy_ack(&both, DEFAULT).level, ACK_NODES);
    cr_assert_eq(policy_ack(&both, DEFAULT).k, 2);
}

static struct policy_life life_of(const struct policy *p, uint64_t fresh_ms, uint64_t ttl_ms)
{
    return policy_life(p, (struct policy_life){.fresh_ms = fresh_ms, .ttl_ms = ttl_ms});
}

Test(policy, a_time_to_live_is_given_when_none_is_and_cut_to_the_most)
{
    const struct policy given = {.ttl_ms = 100};
    const struct policy most = {.ttl_max_ms = 50};
    const struct policy both = {.ttl_ms = 100, .ttl_max_ms = 50};
    cr_assert_eq(life_of(&given, 0, 0).ttl_ms, 100);
    cr_assert_eq(life_of(&given, 0, 500).ttl_ms, 500);
    cr_assert_eq(life_of(&most, 0, 0).ttl_ms, 50, "for ever is more than the most");
    cr_assert_eq(life_of(&most, 0, 20).ttl_ms, 20);
    cr_assert_eq(life_of(&most, 0, 500).ttl_ms, 50);
    cr_assert_eq(life_of(&both, 0, 0).ttl_ms, 50);
}

Test(policy, what_would_end_turns_stale_and_ends_later)
{
    const struct policy stale = {.ttl_ms = 100, .stale_ms = 30};
    cr_assert_eq(life_of(&stale, 0, 0).fresh_ms, 100);
    cr_assert_eq(life_of(&stale, 0, 0).ttl_ms, 130);
    cr_assert_eq(life_of(&stale, 40, 0).fresh_ms, 40, "stale sooner, if its writer says so");
    cr_assert_eq(life_of(&stale, 4000, 0).fresh_ms, 100, "but not later than it would end");
    const struct policy forever = {.stale_ms = 30};
    cr_assert_eq(life_of(&forever, 0, 0).ttl_ms, 0, "what never ends needs no such time");
    cr_assert_eq(life_of(&forever, 0, 0).fresh_ms, 0);
}

/* ---- in force ---- */

static struct command_ctx ctx_of(struct net *t, const struct policies *policies)
{
    return (struct command_ctx){
        .cache = t->at[0].cache, .node_name = slice_text("a"), .policies = policies};
}

static enum command_step plan(struct net *t, const struct policies *policies,
                              const struct client_request *request, struct command_issue *issue)
{
    const struct command_ctx ctx = ctx_of(t, policies);
    const struct command_call call = {.now = t->now, .caller = 1};
    struct writer w = writer_of(t->out, sizeof t->out);
    return command_run(&ctx, &call, request, &w, issue);
}

Test(policy, an_invalidation_waits_for_the_level_of_its_namespace)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct policy all = {.ns = slice_text("s"), .ack = {.level = ACK_ALL}};
    const struct policies policies = {.at = &all, .n = 1};
    const struct slice key = slice_text("k");
    struct client_request request = {.op = OP_INVALIDATE,
                                     .ns = slice_text("s"),
                                     .scope = SCOPE_KEY,
                                     .targets = &key,
                                     .targets_n = 1};
    struct command_issue *issue = calloc(1, sizeof *issue);
    cr_assert_eq(plan(t, &policies, &request, issue), COMMAND_ISSUE);
    cr_assert_eq(issue->ack.level, ACK_ALL);
    cr_assert_eq(issue->timeout_us, CLIENT_ACK_MS * US_PER_MS);
    request.ns = slice_text("");
    request.timeout_ms = 70;
    cr_assert_eq(plan(t, &policies, &request, issue), COMMAND_ISSUE);
    cr_assert_eq(issue->ack.level, ACK_LOCAL);
    cr_assert_eq(issue->timeout_us, 70 * US_PER_MS);
    free(issue);
    net_free(t);
}

Test(policy, bounds_and_majorities_need_a_number)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct policies none = {.n = 0};
    const struct slice key = slice_text("k");
    const struct client_request requests[] = {
        {.op = OP_GET, .fill = {.key = slice_text("k")}, .read = {.within_ms = 5}},
        {.op = OP_INVALIDATE,
         .scope = SCOPE_KEY,
         .targets = &key,
         .targets_n = 1,
         .ack = {.level = ACK_QUORUM}},
        {.op = OP_INVALIDATE,
         .scope = SCOPE_KEY,
         .targets = &key,
         .targets_n = 1,
         .ack = {.level = ACK_FENCED}}};
    struct command_issue *issue = calloc(1, sizeof *issue);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        cr_assert_eq(plan(t, &none, &requests[i], issue), COMMAND_DONE);
        cr_assert_not_null(memmem(t->out, 64, "NOT_CONFIGURED", 14));
    }
    free(issue);
    net_free(t);
}

Test(policy, a_strict_namespace_certifies_reads_that_name_no_bound)
{
    static const struct policy STRICT = {.strict = true};
    struct net *t =
        net_joined(&(struct net_cfg){.n = 3, .expect = 3, .policies = &STRICT, .policies_n = 1});
    net_store(t, 0, "k", "v");
    cr_assert_eq(net_get(t, 0, (struct net_get){.key = "k"}).status, STATUS_HIT);
    net_isolate(t, 0, true);
    net_run(t, (POLICY_FENCE_MS + 1) * US_PER_MS);
    const struct net_got got = net_get(t, 0, (struct net_get){.key = "k"});
    cr_assert_eq(got.status, STATUS_UNPROVEN);
    cr_assert_eq(net_get(t, 0, (struct net_get){.key = "k", .within_ms = 100000}).status,
                 STATUS_UNPROVEN,
                 "a bound that fences do not protect is cut to the one that they do");
    net_free(t);
}

Test(policy, a_namespace_with_a_bound_reads_within_it)
{
    static const struct policy BOUND = {.within_ms = 300};
    struct net *t =
        net_joined(&(struct net_cfg){.n = 3, .expect = 3, .policies = &BOUND, .policies_n = 1});
    net_get(t, 0, (struct net_get){.key = "k"});
    net_run(t, 300 * US_PER_MS);
    net_store(t, 0, "k2", "v");
    cr_assert_eq(net_get(t, 0, (struct net_get){.key = "k2"}).status, STATUS_HIT);
    net_isolate(t, 0, true);
    net_run(t, 310 * US_PER_MS);
    cr_assert_eq(net_get(t, 0, (struct net_get){.key = "k2"}).status, STATUS_UNPROVEN);
    cr_assert_eq(net_get(t, 0, (struct net_get){.key = "k2", .within_ms = 2000}).status, STATUS_HIT,
                 "a read may name another");
    net_free(t);
}

Test(policy, a_put_without_a_token_is_not_kept_in_a_strict_namespace)
{
    static const struct policy STRICT = {.ns = {.at = (const uint8_t *)"s", .len = 1},
                                         .strict = true};
    const struct policies policies = {.at = &STRICT, .n = 1, .expect = 1, .fence_ms = 1000};
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct command_ctx ctx = ctx_of(t, &policies);
    static const char *const SPACES[] = {"", "s"};
    for (size_t i = 0; i < 2; i++) {
        struct node_target target = net_target(t, DOT_PUT, "k");
        struct cache_key key;
        const struct slice ns = slice_text(SPACES[i]);
        cr_assert_eq(cache_key(t->at[0].cache, ns, slice_text("k"), &key), OK);
        target.hash = key.hash;
        const uint64_t ticket =
            net_command(t, 0, (struct node_command){.targets = &target, .targets_n = 1});
        const struct node_reply reply = {.epoch = t->replies[ticket].stamp.epoch,
                                         .seq = t->replies[ticket].stamp.seq,
                                         .count = 1,
                                         .index = t->replies[ticket].index,
                                         .ack = {.level = ACK_LOCAL}};
        const struct command_put put = {.ns = ns,
                                        .fill = {.key = slice_text("k"), .value = slice_text("v")}};
        struct writer w = writer_of(t->out, sizeof t->out);
        command_put_issued(&ctx, t->now, &put, &reply, &w);
        cr_assert_eq(w.err, OK);
        struct cache_stats stats;
        cache_stats(t->at[0].cache, &stats);
        cr_assert_eq(stats.items, 1, "only the one in the lax namespace");
    }
    net_free(t);
}
