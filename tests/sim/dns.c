#include "dns.h"

#include "world.h"

#define ANSWER_MEAN_US (3 * US_PER_MS)
#define TTL_S          5

static uint32_t list_zone(const struct sim *s, uint16_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[i].slot != 0)
            out[n++] = s->nodes[i].slot;
    return n;
}

void dns_set(struct sim *s, enum dns_mode mode)
{
    s->dns.mode = mode;
    s->dns.stale_n = list_zone(s, s->dns.stale);
}

void dns_ask(struct sim *s, uint32_t node)
{
    s->counters.lookups++;
    if (s->dns.mode == DNS_HANG)
        return;
    struct event *e =
        sim_plan(s, s->now + link_exponential(&s->dns_rng, ANSWER_MEAN_US), EVENT_NAMES, node);
    e->b = s->dns.mode;
    e->run = s->nodes[node].run;
}

bool dns_answer(struct sim *s, const struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    uint16_t zone[DNS_NAMES_MAX];
    struct addr names[DNS_NAMES_MAX];
    struct node_in in = {.kind = NODE_IN_NAMES, .names = names, .names_ttl_s = TTL_S};
    if (!n->up || n->run != e->run)
        return false;
    uint32_t zone_n = e->b == DNS_NXDOMAIN ? 0 : list_zone(s, zone);
    const uint16_t *slots = zone;
    if (e->b == DNS_STALE) {
        slots = s->dns.stale;
        zone_n = s->dns.stale_n;
    }
    for (uint32_t i = 0; i < zone_n; i++) {
        const uint32_t owner = s->owner[slots[i]];
        if (owner == 0 || (s->dns.seen[n->i] >> (owner - 1) & 1) != 0)
            names[in.names_n++] = link_addr(slots[i]);
    }
    node_recv(n->node, s->now, &in);
    return true;
}
