#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/rng.h"

#include "world.h"

static uint64_t trace_of(uint64_t seed)
{
    struct world *w =
        world_new(&(struct world_cfg){.seed = seed, .nodes = 7, .loss_permille = 100});
    world_start_all(w);
    world_run(w, 20 * US_PER_SEC);
    world_crash(w, 6);
    world_pause(w, 5);
    world_run(w, 8 * US_PER_SEC);
    world_resume(w, 5);
    world_start(w, 6);
    world_seed(w, 6, 1);
    world_run(w, 20 * US_PER_SEC);
    const uint64_t trace = world_trace(w);
    world_free(w);
    return trace;
}

Test(machine, equal_seeds_give_equal_traces)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        cr_assert_eq(trace_of(seed), trace_of(seed), "seed %lu", seed);
    cr_assert_neq(trace_of(1), trace_of(2));
}

Test(machine, a_lonely_node_wakes_once_a_period)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 1});
    world_start(w, 0);
    struct swim *s = world_at(w, 0);
    uint32_t ticks = 0;
    mono_us at = swim_deadline(s);
    const mono_us end = at + 100 * US_PER_SEC;
    for (; at < end; at = swim_deadline(s)) {
        swim_tick(s, at);
        cr_assert_gt(swim_deadline(s), at);
        ticks++;
    }
    cr_assert_leq(ticks, 210); /* and a look at full sync every half minute */
    world_free(w);
}

Test(machine, a_tick_before_the_deadline_does_nothing)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 3});
    world_start_all(w);
    world_run(w, 10 * US_PER_SEC);
    for (uint32_t k = 0; k < 1000; k++) {
        for (uint32_t i = 0; i < 3; i++) {
            struct swim *s = world_at(w, i);
            struct swim_out out;
            const mono_us due = swim_deadline(s);
            if (due <= world_now(w))
                continue;
            swim_tick(s, world_now(w));
            cr_assert_eq(swim_deadline(s), due);
            cr_assert_not(swim_poll(s, world_now(w), &out));
        }
        world_run(w, 7 * US_PER_MS);
    }
    world_free(w);
}

Test(machine, every_arena_that_is_too_small_is_refused)
{
    const struct swim_cfg cfg = {.cluster = slice_text("c"),
                                 .name = slice_text("n"),
                                 .addr = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 1},
                                 .generation = 1,
                                 .epoch = 1,
                                 .members_max = 8,
                                 .tombstones_max = 8,
                                 .times = swim_times_of(SWIM_TEST)};
    const size_t whole = 1 << 20;
    uint8_t *mem = malloc(whole);
    struct arena arena;
    arena_init(&arena, mem, whole);
    cr_assert_not_null(swim_new(&arena, &cfg, 0));
    const size_t needed = arena.used;
    for (size_t len = 0; len < needed; len += 61) {
        arena_init(&arena, mem, len);
        cr_assert_null(swim_new(&arena, &cfg, 0), "%zu of %zu", len, needed);
    }
    arena_init(&arena, mem, needed);
    cr_assert_not_null(swim_new(&arena, &cfg, 0));
    free(mem);
}

Test(machine, when_datagrams_fail_streams_keep_members_alive)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 3});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_run(w, 5 * US_PER_SEC);
    world_lose(w, 1000);
    world_run(w, 60 * US_PER_SEC);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_SUSPECTED, NULL), 0);
    cr_assert_gt(swim_counters(world_at(w, 0)).probes_tcp, 10);
    world_free(w);
}

Test(machine, the_view_hash_is_the_sum_of_its_members)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 4});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_run(w, US_PER_SEC);
    const uint64_t four = swim_view_hash(world_at(w, 0));
    world_crash(w, 3);
    cr_assert(world_run_until(w, world_buried, 3, 10 * US_PER_SEC));
    cr_assert_neq(swim_view_hash(world_at(w, 0)), four);
    cr_assert_eq(swim_view_hash(world_at(w, 0)), swim_view_hash(world_at(w, 1)));
    cr_assert_eq(swim_view_hash(world_at(w, 0)), swim_view_hash(world_at(w, 2)));
    world_free(w);
}

/* Whatever happens, in the end everybody agrees again. */
static void storm(uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed);
    struct world *w = world_new(&(struct world_cfg){
        .seed = seed, .nodes = 8, .loss_permille = 50, .reseed_us = 5 * US_PER_SEC});
    bool paused[8] = {false}, up[8];
    for (uint32_t i = 0; i < 8; i++) {
        world_start(w, i);
        up[i] = true;
    }
    for (uint32_t k = 0; k < 60; k++) {
        const uint32_t i = (uint32_t)rng_below(&rng, 8), j = (uint32_t)rng_below(&rng, 8);
        const uint64_t what = rng_below(&rng, 6);
        if (what == 0 && up[i] && !paused[i]) {
            world_crash(w, i);
            up[i] = false;
        } else if (what == 1 && !paused[i]) {
            world_start(w, i);
            up[i] = true;
        } else if (what == 2 && up[i]) {
            paused[i] ? world_resume(w, i) : world_pause(w, i);
            paused[i] = !paused[i];
        } else if (what == 3) {
            world_cut(w, i, j);
        } else if (what == 4) {
            world_heal(w);
        }
        world_run(w, rng_below(&rng, 3 * US_PER_SEC));
    }
    world_heal(w);
    world_lose(w, 0);
    for (uint32_t i = 0; i < 8; i++) {
        if (paused[i])
            world_resume(w, i);
    }
    cr_assert(world_run_until(w, world_agrees, 0, 60 * US_PER_SEC), "SEED=%lu", seed);
    world_run(w, 30 * US_PER_SEC);
    cr_assert(world_agrees(w, 0), "SEED=%lu", seed);
    world_free(w);
}

Test(machine, after_any_storm_everybody_agrees_again)
{
    const uint64_t first = world_env_seed();
    for (uint64_t seed = first; seed < first + 100; seed++)
        storm(seed);
}
