#include "node/late.h"

#include <assert.h>

#define AGE_MAX (1ULL << 60)

struct late_when late_here(mono_us at)
{
    assert(at < AGE_MAX);
    return (struct late_when){.from_us = (int64_t)at, .to_us = (int64_t)at};
}

/*
 * What reads `age` on a clock that is at most r off took between age(1-r)/(1+r) and age(1+r)/(1-r) on
 * another one that is, too: 2r/(1+r) less, or 2r/(1-r) more.
 */
struct late_when late_there(mono_us asked_at, mono_us told_at, uint64_t age_us)
{
    assert(asked_at < AGE_MAX && told_at < AGE_MAX);
    const uint64_t age = age_us < AGE_MAX ? age_us : AGE_MAX;
    const uint64_t longest = age + (age / (LATE_DRIFT - 1) + 1) * 2;
    const uint64_t shortest = age - age / (LATE_DRIFT + 1) * 2;
    return (struct late_when){.from_us = (int64_t)asked_at - (int64_t)longest,
                              .to_us = (int64_t)told_at - (int64_t)shortest};
}

static uint64_t positive(int64_t us)
{
    return us < 0 ? 0 : (uint64_t)us;
}

struct late late_of(const struct late_when *issued, const struct late_when *applied,
                    uint64_t most_us)
{
    const uint64_t least = positive(applied->from_us - issued->to_us);
    uint64_t most = positive(applied->to_us - issued->from_us);
    most = most_us < most ? most_us : most;
    if (most < least) /* somebody's clock, or word, is not what we assume */
        most = least;
    const uint64_t error = (most - least + 1) / 2;
    return (struct late){.late_us = least + error, .error_us = error};
}
