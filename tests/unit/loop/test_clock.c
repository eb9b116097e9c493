#include <criterion/criterion.h>
#include <string.h>

#include "loop/clock.h"
#include "loop/entropy.h"

Test(clock, it_never_goes_back)
{
    mono_us before = clock_now();
    for (int i = 0; i < 100000; i++) {
        const mono_us now = clock_now();
        cr_assert_geq(now, before);
        before = now;
    }
}

Test(clock, the_wall_clock_is_of_this_century)
{
    cr_expect_gt(clock_wall_ms(), 1600000000000ULL);
}

Test(entropy, two_draws_differ)
{
    uint8_t a[32] = {0}, b[32] = {0};
    cr_assert_eq(entropy_fill(a, sizeof a), OK);
    cr_assert_eq(entropy_fill(b, sizeof b), OK);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
}
