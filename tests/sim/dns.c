#include "dns.h"

#include "world.h"

#define ANSWER_MEAN_US (3 * US_PER_MS)
#define SLOW_MEAN_US   (4 * US_PER_SEC)
#define TTL_S          5
#define STRANGERS      3 /* addresses of nobody in a foreign zone */

/* The addresses of the nodes from `first` up to `end`. */
static uint32_t list_nodes(const struct sim *s, uint32_t first, uint32_t end, uint16_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = first; i < end; i++)
        if (s->nodes[i].slot != 0)
            out[n++] = s->nodes[i].slot;
    return n;
}

/* Addresses from the end of the world, where nobody is, but a few. */
static uint32_t add_strangers(uint16_t *out, uint32_t n, uint32_t up_to)
{
    for (uint32_t i = 0; n < up_to; i++)
        out[n++] = (uint16_t)(SIM_SLOTS - 1 - i);
    return n;
}

static uint32_t list_zone(const struct sim *s, enum dns_mode mode, uint16_t *out)
{
    const uint32_t own = s->cfg.nodes;
    uint32_t n = 0;
    switch (mode) {
    case DNS_NXDOMAIN:
        return 0;
    case DNS_FOREIGN:
        n = list_nodes(s, own, s->all, out);
        return add_strangers(out, n, n + STRANGERS);
    case DNS_MANY:
        n = list_nodes(s, 0, own, out);
        return add_strangers(out, n, DNS_NAMES_MAX);
    default:
        return list_nodes(s, 0, own, out);
    }
}

void dns_set(struct sim *s, enum dns_mode mode)
{
    s->dns.mode = mode;
    s->dns.stale_n = list_zone(s, DNS_RIGHT, s->dns.stale);
}

void dns_ask(struct sim *s, uint32_t node)
{
    const uint64_t mean = s->dns.mode == DNS_SLOW ? SLOW_MEAN_US : ANSWER_MEAN_US;
    s->counters.lookups++;
    if (s->dns.mode == DNS_HANG)
        return;
    struct event *e = sim_plan(s, s->now + link_exponential(&s->dns_rng, mean), EVENT_NAMES, node);
    e->b = s->dns.mode;
    e->run = s->nodes[node].run;
}

/* Nodes of another cluster ask in their own zone, which names us, too. */
static uint32_t zone_of(const struct sim *s, const struct event *e, uint16_t *out)
{
    const enum dns_mode mode = (enum dns_mode)e->b;
    if (s->nodes[e->node].foreign)
        return list_nodes(s, 0, s->all, out);
    if (mode != DNS_STALE)
        return list_zone(s, mode, out);
    for (uint32_t i = 0; i < s->dns.stale_n; i++)
        out[i] = s->dns.stale[i];
    return s->dns.stale_n;
}

bool dns_answer(struct sim *s, const struct event *e)
{
    static struct addr names[DNS_NAMES_MAX];
    static uint16_t zone[DNS_NAMES_MAX];
    struct sim_node *n = &s->nodes[e->node];
    struct node_in in = {.kind = NODE_IN_NAMES, .names = names, .names_ttl_s = TTL_S};
    if (!n->up || n->run != e->run)
        return false;
    const uint32_t zone_n = zone_of(s, e, zone);
    for (uint32_t i = 0; i < zone_n; i++) {
        const uint32_t owner = s->owner[zone[i]];
        if (owner == 0 || (s->dns.seen[n->i] >> (owner - 1) & 1) != 0)
            names[in.names_n++] = link_addr(zone[i]);
    }
    node_recv(n->node, sim_local(s, n->i), &in);
    return true;
}
