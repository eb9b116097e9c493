#include <criterion/criterion.h>

#include "node/hot.h"

#define MS US_PER_MS

static uint8_t memory[1 << 18];

static struct hot *make(void)
{
    const struct hot_cfg cfg = {.per_second = 100, .burst = 20000};
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct hot *h = hot_new(&arena, &cfg);
    cr_assert_not_null(h);
    return h;
}

/* One invalidation each `every` microseconds; returns how many became a NOSTORE. */
static int keep_on(struct hot *h, uint64_t hash, mono_us from, mono_us to, mono_us every)
{
    int told = 0;
    for (mono_us now = from; now < to; now += every)
        told += hot_count(h, now, hash) ? 1 : 0;
    return told;
}

Test(hot, a_key_at_the_limit_is_not_hot)
{
    struct hot *h = make();
    cr_assert_eq(keep_on(h, 5, 0, 10 * US_PER_SEC, 10 * MS), 0);
}

Test(hot, the_first_one_past_the_limit_is_told)
{
    struct hot *h = make();
    for (int i = 0; i <= 100; i++)
        cr_assert_not(hot_count(h, 1000 + (mono_us)i, 5));
    cr_assert(hot_count(h, 2000, 5));
}

Test(hot, it_is_told_twice_a_second)
{
    struct hot *h = make();
    keep_on(h, 5, 0, US_PER_SEC, 5 * MS);
    const int told = keep_on(h, 5, US_PER_SEC, 11 * US_PER_SEC, 5 * MS);
    cr_assert(told >= 19 && told <= 20, "%d", told);
}

Test(hot, it_cools_down)
{
    struct hot *h = make();
    cr_assert_gt(keep_on(h, 5, 0, 2 * US_PER_SEC, 5 * MS), 0);
    cr_assert_eq(keep_on(h, 5, 4 * US_PER_SEC, 8 * US_PER_SEC, 20 * MS), 0);
}

Test(hot, keys_are_counted_each_for_itself)
{
    struct hot *h = make();
    int told = 0;
    for (mono_us now = 0; now < 2 * US_PER_SEC; now += 5 * MS)
        for (uint64_t hash = 1; hash <= 4; hash++)
            told += hot_count(h, now, hash == 4 ? 7 : hash * 1000 + now) ? 1 : 0;
    cr_assert_geq(told, 2);
}

Test(hot, a_full_set_gives_up_its_quietest_key)
{
    struct hot *h = make();
    const uint64_t step = HOT_SLOTS / HOT_WAYS; /* keys of one set */
    for (int i = 0; i < 90; i++)
        hot_count(h, 0, 0);
    for (uint64_t i = 1; i <= 20; i++)
        hot_count(h, 1, i * step);
    cr_assert_eq(hot_counters(h).displaced, 20 - (HOT_WAYS - 1));
    for (int i = 0; i < 11; i++)
        cr_assert_not(hot_count(h, 2, 0));
    cr_assert(hot_count(h, 2, 0), "it was remembered");
}

Test(hot, a_burst_is_more_than_the_limit_within_a_second)
{
    struct hot *h = make();
    cr_assert_not(hot_burst(h, 0, 20000));
    cr_assert(hot_burst(h, 1, 1));
    cr_assert_not(hot_burst(h, 3 * US_PER_SEC, 20000));
    cr_assert_eq(hot_counters(h).bursts, 1);
}
