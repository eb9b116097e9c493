#include <criterion/criterion.h>

#include "world.h"

static struct world *world_of(uint32_t nodes, uint64_t seed)
{
    return world_new(&(struct world_cfg){.seed = seed, .nodes = nodes});
}

Test(join, two_nodes_find_each_other_within_a_second)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_of(2, seed);
        world_start_all(w);
        cr_assert(world_run_until(w, world_agrees, 0, US_PER_SEC), "seed %lu", seed);
        world_run(w, 2 * US_PER_SEC);
        cr_assert_eq(world_count(w, 0, SWIM_JOIN, "n1"), 1);
        cr_assert_eq(world_count(w, 1, SWIM_JOIN, "n0"), 1);
        cr_assert_eq(swim_view_hash(world_at(w, 0)), swim_view_hash(world_at(w, 1)));
        world_free(w);
    }
}

Test(join, three_nodes_from_one_seed_see_each_other_within_three_seconds)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world *w = world_of(3, seed);
        world_start_all(w);
        cr_assert(world_run_until(w, world_agrees, 0, 3 * US_PER_SEC), "seed %lu", seed);
        world_free(w);
    }
}

Test(join, a_hundred_nodes_see_each_other_within_ten_seconds)
{
    struct world *w = world_of(100, world_env_seed());
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_JOIN, NULL), 100 * 99);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    world_free(w);
}

/* The challenge of the next JOIN that node i has to send before `until`; 0 = none. */
static uint64_t next_join(struct world *w, uint32_t i, mono_us until)
{
    struct swim *s = world_at(w, i);
    struct swim_out out;
    while (swim_deadline(s) < until) {
        swim_tick(s, swim_deadline(s));
        while (swim_poll(s, until, &out))
            if (out.kind == SWIM_SEND && out.join)
                return out.challenge;
    }
    return 0;
}

/* Who answered the first try may be dead when the second is sent: an answer must say which it is to. */
Test(join, each_try_bears_a_challenge_of_its_own_and_any_may_be_answered)
{
    struct world *w = world_of(2, 1);
    struct swim_out out;
    uint64_t tries[3];
    world_start(w, 0);
    world_start(w, 1);
    const struct addr there = world_from(w, 1).addr;
    swim_seed(world_at(w, 0), world_now(w), &there, 1);
    cr_assert(swim_poll(world_at(w, 0), world_now(w), &out) && out.join);
    tries[0] = out.challenge;
    tries[1] = next_join(w, 0, world_now(w) + 2 * US_PER_SEC);
    tries[2] = next_join(w, 0, world_now(w) + 2 * US_PER_SEC);
    cr_assert(tries[1] != 0 && tries[2] != 0);
    cr_assert(tries[0] != tries[1] && tries[1] != tries[2] && tries[0] != tries[2]);
    static struct peer_msg m;
    m = (struct peer_msg){.type = PEER_ACK, .args.ack.challenge = tries[0]};
    swim_header(world_at(w, 1), &m);
    struct swim_from from = world_from(w, 1);
    from.proven = true;
    swim_recv(world_at(w, 0), swim_deadline(world_at(w, 0)) - 1, &from, &m);
    swim_tick(world_at(w, 0), swim_deadline(world_at(w, 0)));
    bool syncs = false;
    while (swim_poll(world_at(w, 0), world_now(w), &out))
        syncs = syncs || (out.kind == SWIM_SYNC && out.id == from.id);
    cr_assert(syncs, "a late answer counts, too");
    world_free(w);
}
