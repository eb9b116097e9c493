/** Votes, certificates and fences between real nodes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/inside.h"

#include "net.h"

#define SECOND US_PER_SEC
#define D_MS   1000

static const struct client_ack FENCED = {.level = ACK_FENCED};

static enum peer_vote vote_of(const struct net *t, size_t i)
{
    return t->at[i].node->life.vote;
}

static struct net_got within(struct net *t, size_t i, const char *key, uint32_t ms)
{
    return net_get(t, i, (struct net_get){.key = key, .within_ms = ms});
}

/** Read now and then, as clients do: the first read begins the polling. */
static struct net_got read_on(struct net *t, size_t i, const char *key)
{
    within(t, i, key, D_MS);
    net_run(t, 300 * US_PER_MS);
    return within(t, i, key, D_MS);
}

Test(certify, three_fresh_nodes_begin_to_vote_in_a_few_seconds)
{
    struct net *t = net_new(&(struct net_cfg){.n = 3, .expect = 3});
    for (size_t i = 0; i < 3; i++)
        net_introduce(t, i);
    net_run(t, 5 * SECOND);
    size_t anew = 0;
    for (size_t i = 0; i < 3; i++) {
        cr_assert_neq(vote_of(t, i), VOTE_NONE, "node %zu", i);
        anew += vote_of(t, i) == VOTE_ANEW;
    }
    cr_assert_geq(anew, 1, "nobody knew what earlier runs had covered");
    for (size_t i = 0; i < 3; i++) {
        const bool own = vote_of(t, i) == VOTE_ANEW;
        cr_assert_eq(rig_view(&t->at[i]).head, own, "who votes anew says so to every cache");
        cr_assert_geq(rig_view(&t->at[i]).node.broad, anew - own, "each costs others a barrier");
    }
    net_free(t);
}

/** All nodes cover something new of n origins. */
static void stir(struct net *t, uint64_t n, uint64_t seq)
{
    for (size_t i = 0; i < t->n; i++)
        for (uint64_t k = 0; k < n; k++) {
            const struct dot d = {.epoch = 5000 + k, .seq = seq, .kind = DOT_KEY, .hash = 77};
            apply_foreign(t->at[i].node, t->now, &d);
        }
}

/** Reads with a bound, of 100, that are certified while origins change and long datagrams vanish. */
static int certified_on_narrow_paths(uint64_t origins)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    int certified = 0;
    net_run(t, 10 * SECOND);
    for (size_t i = 0; i < t->n; i++)
        t->at[i].swallows = 520; /* an MTU of 548 */
    net_store(t, 0, "k", "v");
    for (uint64_t i = 1; i <= 140; i++) {
        stir(t, origins, i);
        net_run(t, 50 * US_PER_MS);
        const enum client_status status = within(t, 0, "k", D_MS).status;
        certified += i > 40 && status == STATUS_HIT;
    }
    net_free(t);
    return certified;
}

Test(certify, reads_are_certified_over_narrow_paths_however_many_origins_change)
{
    cr_assert_eq(certified_on_narrow_paths(20), 100, "more than one datagram holds");
    cr_assert_eq(certified_on_narrow_paths(1), 100);
}

Test(certify, two_of_three_fresh_nodes_do_not_vote)
{
    struct net *t = net_new(&(struct net_cfg){.n = 3, .expect = 3});
    net_kill(t, 2);
    net_introduce(t, 0);
    net_introduce(t, 1);
    net_run(t, 60 * SECOND);
    cr_assert_eq(vote_of(t, 0), VOTE_NONE, "the third may hold what nobody else does");
    cr_assert_eq(vote_of(t, 1), VOTE_NONE);
    net_free(t);
}

Test(certify, who_was_not_told_a_number_never_votes)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_run(t, 10 * SECOND);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(vote_of(t, i), VOTE_NONE);
    net_free(t);
}

Test(certify, a_restarted_node_becomes_a_regular_voter)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    const uint64_t heads = rig_view(&t->at[0]).head + rig_view(&t->at[1]).head;
    net_restart(t, 2);
    cr_assert_eq(vote_of(t, 2), VOTE_NONE);
    net_run(t, 5 * SECOND);
    cr_assert_eq(vote_of(t, 2), VOTE_REGULAR);
    cr_assert_eq(rig_view(&t->at[2]).head, 0, "no barrier over everything");
    cr_assert_eq(rig_view(&t->at[0]).head + rig_view(&t->at[1]).head, heads);
    net_free(t);
}

Test(certify, when_a_majority_restarted_voting_begins_anew)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    net_store(t, 0, "k", "old");
    net_restart(t, 1);
    net_restart(t, 2);
    net_run(t, 10 * SECOND);
    cr_assert(vote_of(t, 1) == VOTE_ANEW || vote_of(t, 2) == VOTE_ANEW);
    cr_assert_neq(vote_of(t, 1), VOTE_NONE);
    cr_assert_neq(vote_of(t, 2), VOTE_NONE);
    cr_assert_not(net_holds(t, 0, "k", "old"), "its invalidation may have died with them");
    net_free(t);
}

Test(certify, a_bounded_read_is_unproven_before_and_a_hit_with_a_certificate)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    net_store(t, 0, "k", "v");
    const struct net_got before = within(t, 0, "k", D_MS);
    cr_assert_eq(before.status, STATUS_UNPROVEN);
    cr_assert_gt(before.token_len, 0, "its caller goes to the source, and may fill");
    net_run(t, 100 * US_PER_MS);
    const struct net_got after = within(t, 0, "k", D_MS);
    cr_assert_eq(after.status, STATUS_HIT);
    cr_assert_str_eq(after.value, "v");
    cr_assert(after.has_proof);
    cr_assert_leq(after.proof_ms, D_MS);
    cr_assert(net_holds(t, 1, "none", "") == false);
    net_free(t);
}

Test(certify, an_answer_of_another_run_than_was_asked_counts_for_nothing)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .expect = 2});
    struct node *a = t->at[0].node;
    const struct node_view b = rig_view(&t->at[1]);
    struct proof_out poll;
    net_run(t, SECOND);
    proof_ask(a->proof, t->now, b.id);
    cr_assert(proof_poll(a->proof, t->now, &poll));
    const struct proof_counters before = proof_counters(a->proof);
    const struct peer_msg answer = {.type = PEER_PROOF,
                                    .args.proof = {.challenge = poll.poll.challenge,
                                                   .vote = VOTE_ANEW,
                                                   .window_ms = D_MS,
                                                   .rest_hash = rig_view(&t->at[0]).vector_hash}};
    certify_recv(a, t->now, b.id, b.epoch + 1, &answer);
    cr_assert_eq(proof_counters(a->proof).counted, before.counted);
    cr_assert_eq(proof_counters(a->proof).anew, before.anew);
    certify_recv(a, t->now, b.id, b.epoch, &answer);
    cr_assert_eq(proof_counters(a->proof).counted, before.counted + 1);
    net_free(t);
}

Test(certify, certificates_come_while_dots_flow)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    unsigned hits = 0;
    t->delay_us = 4 * US_PER_MS;
    read_on(t, 1, "warm");
    net_store(t, 1, "k", "v");
    const struct proof_counters before = proof_counters(t->at[1].node->proof);
    for (int i = 0; i < 1000; i++) {
        net_invalidate(t, (size_t)i % 2 * 2, "other", (struct client_ack){.level = ACK_LOCAL},
                       SECOND);
        net_run(t, 2 * US_PER_MS);
        hits += within(t, 1, "k", D_MS / 2).status == STATUS_HIT;
    }
    const struct proof_counters after = proof_counters(t->at[1].node->proof);
    cr_assert_gt(hits, 950, "%u of 1,000", hits);
    cr_assert_gt(after.counted, 10);
    cr_assert_eq(after.differing, before.differing, "what changed lately is listed, not summed up");
    net_free(t);
}

Test(certify, polling_ends_when_nobody_reads_with_a_bound)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    net_store(t, 0, "k", "v");
    cr_assert_eq(read_on(t, 0, "k").status, STATUS_HIT);
    net_run(t, 15 * SECOND);
    const uint64_t polls = proof_counters(t->at[0].node->proof).polls;
    net_run(t, 15 * SECOND);
    cr_assert_eq(proof_counters(t->at[0].node->proof).polls, polls);
    cr_assert_eq(within(t, 0, "k", D_MS).status, STATUS_UNPROVEN);
    net_free(t);
}

Test(certify, a_node_alone_that_expects_no_others_certifies_itself)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1, .expect = 1});
    net_store(t, 0, "k", "v");
    within(t, 0, "k", 100);
    for (int i = 0; i < 20; i++) {
        net_run(t, 700 * US_PER_MS);
        cr_assert_eq(within(t, 0, "k", 400).status, STATUS_HIT, "read %d", i);
    }
    net_free(t);
}

Test(certify, two_nodes_certify_together_and_not_apart)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .expect = 2});
    net_store(t, 0, "k", "v");
    cr_assert_eq(read_on(t, 0, "k").status, STATUS_HIT);
    net_isolate(t, 0, true);
    net_run(t, (D_MS + 1) * US_PER_MS);
    cr_assert_eq(within(t, 0, "k", D_MS).status, STATUS_UNPROVEN);
    net_free(t);
}

Test(certify, a_minority_answers_unproven_after_the_window_and_the_majority_goes_on)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    for (size_t i = 0; i < 3; i++) {
        net_store(t, i, "k", "v");
        cr_assert_eq(read_on(t, i, "k").status, STATUS_HIT);
    }
    net_isolate(t, 2, true);
    net_run(t, (D_MS + 1) * US_PER_MS);
    cr_assert_eq(within(t, 2, "k", D_MS).status, STATUS_UNPROVEN);
    cr_assert(net_holds(t, 2, "k", "v"), "who asks for no proof is served");
    cr_assert_eq(read_on(t, 0, "k").status, STATUS_HIT);
    cr_assert_eq(read_on(t, 1, "k").status, STATUS_HIT);
    net_isolate(t, 2, false);
    net_run(t, 60 * SECOND);
    cr_assert_eq(read_on(t, 2, "k").status, STATUS_HIT, "after the partition it is as before");
    net_free(t);
}

Test(certify, more_nodes_than_expected_prove_nothing)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 2});
    net_store(t, 0, "k", "v");
    cr_assert_eq(read_on(t, 0, "k").status, STATUS_UNPROVEN);
    net_free(t);
}

Test(certify, a_strict_namespace_is_polled_for_always)
{
    static const struct policy STRICT = {.strict = true};
    struct net *t =
        net_joined(&(struct net_cfg){.n = 3, .expect = 3, .policies = &STRICT, .policies_n = 1});
    net_store(t, 0, "k", "v");
    net_run(t, 30 * SECOND);
    const struct net_got got = net_get(t, 0, (struct net_get){.key = "k"});
    cr_assert_eq(got.status, STATUS_HIT, "without any read before");
    cr_assert(got.has_proof);
    net_free(t);
}

Test(certify, other_windows_than_ours_prove_nothing_and_fence_nothing)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .expect = 3});
    rig_fini(&t->at[2]);
    t->cfg.fence_ms = 2 * D_MS;
    rig_init(&t->at[2], &(struct rig_cfg){.name = "c",
                                          .key = 1,
                                          .run = 90,
                                          .host = 3,
                                          .seeded = true,
                                          .now = t->now,
                                          .policies = {.expect = 3, .fence_ms = 2 * D_MS}});
    t->cfg.fence_ms = D_MS;
    net_introduce(t, 2);
    net_run(t, 5 * SECOND);
    net_store(t, 0, "k", "v");
    within(t, 2, "k", D_MS); /* so that it polls */
    cr_assert_eq(read_on(t, 0, "k").status, STATUS_UNPROVEN);
    const uint64_t ticket = net_invalidate(t, 0, "k", FENCED, SECOND);
    cr_assert(net_await(t, ticket, 10 * SECOND));
    cr_assert_eq(t->replies[ticket].err, ERR_CONFIG);
    net_free(t);
}

/*
 * After a fenced invalidation returned no certified read, anywhere, gives the value that it killed. One
 * key; its source is `source`; clients fill what they read from it, sometimes late; nodes are cut off,
 * mended and restarted; the network loses and delays.
 */
struct world {
    struct net *t;
    uint64_t seed;
    struct rng rng;
    unsigned source; /* the value that was committed last */
    unsigned fenced; /* the newest value of which an invalidation with a fence returned */
    uint64_t ticket; /* of the one under way; 0 = none */
    unsigned asked;  /* the value that it is about */
    struct net_got miss[NET_MAX];
    unsigned read[NET_MAX]; /* what the client of this miss has read */
    bool loads[NET_MAX];
    unsigned hits, fences;
};

static void client_reads(struct world *w, size_t i)
{
    const struct net_got got = within(w->t, i, "k", 1 + (uint32_t)rng_below(&w->rng, D_MS));
    if (got.status == STATUS_HIT) {
        w->hits++;
        cr_assert_geq(strtoul(got.value, NULL, 10), w->fenced,
                      "SEED=%llu: node %zu serves what a fence has ended",
                      (unsigned long long)w->seed, i);
    }
    if (got.token_len > 0 && !w->loads[i]) {
        w->miss[i] = got;
        w->read[i] = w->source;
        w->loads[i] = true;
    }
}

static void client_fills(struct world *w, size_t i)
{
    char value[16];
    if (!w->loads[i])
        return;
    (void)snprintf(value, sizeof value, "%u", w->read[i]);
    (void)net_fill(w->t, i, "k", value, &w->miss[i]);
    w->loads[i] = false;
}

static void writer_writes(struct world *w, size_t i)
{
    if (w->ticket != 0 || !w->t->up[i])
        return;
    w->asked = ++w->source;
    w->ticket = net_invalidate(w->t, i, "k", FENCED, 200 * US_PER_MS);
}

static void writer_hears(struct world *w)
{
    if (w->ticket == 0 || !w->t->replies[w->ticket].came)
        return;
    if (w->t->replies[w->ticket].reached) {
        w->fenced = w->asked;
        w->fences++;
    }
    w->ticket = 0;
}

static void disturb(struct world *w, size_t i)
{
    switch (rng_below(&w->rng, 6)) {
    case 0:
        net_isolate(w->t, i, true);
        break;
    case 1:
        w->t->cut[i][rng_below(&w->rng, w->t->n)] = true;
        break;
    case 2:
        if (rng_chance(&w->rng, 300)) {
            w->ticket = 0; /* it may have been ours */
            w->loads[i] = false;
            net_restart(w->t, i);
        }
        break;
    default:
        memset(w->t->cut, 0, sizeof w->t->cut);
        break;
    }
}

static void step(struct world *w)
{
    const size_t i = rng_below(&w->rng, w->t->n);
    const uint64_t what = rng_below(&w->rng, 100);
    if (what < 50)
        client_reads(w, i);
    else if (what < 80)
        client_fills(w, i);
    else if (what < 96)
        writer_writes(w, i);
    else
        disturb(w, i);
    net_run(w->t, rng_below(&w->rng, 60 * US_PER_MS));
    writer_hears(w);
}

static uint64_t seed_of_environment(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 20240607 : strtoull(text, NULL, 10);
}

static struct world run_world(uint64_t seed, size_t n, unsigned steps)
{
    struct world w = {.t = net_joined(&(struct net_cfg){.n = n, .expect = (uint32_t)n}),
                      .seed = seed};
    rng_init(&w.rng, seed);
    rng_init(&w.t->rng, seed + 1);
    w.t->loss = 50;
    w.t->delay_us = 10 * US_PER_MS;
    for (unsigned k = 0; k < steps; k++)
        step(&w);
    net_free(w.t);
    return w;
}

Test(certify, no_certified_read_gives_what_a_fence_has_ended)
{
    const uint64_t seed = seed_of_environment();
    unsigned hits = 0;
    unsigned fences = 0;
    for (uint64_t k = 0; k < 6; k++) {
        const struct world w = run_world(seed + k, k % 2 == 0 ? 3 : 5, 1500);
        hits += w.hits;
        fences += w.fences;
    }
    cr_assert_gt(hits, 100, "else nothing was tested: %u", hits);
    cr_assert_gt(fences, 20, "else nothing was tested: %u", fences);
}
