#include "ledger/checkpoint.h"

#include <stddef.h>
#include <string.h>

bool ledger_checkpoints_init(struct arena *arena, struct checkpoint_pool *pool, uint32_t max,
                             uint8_t bucket_bits)
{
    struct checkpoints *all = arena_take(arena, max, sizeof *all);
    if (all == NULL)
        return false;
    *pool = (struct checkpoint_pool){.at = all, .max = max, .buckets = 1ULL << bucket_bits};
    return true;
}

struct checkpoints *ledger_checkpoints_take(struct checkpoint_pool *pool)
{
    struct checkpoints *c = pool->free;
    if (c == NULL)
        return pool->lent_n < pool->max ? &pool->at[pool->lent_n++] : NULL;
    pool->free = c->next_free;
    c->n = 0;
    return c;
}

void ledger_checkpoints_give(struct checkpoint_pool *pool, struct checkpoints *c)
{
    if (c == NULL)
        return;
    c->next_free = pool->free;
    pool->free = c;
}

/**
 * How far apart, in a unit of its own, pairs of this age should lie. An answer over a events too many
 * marks a / buckets * exp(-age / buckets) buckets too many: an absolute measure, so young pairs need
 * not be closer than a fixed distance, and old ones, when nearly all is marked, hardly matter.
 */
static uint64_t want_apart(const struct checkpoint_pool *pool, uint64_t age)
{
    const uint64_t most = pool->buckets * 1024; /* the square does not overflow */
    const uint64_t a = age < most ? age : most;
    return pool->buckets / 8 + a + a * a / (pool->buckets * 4);
}

/** The pair without which the distance between its neighbours is the least, measured by their age. */
static uint32_t find_dispensable(const struct checkpoint_pool *pool, const struct checkpoints *c,
                                 uint64_t l)
{
    uint32_t best = 1;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 1; i + 1 < c->n; i++) {
        const uint64_t apart = c->at[i + 1].l - c->at[i - 1].l;
        const uint64_t cost = (apart << 16) / want_apart(pool, l - c->at[i].l);
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    return best;
}

void ledger_checkpoints_note(const struct checkpoint_pool *pool, struct checkpoints *c,
                             struct checkpoint now)
{
    if (c == NULL || (c->n > 0 && now.l - c->at[c->n - 1].l < pool->buckets / 1024))
        return;
    if (c->n == LEDGER_CHECKPOINTS) {
        const uint32_t i = find_dispensable(pool, c, now.l);
        memmove(&c->at[i], &c->at[i + 1], (c->n - i - 1) * sizeof c->at[0]);
        c->n--;
    }
    c->at[c->n++] = now;
}

uint64_t ledger_checkpoints_before(const struct checkpoints *c, uint64_t seq, uint64_t born)
{
    uint32_t n = c == NULL ? 0 : c->n;
    while (n > 0 && c->at[n - 1].head >= seq)
        n--;
    return n == 0 ? born : c->at[n - 1].l;
}
