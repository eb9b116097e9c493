#include "cache/ghost.h"

#include <assert.h>
#include <string.h>

#include "cache/mix.h"

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

/** Its bits, never 0. */
static uint16_t bits_of(uint64_t mixed)
{
    const uint16_t bits = (uint16_t)mixed;
    return bits == 0 ? 1 : bits;
}

void ghost_add(struct ghost *g, uint64_t hash)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    memmove(line + 1, line, (GHOST_LINE - 1) * sizeof *line);
    line[0] = bits_of(mixed);
}

bool ghost_take(struct ghost *g, uint64_t hash, uint64_t within)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    uint32_t i = 0;
    while (i < GHOST_LINE && line[i] != bits_of(mixed))
        i++;
    if (i == GHOST_LINE)
        return false;
    memmove(line + i, line + i + 1, (GHOST_LINE - 1 - i) * sizeof *line);
    line[GHOST_LINE - 1] = 0;
    return (uint64_t)i * g->lines < within;
}
