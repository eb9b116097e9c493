/** The generator against the law that it is named after. */

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "load/zipf.h"

#include "seed.h"

#define RANKS 1000
#define DRAWS 400000

static uint32_t seen[RANKS];

static void draw(double theta)
{
    struct zipf z;
    struct rng r;
    memset(seen, 0, sizeof seen);
    zipf_init(&z, RANKS, theta);
    rng_init(&r, seed());
    for (int i = 0; i < DRAWS; i++) {
        const uint64_t rank = zipf_next(&z, &r);
        cr_assert_lt(rank, RANKS);
        seen[rank]++;
    }
}

/** Five standard deviations, and a little for the rarest. */
static void check(double theta)
{
    double sum = 0;
    for (int k = 1; k <= RANKS; k++)
        sum += pow(k, -theta);
    for (int k = 1; k <= RANKS; k++) {
        const double expected = DRAWS * pow(k, -theta) / sum;
        const double off = fabs((double)seen[k - 1] - expected);
        cr_assert(off <= 5 * sqrt(expected) + 5,
                  "theta %f: rank %d came %u times, not %f; SEED=%llu", theta, k, seen[k - 1],
                  expected, (unsigned long long)seed());
    }
}

Test(zipf, ranks_come_up_by_the_law)
{
    static const double thetas[] = {0.2, 0.6, 0.99, 1.0, 1.2, 2.5};
    for (size_t i = 0; i < sizeof thetas / sizeof *thetas; i++) {
        draw(thetas[i]);
        check(thetas[i]);
    }
}

Test(zipf, one_rank_is_always_the_first)
{
    struct zipf z;
    struct rng r;
    zipf_init(&z, 1, 0.99);
    rng_init(&r, seed());
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(zipf_next(&z, &r), 0);
}

Test(zipf, a_billion_ranks_stay_in_range)
{
    struct zipf z;
    struct rng r;
    uint64_t largest = 0;
    zipf_init(&z, 1000000000, 0.5);
    rng_init(&r, seed());
    for (int i = 0; i < 100000; i++) {
        const uint64_t rank = zipf_next(&z, &r);
        cr_assert_lt(rank, 1000000000U);
        largest = rank > largest ? rank : largest;
    }
    cr_assert_gt(largest, 900000000U);
}

Test(zipf, no_ranks_are_a_programmer_error, .signal = SIGABRT)
{
    struct zipf z;
    zipf_init(&z, 0, 0.99);
}
