/* Healing as a whole: nodes that missed dots, behind a network that loses packets. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "net.h"

Test(heal, a_thousand_missed_dots_come_back_exactly)
{
    const uint32_t losses[] = {0, 10, 100, 300, 500};
    for (size_t i = 0; i < 5; i++) {
        struct net_cfg cfg = net_cfg_small();
        cfg.loss = losses[i];
        struct net net = net_make(&cfg);
        net_issue(&net, 0, 1000);
        const uint64_t took = net_settle(&net, US_PER_SEC);
        cr_assert_eq(net_counters(&net, 1).pulled, 1000);
        cr_assert_eq(net.node[1].closings, 0);
        if (losses[i] == 0)
            cr_assert_lt(took, 100 * MS);
        net_drop(&net);
    }
}

Test(heal, scattered_losses_are_pulled_run_by_run)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.loss = 100;
    struct net net = net_make(&cfg);
    net_issue(&net, 0, 1000);
    uint64_t missed = 0;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        if (seq % 3 == 0)
            missed++;
        else
            net_take(&net, 1, EPOCH(0), seq);
    }
    net_settle(&net, US_PER_SEC);
    cr_assert_eq(net_counters(&net, 1).pulled, missed);
    cr_assert_eq(ledger_counters(net.node[1].ledger).duplicates, 0, "exact runs are asked for");
    net_drop(&net);
}

Test(heal, both_sides_of_a_cut_heal_with_streams_and_without)
{
    for (size_t i = 0; i < 2; i++) {
        struct net_cfg cfg = net_cfg_small();
        cfg.streams = i == 1;
        struct net net = net_make(&cfg);
        net_issue(&net, 0, 3000);
        net_issue(&net, 1, 4000);
        const uint64_t took = net_settle(&net, US_PER_SEC);
        cr_assert_eq(net_counters(&net, 0).pulled, 4000);
        cr_assert_eq(net_counters(&net, 1).pulled, 3000);
        cr_assert_geq(net.node[1].streams, 1);
        if (cfg.streams)
            cr_assert_lt(took, 20 * MS);
        net_drop(&net);
    }
}

Test(heal, dots_of_a_dead_origin_come_from_whoever_has_them)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.nodes = 3;
    cfg.loss = 100;
    struct net net = net_make(&cfg);
    for (uint64_t seq = 1; seq <= 50; seq++)
        net_take(&net, 1, 0xDEAD, seq);
    net_settle(&net, US_PER_SEC);
    cr_assert_eq(net_counters(&net, 0).pulled, 50);
    cr_assert_eq(net_counters(&net, 2).pulled, 50);
    cr_assert_eq(net.node[0].closings + net.node[2].closings, 0);
    net_drop(&net);
}

Test(heal, three_hundred_origins_converge_over_repeated_exchanges)
{
    struct net_cfg cfg = net_cfg_small();
    struct net net = net_make(&cfg);
    for (uint64_t i = 0; i < 300; i++)
        net_take(&net, i % 2, 0xA0000 + i, 1);
    const uint64_t took = net_settle(&net, 3 * US_PER_SEC);
    cr_assert_eq(ledger_origins(net.node[0].ledger), 301, "own, and 300");
    cr_assert_eq(net.node[0].closings + net.node[1].closings, 0);
    cr_assert_gt(took, 0);
    cr_assert_leq(net_counters(&net, 0).exchanges, took / (50 * MS) + 1);
    net_drop(&net);
}

Test(heal, a_truncated_log_gives_what_it_has_and_the_rest_is_closed)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.log_max = 256;
    struct net net = net_make(&cfg);
    net_issue(&net, 0, 1000);
    net_settle(&net, US_PER_SEC);
    cr_assert_eq(net_counters(&net, 1).pulled, 256);
    cr_assert_eq(net.node[1].closed, 744);
    cr_assert_eq(net_counters(&net, 1).broad_lost, net.node[1].closings);
    cr_assert_eq(net_counters(&net, 1).broad_t_gap, 0);
    net_drop(&net);
}

Test(heal, more_origins_with_gaps_than_room_for_work_wait_their_turn)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.heal.pulls_max = 4;
    struct net net = net_make(&cfg);
    for (uint64_t i = 0; i < 60; i++) {
        net_take(&net, 0, 0xB000 + i, 1);
        net_take(&net, 0, 0xB000 + i, 2);
        net_take(&net, 1, 0xB000 + i, 2); /* a gap at once */
    }
    cr_assert_eq(ledger_gaps(net.node[1].ledger), 60);
    net_settle(&net, 2 * US_PER_SEC);
    cr_assert_eq(net_counters(&net, 1).pulled, 60);
    cr_assert_eq(net.node[1].closings, 0);
    net_drop(&net);
}

Test(heal, a_full_ledger_tells_the_caller_to_raise_its_barrier)
{
    struct net_cfg cfg = net_cfg_small();
    struct net net = net_make(&cfg);
    for (uint64_t i = 1; i < cfg.origins_max; i++)
        net_take(&net, 1, 0xC0000 + i, 1);
    net_issue(&net, 0, 1);
    net_greet(&net, 0, 1);
    net_run(&net, MS, 0);
    cr_assert_eq(net.node[1].whole_bar, 1);
    net_drop(&net);
}

static struct net woken, polled;

Test(heal, waking_at_deadlines_only_sends_the_same_at_the_same_times)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.nodes = 4;
    cfg.loss = 200;
    struct net *both[2] = {&woken, &polled};
    for (size_t i = 0; i < 2; i++) {
        cfg.always = i == 1;
        *both[i] = net_make(&cfg);
        for (uint64_t k = 0; k < 30; k++) {
            net_issue(both[i], k % 4, k);
            net_take(both[i], k % 3, 0xD000 + k, 1);
            net_run(both[i], 20 * MS, 7 * MS);
        }
        net_run(both[i], 200 * MS, 7 * MS);
    }
    cr_assert_eq(woken.trace, polled.trace, "seed %lu", (unsigned long)test_seed());
    net_settle(&woken, US_PER_SEC);
    net_drop(&woken);
    net_drop(&polled);
}

Test(heal, every_arena_that_is_too_small_is_refused)
{
    const struct net_cfg cfg = net_cfg_small();
    struct net net = net_make(&cfg);
    const size_t max = 1U << 20;
    void *mem = calloc(1, max);
    struct arena arena;
    size_t need = 0;
    for (size_t len = 0; len <= max && need == 0; len += 64) {
        arena_init(&arena, mem, len);
        if (heal_new(&arena, &cfg.heal, net.node[0].ledger) != NULL)
            need = len;
    }
    cr_assert_gt(need, (size_t)0);
    arena_init(&arena, mem, need - 64);
    cr_assert_null(heal_new(&arena, &cfg.heal, net.node[0].ledger));
    free(mem);
    net_drop(&net);
}

Test(heal, a_full_peer_table_refuses)
{
    struct net_cfg cfg = net_cfg_small();
    cfg.heal.peers_max = 2;
    struct net net = net_make(&cfg);
    struct heal *h = net.node[0].heal;
    cr_assert_eq(heal_peer_up(h, 7, 70), OK);
    cr_assert_eq(heal_peer_up(h, 8, 80), ERR_FULL);
    cr_assert_eq(heal_counters(h).peers_full, 1);
    cr_assert_eq(heal_peer_up(h, 7, 71), OK, "a new run of a known member");
    heal_peer_down(h, 7);
    heal_peer_down(h, 99);
    cr_assert_eq(heal_peer_up(h, 8, 80), OK);
    net_drop(&net);
}
