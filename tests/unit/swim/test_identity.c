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
            cr_assert_eq(m.generation, old.generation + 1);
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
        cr_assert_eq(world_count(w, 2, SWIM_CONFLICT_OVER, NULL), 1);
        cr_assert_not(swim_muted(world_at(w, 2)));
        world_run(w, 10 * US_PER_SEC);
        cr_assert(moved(w, 2));
        world_free(w);
    }
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
