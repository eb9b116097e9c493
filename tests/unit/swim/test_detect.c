#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

/* A settled cluster: everybody has seen everybody for a while. */
static struct world *settled(uint32_t nodes, uint64_t seed, uint32_t loss_permille)
{
    struct world *w = world_new(&(struct world_cfg){.seed = seed, .nodes = nodes});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC), "seed %lu", seed);
    world_lose(w, loss_permille);
    world_run(w, (5 + seed % 7) * US_PER_SEC + seed * 1009);
    return w;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Kill the last of n nodes under every seed: how long until all others hold it DEAD, sorted. */
static void measure_crashes(uint32_t nodes, uint32_t loss_permille, uint64_t *took, uint32_t seeds)
{
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct world *w = settled(nodes, seed, loss_permille);
        const uint32_t fails = world_count(w, WORLD_NODES, SWIM_FAIL, NULL);
        cr_assert_eq(fails, 0, "seed %lu: %u false deaths", seed, fails);
        const mono_us at = world_now(w);
        world_crash(w, nodes - 1);
        cr_assert(world_run_until(w, world_buried, nodes - 1, 30 * US_PER_SEC), "seed %lu", seed);
        took[seed - 1] = world_now(w) - at;
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), nodes - 1,
                     "seed %lu: somebody else was declared dead", seed);
        if (loss_permille == 0)
            cr_assert_eq(world_count(w, WORLD_NODES, SWIM_ISOLATED, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
    qsort(took, seeds, sizeof *took, by_size);
    fprintf(stderr, "crash of 1 of %u at loss %u: median %lu ms, p99 %lu ms, worst %lu ms\n", nodes,
            loss_permille, took[seeds / 2] / 1000, took[seeds * 99 / 100] / 1000,
            took[seeds - 1] / 1000);
}

Test(detect, a_crash_of_one_of_three_is_known_everywhere_within_six_seconds)
{
    uint64_t took[200];
    measure_crashes(3, 0, took, 200);
    cr_assert_leq(took[199], 6 * US_PER_SEC);
}

Test(detect, a_crash_of_one_of_ten_is_known_everywhere_within_six_seconds)
{
    uint64_t took[200];
    measure_crashes(10, 0, took, 200);
    cr_assert_leq(took[199], 6 * US_PER_SEC);
    cr_assert_leq(took[100], 5 * US_PER_SEC);
}

Test(detect, a_crash_of_one_of_two_is_known_to_the_other)
{
    uint64_t took[50];
    measure_crashes(2, 0, took, 50);
    cr_assert_leq(took[49], 6 * US_PER_SEC);
}

Test(detect, at_ten_percent_loss_no_one_dies_falsely_and_a_crash_takes_eight_seconds)
{
    uint64_t took[200];
    measure_crashes(3, 100, took, 200);
    cr_assert_leq(took[197], 8 * US_PER_SEC);
    measure_crashes(10, 100, took, 100);
    cr_assert_leq(took[98], 8 * US_PER_SEC);
}

Test(detect, half_an_hour_of_ten_percent_loss_kills_nobody)
{
    struct world *w = settled(5, world_env_seed(), 100);
    world_run(w, 1800 * US_PER_SEC);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    world_lose(w, 0);
    world_run(w, 10 * US_PER_SEC);
    cr_assert(world_agrees(w, 0));
    world_free(w);
}

Test(detect, with_the_link_between_two_cut_the_third_relays_and_nobody_dies)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = settled(3, seed, 0);
        world_cut(w, 0, 1);
        world_cut(w, 1, 0);
        world_run(w, 60 * US_PER_SEC);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        cr_assert_gt(swim_counters(world_at(w, 0)).probes_relay, 10);
        cr_assert_gt(swim_counters(world_at(w, 1)).probes_relay, 10);
        world_free(w);
    }
}

Test(detect, two_nodes_that_never_reach_each_other_become_members_through_a_relay)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 7, .nodes = 3});
    world_cut(w, 1, 2);
    world_cut(w, 2, 1);
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_free(w);
}

static bool agrees_and_is_connected(struct world *w, uint32_t i)
{
    return world_agrees(w, 0) && !swim_isolated(world_at(w, i));
}

Test(detect, a_node_that_sends_but_hears_nothing_is_isolated_and_alone_declared_dead)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = settled(5, seed, 0);
        for (uint32_t i = 0; i < 4; i++)
            world_cut(w, i, 4);
        world_run(w, 10 * US_PER_SEC);
        cr_assert(swim_isolated(world_at(w, 4)), "seed %lu", seed);
        for (uint32_t i = 0; i < 4; i++) {
            cr_assert_eq(world_state(w, i, "n4"), SWIM_DEAD, "seed %lu", seed);
            cr_assert_not(swim_isolated(world_at(w, i)));
            cr_assert_eq(world_count(w, i, SWIM_FAIL, NULL), 1, "seed %lu: a third died", seed);
        }
        world_heal(w);
        cr_assert(world_run_until(w, agrees_and_is_connected, 4, 10 * US_PER_SEC), "seed %lu",
                  seed);
        cr_assert_eq(world_count(w, 4, SWIM_CONNECTED, NULL), 1);
        world_free(w);
    }
}

Test(detect, one_dead_peer_of_two_isolates_nobody)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = settled(3, seed, 0);
        world_crash(w, 2);
        world_run(w, 20 * US_PER_SEC);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_ISOLATED, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
}

Test(detect, the_loss_of_a_majority_is_recorded_in_the_end)
{
    struct world *w = settled(5, 3, 0);
    for (uint32_t i = 2; i < 5; i++)
        world_crash(w, i);
    world_run(w, 60 * US_PER_SEC);
    cr_assert(world_agrees(w, 0));
    cr_assert_eq(world_count(w, 0, SWIM_FAIL, NULL), 3);
    world_free(w);
}

Test(detect, a_failed_probe_asks_exactly_three_relays)
{
    struct world *w = settled(8, 5, 0);
    struct swim *s = world_at(w, 0);
    world_crash(w, 7);
    const uint64_t before = swim_counters(s).probes_failed;
    uint32_t asked = 0;
    /* Watch node 0 alone: the world stands still while its clock goes on. */
    struct swim_out out;
    for (mono_us at = world_now(w); swim_counters(s).probes_failed == before;) {
        at = time_max(at, swim_deadline(s));
        swim_tick(s, at);
        while (swim_poll(s, at, &out))
            asked += out.kind == SWIM_SEND && out.msg->type == PEER_PING_REQ ? 1 : 0;
    }
    cr_assert_eq(asked, 3);
    world_free(w);
}

Test(detect, a_hint_probes_the_owner_of_the_address_at_once_and_accuses_nobody)
{
    struct world *w = settled(5, 11, 0);
    struct swim *s = world_at(w, 0);
    struct swim_member m;
    struct swim_out out;
    bool probed = false;
    cr_assert(world_view(w, 0, "n3", &m));
    for (int i = 0; i < 3 && !probed; i++) {
        world_run(w, 20 * US_PER_MS);
        swim_unreachable(s, world_now(w), &m.addr);
        cr_assert_eq(world_state(w, 0, "n3"), SWIM_ALIVE);
        swim_tick(s, world_now(w));
        while (swim_poll(s, world_now(w), &out))
            probed |= out.kind == SWIM_SEND && out.msg->type == PEER_PING && out.id == m.id;
    }
    cr_assert(probed);
    world_free(w);
}

Test(detect, cut_off_from_all_it_waits_twice_as_long_before_it_buries_them)
{
    struct world *w = settled(5, 2, 0);
    for (uint32_t i = 0; i < 4; i++) {
        world_cut(w, i, 4);
        world_cut(w, 4, i);
    }
    world_run(w, 22 * US_PER_SEC); /* the longest suspicion at five is 12 s */
    cr_assert(swim_isolated(world_at(w, 4)));
    cr_assert_eq(world_count(w, 4, SWIM_FAIL, NULL), 0);
    world_run(w, 38 * US_PER_SEC);
    cr_assert_eq(world_count(w, 4, SWIM_FAIL, NULL), 4);
    world_free(w);
}

Test(detect, an_answer_of_an_older_run_of_the_name_does_not_end_a_probe)
{
    struct world *w = settled(2, 1, 0);
    struct swim *s = world_at(w, 0);
    struct swim_out out;
    static struct peer_msg answer;
    mono_us at = swim_deadline(s);
    do {
        at = time_max(at, swim_deadline(s));
        swim_tick(s, at);
    } while (!swim_poll(s, at, &out) || out.kind != SWIM_SEND || out.msg->type != PEER_PING);
    answer = (struct peer_msg){.type = PEER_ACK, .gen = out.msg->args.ping.to_gen - 1};
    answer.args.ack.challenge = out.challenge;
    struct swim_from from = world_from(w, 1);
    from.epoch--;
    const uint64_t answered = swim_counters(s).probes_direct;
    swim_recv(s, at, &from, &answer);
    cr_assert_eq(swim_counters(s).probes_direct, answered);
    cr_assert_eq(swim_counters(s).probes_failed, 0);
    for (uint32_t i = 0; i < 20 && swim_counters(s).probes_failed == 0; i++) {
        at = swim_deadline(s);
        swim_tick(s, at);
        while (swim_poll(s, at, &out))
            ;
    }
    cr_assert_eq(swim_counters(s).probes_failed, 1);
    world_free(w);
}

/* The next message of a type that node 0 sends, ticking it on as needed; false within a second. */
static bool next_message(struct swim *s, mono_us *at, uint8_t type, struct swim_out *out)
{
    const mono_us until = *at + US_PER_SEC;
    while (*at < until) {
        while (swim_poll(s, *at, out)) {
            if (out->kind == SWIM_SEND && out->msg->type == type)
                return true;
        }
        *at = time_max(*at, swim_deadline(s));
        swim_tick(s, *at);
    }
    return false;
}

Test(detect, a_relay_passes_on_the_answer_of_the_run_that_was_meant_and_of_no_other)
{
    for (uint64_t ahead = 0; ahead < 2; ahead++) {
        struct world *w = settled(3, 1, 0);
        struct swim *s = world_at(w, 0);
        const struct swim_from asker = world_from(w, 2), target = world_from(w, 1);
        static struct peer_msg m;
        struct swim_member held;
        struct swim_out out;
        mono_us at = world_now(w);
        cr_assert(world_view(w, 0, "n1", &held));
        m = (struct peer_msg){.type = PEER_PING_REQ};
        m.args.ping_req = (struct peer_ping_req){.challenge = 42,
                                                 .name = slice_text("n1"),
                                                 .gen = held.generation + ahead,
                                                 .addr = held.addr,
                                                 .budget_ms = 400};
        swim_recv(s, at, &asker, &m);
        cr_assert(next_message(s, &at, PEER_PING, &out));
        cr_assert_eq(out.id, target.id);
        m = (struct peer_msg){.type = PEER_ACK, .gen = held.generation};
        m.args.ack.challenge = out.challenge;
        swim_recv(s, at, &target, &m);
        cr_assert(next_message(s, &at, ahead == 0 ? PEER_ACK : PEER_NACK, &out));
        cr_assert_eq(out.id, asker.id);
        cr_assert_eq(ahead == 0 ? out.msg->args.ack.challenge : out.msg->args.reply.challenge, 42);
        cr_assert_eq(world_now(w) + (ahead == 0 ? 0 : 320 * US_PER_MS), at);
        world_free(w);
    }
}
