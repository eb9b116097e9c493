#include "gossiped.h"

#include <criterion/criterion.h>

#include "base/time.h"

#define NODES    1000
#define FANOUT   3
#define TICK_US  (200 * US_PER_MS)
#define HALF_RTT 250ULL

struct node {
    mono_us tick_at;  /* next, whether or not there is something to tell */
    mono_us heard_at; /* NEVER: not yet */
    uint32_t left;    /* transmissions */
};

struct play {
    struct rng *rng;
    struct node node[NODES];
    uint32_t nodes;
    uint32_t loss;
    uint32_t sent;
};

/* 4 x ceil(log10(n + 1)) */
static uint32_t limit_of(uint32_t n)
{
    uint32_t digits = 0;
    for (uint64_t power = 1; power < n + 1; power *= 10)
        digits++;
    return 4 * digits;
}

static void hear(struct play *p, uint32_t i, mono_us at)
{
    if (p->node[i].heard_at != NEVER)
        return;
    p->node[i].heard_at = at;
    p->node[i].left = limit_of(p->nodes);
}

static bool is_new(const uint32_t *chosen, uint32_t n, uint32_t i)
{
    for (uint32_t k = 0; k < n; k++) {
        if (chosen[k] == i)
            return false;
    }
    return true;
}

static void tick(struct play *p, uint32_t i)
{
    struct node *n = &p->node[i];
    uint32_t chosen[FANOUT + 1] = {i};
    const uint32_t fanout = p->nodes - 1 < FANOUT ? p->nodes - 1 : FANOUT;
    for (uint32_t k = 1; k <= fanout && n->left > 0;) {
        const uint32_t to = (uint32_t)rng_below(p->rng, p->nodes);
        if (!is_new(chosen, k, to))
            continue;
        chosen[k++] = to;
        n->left--;
        p->sent++;
        if (!rng_chance(p->rng, p->loss))
            hear(p, to, n->tick_at + HALF_RTT);
    }
    n->tick_at += TICK_US;
}

/** The node whose tick with something to tell comes next; the number of nodes when there is none. */
static uint32_t next_teller(struct play *p)
{
    uint32_t who = p->nodes;
    mono_us at = NEVER;
    for (uint32_t i = 0; i < p->nodes; i++) {
        struct node *n = &p->node[i];
        if (n->left == 0)
            continue;
        while (n->tick_at < n->heard_at)
            n->tick_at += TICK_US;
        if (n->tick_at < at) {
            at = n->tick_at;
            who = i;
        }
    }
    return who;
}

struct gossiped gossiped_play(struct rng *rng, uint32_t nodes, uint32_t loss_permille)
{
    static struct play p;
    struct gossiped g = {0};
    cr_assert(nodes >= 3 && nodes <= NODES);
    p = (struct play){.rng = rng, .nodes = nodes, .loss = loss_permille};
    for (uint32_t i = 0; i < nodes; i++)
        p.node[i] = (struct node){.tick_at = rng_below(rng, TICK_US), .heard_at = NEVER};
    hear(&p, 0, 0);
    for (uint32_t i = next_teller(&p); i < nodes; i = next_teller(&p))
        tick(&p, i);
    for (uint32_t i = 0; i < nodes; i++) {
        g.missed_n += p.node[i].heard_at == NEVER;
        if (p.node[i].heard_at != NEVER)
            g.last_us = time_max(g.last_us, p.node[i].heard_at);
    }
    g.copies_e3 = (uint64_t)p.sent * 1000 / (nodes - 1);
    return g;
}
