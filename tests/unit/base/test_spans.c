#include <criterion/criterion.h>

#include "base/spans.h"

Test(spans, a_bound_belongs_to_its_bucket_and_what_is_longer_to_the_next)
{
    for (size_t i = 0; i + 1 < SPANS_BUCKETS; i++) {
        const uint64_t bound = spans_bound_us(i);
        cr_assert_eq(spans_bucket(bound), i);
        cr_assert_eq(spans_bucket(bound + 1), i + 1);
        cr_assert_lt(bound, spans_bound_us(i + 1));
    }
    cr_assert_eq(spans_bucket(0), 0);
    cr_assert_eq(spans_bucket(UINT64_MAX), SPANS_BUCKETS - 1);
}

Test(spans, bounds_go_from_a_microsecond_to_ten_seconds)
{
    cr_assert_eq(spans_bound_us(0), 1);
    cr_assert_eq(spans_bound_us(SPANS_BUCKETS - 2), 10000000);
    cr_assert_eq(spans_bound_us(SPANS_BUCKETS - 1), UINT64_MAX);
}

Test(spans, count_and_sum_are_exact)
{
    struct spans s = {0};
    cr_assert_eq(spans_count(&s), 0);
    spans_add(&s, 3);
    spans_add(&s, 4000000000);
    spans_add(&s, 7);
    cr_assert_eq(spans_count(&s), 3);
    cr_assert_eq(s.sum_us, 4000000010);
}

Test(spans, a_quantile_is_the_bound_of_its_bucket)
{
    struct spans s = {0};
    cr_assert_eq(spans_quantile(&s, 99), 0, "nothing was counted");
    for (int i = 0; i < 99; i++)
        spans_add(&s, 30);
    spans_add(&s, 999);
    cr_assert_eq(spans_quantile(&s, 50), 50);
    cr_assert_eq(spans_quantile(&s, 99), 50);
    cr_assert_eq(spans_quantile(&s, 100), 1000);
    spans_add(&s, 20000000);
    cr_assert_eq(spans_quantile(&s, 100), UINT64_MAX, "longer than all bounds");
}
