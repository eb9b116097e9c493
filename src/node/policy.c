#include "node/policy.h"

const struct policy *policy_of(const struct policies *all, struct slice ns)
{
    static const struct policy open = {.ack = {.level = ACK_LOCAL}};
    for (size_t i = 0; i < all->n; i++)
        if (slice_eq(all->at[i].ns, ns))
            return &all->at[i];
    return &open;
}

bool policies_strict(const struct policies *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->at[i].strict)
            return true;
    return false;
}

struct client_ack policy_ack(const struct policy *p, struct client_ack asked)
{
    if (asked.level != ACK_DEFAULT)
        return asked;
    if (p->ack.level != ACK_DEFAULT)
        return p->ack;
    return (struct client_ack){.level = p->strict ? ACK_FENCED : ACK_LOCAL};
}

static uint64_t at_most(uint64_t value, uint64_t max)
{
    return max != 0 && (value == 0 || value > max) ? max : value;
}

struct policy_life policy_life(const struct policy *p, struct policy_life asked)
{
    struct policy_life life = asked;
    if (life.ttl_ms == 0)
        life.ttl_ms = p->ttl_ms;
    life.ttl_ms = at_most(life.ttl_ms, p->ttl_max_ms);
    if (life.ttl_ms == 0 || p->stale_ms == 0)
        return life;
    /* What would end turns stale instead, and ends later. */
    life.fresh_ms = at_most(life.fresh_ms, life.ttl_ms);
    life.ttl_ms += p->stale_ms;
    return life;
}

struct policy_life policy_left(const struct policy *p, struct policy_life left)
{
    if (p->ttl_max_ms == 0)
        return left;
    left.ttl_ms = at_most(left.ttl_ms, p->ttl_max_ms + p->stale_ms);
    if (p->stale_ms != 0)
        left.fresh_ms = at_most(left.fresh_ms, p->ttl_max_ms);
    return left;
}
