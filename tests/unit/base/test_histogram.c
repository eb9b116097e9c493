#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "base/histogram.h"
#include "base/rng.h"

static struct histogram h, other;

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 1;
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

Test(histogram, no_quantile_is_off_by_more_than_one_step_in_32)
{
    struct rng r;
    rng_init(&r, seed());
    for (int i = 0; i < 20000; i++) {
        const uint64_t value = rng_below(&r, 1ULL << (1 + rng_below(&r, 39)));
        h = (struct histogram){0};
        histogram_add(&h, value);
        histogram_add(&h, 1ULL << 39);
        const uint64_t told = histogram_quantile(&h, 5000);
        cr_assert(told >= value && told - value <= value / 32, "%llu told as %llu, SEED=%llu",
                  (unsigned long long)value, (unsigned long long)told, (unsigned long long)seed());
    }
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

Test(histogram, no_answer_is_above_the_largest_value)
{
    histogram_add(&h, 1000);
    cr_assert_eq(histogram_quantile(&h, 10000), 1000);
}

Test(histogram, merging_is_adding_every_value)
{
    struct histogram both = {0};
    for (uint64_t value = 1; value < 5000; value += 7) {
        histogram_add(value % 2 == 0 ? &h : &other, value);
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
