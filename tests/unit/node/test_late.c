#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/rng.h"
#include "node/late.h"

#define MS     US_PER_MS
#define ROUNDS 20000

/** Its bounds must hold the truth. */
static void holds(const struct late *late, uint64_t truth, const char *what)
{
    cr_assert(late->late_us <= truth + late->error_us && truth <= late->late_us + late->error_us,
              "%s: %llu +/- %llu, but it is %llu", what, (unsigned long long)late->late_us,
              (unsigned long long)late->error_us, (unsigned long long)truth);
}

Test(late, at_the_issuer_the_error_is_half_a_round_trip)
{
    const struct late_when issued = late_here(1000 * MS);
    const struct late_when there = late_there(1500 * MS, 1502 * MS, 0); /* just now */
    const struct late late = late_of(&issued, &there, NEVER);
    cr_assert(late.late_us >= 501 * MS - 2 && late.late_us <= 501 * MS + 2);
    cr_assert_leq(late.error_us, MS + 2);
    holds(&late, 500 * MS, "at once");
    holds(&late, 502 * MS, "at the end");
}

Test(late, nothing_takes_effect_before_it_is_issued)
{
    const struct late_when issued = late_there(0, 10 * MS, 100 * MS);
    const struct late_when there = late_there(0, 10 * MS, 102 * MS);
    const struct late late = late_of(&issued, &there, NEVER);
    cr_assert_geq(late.late_us, late.error_us);
    holds(&late, 0, "no sooner");
}

Test(late, what_the_issuer_knows_narrows_it)
{
    const struct late_when issued = late_here(1000 * MS);
    const struct late_when there = late_there(3000 * MS, 3200 * MS, 2100 * MS);
    const struct late wide = late_of(&issued, &there, NEVER);
    const struct late narrow = late_of(&issued, &there, 3 * MS);
    cr_assert_gt(wide.error_us, 50 * MS);
    cr_assert_leq(narrow.late_us + narrow.error_us, 3 * MS + 1);
    const struct late none = late_of(&issued, &there, 0);
    cr_assert(none.late_us == 0 && none.error_us == 0, "the issuer itself");
}

Test(late, old_ages_say_less_since_clocks_differ)
{
    const struct late_when issued = late_here(0);
    const struct late_when there = late_there(3600 * US_PER_SEC, 3600 * US_PER_SEC + MS, 0);
    const struct late_when old =
        late_there(3600 * US_PER_SEC, 3600 * US_PER_SEC + MS, 3599 * US_PER_SEC);
    cr_assert_leq(late_of(&issued, &there, NEVER).error_us, MS);
    cr_assert_gt(late_of(&issued, &old, NEVER).error_us, 3 * US_PER_SEC);
}

Test(late, an_age_that_nobody_can_have_is_harmless)
{
    const struct late_when mad = late_there(5, 7, UINT64_MAX);
    const struct late_when here = late_here(6);
    const struct late late = late_of(&here, &mad, NEVER);
    cr_assert(late.late_us == 0 && late.error_us == 0);
    cr_assert_gt(late_of(&mad, &here, NEVER).late_us, UINT64_MAX >> 6);
}

/** A reading of a stretch of true time on a clock that is off by so many millionths. */
static uint64_t reading(uint64_t us, int64_t millionths)
{
    return (uint64_t)((int64_t)us + (int64_t)us / 1000000 * millionths +
                      (int64_t)us % 1000000 * millionths / 1000000);
}

static int64_t any_rate(struct rng *rng)
{
    return (int64_t)rng_below(rng, 1999) - 999;
}

/* True times are those of the asker's clock when its rate is 0. */
Test(late, the_truth_is_always_within_the_error)
{
    struct rng rng;
    const char *seed = getenv("SEED");
    rng_init(&rng, seed == NULL ? 1 : strtoull(seed, NULL, 10));
    for (int i = 0; i < ROUNDS; i++) {
        const int64_t asker = any_rate(&rng), issuer = any_rate(&rng), node = any_rate(&rng);
        const uint64_t late = rng_below(&rng, 1ULL << rng_below(&rng, 32));
        const uint64_t applied = 1000 * MS + late;
        const uint64_t asked = applied + rng_below(&rng, 1ULL << rng_below(&rng, 34));
        const uint64_t there = rng_below(&rng, 100 * MS), back = rng_below(&rng, 100 * MS);
        const uint64_t said = asked + there, told = said + back;
        const struct late_when when_issued = late_there(reading(asked, asker), reading(told, asker),
                                                        reading(said - 1000 * MS, issuer));
        const struct late_when when_applied =
            late_there(reading(asked, asker), reading(told, asker), reading(said - applied, node));
        struct late got = late_of(&when_issued, &when_applied, NEVER);
        got.error_us += 2; /* what our readings lose */
        holds(&got, reading(late, asker), seed == NULL ? "seed 1" : seed);
    }
}
