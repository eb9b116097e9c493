/** tests/unit/cache/test_lease.c - one loader per key and node, and nobody waits for ever. */
#include <criterion/criterion.h>

#include "cache/lease.h"

#define HOLD 1000u

static struct lease places[64];

static struct leases table(uint32_t n)
{
    struct leases t;
    for (uint32_t i = 0; i < n; i++)
        places[i] = (struct lease){.until = 0};
    leases_init(&t, places, n, 7);
    return t;
}

static enum lease_claim claim(struct leases *t, uint64_t hash, uint64_t owner, mono_us now)
{
    return leases_claim(
        t, &(struct lease_wish){
               .hash = hash, .owner = owner, .now = now, .hold_us = HOLD, .waits = true});
}

Test(lease, the_second_caller_is_turned_away_and_the_first_is_not)
{
    struct leases t = table(64);
    cr_expect_eq(claim(&t, 5, 1, 100), LEASE_MINE);
    cr_expect_eq(claim(&t, 5, 2, 101), LEASE_TAKEN);
    cr_expect_eq(claim(&t, 5, 1, 102), LEASE_MINE);
    cr_expect_eq(claim(&t, 6, 2, 102), LEASE_MINE);
}

Test(lease, a_late_holder_loses_it_to_whoever_asks_next)
{
    struct leases t = table(64);
    cr_expect_eq(claim(&t, 5, 1, 100), LEASE_MINE);
    cr_expect_eq(claim(&t, 5, 2, 100 + HOLD), LEASE_MINE);
    cr_expect_eq(claim(&t, 5, 1, 101 + HOLD), LEASE_TAKEN);
}

Test(lease, its_end_tells_whether_somebody_waits)
{
    struct leases t = table(64);
    (void)claim(&t, 5, 1, 100);
    cr_expect_not(leases_end(&t, 5));
    cr_expect_not(leases_end(&t, 5), "it ended before");
    (void)claim(&t, 5, 1, 100);
    (void)claim(&t, 5, 2, 101);
    cr_expect(leases_end(&t, 5));
    cr_expect_eq(claim(&t, 5, 2, 102), LEASE_MINE);
}

Test(lease, waiting_outlives_a_late_holder)
{
    struct leases t = table(64);
    (void)claim(&t, 5, 1, 100);
    (void)claim(&t, 5, 2, 101);
    cr_expect_eq(claim(&t, 5, 3, 100 + HOLD), LEASE_MINE);
    cr_expect(leases_end(&t, 5), "2 waits still");
}

Test(lease, a_full_set_gives_up_the_lease_that_ends_first_and_counts_it)
{
    struct leases t = table(LEASE_WAYS);
    for (uint64_t i = 0; i < LEASE_WAYS; i++)
        cr_expect_eq(claim(&t, 10 + i, 1, 100 + i), LEASE_MINE);
    cr_expect_eq(t.lost, 0);
    cr_expect_eq(claim(&t, 99, 1, 200), LEASE_MINE);
    cr_expect_eq(t.lost, 1);
    cr_expect_eq(claim(&t, 10, 2, 201), LEASE_MINE, "the oldest one was given up");
    cr_expect_eq(claim(&t, 13, 2, 202), LEASE_TAKEN);
}

Test(lease, places_whose_time_is_over_are_used_again_without_loss)
{
    struct leases t = table(LEASE_WAYS);
    for (uint64_t i = 0; i < 3 * LEASE_WAYS; i++)
        cr_expect_eq(claim(&t, i + 1, 1, i * 2 * HOLD), LEASE_MINE);
    cr_expect_eq(t.lost, 0);
}

Test(lease, only_its_holder_releases_it)
{
    struct leases t = table(64);
    (void)claim(&t, 5, 1, 100);
    cr_expect_not(leases_release(&t, 5, 2), "it is not theirs");
    cr_expect_eq(claim(&t, 5, 2, 101), LEASE_TAKEN);
    cr_expect(leases_release(&t, 5, 1), "2 waits");
    cr_expect_eq(claim(&t, 5, 2, 102), LEASE_MINE);
}
