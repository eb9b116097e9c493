/* Nodes that end and forget origins while another one is cut off. */
#include <criterion/criterion.h>

#include "alone.h"
#include "net.h"

#define S US_PER_SEC

static struct net_cfg cfg_of(size_t nodes, uint32_t retired_max)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.nodes = nodes;
    cfg.retired_max = retired_max;
    cfg.streams = true;
    cfg.heal.peers_max = 4;
    cfg.heal.retire_us = S;
    cfg.heal.retire_force_us = 5 * S;
    return cfg;
}

static bool knows(const struct net *net, size_t i, uint64_t epoch)
{
    return has_slot(net->node[i].ledger, epoch);
}

/* Node 2 caches k and is cut off; the dot that kills k reaches the others, its origin ends. */
static uint64_t miss_a_dead_origin(struct net *net)
{
    const uint64_t k = net_hash(0xDEAD, 1);
    net_fill(net, 2, k);
    net_cut(net, 2, true);
    net_take(net, 0, 0xDEAD, 1);
    net_take(net, 1, 0xDEAD, 1);
    net_run(net, 3 * S, 100 * MS);
    cr_assert_not(knows(net, 0, 0xDEAD));
    cr_assert_not(knows(net, 1, 0xDEAD));
    return k;
}

Test(forget, who_was_cut_off_hears_of_an_origin_that_everybody_retired)
{
    const struct net_cfg cfg = cfg_of(3, 64);
    struct net net = net_make(&cfg);
    const uint64_t k = miss_a_dead_origin(&net);
    cr_assert(net_serves(&net, 2, k), "it was told nothing yet");
    net_cut(&net, 2, false);
    net_settle(&net, 4 * S);
    cr_assert_not(net_serves(&net, 2, k));
    cr_assert_eq(net_counters(&net, 2).broad_forgotten, 0);
    net_drop(&net);
}

Test(forget, who_was_cut_off_and_lacks_what_everybody_forgot_raises_a_barrier)
{
    const struct net_cfg cfg = cfg_of(3, 1);
    struct net net = net_make(&cfg);
    const uint64_t k = net_hash(0xBEAD, 1);
    const uint64_t other = net_hash(0xBEEF, 9);
    net_fill(&net, 2, k);
    net_cut(&net, 2, true);
    net_take(&net, 0, 0xBEAD, 1);
    net_take(&net, 1, 0xBEAD, 1);
    net_run(&net, 3 * S, 100 * MS);
    for (size_t i = 0; i < 3; i++)
        net_take(&net, i, 0xBEEF, 1); /* that one node 2 hears of */
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_eq(ledger_uncounted_n(net.node[0].ledger), 1);
    cr_assert_eq(ledger_vector_hash(net.node[0].ledger), ledger_vector_hash(net.node[2].ledger),
                 "nothing else would show that anything is missing");
    cr_assert(net_serves(&net, 2, k));
    net_cut(&net, 2, false);
    net_run(&net, S, 100 * MS);
    cr_assert_not(net_serves(&net, 2, k));
    cr_assert_eq(net_counters(&net, 2).broad_forgotten, 2, "one for each that forgot");
    net_fill(&net, 2, other);
    net_run(&net, 3 * S, 100 * MS);
    cr_assert(net_serves(&net, 2, other), "and no more");
    net_drop(&net);
}

/* Node 2 caches what a dot killed whose origin ended and is forgotten while node 2 is cut off. Node 1 begins
 * anew, and takes over what node 0 still knows; then node 0 dies. */
static uint64_t outlive_who_knew(struct net *net)
{
    const uint64_t k = net_hash(0xBEAD, 1);
    net_fill(net, 2, k);
    net_cut(net, 2, true);
    net_take(net, 0, 0xBEAD, 1);
    net_take(net, 1, 0xBEAD, 1);
    net_run(net, 3 * S, 100 * MS);
    for (uint64_t i = 0; i < 4; i++)
        for (size_t at = 0; at < 3; at++)
            net_take(net, at, 0xBEEF + i, 1); /* those node 2 hears of */
    net_run(net, 3 * S, 100 * MS);
    cr_assert_geq(ledger_forgotten_n(net->node[0].ledger), 1);
    net_cut(net, 1, true);
    net_rejoin(net, 1, 0);
    net_run(net, S, 100 * MS);
    net_cut(net, 0, true);
    return k;
}

Test(forget, who_was_cut_off_and_meets_only_who_joined_since_raises_a_barrier)
{
    const struct net_cfg cfg = cfg_of(3, 1);
    struct net net = net_make(&cfg);
    const uint64_t k = outlive_who_knew(&net);
    net_cut(&net, 2, false);
    net_cut(&net, 0, true);
    cr_assert(net_serves(&net, 2, k));
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_not(net_serves(&net, 2, k));
    cr_assert_leq(net_counters(&net, 2).broad_forgotten, 2,
                  "for the joiner, and for whom it speaks");
    const uint64_t other = net_hash(0xF00, 1);
    net_fill(&net, 2, other);
    net_fill(&net, 1, other);
    net_run(&net, 3 * S, 100 * MS);
    cr_assert(net_serves(&net, 2, other) && net_serves(&net, 1, other), "and no more");
    net_drop(&net);
}

/* Node 1 was cut off as well, and raised the barrier of which it then tells. */
Test(forget, who_was_cut_off_and_meets_only_who_raised_the_barrier_raises_it_too)
{
    const struct net_cfg cfg = cfg_of(4, 4);
    struct net net = net_make(&cfg);
    const uint64_t k = net_hash(0xBEAD, 1);
    net_fill(&net, 2, k);
    net_cut(&net, 1, true);
    net_cut(&net, 2, true);
    net_take(&net, 0, 0xBEAD, 1);
    net_take(&net, 3, 0xBEAD, 1);
    net_run(&net, 3 * S, 100 * MS);
    for (uint64_t i = 0; i < 12; i++)
        for (size_t at = 0; at < 4; at++)
            net_take(&net, at, 0xBEEF + i, 1);
    net_run(&net, 10 * S, 100 * MS);
    cr_assert_geq(ledger_forgotten_n(net.node[0].ledger), 1);
    net_cut(&net, 1, false);
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_geq(net_counters(&net, 1).broad_forgotten, 1);
    net_cut(&net, 0, true);
    net_cut(&net, 3, true);
    net_cut(&net, 2, false);
    cr_assert(net_serves(&net, 2, k));
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_not(net_serves(&net, 2, k));
    net_drop(&net);
}

Test(forget, gaps_of_an_origin_that_ends_by_force_cost_a_barrier)
{
    struct net_cfg cfg = cfg_of(2, 64);
    cfg.heal.t_gap_us = 1000 * S;
    struct net net = net_make(&cfg);
    net_cut(&net, 1, true);
    net_fill(&net, 0, 77);
    net_take(&net, 0, 0xDEAD, 2);
    net_run(&net, 4 * S, 0);
    cr_assert(net_serves(&net, 0, 77));
    net_run(&net, 3 * S, 0);
    cr_assert_not(net_serves(&net, 0, 77));
    cr_assert_eq(net_counters(&net, 0).broad_retired, 1);
    net_drop(&net);
}

Test(forget, a_member_that_comes_back_after_its_origin_ended_goes_on_where_it_was)
{
    const struct net_cfg cfg = cfg_of(3, 64);
    struct net net = net_make(&cfg);
    net_issue(&net, 2, 3);
    net_settle(&net, S);
    net_cut(&net, 2, true);
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_not(knows(&net, 0, EPOCH(2)));
    net_issue(&net, 2, 2);
    net_cut(&net, 2, false);
    net_settle(&net, 2 * S);
    cr_assert(knows(&net, 0, EPOCH(2)));
    cr_assert_eq(net_counters(&net, 0).pulled, 5);
    cr_assert_eq(net.node[0].bars + net.node[0].closings, 0);
    cr_assert_eq(ledger_counters(net.node[0].ledger).reinstated, 1);
    net_drop(&net);
}

Test(forget, two_hundred_retired_origins_reach_who_was_cut_off)
{
    const struct net_cfg cfg = cfg_of(3, 256);
    struct net net = net_make(&cfg);
    net_cut(&net, 2, true);
    for (uint64_t i = 0; i < 200; i++) {
        net_take(&net, 0, 0xA0000 + i, 1);
        net_take(&net, 1, 0xA0000 + i, 1);
    }
    net_run(&net, 12 * S, 100 * MS);
    cr_assert_eq(ledger_retired_n(net.node[0].ledger), 200);
    net_cut(&net, 2, false);
    net_settle(&net, 5 * S);
    cr_assert_eq(net_counters(&net, 2).broad_forgotten, 0);
    net_drop(&net);
}

Test(forget, a_range_without_content_costs_only_its_buckets)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.log_max = 64;
    cfg.streams = true;
    struct net net = net_make(&cfg);
    net_fill(&net, 1, net_hash(EPOCH(0), 5));
    net_fill(&net, 1, net_hash(EPOCH(0), 190));
    net_fill(&net, 1, net_hash(0xABC, 1)); /* in no bucket of them */
    net_issue(&net, 0, 200);
    net_settle(&net, S);
    cr_assert_not(net_serves(&net, 1, net_hash(EPOCH(0), 5)), "by its bucket");
    cr_assert_not(net_serves(&net, 1, net_hash(EPOCH(0), 190)), "by its dot");
    cr_assert(net_serves(&net, 1, net_hash(0xABC, 1)));
    cr_assert_eq(net.node[1].closings, 0);
    cr_assert_eq(net.node[1].touched, 136);
    cr_assert_eq(net_counters(&net, 1).touched_closed, 136);
    cr_assert_geq(net_counters(&net, 0).touched_served, 1);
    net_drop(&net);
}

Test(forget, a_short_range_without_content_is_asked_for_by_a_stream_as_well)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.nodes = 4;
    cfg.log_max = 64;
    cfg.streams = true;
    struct net net = net_make(&cfg);
    net_issue(&net, 0, 70); /* six are gone: no stream for its length */
    net_fill(&net, 1, net_hash(0xABC, 1));
    net_settle(&net, S);
    cr_assert(net_serves(&net, 1, net_hash(0xABC, 1)));
    for (size_t i = 1; i < 4; i++) {
        cr_assert_eq(net.node[i].touched, 6);
        cr_assert_eq(net.node[i].closings, 0);
    }
    net_drop(&net);
}

/* Origins of one dot each, most of them dead at once, reach some nodes; nodes are cut off and come back. */
static void live_through(struct net *net, struct rng *rng, uint64_t rounds)
{
    for (uint64_t round = 0; round < rounds; round++) {
        const size_t knows_it = (size_t)rng_below(rng, net->cfg.nodes);
        const size_t cut = (size_t)rng_below(rng, net->cfg.nodes);
        for (size_t i = 0; i < net->cfg.nodes; i++) {
            if (rng_chance(rng, 500))
                net_fill(net, i, net_hash(0xF000 + round, 1));
        }
        for (size_t i = 0; i < net->cfg.nodes; i++) {
            if (i == knows_it || rng_chance(rng, 300))
                net_take(net, i, 0xF000 + round, 1);
        }
        net_cut(net, cut, !net->node[cut].cut);
        net_run(net, rng_below(rng, 4 * S), 100 * MS);
    }
}

Test(forget, whatever_was_cut_off_retired_and_forgotten_nothing_stale_is_served_in_the_end)
{
    struct rng rng;
    rng_init(&rng, test_seed());
    for (uint32_t run = 0; run < 12; run++) {
        struct net_cfg cfg = cfg_of(4, 1U << run % 4);
        cfg.loss = run % 3 * 100;
        cfg.log_max = run % 2 == 0 ? 2 : 64;
        cfg.streams = run % 5 != 0;
        struct net net = net_make(&cfg);
        live_through(&net, &rng, 40);
        for (size_t i = 0; i < cfg.nodes; i++) {
            if (net.node[i].cut)
                net_cut(&net, i, false);
        }
        net_run(&net, 5 * S, 100 * MS);
        for (size_t i = 0; i < cfg.nodes; i++) {
            for (uint64_t round = 0; round < 40; round++)
                cr_assert_not(net_serves(&net, i, net_hash(0xF000 + round, 1)),
                              "run %u, node %zu, origin %lu, seed %lu", run, i,
                              (unsigned long)round, (unsigned long)test_seed());
        }
        net_drop(&net);
    }
}
