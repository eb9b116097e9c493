#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "base/histogram.h"
#include "base/rng.h"

#define SAMPLES 20000

static struct histogram h, other;
static uint64_t samples[SAMPLES];

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 1;
}

/** Sizes of every magnitude up to 2^39. */
static uint64_t draw(struct rng *r)
{
    return rng_below(r, 1ULL << (1 + rng_below(r, 39)));
}

Test(histogram, an_empty_one_answers_zero)
{
    cr_assert_eq(histogram_quantile(&h, 0), 0);
    cr_assert_eq(histogram_quantile(&h, 9999), 0);
    cr_assert_eq(histogram_quantile(&h, 10000), 0);
}

Test(histogram, small_values_are_exact)
{
    for (uint64_t value = 1; value <= 63; value++) {
        h = (struct histogram){0};
        histogram_add(&h, value);
        histogram_add(&h, 1000000);
        cr_assert_eq(histogram_quantile(&h, 5000), value);
    }
}

Test(histogram, quantiles_count_values_and_not_buckets)
{
    for (uint64_t value = 1; value <= 50; value++)
        histogram_add(&h, value);
    cr_assert_eq(histogram_quantile(&h, 5000), 25);
    cr_assert_eq(histogram_quantile(&h, 9000), 45);
    cr_assert_eq(histogram_quantile(&h, 10000), 50);
    cr_assert_eq(histogram_quantile(&h, 0), 1);
}

Test(histogram, the_rank_of_a_quantile_is_rounded_up)
{
    histogram_add(&h, 10);
    histogram_add(&h, 20);
    histogram_add(&h, 30);
    cr_assert_eq(histogram_quantile(&h, 5000), 20);
    cr_assert_eq(histogram_quantile(&h, 3333), 10);
    cr_assert_eq(histogram_quantile(&h, 3334), 20);
}

Test(histogram, count_sum_and_max_are_exact)
{
    histogram_add(&h, 0);
    histogram_add(&h, 1001);
    histogram_add(&h, 500);
    cr_assert_eq(h.count, 3);
    cr_assert_eq(h.sum, 1501);
    cr_assert_eq(h.max, 1001);
}

Test(histogram, no_value_is_told_more_than_one_step_in_128_off)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < 20000; i++) {
        const uint64_t value = draw(&r);
        h = (struct histogram){0};
        histogram_add(&h, value);
        histogram_add(&h, 1ULL << 39);
        const uint64_t told = histogram_quantile(&h, 5000);
        cr_assert(told >= value && told - value <= value / 128, "%llu told as %llu, SEED=%llu",
                  (unsigned long long)value, (unsigned long long)told, (unsigned long long)seed());
    }
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void check_quantile(uint32_t permyriad)
{
    const size_t rank = (SAMPLES * (size_t)permyriad + 9999) / 10000;
    const uint64_t exact = samples[rank > 0 ? rank - 1 : 0];
    const uint64_t told = histogram_quantile(&h, permyriad);
    cr_assert(told >= exact && told - exact <= exact / 100, "%u: %llu told as %llu, SEED=%llu",
              permyriad, (unsigned long long)exact, (unsigned long long)told,
              (unsigned long long)seed());
}

Test(histogram, every_quantile_is_within_a_hundredth_of_the_sorted_samples)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = draw(&r);
        histogram_add(&h, samples[i]);
    }
    qsort(samples, SAMPLES, sizeof *samples, by_size);
    for (uint32_t permyriad = 0; permyriad <= 10000; permyriad += 10)
        check_quantile(permyriad);
}

Test(histogram, a_larger_value_is_never_told_smaller)
{
    uint64_t before = 0;
    for (uint64_t value = 1; value < 1ULL << 39; value += value / 50 + 1) {
        h = (struct histogram){0};
        histogram_add(&h, value);
        histogram_add(&h, 1ULL << 39);
        const uint64_t told = histogram_quantile(&h, 5000);
        cr_assert_geq(told, before);
        before = told;
    }
}

Test(histogram, huge_values_share_the_last_bucket)
{
    histogram_add(&h, 1ULL << 40);
    histogram_add(&h, UINT64_MAX);
    cr_assert_eq(h.buckets[HISTOGRAM_BUCKETS - 1], 2);
    cr_assert_eq(h.max, UINT64_MAX);
    cr_assert_eq(h.count, 2);
}

Test(histogram, values_beyond_the_last_bucket_are_told_as_the_largest)
{
    histogram_add(&h, 1ULL << 50);
    histogram_add(&h, 1ULL << 60);
    cr_assert_eq(histogram_quantile(&h, 5000), 1ULL << 60);
    cr_assert_eq(h.buckets[HISTOGRAM_BUCKETS - 1], 2);
}

Test(histogram, no_answer_is_above_the_largest_value)
{
    histogram_add(&h, 1000);
    cr_assert_eq(histogram_quantile(&h, 10000), 1000);
}

Test(histogram, the_largest_is_told_exactly)
{
    histogram_add(&h, 123457);
    histogram_add(&h, 5);
    cr_assert_eq(histogram_quantile(&h, 10000), 123457);
    cr_assert_eq(histogram_quantile(&h, 5000), 5);
}

Test(histogram, merging_is_adding_every_value)
{
    struct histogram both = {0};
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < SAMPLES; i++) {
        const uint64_t value = draw(&r);
        histogram_add(i % 3 == 0 ? &h : &other, value);
        histogram_add(&both, value);
    }
    histogram_merge(&h, &other);
    cr_assert_arr_eq(h.buckets, both.buckets, sizeof both.buckets);
    cr_assert_eq(h.count, both.count);
    cr_assert_eq(h.sum, both.sum);
    cr_assert_eq(h.max, both.max);
}

Test(histogram, more_than_everything_is_a_programmer_error, .signal = SIGABRT)
{
    histogram_quantile(&h, 10001);
}
