#include <criterion/criterion.h>

#include "loop/crowd.h"

static struct crowd crowd;

Test(crowd, each_address_may_have_eight)
{
    for (int i = 0; i < CROWD_OF_EACH; i++)
        cr_assert(crowd_enter(&crowd, 7), "connection %d", i + 1);
    cr_expect_not(crowd_enter(&crowd, 7));
    cr_expect(crowd_enter(&crowd, 8), "others are not concerned");
    crowd_leave(&crowd, 7);
    cr_expect(crowd_enter(&crowd, 7));
    cr_expect_not(crowd_enter(&crowd, 7));
}

Test(crowd, an_address_without_connections_takes_no_room)
{
    for (uint64_t i = 0; i < CROWD_MAX; i++)
        cr_assert(crowd_enter(&crowd, i));
    cr_expect_not(crowd_enter(&crowd, CROWD_MAX));
    cr_expect(crowd_enter(&crowd, 0), "there is room for those who have some");
    for (uint64_t i = 1; i < CROWD_MAX; i += 2)
        crowd_leave(&crowd, i);
    cr_expect_eq(crowd.used, CROWD_MAX / 2);
    for (uint64_t i = 0; i < CROWD_MAX; i += 2)
        crowd_leave(&crowd, i);
    crowd_leave(&crowd, 0);
    cr_expect_eq(crowd.used, 0);
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
