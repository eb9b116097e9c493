/** Room comes back from what is dead: nobody alive has to leave for it. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/rng.h"

#include "seed.h"
#include "world.h"

#define VALUE_LEN 100

static struct world *w;
static struct rng rng;
static uint64_t seed;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.budget_bytes = 2 << 20});
    seed = seed_of(4711);
    rng_init(&rng, seed);
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(room, .init = setup, .fini = teardown);

static enum cache_reason store(uint64_t i, uint64_t ttl_ms)
{
    char key[32], value[VALUE_LEN + 1];
    snprintf(key, sizeof key, "item %" PRIu64, i);
    snprintf(value, sizeof value, "%0*" PRIu64, VALUE_LEN, i);
    return fill_now(w, key, (struct entry){.value = value, .ttl_ms = ttl_ms});
}

static bool has(uint64_t i)
{
    char key[32];
    snprintf(key, sizeof key, "item %" PRIu64, i);
    return get(w, "", key);
}

/** How many of the items from `first` on are there. */
static uint64_t count(uint64_t first, uint64_t n)
{
    uint64_t there = 0;
    for (uint64_t i = first; i < first + n; i++)
        there += has(i);
    return there;
}

/** Items that fill the memory to so many parts in a thousand. */
static uint64_t items_for(uint64_t permille)
{
    uint64_t n = 0;
    cr_assert_eq(store(UINT32_MAX, 0), CACHE_STORED);
    const struct cache_stats s = stats(w);
    const uint64_t each = s.used_bytes + 11; /* with its slot */
    n = (s.budget_bytes - s.table_bytes) * permille / 1000 / each;
    dot_key(w, "", "item 4294967295");
    return n;
}

Test(room, overwriting_what_has_room_drives_nobody_out)
{
    const uint64_t n = items_for(750);
    for (uint64_t i = 0; i < n; i++)
        cr_assert_eq(store(i, 0), CACHE_STORED);
    for (uint64_t i = 0; i < 20 * n; i++)
        cr_assert_eq(store(rng_below(&rng, n), 0), CACHE_STORED);
    cr_assert_eq(stats(w).evicted, 0, "seed %" PRIu64, seed);
    cr_assert_eq(count(0, n), n);
    cr_assert_gt(stats(w).moved, 0);
}

Test(room, what_was_deleted_makes_room_before_anybody_leaves)
{
    const uint64_t n = items_for(900);
    uint64_t gone = 0;
    for (uint64_t i = 0; i < n; i++)
        cr_assert_eq(store(i, 0), CACHE_STORED);
    const uint64_t evicted = stats(w).evicted;
    for (uint64_t i = 0; i < n; i++) {
        char key[32];
        if (rng_below(&rng, 10) >= 4)
            continue;
        snprintf(key, sizeof key, "item %" PRIu64, i);
        dot_key(w, "", key);
        gone++;
    }
    for (uint64_t i = 0; i < n / 5; i++)
        cr_assert_eq(store(n + i, 0), CACHE_STORED);
    cr_assert_eq(stats(w).evicted, evicted, "seed %" PRIu64, seed);
    cr_assert_eq(count(0, n) + gone + evicted, n);
    cr_assert_eq(count(n, n / 5), n / 5);
}

Test(room, what_has_expired_makes_room_without_being_looked_at)
{
    const uint64_t n = items_for(900);
    for (uint64_t i = 0; i < n; i++)
        cr_assert_eq(store(i, i % 3 == 0 ? 1000 : 0), CACHE_STORED);
    const uint64_t evicted = stats(w).evicted;
    w->now += 1000 * US_PER_MS;
    const uint64_t live = stats(w).live_bytes;
    uint64_t steps = 0;
    while (cache_step(w->c, w->now))
        steps++;
    cr_assert_leq(steps, 3 * n / CACHE_STEP + 300, "each segment is looked through once");
    cr_assert_lt(stats(w).live_bytes, live * 7 / 10);
    for (uint64_t i = 0; i < n / 5; i++)
        cr_assert_eq(store(n + i, 0), CACHE_STORED);
    cr_assert_eq(stats(w).evicted, evicted);
}

Test(room, moving_is_bounded_in_each_hold)
{
    const uint64_t n = items_for(750);
    for (uint64_t i = 0; i < n; i++)
        cr_assert_eq(store(i, 0), CACHE_STORED);
    for (uint64_t i = 0; i < 5 * n; i++) {
        const uint64_t moved = stats(w).moved, locks = w->locks;
        cr_assert_eq(store(rng_below(&rng, n), 0), CACHE_STORED);
        const uint64_t holds = w->locks - locks; /* one of them for the counters */
        cr_assert_leq(stats(w).moved - moved, holds * (CACHE_STEP + 1), "seed %" PRIu64, seed);
    }
}

/** Segments that hold an item too long for a copy stay as they are. */
Test(room, long_items_are_never_moved)
{
    world_free(w);
    w = world_new(&(struct world_cfg){.budget_bytes = 8 << 20, .value_max = 1 << 16});
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", (int)rng_below(&rng, 150));
        cr_assert_eq(fill_len(w, key, 20000 + rng_below(&rng, 20000)), CACHE_STORED);
    }
    cr_assert_eq(stats(w).moved, 0);
}

Test(room, with_items_of_all_sizes_everything_is_still_stored)
{
    world_free(w);
    w = world_new(&(struct world_cfg){.budget_bytes = 2 << 20, .value_max = 1 << 18});
    for (int i = 0; i < 30000; i++) {
        char key[16];
        const size_t most = (size_t)1 << rng_below(&rng, 18);
        snprintf(key, sizeof key, "k%d", (int)rng_below(&rng, 3000));
        cr_assert_eq(fill_len(w, key, rng_below(&rng, most + 1)), CACHE_STORED, "seed %" PRIu64,
                     seed);
        cr_assert(get(w, "", key));
    }
    const struct cache_stats s = stats(w);
    cr_assert_leq(s.used_bytes + s.index_bytes + s.free_bytes + s.table_bytes, s.budget_bytes);
}

/* ---- sizes that change ---- */

/** What the cache says of its memory never adds up to more than it was given. */
static void expect_within_budget(void)
{
    const struct cache_stats s = stats(w);
    cr_assert_leq(s.live_bytes, s.used_bytes, "seed %" PRIu64, seed);
    cr_assert_leq(s.used_bytes + s.index_bytes + s.free_bytes + s.table_bytes, s.budget_bytes,
                  "seed %" PRIu64, seed);
    cr_assert_lt(s.fixed_bytes, 32U << 10);
    cr_assert_leq(cache_reach(w->c, 0).len, s.budget_bytes);
}

/** Store keys with values of at most so many bytes, as many as would fill the memory twice. */
static void churn(uint32_t phase, uint64_t most)
{
    const uint64_t n = 2 * stats(w).budget_bytes / (most / 2 + 64);
    for (uint64_t i = 0; i < n; i++) {
        char key[32];
        snprintf(key, sizeof key, "%" PRIu32 " %" PRIu64, phase, rng_below(&rng, n));
        cr_assert_eq(fill_len(w, key, rng_below(&rng, most + 1)), CACHE_STORED, "seed %" PRIu64,
                     seed);
        if (i % 16 == 0)
            (void)cache_step(w->c, w->now);
        expect_within_budget();
    }
}

Test(room, the_budget_is_kept_whatever_sizes_follow_each_other)
{
    static const uint64_t MOST[] = {20, 1000, 200000, 100, 30000, 64, 4000, 262144, 0, 300};
    world_free(w);
    w = world_new(&(struct world_cfg){.budget_bytes = 2 << 20, .value_max = 1 << 18});
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(MOST); i++)
        churn(i, MOST[i % ARRAY_LEN(MOST)]);
    cr_assert_gt(stats(w).evicted, 0);
}
