#include <criterion/criterion.h>

#include "base/rng.h"
#include "spread/group.h"

#include "rig.h"

Test(group, their_number_is_about_a_square_root_and_does_not_flap)
{
    uint32_t n = 0;
    for (uint32_t links = 0; links <= 160; links++)
        cr_assert_eq(n = spread_group_count(n, links), 8);
    cr_assert_eq(n = spread_group_count(n, 161), 16);
    cr_assert_eq(n = spread_group_count(n, 96), 16, "a quarter below the border is kept");
    cr_assert_eq(n = spread_group_count(n, 640), 16);
    cr_assert_eq(n = spread_group_count(n, 641), 32);
    cr_assert_eq(n = spread_group_count(n, 384), 32);
    cr_assert_eq(n = spread_group_count(n, 383), 16);
    cr_assert_eq(n = spread_group_count(n, 95), 8);
    cr_assert_eq(spread_group_count(0, 1000), 32);
    cr_assert_eq(spread_group_count(32, 10), 8);
}

Test(group, members_spread_evenly)
{
    uint32_t size[GROUPS_MAX] = {0};
    for (uint64_t id = 1; id <= 32000; id++)
        size[spread_group_of(id, GROUPS_MAX)]++;
    for (uint32_t g = 0; g < GROUPS_MAX; g++)
        cr_assert(size[g] > 850 && size[g] < 1150, "%u", size[g]);
}

Test(group, the_two_heaviest_relay_whatever_the_order)
{
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int round = 0; round < 1000; round++) {
        struct relays r;
        uint32_t slots[5] = {0, 1, 2, 3, 4};
        const uint64_t weights[5] = {50, 10, 40, 20, 30};
        rng_shuffle(&rng, slots, 5);
        spread_relays_clear(&r);
        for (uint32_t i = 0; i < 5; i++)
            spread_relays_offer(&r, 3, slots[i], weights[slots[i]]);
        cr_assert_eq(r.primary[3], 0);
        cr_assert_eq(r.backup[3], 2);
        cr_assert_eq(r.primary[2], NO_SLOT);
    }
}

Test(group, another_round_or_origin_weighs_differently)
{
    cr_assert_eq(spread_relays_weight(1, 2, 3), spread_relays_weight(1, 2, 3));
    cr_assert_neq(spread_relays_weight(1, 2, 3), spread_relays_weight(1, 2, 4));
    cr_assert_neq(spread_relays_weight(1, 2, 3), spread_relays_weight(2, 1, 3));
}

Test(group, dots_of_one_instant_count_once_for_the_pace)
{
    struct pace p = {0};
    for (int i = 0; i < 100; i++)
        spread_pace_count(&p, 5 * MS);
    cr_assert_eq(spread_pace_rate(&p, 5 * MS), 10);
}

Test(group, the_pace_is_that_of_the_last_tenth_of_a_second)
{
    struct pace p = {0};
    mono_us now = 0;
    for (; now < 500 * MS; now += MS)
        spread_pace_count(&p, now);
    const uint64_t rate = spread_pace_rate(&p, now);
    cr_assert(rate >= 980 && rate <= 1020, "%lu", (unsigned long)rate);
    const uint64_t later = spread_pace_rate(&p, now + 50 * MS);
    cr_assert(later >= 480 && later <= 520, "%lu", (unsigned long)later);
    cr_assert_eq(spread_pace_rate(&p, now + 250 * MS), 0);
    spread_pace_count(&p, now + US_PER_SEC);
    cr_assert_eq(spread_pace_rate(&p, now + US_PER_SEC), 10);
}
