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
