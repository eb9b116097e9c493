#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "base/rng.h"

#define ROUNDS 20000

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 1;
}

/* Values computed with an independent program from the algorithms' published definitions. */
Test(rng, is_xoshiro256_starstar_seeded_by_splitmix64)
{
    struct rng r;
    rng_init(&r, 0);
    cr_assert_eq(rng_next(&r), 0x99ec5f36cb75f2b4);
    cr_assert_eq(rng_next(&r), 0xbf6e1f784956452a);
    cr_assert_eq(rng_next(&r), 0x1a5f849d4933e6e0);
    rng_init(&r, 42);
    cr_assert_eq(rng_next(&r), 0x15780b2e0c2ec716);
}

Test(rng, equal_seeds_give_equal_sequences)
{
    struct rng a, b;
    rng_init(&a, 7);
    rng_init(&b, 7);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(rng_next(&a), rng_next(&b));
}

Test(rng, below_stays_below_and_reaches_every_value)
{
    struct rng r;
    unsigned seen[7] = {0};
    rng_init(&r, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t x = rng_below(&r, 7);
        cr_assert_lt(x, 7, "SEED=%llu", (unsigned long long)seed());
        seen[x]++;
    }
    for (int i = 0; i < 7; i++)
        cr_assert(seen[i] > ROUNDS / 7 * 9 / 10 && seen[i] < ROUNDS / 7 * 11 / 10,
                  "%d came %u times, SEED=%llu", i, seen[i], (unsigned long long)seed());
}

Test(rng, below_one_is_always_zero)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < 100; i++)
        cr_assert_eq(rng_below(&r, 1), 0);
}

/* The upper half of [0, 3 * 2^62) holds a third of the values; plain modulo would put a quarter. */
Test(rng, below_has_no_modulo_bias)
{
    struct rng r;
    const uint64_t bound = 3ULL << 62;
    unsigned low = 0;
    rng_init(&r, seed());
    for (int i = 0; i < ROUNDS; i++)
        low += rng_below(&r, bound) < 1ULL << 62;
    cr_assert(low > ROUNDS * 31 / 100 && low < ROUNDS * 36 / 100, "%u of %d, SEED=%llu", low,
              ROUNDS, (unsigned long long)seed());
}

Test(rng, below_zero_is_a_programmer_error, .signal = SIGABRT)
{
    struct rng r;
    rng_init(&r, 1);
    rng_below(&r, 0);
}

Test(rng, chance_is_never_at_0_and_always_at_1000)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < 5000; i++) {
        cr_assert_not(rng_chance(&r, 0));
        cr_assert(rng_chance(&r, 1000));
    }
}

Test(rng, chance_comes_as_often_as_asked)
{
    struct rng r;
    unsigned hits = 0;
    rng_init(&r, seed());
    for (int i = 0; i < ROUNDS; i++)
        hits += rng_chance(&r, 250);
    cr_assert(hits > ROUNDS * 23 / 100 && hits < ROUNDS * 27 / 100, "%u, SEED=%llu", hits,
              (unsigned long long)seed());
}

Test(rng, jitter_stays_within_its_share_and_uses_both_sides)
{
    struct rng r;
    uint64_t least = UINT64_MAX, most = 0;
    rng_init(&r, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t x = rng_jitter(&r, 1000, 20);
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    cr_assert(least >= 800 && least < 810, "%llu", (unsigned long long)least);
    cr_assert(most <= 1200 && most > 1190, "%llu", (unsigned long long)most);
}

Test(rng, no_jitter_changes_nothing)
{
    struct rng r;
    rng_init(&r, seed());
    cr_assert_eq(rng_jitter(&r, 12345, 0), 12345);
    cr_assert_eq(rng_jitter(&r, 0, 100), 0);
}

Test(rng, jitter_of_more_than_everything_is_a_programmer_error, .signal = SIGABRT)
{
    struct rng r;
    rng_init(&r, 1);
    rng_jitter(&r, 1000, 101);
}

Test(rng, shuffle_keeps_every_index_once)
{
    struct rng r;
    uint32_t at[50];
    bool seen[50] = {false};
    rng_init(&r, seed());
    for (uint32_t i = 0; i < 50; i++)
        at[i] = i;
    rng_shuffle(&r, at, 50);
    for (uint32_t i = 0; i < 50; i++) {
        cr_assert_lt(at[i], 50);
        cr_assert_not(seen[at[i]]);
        seen[at[i]] = true;
    }
}

Test(rng, shuffle_gives_each_order_its_share)
{
    struct rng r;
    unsigned orders[64] = {0};
    rng_init(&r, seed());
    for (int i = 0; i < 6000; i++) {
        uint32_t at[3] = {0, 1, 2};
        rng_shuffle(&r, at, 3);
        orders[at[0] * 16 + at[1] * 4 + at[2]]++;
    }
    const unsigned one = orders[0 * 16 + 1 * 4 + 2], other = orders[2 * 16 + 1 * 4 + 0];
    cr_assert(one > 850 && one < 1150, "%u, SEED=%llu", one, (unsigned long long)seed());
    cr_assert(other > 850 && other < 1150, "%u, SEED=%llu", other, (unsigned long long)seed());
}

Test(rng, shuffle_of_nothing_touches_nothing)
{
    struct rng r;
    uint32_t lone = 9;
    rng_init(&r, seed());
    rng_shuffle(&r, NULL, 0);
    rng_shuffle(&r, &lone, 1);
    cr_assert_eq(lone, 9);
}
