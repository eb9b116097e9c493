#include <criterion/criterion.h>

#include "world.h"

static bool has_left(struct world *w, uint32_t i)
{
    return swim_left(world_at(w, i), world_now(w));
}

static void leave(struct world *w, uint32_t i)
{
    swim_leave(world_at(w, i), world_now(w));
    (void)world_run_until(w, has_left, i, 2 * US_PER_SEC);
    world_crash(w, i);
}

Test(leave, a_goodbye_is_known_everywhere_within_a_second_and_nobody_is_suspected)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_settled(5, seed);
        const mono_us at = world_now(w);
        leave(w, 4);
        cr_assert_leq(world_now(w) - at, US_PER_SEC);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_LEAVE, "n4"), 4, "seed %lu", seed);
        world_run(w, 30 * US_PER_SEC);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_SUSPECTED, NULL), 0, "seed %lu", seed);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_LEAVE, NULL), 4);
        world_free(w);
    }
}

Test(leave, at_ten_percent_loss_it_still_takes_less_than_a_second)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_settled(5, seed);
        world_lose(w, 100);
        leave(w, 4);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_LEAVE, "n4"), 4, "seed %lu", seed);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_SUSPECTED, "n4"), 0, "seed %lu", seed);
        world_free(w);
    }
}

Test(leave, when_nobody_hears_it_its_time_runs_out)
{
    struct world *w = world_settled(3, 1);
    world_lose(w, 1000);
    swim_leave(world_at(w, 0), world_now(w));
    cr_assert_not(swim_left(world_at(w, 0), world_now(w)));
    world_run(w, US_PER_SEC);
    cr_assert(swim_left(world_at(w, 0), world_now(w)));
    world_free(w);
}

Test(leave, a_lonely_node_has_left_at_once)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 1});
    world_start(w, 0);
    cr_assert_not(has_left(w, 0));
    swim_leave(world_at(w, 0), world_now(w));
    cr_assert(has_left(w, 0));
    world_free(w);
}

Test(leave, a_leaving_node_answers_pings_to_the_end)
{
    struct world *w = world_settled(3, 2);
    swim_leave(world_at(w, 2), world_now(w));
    world_run(w, 30 * US_PER_SEC);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_SUSPECTED, NULL), 0);
    cr_assert_eq(swim_alive(world_at(w, 0)), 2);
    world_free(w);
}

Test(leave, the_name_may_come_back_at_once_and_joins)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = world_settled(3, seed);
        leave(w, 2);
        world_run(w, 100 * US_PER_MS);
        world_start(w, 2);
        world_seed(w, 2, 0);
        cr_assert(world_run_until(w, world_agrees, 0, 2 * US_PER_SEC), "seed %lu", seed);
        cr_assert_eq(world_count(w, 0, SWIM_JOIN, "n2"), 2, "seed %lu", seed);
        cr_assert_eq(world_count(w, 1, SWIM_JOIN, "n2"), 2, "seed %lu", seed);
        world_free(w);
    }
}

Test(leave, the_tombstone_is_forgotten_after_an_hour)
{
    struct world *w = world_settled(2, 1);
    leave(w, 1);
    cr_assert_eq(world_state(w, 0, "n1"), SWIM_LEFT);
    world_run(w, 3590 * US_PER_SEC);
    cr_assert_eq(world_state(w, 0, "n1"), SWIM_LEFT);
    world_run(w, 20 * US_PER_SEC);
    cr_assert_eq(world_count(w, 0, SWIM_FORGOTTEN, "n1"), 1);
    cr_assert_eq(swim_members(world_at(w, 0)), 1);
    world_free(w);
}
