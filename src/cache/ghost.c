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

/** Lines for so many ghosts: a quarter is spare, as they do not come to all lines alike. */
static uint32_t lines_for(const struct ghost *g, uint64_t leavings)
{
    const uint64_t lines = leavings / (GHOST_LINE - GHOST_LINE / 4) + 1;
    return lines < g->lines ? (uint32_t)lines : g->lines;
}

void ghost_reach(struct ghost *g, uint64_t leavings)
{
    const uint32_t lines = lines_for(g, leavings);
    /* What other lines hold, and what these held before, says nothing any more, and looks like strangers.
     */
    if (lines > g->lines_used + g->lines_used / 4 || lines < g->lines_used / 2)
        g->lines_used = lines;
    g->reach = leavings;
}

/** The line of a mixed hash. */
static uint16_t *line_of(const struct ghost *g, uint64_t mixed)
{
    return g->at + (uint64_t)((mixed >> 32) * g->lines_used >> 32) * GHOST_LINE;
}

/** Its bits, never 0, above the mark. */
static uint16_t bits_of(uint64_t mixed)
{
    const uint16_t bits = (uint16_t)mixed & (uint16_t)~ONCE;
    return bits == 0 ? ONCE << 1 : bits;
}

void ghost_hint(const struct ghost *g, uint64_t hash)
{
    if (g->lines_used > 0)
        __builtin_prefetch(line_of(g, mix_hash(hash, g->seed)), 1);
}

void ghost_add(struct ghost *g, uint64_t hash, bool once)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    assert(g->lines_used > 0);
    memmove(line + 1, line, (GHOST_LINE - 1) * sizeof *line);
    line[0] = (uint16_t)(bits_of(mixed) | (once ? ONCE : 0));
}

enum ghost_found ghost_take(struct ghost *g, uint64_t hash)
{
    const uint64_t mixed = mix_hash(hash, g->seed);
    uint16_t *line = line_of(g, mixed);
    uint32_t i = 0;
    if (g->lines_used == 0) /* none has left yet: no look at memory that is not in use otherwise */
        return GHOST_NONE;
    while (i < GHOST_LINE && (line[i] & ~ONCE) != bits_of(mixed))
        i++;
    if (i == GHOST_LINE)
        return GHOST_NONE;
    const bool once = (line[i] & ONCE) != 0;
    memmove(line + i, line + i + 1, (GHOST_LINE - 1 - i) * sizeof *line);
    line[GHOST_LINE - 1] = 0;
    if ((uint64_t)i * g->lines_used >= g->reach)
        return GHOST_NONE;
    return once ? GHOST_ONCE : GHOST_UNUSED;
}
