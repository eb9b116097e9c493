/* Nodes that retired more origins than count, in different orders. */
#include <criterion/criterion.h>

#include "net.h"

#define S     US_PER_SEC
#define ENDED 0xA000ULL /* origins of one dot each that are gone: ENDED + 1 and so on */

static struct net_cfg cfg_of(size_t nodes, uint32_t retired_max)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.nodes = nodes;
    cfg.retired_max = retired_max;
    cfg.streams = true;
    cfg.heal.peers_max = 4;
    cfg.heal.retire_us = 600 * S;
    cfg.heal.retire_force_us = 1000000 * S; /* nothing is left to it */
    return cfg;
}

static void take_some(struct net *net, size_t i, uint64_t from, uint64_t to)
{
    for (uint64_t k = from; k <= to; k++)
        net_take(net, i, ENDED + k, 1);
}

static void retire(struct net *net, size_t i, uint64_t k)
{
    uint64_t barrier;
    cr_assert_eq(ledger_retire(net->node[i].ledger, ENDED + k, &barrier), OK);
    cr_assert_eq(barrier, 0);
}

static uint64_t bars(const struct net *net)
{
    uint64_t n = 0;
    for (size_t i = 0; i < net->cfg.nodes; i++)
        n += net->node[i].bars + net->node[i].closings;
    return n;
}

static void expect_equal(const struct net *net)
{
    for (size_t i = 0; i < net->cfg.nodes; i++)
        cr_assert_eq(ledger_vector_hash(net->node[i].ledger),
                     ledger_vector_hash(net->node[0].ledger), "node %zu", i);
    cr_assert(net_equal(net));
}

Test(overflow, whatever_order_nodes_retire_in_their_vectors_are_equal_soon)
{
    const struct net_cfg cfg = cfg_of(2, 8);
    struct net net = net_make(&cfg);
    take_some(&net, 0, 1, 14);
    take_some(&net, 1, 1, 14);
    net_run(&net, S, 100 * MS);
    for (uint64_t k = 1; k <= 14; k++)
        retire(&net, 0, k);
    for (uint64_t k = 14; k >= 10; k--) /* the rest is told */
        retire(&net, 1, k);
    net_settle(&net, 3 * S);
    net_run(&net, 3 * S, 100 * MS);
    expect_equal(&net);
    cr_assert_eq(bars(&net), 0);
    cr_assert_eq(ledger_origins(net.node[1].ledger), 1, "ended as they were told to be");
    net_drop(&net);
}

Test(overflow, what_each_forgot_and_the_other_did_not_does_not_keep_vectors_apart)
{
    const struct net_cfg cfg = cfg_of(3, 2);
    struct net net = net_make(&cfg);
    const uint64_t missed = net_hash(ENDED + 1, 1);
    net_fill(&net, 2, missed);
    net_cut(&net, 2, true);
    take_some(&net, 0, 1, 12);
    take_some(&net, 1, 1, 12);
    for (uint64_t k = 1; k <= 12; k++)
        retire(&net, 0, k);
    for (uint64_t k = 12; k >= 4; k--)
        retire(&net, 1, k);
    cr_assert_gt(ledger_forgotten_n(net.node[0].ledger), 0);
    cr_assert_gt(ledger_forgotten_n(net.node[1].ledger), 0);
    net_run(&net, 3 * S, 100 * MS);
    cr_assert_eq(ledger_vector_hash(net.node[0].ledger), ledger_vector_hash(net.node[1].ledger));
    net_cut(&net, 2, false);
    net_run(&net, 3 * S, 100 * MS);
    expect_equal(&net);
    cr_assert_not(net_serves(&net, 2, missed));
    cr_assert_geq(net_counters(&net, 2).broad_forgotten, 1);
    const uint64_t so_far = bars(&net);
    net_run(&net, 1300 * S, 500 * MS); /* what came back ends again */
    expect_equal(&net);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(ledger_origins(net.node[i].ledger), 1, "node %zu", i);
    cr_assert_leq(bars(&net), so_far + 6, "one for each pair at most");
    net_drop(&net);
}

/* The epoch of a run that lived for long is low: it does not count from the first moment on. */
Test(overflow, the_end_of_an_old_origin_costs_who_knows_it_nothing)
{
    struct net_cfg cfg = cfg_of(4, 2);
    struct net net = net_make(&cfg);
    for (size_t i = 0; i < 4; i++)
        take_some(&net, i, 1, 5);
    net_run(&net, S, 100 * MS);
    for (uint64_t k = 2; k <= 5; k++)
        for (size_t i = 0; i < 4; i++)
            retire(&net, i, k);
    net_run(&net, S, 100 * MS);
    retire(&net, 0, 1);
    net_run(&net, 3 * S, 100 * MS);
    expect_equal(&net);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(ledger_origins(net.node[i].ledger), 1);
    cr_assert_eq(bars(&net), 0);
    net_drop(&net);
}

Test(overflow, ten_joiners_cost_an_old_node_nothing)
{
    const struct net_cfg cfg = cfg_of(3, 4);
    struct net net = net_make(&cfg);
    const uint64_t hash = net_hash(0xF00, 1);
    for (size_t i = 0; i < 3; i++)
        take_some(&net, i, 1, 12);
    for (uint64_t k = 1; k <= 12; k++) /* the first of each four is retired last: it is young */
        for (size_t i = 0; i < 3; i++)
            retire(&net, i, k % 4 == 0 ? k - 3 : k + 1);
    net_run(&net, S, 100 * MS);
    net_fill(&net, 0, hash);
    const uint64_t before = net.node[0].bars + net.node[0].closings;
    for (uint64_t run = 1; run <= 10; run++) {
        net_cut(&net, 2, true);
        net_run(&net, S, 100 * MS);
        net_rejoin(&net, 2, 1);
        net_issue(&net, 2, 1);
        net_run(&net, 2 * S, 100 * MS);
        expect_equal(&net);
        net_take(&net, 0, ENDED + 100 + run, 1); /* and one more origin ends */
        net_run(&net, 2 * S, 100 * MS);
        retire(&net, 0, 100 + run);
        net_run(&net, 2 * S, 100 * MS);
        expect_equal(&net);
    }
    cr_assert_eq(net.node[0].bars + net.node[0].closings, before);
    cr_assert(net_serves(&net, 0, hash));
    net_drop(&net);
}
