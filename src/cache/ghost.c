#include "cache/ghost.h"

#include <assert.h>

#include "cache/mix.h"

#define TIME_BITS 14
#define TIME_MAX  ((1U << TIME_BITS) - 1)
#define HASH_BITS 18

void ghost_init(struct ghost *g, uint32_t *at, uint32_t lines, uint64_t seed)
{
    assert(lines > 0);
    *g = (struct ghost){.at = at, .lines = lines, .seed = seed};
    /* Half of the time that the bits tell apart covers what all lines can hold. */
    while (((uint64_t)lines * GHOST_LINE >> g->step) > TIME_MAX / 2)
        g->step++;
}

static uint32_t tick_of(const struct ghost *g)
{
    return (uint32_t)(g->now >> g->step) & TIME_MAX;
}

static uint32_t ticks_since(const struct ghost *g, uint32_t place)
{
    return (tick_of(g) - place) & TIME_MAX;
}

/** The line of a mixed hash. */
static uint32_t *line_of(const struct ghost *g, uint64_t mixed)
{
    return g->at + (uint64_t)((mixed >> 32) * g->lines >> 32) * GHOST_LINE;
}

/** Its bits, never 0, above the time. */
static uint32_t bits_of(uint64_t mixed)
{
    const uint32_t bits = (uint32_t)mixed & ((1U << HASH_BITS) - 1);
    return (bits == 0 ? 1 : bits) << TIME_BITS;
}

/** The place in a line that is empty, or else the oldest. */
static uint32_t *oldest_of(const struct ghost *g, uint32_t *line)
{
    uint32_t *oldest = line;
    for (uint32_t *at = line; at < line + GHOST_LINE; at++) {
        if (*at == 0)
            return at;
        if (ticks_since(g, *at) > ticks_since(g, *oldest))
            oldest = at;
    }
    return oldest;
}

void ghost_add(struct ghost *g, uint64_t hash)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    *oldest_of(g, line_of(g, mixed)) = bits_of(mixed) | tick_of(g);
    g->now++;
}

bool ghost_take(struct ghost *g, uint64_t hash, uint64_t within)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint32_t *line = line_of(g, mixed);
    for (uint32_t *at = line; at < line + GHOST_LINE; at++) {
        if (*at >> TIME_BITS != bits_of(mixed) >> TIME_BITS)
            continue;
        const bool recent = (uint64_t)ticks_since(g, *at) << g->step <= within;
        *at = 0;
        return recent;
    }
    return false;
}
