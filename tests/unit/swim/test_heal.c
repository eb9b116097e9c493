#include <criterion/criterion.h>

#include "world.h"

/* Cut the places below `middle` off from the rest. */
static void split(struct world *w, uint32_t nodes, uint32_t middle)
{
    for (uint32_t i = 0; i < middle; i++) {
        for (uint32_t j = middle; j < nodes; j++) {
            world_cut(w, i, j);
            world_cut(w, j, i);
        }
    }
}

Test(heal, a_split_of_two_and_two_heals_within_ten_seconds_by_reconnecting)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_settled(4, seed);
        split(w, 4, 2);
        world_run(w, 60 * US_PER_SEC);
        cr_assert_eq(swim_alive(world_at(w, 0)), 2, "seed %lu", seed);
        cr_assert_eq(swim_alive(world_at(w, 3)), 2, "seed %lu", seed);
        world_heal(w);
        cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC), "seed %lu", seed);
        world_run(w, 10 * US_PER_SEC);
        cr_assert(world_agrees(w, 0), "seed %lu", seed);
        world_free(w);
    }
}

Test(heal, a_split_of_five_and_five_heals_within_ten_seconds)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = world_settled(10, seed);
        split(w, 10, 5);
        world_run(w, 600 * US_PER_SEC);
        world_heal(w);
        cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC), "seed %lu", seed);
        world_free(w);
    }
}

Test(heal, strangers_who_are_given_all_addresses_become_one_cluster)
{
    struct world *w =
        world_new(&(struct world_cfg){.seed = 3, .nodes = 10, .reseed_us = 5 * US_PER_SEC});
    split(w, 10, 5);
    for (uint32_t i = 0; i < 10; i++)
        world_start(w, i);
    world_run(w, 30 * US_PER_SEC);
    cr_assert_eq(swim_alive(world_at(w, 0)), 5);
    cr_assert_eq(swim_alive(world_at(w, 9)), 5);
    world_heal(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_free(w);
}

Test(heal, a_chain_of_twenty_becomes_a_mesh_within_ten_seconds)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 4, .nodes = 20});
    for (uint32_t i = 0; i < 20; i++)
        world_start(w, i);
    for (uint32_t i = 0; i + 1 < 20; i++)
        world_seed(w, i, i + 1);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_free(w);
}

Test(heal, a_seed_that_is_our_own_address_is_not_contacted)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 4, .nodes = 1});
    world_start(w, 0);
    world_seed(w, 0, 0);
    cr_assert_eq(swim_counters(world_at(w, 0)).seeds_contacted, 0);
    world_run(w, 5 * US_PER_SEC);
    cr_assert_eq(world_datagrams(w), 0);
    world_free(w);
}

Test(heal, at_most_three_unknown_addresses_are_contacted_at_once)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 4, .nodes = 1});
    world_start(w, 0);
    struct addr addrs[20];
    for (uint8_t i = 0; i < 20; i++)
        addrs[i] = (struct addr){.ip = {10, 9, 9, i}, .ip_len = 4, .port = 7946};
    swim_seed(world_at(w, 0), world_now(w), addrs, 20);
    cr_assert_eq(swim_counters(world_at(w, 0)).seeds_contacted, 3);
    swim_seed(world_at(w, 0), world_now(w), addrs, 0);
    cr_assert_eq(swim_counters(world_at(w, 0)).seeds_contacted, 3);
    world_free(w);
}

Test(heal, equal_views_exchange_no_records_and_idle_packets_carry_none)
{
    struct world *w = world_settled(5, 1);
    world_run(w, 60 * US_PER_SEC);
    const uint64_t streamed = world_stream_records(w);
    uint64_t told = 0, told_later = 0;
    for (uint32_t i = 0; i < 5; i++)
        told += swim_counters(world_at(w, i)).records_out;
    world_run(w, 600 * US_PER_SEC);
    for (uint32_t i = 0; i < 5; i++)
        told_later += swim_counters(world_at(w, i)).records_out;
    cr_assert_eq(world_stream_records(w), streamed);
    cr_assert_eq(told_later, told);
    world_free(w);
}

Test(heal, idle_nodes_send_little)
{
    struct world *w = world_settled(10, 1);
    world_run(w, 60 * US_PER_SEC);
    const uint64_t before = world_datagrams(w);
    world_run(w, 100 * US_PER_SEC);
    /* a PING and an ACK each period */
    cr_assert_leq(world_datagrams(w) - before, 10 * 2 * 200 + 200);
    world_free(w);
}
