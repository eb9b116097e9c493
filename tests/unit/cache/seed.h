/** tests/unit/cache/seed.h - the seed of random tests: SEED from the environment, else a fixed one. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t seed_of(uint64_t fixed)
{
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 0) : fixed;
}
