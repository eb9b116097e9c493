/** tests/unit/load/seed.h - the seed of a random test. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/** $SEED, or 1. */
static inline uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 1;
}
