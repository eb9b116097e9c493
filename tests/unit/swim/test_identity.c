#include <criterion/criterion.h>

#include "world.h"

#define HOUR_MS 3600000ULL

/* Nodes 0, 1, 2 run; place 3 is free. */
static struct world *settled(uint64_t seed)
{
    struct world *w = world_new(&(struct world_cfg){.seed = seed, .nodes = 4});
    for (uint32_t i = 0; i < 3; i++)
        world_start(w, i);
    world_seed(w, 1, 0);
    world_seed(w, 2, 0);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_run(w, 5 * US_PER_SEC + seed * 977);
    return w;
}

static uint64_t wall_ms(const struct world *w)
{
    return WORLD_WALL_MS + world_now(w) / US_PER_MS;
}

static bool moved(struct world *w, uint32_t to)
{
    const struct swim_from from = world_from(w, to);
    for (uint32_t i = 0; i < 2; i++) {
        struct swim_member m;
        if (!world_view(w, i, "n2", &m) || m.state != SWIM_ALIVE || m.epoch != from.epoch ||
            !addr_eq(&m.addr, &from.addr))
            return false;
    }
    return true;
}

static bool is_heard(struct world *w, uint32_t i)
{
    return !swim_muted(world_at(w, i));
}

Test(identity, a_restart_at_another_address_replaces_within_a_second_without_a_death)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = settled(seed);
        world_crash(w, 2);
        world_run(w, 100 * US_PER_MS);
        world_start_as(w, 3, "n2", wall_ms(w));
        world_seed(w, 3, (uint32_t)(seed % 2));
        cr_assert(world_run_until(w, moved, 3, US_PER_SEC), "seed %lu", seed);
        world_run(w, 20 * US_PER_SEC);
        cr_assert_eq(world_count(w, 0, SWIM_REPLACED, "n2"), 1, "seed %lu", seed);
        cr_assert_eq(world_count(w, 1, SWIM_REPLACED, "n2"), 1, "seed %lu", seed);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_CONFLICT, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
}

Test(identity, a_restart_at_the_same_address_replaces_within_a_second)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = settled(seed);
        world_crash(w, 2);
        world_run(w, 50 * US_PER_MS);
        world_start_as(w, 2, "n2", wall_ms(w));
        world_seed(w, 2, 0);
        cr_assert(world_run_until(w, moved, 2, US_PER_SEC), "seed %lu", seed);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
}

Test(identity, with_the_clock_an_hour_back_the_generation_is_jumped_over)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        for (uint32_t place = 2; place <= 3; place++) {
            struct world *w = settled(seed);
            struct swim_member old;
            cr_assert(world_view(w, 0, "n2", &old));
            world_crash(w, 2);
            world_run(w, 100 * US_PER_MS);
            world_start_as(w, place, "n2", wall_ms(w) - HOUR_MS);
            world_seed(w, place, 0);
            cr_assert(world_run_until(w, moved, place, 2 * US_PER_SEC), "seed %lu at %u", seed,
                      place);
            struct swim_member m;
            cr_assert(world_view(w, 1, "n2", &m));
            cr_assert_gt(m.generation, old.generation);
            cr_assert_leq(m.generation, old.generation + 65536);
            cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
            world_free(w);
        }
    }
}

Test(identity, of_two_live_runs_of_one_name_the_older_falls_silent_and_nothing_flips)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct world *w = settled(seed);
        world_start_as(w, 3, "n2", wall_ms(w));
        world_seed(w, 3, 0);
        world_run(w, 10 * US_PER_SEC);
        cr_assert(swim_muted(world_at(w, 2)), "seed %lu", seed);
        cr_assert_not(swim_muted(world_at(w, 3)), "seed %lu", seed);
        cr_assert_eq(world_count(w, 2, SWIM_CONFLICT, NULL), 1, "seed %lu", seed);
        cr_assert_eq(world_count(w, 3, SWIM_CONFLICT, NULL), 1, "seed %lu", seed);
        world_run(w, 60 * US_PER_SEC);
        for (uint32_t i = 0; i < 2; i++) {
            cr_assert_eq(world_count(w, i, SWIM_REPLACED, "n2"), 1, "seed %lu", seed);
            cr_assert_eq(world_count(w, i, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        }
        cr_assert(moved(w, 3));
        world_free(w);
    }
}

Test(identity, when_the_newer_goes_the_older_takes_the_name_back)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = settled(seed);
        world_start_as(w, 3, "n2", wall_ms(w));
        world_seed(w, 3, 0);
        world_run(w, 10 * US_PER_SEC);
        world_crash(w, 3);
        cr_assert(world_run_until(w, moved, 2, 5 * US_PER_SEC), "seed %lu", seed);
        cr_assert(world_run_until(w, is_heard, 2, US_PER_SEC), "seed %lu", seed);
        cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 1);
        world_run(w, 10 * US_PER_SEC);
        cr_assert(moved(w, 2));
        cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 1);
        world_free(w);
    }
}

/* The newer one is gone, and so are all links of the older one. */
static struct world *outlived_but_cut_off(void)
{
    struct world *w = settled(3);
    world_start_as(w, 3, "n2", wall_ms(w));
    world_seed(w, 3, 0);
    world_run(w, 10 * US_PER_SEC);
    cr_assert(swim_muted(world_at(w, 2)));
    world_crash(w, 3);
    for (uint32_t i = 0; i < 2; i++) {
        world_cut(w, 2, i);
        world_cut(w, i, 2);
    }
    world_run(w, 6 * US_PER_SEC);
    return w;
}

Test(identity, who_outlived_its_rival_stays_muted_until_somebody_hears_it)
{
    struct world *w = outlived_but_cut_off();
    cr_assert_gt(swim_own_record(world_at(w, 2)).gen, world_last(w, 3, SWIM_CONFLICT, NULL)->gen,
                 "it takes part again");
    cr_assert(swim_muted(world_at(w, 2)));
    cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 0);
    world_heal(w);
    cr_assert(world_run_until(w, is_heard, 2, 5 * US_PER_SEC));
    cr_assert(world_run_until(w, moved, 2, 5 * US_PER_SEC));
    cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 1);
    world_free(w);
}

Test(identity, or_until_it_holds_everybody_dead)
{
    struct world *w = outlived_but_cut_off();
    cr_assert(world_run_until(w, is_heard, 2, 30 * US_PER_SEC));
    cr_assert_eq(swim_alive(world_at(w, 2)), 1);
    cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 1);
    world_free(w);
}

/* The JOINs among what a machine has to send now. */
static uint32_t joins_due(struct world *w, uint32_t i, struct addr *last)
{
    struct swim_out out;
    uint32_t n = 0;
    while (swim_poll(world_at(w, i), world_now(w), &out)) {
        if (out.kind != SWIM_SEND || !out.join)
            continue;
        cr_assert_eq(out.msg->records_n, 1);
        *last = out.addr;
        n++;
    }
    return n;
}

Test(identity, who_outlived_its_rival_asks_every_member_to_let_it_in_again)
{
    struct world *w = settled(3);
    struct swim *older = world_at(w, 2);
    struct addr last;
    uint32_t joins = 0;
    world_start_as(w, 3, "n2", wall_ms(w));
    world_seed(w, 3, 0);
    world_run(w, 10 * US_PER_SEC);
    const uint64_t gen = swim_own_record(older).gen;
    for (uint32_t i = 0; i < 10; i++) { /* its pings are taken from it, as if they were lost */
        const mono_us due = swim_deadline(older);
        swim_tick(older, due);
        joins += joins_due(w, 2, &last);
        if (swim_own_record(older).gen > gen)
            break;
    }
    cr_assert_eq(joins, 2);
    world_free(w);
}

Test(identity, of_two_of_one_name_alone_the_older_answers_when_the_newer_is_gone)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 2});
    world_start_as(w, 0, "n0", wall_ms(w));
    world_run(w, US_PER_SEC);
    world_start_as(w, 1, "n0", wall_ms(w));
    world_seed(w, 1, 0);
    world_run(w, 5 * US_PER_SEC);
    cr_assert(swim_muted(world_at(w, 0)));
    world_crash(w, 1);
    world_run(w, 5 * US_PER_SEC);
    cr_assert_not(swim_muted(world_at(w, 0)));
    cr_assert_eq(world_count(w, 0, SWIM_CONFLICT_OVER, NULL), 1);
    world_free(w);
}

Test(identity, when_the_older_goes_the_conflict_is_over)
{
    struct world *w = settled(4);
    world_start_as(w, 3, "n2", wall_ms(w));
    world_seed(w, 3, 0);
    world_run(w, 10 * US_PER_SEC);
    world_crash(w, 2);
    world_run(w, 5 * US_PER_SEC);
    cr_assert_eq(world_count(w, 3, SWIM_CONFLICT_OVER, NULL), 1);
    cr_assert(moved(w, 3));
    cr_assert_eq(world_count(w, 0, SWIM_REPLACED, "n2"), 1);
    world_free(w);
}

Test(identity, two_runs_that_swap_addresses_are_both_replaced)
{
    struct world *w = settled(5);
    world_crash(w, 1);
    world_crash(w, 2);
    world_run(w, 100 * US_PER_MS);
    world_start_as(w, 1, "n2", wall_ms(w));
    world_start_as(w, 2, "n1", wall_ms(w));
    world_seed(w, 1, 0);
    world_seed(w, 2, 0);
    world_run(w, 2 * US_PER_SEC);
    struct swim_member n1, n2;
    cr_assert(world_view(w, 0, "n1", &n1));
    cr_assert(world_view(w, 0, "n2", &n2));
    const struct addr at1 = world_from(w, 1).addr, at2 = world_from(w, 2).addr;
    cr_assert(addr_eq(&n1.addr, &at2) && addr_eq(&n2.addr, &at1));
    cr_assert_eq(world_count(w, 0, SWIM_REPLACED, NULL), 2);
    cr_assert_eq(world_count(w, 0, SWIM_FAIL, NULL), 0);
    world_free(w);
}

Test(identity, a_node_whose_clock_is_a_year_ahead_can_still_join)
{
    struct world *w = settled(6);
    world_start_as(w, 3, "n3", wall_ms(w) + 365 * 24 * HOUR_MS);
    world_seed(w, 3, 0);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_free(w);
}

/* What an earlier run of node 0 said of itself, and what has become of it. */
static struct peer_record earlier_run(struct world *w, uint64_t gen)
{
    struct peer_record r = swim_own_record(world_at(w, 0));
    r.gen = gen;
    r.epoch = 77;
    r.state = PEER_DEAD;
    return r;
}

Test(identity, an_earlier_run_is_outranked_however_far_ahead_its_clock_was)
{
    struct world *w = settled(7);
    struct swim *s = world_at(w, 0);
    const uint64_t years = 100 * 365 * 24 * HOUR_MS;
    const struct peer_record r = earlier_run(w, wall_ms(w) + years);
    swim_merge(s, world_now(w), &r, 1);
    cr_assert_gt(swim_own_record(s).gen, r.gen);
    cr_assert_eq(swim_counters(s).generation_refused, 0);
    world_run(w, 5 * US_PER_SEC);
    cr_assert(world_agrees(w, 0), "what it says itself is believed");
    world_free(w);
}

static bool all_is_well(struct world *w, uint32_t i)
{
    return world_agrees(w, 0) && !swim_isolated(world_at(w, i));
}

/* Who feels isolated accuses nobody; but to its subject it tells what the new run has to outrank. */
Test(identity, with_their_clocks_back_most_outrank_what_an_isolated_node_alone_remembers)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_settled(4, seed);
        for (uint32_t i = 1; i < 4; i++) {
            world_cut(w, 0, i);
            world_cut(w, i, 0);
        }
        world_run(w, 2 * US_PER_SEC);
        cr_assert(swim_isolated(world_at(w, 0)), "seed %lu", seed);
        for (uint32_t i = 1; i < 4; i++)
            world_crash(w, i);
        world_start(w, 1);
        for (uint32_t i = 2; i < 4; i++) {
            char name[] = {'n', (char)('0' + i), 0};
            world_start_as(w, i, name, wall_ms(w) - HOUR_MS);
            world_seed(w, i, 1);
        }
        world_run(w, US_PER_SEC);
        world_heal(w);
        cr_assert(world_run_until(w, all_is_well, 0, 4 * US_PER_SEC), "seed %lu", seed);
        world_free(w);
    }
}

Test(identity, nobody_jumps_past_the_last_generation)
{
    struct world *w = settled(8);
    struct swim *s = world_at(w, 0);
    const uint64_t end = 1ULL << 62;
    struct peer_record r = earlier_run(w, end - 2);
    swim_merge(s, world_now(w), &r, 1);
    cr_assert_eq(swim_own_record(s).gen, end - 1);
    r.gen = end - 1;
    swim_merge(s, world_now(w), &r, 1);
    cr_assert_eq(swim_own_record(s).gen, end - 1);
    cr_assert_eq(swim_counters(s).generation_refused, 1);
    r.gen = end;
    swim_merge(s, world_now(w), &r, 1);
    cr_assert_eq(swim_own_record(s).gen, end - 1);
    cr_assert_eq(swim_counters(s).records_refused, 1);
    world_free(w);
}

Test(identity, two_that_jump_over_the_same_run_land_apart)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_new(&(struct world_cfg){.seed = seed, .nodes = 2});
        world_start_as(w, 0, "n0", wall_ms(w));
        world_start_as(w, 1, "n0", wall_ms(w));
        const struct peer_record r = earlier_run(w, wall_ms(w) + HOUR_MS);
        for (uint32_t i = 0; i < 2; i++)
            swim_merge(world_at(w, i), world_now(w), &r, 1);
        cr_assert_neq(swim_own_record(world_at(w, 0)).gen, swim_own_record(world_at(w, 1)).gen,
                      "seed %lu", seed);
        world_free(w);
    }
}
