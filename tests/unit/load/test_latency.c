/** The histogram against sorted samples. */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/rng.h"
#include "load/latency.h"

#include "seed.h"

#define SAMPLES 20000

static struct latency l, other, both;
static uint64_t samples[SAMPLES];

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/** Sizes of every magnitude up to 2^39 ns. */
static uint64_t draw(struct rng *r)
{
    return rng_below(r, 1ULL << (1 + rng_below(r, 39)));
}

static void check_quantile(uint32_t permyriad)
{
    const size_t rank = (SAMPLES * (size_t)permyriad + 9999) / 10000;
    const uint64_t exact = samples[rank > 0 ? rank - 1 : 0];
    const uint64_t told = latency_quantile(&l, permyriad);
    cr_assert(told >= exact && told - exact <= exact / 100, "%u: %llu told as %llu, SEED=%llu",
              permyriad, (unsigned long long)exact, (unsigned long long)told,
              (unsigned long long)seed());
}

Test(latency, every_quantile_is_within_a_hundredth_of_the_sorted_samples)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = draw(&r);
        latency_add(&l, samples[i]);
    }
    qsort(samples, SAMPLES, sizeof *samples, by_size);
    for (uint32_t permyriad = 0; permyriad <= 10000; permyriad += 10)
        check_quantile(permyriad);
}

Test(latency, an_empty_one_answers_zero)
{
    cr_assert_eq(latency_quantile(&l, 0), 0);
    cr_assert_eq(latency_quantile(&l, 9990), 0);
    cr_assert_eq(latency_quantile(&l, 10000), 0);
}

Test(latency, the_largest_is_told_exactly)
{
    latency_add(&l, 123457);
    latency_add(&l, 5);
    cr_assert_eq(latency_quantile(&l, 10000), 123457);
    cr_assert_eq(latency_quantile(&l, 5000), 5);
}

Test(latency, times_beyond_the_last_bucket_are_told_as_the_largest)
{
    latency_add(&l, 1ULL << 50);
    latency_add(&l, 1ULL << 60);
    cr_assert_eq(latency_quantile(&l, 5000), 1ULL << 60);
    cr_assert_eq(l.buckets[LATENCY_BUCKETS - 1], 2);
}

Test(latency, merging_is_adding_all)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < SAMPLES; i++) {
        const uint64_t ns = draw(&r);
        latency_add(i % 3 == 0 ? &l : &other, ns);
        latency_add(&both, ns);
    }
    latency_merge(&l, &other);
    cr_assert_arr_eq(&l, &both, sizeof both);
}
