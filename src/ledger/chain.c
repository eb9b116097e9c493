#include "ledger/chain.h"

#include <assert.h>
#include <stddef.h>

bool ledger_chains_init(struct arena *arena, struct chains *c, uint32_t max)
{
    assert(max >= 1 && (max & (max - 1)) == 0);
    uint32_t *newest = arena_take(arena, max, sizeof *newest);
    uint32_t *older = arena_take(arena, max, sizeof *older);
    if (newest == NULL || older == NULL)
        return false;
    *c = (struct chains){.newest = newest, .older = older, .mask = max - 1};
    return true;
}

uint64_t ledger_chains_add(struct chains *c, uint64_t hash)
{
    uint32_t *newest = &c->newest[hash & c->mask];
    const uint32_t named = (uint32_t)c->added + 1;
    /* The head may be overwritten long since; who follows the chain sees that by the distance. */
    c->older[c->added & c->mask] = *newest == 0 ? 0 : named - *newest;
    *newest = named;
    return c->added++;
}

bool ledger_chains_first(const struct chains *c, uint64_t hash, uint64_t *position)
{
    const uint32_t named = c->newest[hash & c->mask];
    const uint32_t age = (uint32_t)c->added - named;
    if (named == 0 || age >= ledger_chains_n(c))
        return false;
    *position = c->added - 1 - age;
    return true;
}

bool ledger_chains_next(const struct chains *c, uint64_t *position)
{
    const uint32_t back = c->older[*position & c->mask];
    if (back == 0 || back + (c->added - *position) > ledger_chains_n(c))
        return false;
    *position -= back;
    return true;
}

uint32_t ledger_chains_n(const struct chains *c)
{
    return c->added <= c->mask ? (uint32_t)c->added : c->mask + 1;
}
