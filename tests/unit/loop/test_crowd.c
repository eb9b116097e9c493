#include <criterion/criterion.h>

#include "loop/crowd.h"

#define LATER (1000 * US_PER_SEC) /* than any grace */

static struct crowd crowd;

static void begin(void)
{
    crowd_init(&crowd);
}

TestSuite(crowd, .init = begin);

/** Whom the one with this fd displaces, -1 = nobody; -2 = it does not get in. */
static int enter(uint64_t who, int fd, mono_us came)
{
    const struct crowd_one one = {.who = who, .fd = fd, .came = came};
    int out;
    const bool entered = crowd_enter(&crowd, &one, &out);
    cr_expect(entered || out < 0, "who does not get in displaces nobody");
    return entered ? out : -2;
}

/** Eight of address 7: 10, 11 .. 17, the oldest first. */
static void fill(void)
{
    for (int i = 0; i < CROWD_OF_EACH; i++)
        cr_assert_eq(enter(7, 10 + i, (mono_us)i), -1, "connection %d", i + 1);
}

Test(crowd, each_address_may_have_eight_and_the_ninth_displaces_the_oldest)
{
    fill();
    cr_expect_eq(enter(8, 20, LATER), -1, "others are not concerned");
    cr_expect_eq(enter(7, 21, LATER), 10);
    cr_expect_not(crowd_leave(&crowd, 10), "it is out already");
    cr_expect_eq(enter(7, 22, LATER), 11);
    cr_expect_eq(crowd.n, CROWD_OF_EACH + 1);
    cr_expect(crowd_leave(&crowd, 15));
    cr_expect_eq(enter(7, 23, LATER), -1, "there is room");
    cr_expect_eq(enter(7, 24, LATER), 12);
}

Test(crowd, the_order_of_arrival_counts_and_not_that_of_the_table)
{
    for (int i = 0; i < CROWD_OF_EACH; i++)
        cr_assert_eq(enter(7, 10 + i, (mono_us)(100 - i)), -1);
    cr_expect_eq(enter(7, 20, LATER), 17);
    cr_expect_eq(enter(7, 21, LATER), 16);
}

Test(crowd, who_said_nothing_goes_before_those_who_began_to_log_in)
{
    fill();
    for (int fd = 10; fd < 17; fd++)
        crowd_speak(&crowd, fd);
    crowd_speak(&crowd, 99);
    cr_expect_eq(enter(7, 20, LATER), 17);
    crowd_speak(&crowd, 20);
    cr_expect_eq(enter(7, 21, LATER), 10, "where all did, the oldest goes");
}

Test(crowd, nobody_goes_within_the_grace_of_its_arrival)
{
    fill();
    cr_expect_eq(enter(7, 20, CROWD_GRACE_US - 1), -2);
    cr_expect_eq(crowd.n, CROWD_OF_EACH);
    cr_expect_eq(enter(7, 21, CROWD_GRACE_US), 10);
    cr_expect_eq(enter(7, 22, CROWD_GRACE_US), -2, "the next is younger by a microsecond");
    crowd_speak(&crowd, 11);
    cr_expect_eq(enter(7, 23, CROWD_GRACE_US + 1), 11, "silent ones have their grace, too");
}

Test(crowd, at_the_limit_of_all_the_oldest_of_any_address_goes)
{
    cr_expect_eq(crowd_displace(&crowd, LATER), -1, "there is none");
    cr_assert_eq(enter(1, 1, 10), -1);
    cr_assert_eq(enter(2, 2, 5), -1);
    cr_assert_eq(enter(3, 3, 20), -1);
    crowd_speak(&crowd, 2);
    cr_expect_eq(crowd_displace(&crowd, CROWD_GRACE_US + 4), -1, "all are within their grace");
    cr_expect_eq(crowd_displace(&crowd, CROWD_GRACE_US + 5), 2, "all but the oldest are");
    cr_expect_eq(crowd_displace(&crowd, LATER), 1);
    cr_expect_eq(crowd_displace(&crowd, LATER), 3);
    cr_expect_eq(crowd_displace(&crowd, LATER), -1);
}

Test(crowd, there_is_no_room_for_more_than_its_size)
{
    for (int i = 0; i < CROWD_MAX; i++)
        cr_assert_eq(enter((uint64_t)i, i, 0), -1);
    cr_expect_eq(enter(CROWD_MAX, CROWD_MAX, LATER), -2);
    for (int i = 1; i < CROWD_MAX; i += 2)
        cr_assert(crowd_leave(&crowd, i));
    cr_expect_eq(crowd.n, CROWD_MAX / 2);
    for (int i = 0; i < CROWD_MAX; i += 2)
        cr_assert(crowd_leave(&crowd, i));
    cr_expect_eq(crowd.n, 0);
    cr_expect_not(crowd_leave(&crowd, 0));
}

Test(crowd, of_an_ipv6_address_the_network_counts)
{
    struct addr a = {.ip = {0x20, 1, 13, 0xB8, 0, 0, 0, 1, 9}, .ip_len = 16};
    struct addr b = a;
    b.ip[15] = 1;
    cr_expect_eq(crowd_who(&a), crowd_who(&b));
    b.ip[7] = 2;
    cr_expect_neq(crowd_who(&a), crowd_who(&b));
    const struct addr v4 = {.ip = {10, 0, 0, 1}, .ip_len = 4};
    const struct addr other = {.ip = {10, 0, 0, 2}, .ip_len = 4};
    cr_expect_neq(crowd_who(&v4), crowd_who(&other));
    const struct addr low = {.ip = {0, 0, 0, 0, 10, 0, 0, 1}, .ip_len = 16};
    cr_expect_neq(crowd_who(&v4), crowd_who(&low), "never a network of the other family");
}
