#include "cache/ghost.h"

#include <assert.h>
#include <string.h>

#include "cache/mix.h"

#define ONCE 1U /* the lowest bit of a place is a mark */

void ghost_init(struct ghost *g, uint16_t *at, uint32_t lines, uint64_t seed)
{
    assert(lines > 0);
    *g = (struct ghost){.lines = lines, .seed = seed};
    g->at = at;
}

/** The line of a mixed hash. */
static uint16_t *line_of(const struct ghost *g, uint64_t mixed)
{
    return g->at + (uint64_t)((mixed >> 32) * g->lines >> 32) * GHOST_LINE;
}

/** Its bits, never 0, above the mark. */
static uint16_t bits_of(uint64_t mixed)
{
    const uint16_t bits = (uint16_t)mixed & (uint16_t)~ONCE;
    return bits == 0 ? ONCE << 1 : bits;
}

void ghost_add(struct ghost *g, uint64_t hash, bool once)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    memmove(line + 1, line, (GHOST_LINE - 1) * sizeof *line);
    line[0] = (uint16_t)(bits_of(mixed) | (once ? ONCE : 0));
}

enum ghost_found ghost_take(struct ghost *g, uint64_t hash, uint64_t within)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    uint32_t i = 0;
    while (i < GHOST_LINE && (line[i] & ~ONCE) != bits_of(mixed))
        i++;
    if (i == GHOST_LINE)
        return GHOST_NONE;
    const bool once = (line[i] & ONCE) != 0;
    memmove(line + i, line + i + 1, (GHOST_LINE - 1 - i) * sizeof *line);
    line[GHOST_LINE - 1] = 0;
    if ((uint64_t)i * g->lines >= within)
        return GHOST_NONE;
    return once ? GHOST_ONCE : GHOST_UNUSED;
}
