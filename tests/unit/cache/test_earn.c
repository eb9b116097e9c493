/** When one use is enough: only where it shows that two are too many. */
#include <criterion/criterion.h>

#include "cache/earn.h"

#define KEYS 1600

/** So many left after one use, and so many of them came back. */
static void leave(struct earn *e, unsigned left, unsigned back)
{
    for (unsigned i = 0; i < left; i++) {
        earn_left(e);
        if (i < back)
            earn_back(e);
    }
}

/** So many reached the end of the main queue, and so many of them had been used. */
static void lap(struct earn *e, unsigned seen, unsigned used)
{
    for (unsigned i = 0; i < seen; i++)
        earn_lap(e, i < used);
}

/** For how many keys one use is enough. */
static unsigned easy(const struct earn *e)
{
    unsigned n = 0;
    for (uint32_t bits = 0; bits < KEYS; bits++)
        n += earn_enough(e, 1, bits);
    return n;
}

Test(earn, two_uses_are_always_enough_and_none_never)
{
    struct earn e = {0};
    for (int i = 0; i < 2; i++) {
        for (uint32_t bits = 0; bits < KEYS; bits++)
            cr_assert(earn_enough(&e, 2, bits) && earn_enough(&e, 3, bits) &&
                      !earn_enough(&e, 0, bits));
        leave(&e, 100, 100);
        lap(&e, 100, 50);
    }
}

Test(earn, at_first_two_are_needed)
{
    struct earn e = {0};
    cr_assert_eq(easy(&e), 0);
    leave(&e, 63, 63);
    lap(&e, 1000, 10);
    cr_assert_eq(easy(&e), 0, "63 are too few to conclude from");
}

Test(earn, of_the_main_queue_too_few_are_nothing_to_compare_with)
{
    struct earn e = {0};
    leave(&e, 1000, 1000);
    lap(&e, 63, 0);
    cr_assert_eq(easy(&e), 0);
}

Test(earn, where_they_come_back_two_thirds_as_often_as_others_are_used_one_is_enough)
{
    struct earn e = {0};
    lap(&e, 300, 150);
    leave(&e, 300, 99);
    cr_assert_eq(easy(&e), 0);
    earn_back(&e);
    cr_assert_eq(easy(&e), KEYS / 16 * 15);
}

Test(earn, one_key_in_16_needs_two_and_tells_when_it_ends)
{
    struct earn e = {0};
    lap(&e, 100, 50);
    leave(&e, 100, 100);
    cr_assert_eq(easy(&e), KEYS / 16 * 15);
    leave(&e, 400, 0);
    cr_assert_eq(easy(&e), 0);
}

Test(earn, what_was_long_ago_is_forgotten)
{
    struct earn e = {0};
    leave(&e, 10 * 1000 * 1000, 10 * 1000 * 1000);
    lap(&e, 10 * 1000 * 1000, 10 * 1000 * 1000);
    cr_assert_eq(easy(&e), KEYS / 16 * 15);
    leave(&e, 10000, 0);
    cr_assert_eq(easy(&e), 0);
    lap(&e, 20000, 0);
    cr_assert_gt(easy(&e), 0, "others are used even less");
}
