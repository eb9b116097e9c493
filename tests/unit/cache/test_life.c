#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.budget_bytes = 512 << 10});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(life, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

static enum cache_reason fill_n(struct world *world, int n)
{
    char key[16];
    snprintf(key, sizeof key, "k%d", n);
    return fill_now(world, key, V("0123456789012345678901234567890123456789"));
}

static bool has_n(struct world *world, int n)
{
    char key[16];
    snprintf(key, sizeof key, "k%d", n);
    return get(world, "", key);
}

/* ---- time ---- */

Test(life, a_ttl_is_exact_to_the_microsecond)
{
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 5}), CACHE_STORED);
    cr_assert(get(w, "", "k"));
    cr_assert_eq(w->hit.ttl_left_ms, 5);
    w->now += 4999;
    cr_assert(get(w, "", "k"));
    cr_assert_eq(w->hit.ttl_left_ms, 1);
    cr_assert_eq(w->hit.age_ms, 4);
    w->now += 1;
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(stats(w).expired, 1);
    cr_assert_eq(stats(w).items, 0);
    w->now += 700; /* 700 us into a millisecond */
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 5}), CACHE_STORED);
    w->now += 4999;
    cr_assert(get(w, "", "k"));
    w->now += 1;
    cr_assert_not(get(w, "", "k"));
}

Test(life, without_a_ttl_an_entry_stays)
{
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    w->now += 1000ULL * 86400 * US_PER_SEC;
    cr_assert(get(w, "", "k"));
    cr_assert_eq(w->hit.ttl_left_ms, UINT64_MAX);
    cr_assert_eq(w->hit.age_ms, 1000ULL * 86400 * 1000);
}

Test(life, a_ttl_beyond_the_clock_is_none)
{
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = UINT64_MAX}),
                 CACHE_STORED);
    cr_assert(get(w, "", "k"));
    cr_assert_eq(w->hit.ttl_left_ms, UINT64_MAX);
}

Test(life, touch_counts_from_now)
{
    const struct cache_key k = key_of(w, "", "k");
    cr_assert_not(cache_touch(w->c, w->now, &k, 5), "nothing is there");
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 5}), CACHE_STORED);
    w->now += 4000;
    cr_assert(cache_touch(w->c, w->now, &k, 10));
    w->now += 9999;
    cr_assert(get(w, "", "k"));
    w->now += 1;
    cr_assert_not(cache_touch(w->c, w->now, &k, 10), "too late");
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 5}), CACHE_STORED);
    cr_assert(cache_touch(w->c, w->now, &k, 0));
    w->now += US_PER_SEC;
    cr_assert(get(w, "", "k"));
}

Test(life, touch_does_not_raise_the_dead)
{
    const struct cache_key k = key_of(w, "", "k");
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    dot_prefix(w, "", "k");
    cr_assert_not(cache_touch(w->c, w->now, &k, 10));
    cr_assert_not(get(w, "", "k"));
}

/* ---- room ---- */

Test(life, eviction_keeps_the_budget)
{
    for (int i = 0; i < 50000; i++)
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
    const struct cache_stats s = stats(w);
    cr_assert_leq(s.used_bytes + s.index_bytes + s.free_bytes + s.table_bytes, s.budget_bytes);
    cr_assert_gt(s.used_bytes + s.index_bytes, s.budget_bytes * 2 / 3,
                 "most of the budget holds items and their slots");
    cr_assert_gt(s.live_bytes, s.used_bytes * 9 / 10, "and items hold what is asked for");
    cr_assert_gt(s.evicted, 40000);
    cr_assert_eq(s.items + s.evicted, 50000);
    cr_assert(has_n(w, 49999));
    cr_assert_not(has_n(w, 0));
}

Test(life, a_hot_entry_survives_a_scan_of_cold_ones)
{
    cr_assert_eq(fill_now(w, "hot", V("hot")), CACHE_STORED);
    for (int i = 0; i < 50000; i++) {
        if (i % 500 == 0)
            cr_assert(get(w, "", "hot"), "gone after %d", i);
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
    }
    cr_assert_gt(stats(w).reinserted, 0);
}

/** One lap through the main queue for each use, and only for each use. */
Test(life, what_was_hot_once_leaves_when_others_are_hot)
{
    cr_assert_eq(fill_now(w, "hot", V("hot")), CACHE_STORED);
    for (int i = 0; i < 100; i++)
        cr_assert(get(w, "", "hot"));
    for (int i = 0; i < 50000; i++) {
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
        cr_assert(has_n(w, i) && has_n(w, i));
    }
    cr_assert_gt(stats(w).reinserted, 0);
    cr_assert_not(get(w, "", "hot"));
}

/** Who is asked for once between its arrival and its turn passes; who comes back soon does not again. */
Test(life, what_comes_back_soon_after_it_left_stays_longer)
{
    for (int i = 0; stats(w).evicted == 0; i++)
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
    cr_assert_not(has_n(w, 0));
    cr_assert_eq(fill_n(w, 0), CACHE_STORED);
    for (int i = 0; i < 20000; i++)
        cr_assert_eq(fill_n(w, 100000 + i), CACHE_STORED);
    cr_assert(has_n(w, 0));
}

Test(life, when_everything_is_hot_something_still_goes)
{
    int n = 0;
    for (; stats(w).evicted == 0 && stats(w).reinserted == 0; n++) {
        cr_assert_eq(fill_n(w, n), CACHE_STORED);
        for (int i = 0; i < 3; i++)
            cr_assert(has_n(w, n));
    }
    const uint64_t before = stats(w).reinserted;
    cr_assert_eq(fill_n(w, n), CACHE_STORED);
    cr_assert_leq(stats(w).reinserted - before, CACHE_STEP, "bounded work in one call");
}

Test(life, small_entries_run_out_of_slots_and_are_evicted_in_turn)
{
    for (int i = 0; i < 50000; i++) {
        char key[8];
        snprintf(key, sizeof key, "%d", i);
        cr_assert_eq(fill_now(w, key, V("")), CACHE_STORED);
    }
    cr_assert_gt(stats(w).evicted, 0);
}

Test(life, a_value_larger_than_the_shard_can_hold_is_refused)
{
    struct world *big =
        world_new(&(struct world_cfg){.budget_bytes = 276 << 10, .value_max = 1 << 20});
    cr_assert_eq(fill_len(big, "k", 1 << 20), CACHE_MEMORY);
    cr_assert_not(get(big, "", "k"));
    size_t fits = 0;
    for (size_t len = 1024; len < 1 << 20 && fill_len(big, "k", len) == CACHE_STORED; len += 1024)
        fits = len;
    cr_assert_gt(fits, 64 << 10);
    cr_assert_eq(fill_len(big, "k", fits), CACHE_STORED);
    cr_assert_eq(stats(big).refused[CACHE_MEMORY], 2);
    world_free(big);
}

Test(life, one_large_value_evicts_many_small_ones_in_bounded_steps)
{
    struct world *big =
        world_new(&(struct world_cfg){.budget_bytes = 1 << 20, .value_max = 1 << 19});
    for (int i = 0; i < 20000; i++)
        cr_assert_eq(fill_n(big, i), CACHE_STORED);
    const uint64_t evicted = stats(big).evicted;
    const uint64_t locks = big->locks;
    cr_assert_eq(fill_len(big, "large", 300000), CACHE_STORED);
    const uint64_t gone = stats(big).evicted - evicted;
    cr_assert_gt(gone, 1000);
    cr_assert_geq(big->locks - locks, gone / CACHE_STEP, "no hold drops more than CACHE_STEP");
    cr_assert(get(big, "", "large"));
    world_free(big);
}

Test(life, large_values_follow_each_other_round_the_buffer)
{
    struct world *big =
        world_new(&(struct world_cfg){.budget_bytes = 1 << 20, .value_max = 1 << 19});
    for (size_t i = 0; i < 200; i++) {
        const size_t len = 1000 + i * 7919 % 350000;
        cr_assert_eq(fill_len(big, "large", len), CACHE_STORED);
        cr_assert(get(big, "", "large"));
        cr_assert_eq(w->held, 0);
        cr_assert_eq(big->seen_len, len);
    }
    world_free(big);
}

Test(life, when_all_is_deleted_and_reclaimed_nothing_is_used)
{
    static const struct entry tagged = {.value = "v", .tags = {"t"}};
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_now(w, key, tagged), CACHE_STORED);
    }
    cr_assert_eq(stats(w).items, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        dot_key(w, "", key);
    }
    cr_assert_eq(stats(w).killed, 1000);
    sweep_all(w);
    const struct cache_stats s = stats(w);
    cr_assert_eq(s.items, 0);
    cr_assert_eq(s.used_bytes, 0);
    cr_assert_eq(s.tags, 0);
}

Test(life, what_a_barrier_killed_is_swept_away)
{
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
    dot_prefix(w, "", "k1");
    sweep_all(w);
    cr_assert_eq(stats(w).swept, 111);
    cr_assert_eq(stats(w).items, 889);
    dot_all(w);
    sweep_all(w);
    cr_assert_eq(stats(w).items, 0);
    cr_assert_eq(stats(w).used_bytes, 0);
}

Test(life, what_has_expired_is_swept_away)
{
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_now(w, key, (struct entry){.value = "v", .ttl_ms = 1}), CACHE_STORED);
    }
    w->now += 1000;
    sweep_all(w);
    cr_assert_eq(stats(w).expired, 1000);
    cr_assert_eq(stats(w).used_bytes, 0);
}

Test(life, a_step_says_when_a_sweep_waits)
{
    cr_assert_not(cache_step(w->c, w->now));
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(fill_n(w, i), CACHE_STORED);
    cr_assert_not(cache_step(w->c, w->now));
    dot_prefix(w, "", "zz");
    int steps = 1;
    while (cache_step(w->c, w->now))
        steps++;
    cr_assert_geq(steps, 1000 / CACHE_STEP);
    cr_assert_leq(steps, 3 * 1000 / CACHE_STEP);
}

/* ---- making one ---- */

static struct cache *make(size_t arena_len, void *mem, uint64_t budget)
{
    const struct cache_cfg cfg = {.budget_bytes = budget, .shards = 2, .value_max = 1000};
    struct arena arena;
    memset(mem, 0, arena_len);
    arena_init(&arena, mem, arena_len);
    return cache_new(&arena, &cfg);
}

Test(life, an_arena_of_any_size_gives_a_cache_or_null)
{
    const uint64_t budget = 184 << 10;
    const size_t most = budget + (64 << 10);
    uint8_t *mem = malloc(most);
    size_t least = 0;
    for (size_t len = 0; len <= most && least == 0; len += 509)
        least = make(len, mem, budget) != NULL ? len : 0;
    cr_assert_gt(least, budget);
    cr_assert_lt(least, budget + (32 << 10), "the fixed part is small");
    for (size_t len = least; len <= most; len += 4093)
        cr_assert_not_null(make(len, mem, budget));
    free(mem);
}

Test(life, a_budget_that_cannot_hold_the_tables_gives_null)
{
    uint8_t *mem = malloc(1 << 20);
    for (uint64_t budget = 0; budget < 32 << 10; budget += 997)
        cr_assert_null(make(1 << 20, mem, budget));
    free(mem);
}

Test(life, shards_follow_budget_and_value)
{
    cr_assert_eq(cache_shards_for(0, 1000), 1);
    cr_assert_eq(cache_shards_for(1 << 20, 1000), 1);
    cr_assert_eq(cache_shards_for(4 << 20, 1000), 1);
    cr_assert_eq(cache_shards_for(8 << 20, 1000), 2);
    cr_assert_eq(cache_shards_for(256 << 20, 1000), 64);
    cr_assert_eq(cache_shards_for(255 << 20, 1000), 32);
    cr_assert_eq(cache_shards_for(1ULL << 34, 1000), 256);
    cr_assert_eq(cache_shards_for(1ULL << 40, 1000), 256);
    cr_assert_eq(cache_shards_for(256 << 20, 8 << 20), 8);
    cr_assert_eq(cache_shards_for(16 << 20, 8 << 20), 1);
    cr_assert_eq(cache_shards_for(1 << 20, 8 << 20), 1, "one at least");
}

Test(life, the_largest_value_fits_where_the_number_of_shards_was_asked_for)
{
    const uint32_t value_max = 1 << 20;
    const uint64_t budget = 20 << 20;
    const uint32_t shards = cache_shards_for(budget, value_max);
    cr_assert_gt(shards, 1);
    struct world *big = world_new(
        &(struct world_cfg){.budget_bytes = budget, .value_max = value_max, .shards = shards});
    for (int i = 0; i < 40; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_len(big, key, value_max), CACHE_STORED);
        cr_assert(get(big, "", key));
    }
    world_free(big);
}

Test(life, all_memory_is_the_budget_and_a_small_fixed_part)
{
    const struct cache_stats s = stats(w);
    cr_assert_eq(s.budget_bytes, 512 << 10);
    cr_assert_lt(s.fixed_bytes, 32 << 10);
    cr_assert_eq(cache_config(w->c)->recent_max, 256);
}
