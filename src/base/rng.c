#include "base/rng.h"

#include <assert.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

void rng_init(struct rng *r, uint64_t seed)
{
    assert(r != NULL);
    for (size_t i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

uint64_t rng_next(struct rng *r)
{
    const uint64_t result = rotl(r->s[1] * 5, 7) * 9;
    const uint64_t t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotl(r->s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    assert(bound >= 1);
    uint64_t x = rng_next(r);
    if (x < bound) { /* nearly never; the limit is below bound, and a division to tell */
        const uint64_t biased =
            (0 - bound) % bound; /* 2^64 mod bound: values below it would favour */
        while (x < biased)
            x = rng_next(r);
    }
    return x % bound;
}

bool rng_chance(struct rng *r, uint32_t permille)
{
    return rng_below(r, 1000) < permille;
}

uint64_t rng_jitter(struct rng *r, uint64_t value, uint32_t percent)
{
    assert(percent <= 100);
    const uint64_t reach = value / 100 * percent;
    return value - reach + rng_below(r, 2 * reach + 1);
}

void rng_shuffle(struct rng *r, uint32_t *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)rng_below(r, i);
        const uint32_t swapped = at[i - 1];
        at[i - 1] = at[j];
        at[j] = swapped;
    }
}
