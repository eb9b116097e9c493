#include "link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define LN_UNIT      1024 /* logarithms in 1,024ths */
#define LN_2         710
#define TAIL_PER     2000 /* one datagram of so many is late by a lot, where delay is a fault */
#define TAIL_MEAN_US (2 * US_PER_SEC)

/* ln(1 + (i + 1/2) / 64) */
static const uint16_t LN[64] = {8,   24,  39,  55,  70,  84,  99,  113, 128, 142, 156, 169, 183,
                                196, 209, 222, 235, 248, 260, 272, 285, 297, 308, 320, 332, 343,
                                355, 366, 377, 388, 399, 410, 421, 431, 442, 452, 462, 472, 482,
                                492, 502, 512, 521, 531, 541, 550, 559, 568, 578, 587, 596, 605,
                                613, 622, 631, 639, 648, 656, 665, 673, 681, 690, 698, 706};

/* -ln(U): U = 2^-(zeros + 1) x (1 + the bits behind the first one). */
uint64_t link_exponential(struct rng *r, uint64_t mean)
{
    const uint64_t bits = rng_next(r) | 1U;
    const unsigned zeros = (unsigned)__builtin_clzll(bits);
    const uint64_t behind = zeros >= 57 ? 0 : bits << (zeros + 1) >> 58;
    return mean * ((zeros + 1) * LN_2 - LN[behind]) / LN_UNIT;
}

struct link *link_at(struct sim *s, uint32_t from, uint32_t to)
{
    return &s->links[(size_t)from * s->cfg.nodes + to];
}

uint64_t link_delay(struct sim *s, const struct link *l)
{
    uint64_t delay = l->delay_min_us + link_exponential(&s->link_rng, l->delay_mean_us);
    if (l->delay_mean_us >= 1000 && rng_below(&s->link_rng, TAIL_PER) == 0)
        delay += link_exponential(&s->link_rng, TAIL_MEAN_US);
    return delay;
}

void link_set_all(struct sim *s, const struct link *values)
{
    for (size_t i = 0; i < (size_t)s->cfg.nodes * s->cfg.nodes; i++) {
        struct link *l = &s->links[i];
        l->loss = values->loss;
        l->dup = values->dup;
        l->delay_min_us = values->delay_min_us;
        l->delay_mean_us = values->delay_mean_us;
        l->capacity = values->capacity;
    }
}

struct addr link_addr(uint16_t slot)
{
    return (struct addr){
        .ip = {10, 0, (uint8_t)(slot >> 8), (uint8_t)slot}, .ip_len = 4, .port = 7946};
}

uint16_t link_slot(const struct addr *addr)
{
    const uint16_t slot = (uint16_t)(addr->ip[2] << 8 | addr->ip[3]);
    const struct addr same = link_addr(slot);
    return addr_eq(addr, &same) && slot < SIM_SLOTS ? slot : 0;
}

static void send_copy(struct sim *s, const struct packet *head, struct slice bytes, uint32_t to)
{
    struct link *l = link_at(s, head->from, to);
    if (l->queued >= l->capacity) {
        s->counters.overflowed++;
        return;
    }
    struct packet *p = malloc(sizeof *p + bytes.len);
    assert(p != NULL);
    *p = *head;
    memcpy(p->bytes, bytes.at, bytes.len);
    l->queued++;
    sim_plan(s, s->now + link_delay(s, l), EVENT_DATAGRAM, to)->p = p;
}

/* Where nobody has the address, the host may still be there to say so. */
static void send_nowhere(struct sim *s, uint32_t from, uint16_t slot)
{
    if (s->cfg.hints && slot != 0)
        sim_plan(s, s->now + US_PER_MS, EVENT_REFUSED, from)->a = slot;
}

void link_send(struct sim *s, uint32_t from, const struct addr *to, struct slice bytes)
{
    const uint16_t slot = link_slot(to);
    struct sim_node *n = &s->nodes[from];
    s->counters.datagrams++;
    s->counters.datagram_bytes += bytes.len;
    checks_datagram(s, n, slot, bytes);
    if (slot == 0 || s->owner[slot] == 0) {
        send_nowhere(s, from, slot);
        return;
    }
    const uint32_t target = s->owner[slot] - 1U;
    const struct link *l = link_at(s, from, target);
    if (l->cut || (l->loss > 0 && rng_chance(&s->link_rng, l->loss))) {
        s->counters.lost++;
        return;
    }
    struct packet head = {
        .len = (uint32_t)bytes.len, .from = from, .from_slot = n->slot, .to_slot = slot};
    if (l->dup > 0 && rng_chance(&s->link_rng, l->dup)) {
        head.twin = ++s->twins;
        s->twin_run[head.twin % ARRAY_LEN(s->twin_run)] = RUN_ANY;
        s->counters.duplicated++;
        send_copy(s, &head, bytes, target);
    }
    send_copy(s, &head, bytes, target);
}

/* The second of two copies must change nothing. */
static void receive_twin(struct sim *s, struct sim_node *n, const struct packet *p,
                         const struct node_in *in)
{
    uint32_t *accepted = &s->twin_run[p->twin % ARRAY_LEN(s->twin_run)];
    struct node_view before;
    struct node_view after;
    node_inspect(n->node, &before);
    node_recv(n->node, s->now, in);
    if (*accepted != n->run) {
        *accepted = n->run;
        return;
    }
    node_inspect(n->node, &after);
    s->counters.twins_refused++;
    if (before.index != after.index || before.view_hash != after.view_hash ||
        before.vector_hash != after.vector_hash || before.node.dots_in != after.node.dots_in)
        sim_fail(s, "n%u: a duplicated datagram of n%u changed something", n->i, p->from);
}

static void receive(struct sim *s, struct sim_node *n, const struct packet *p)
{
    const struct node_in in = {.kind = NODE_IN_DATAGRAM,
                               .from = link_addr(p->from_slot),
                               .bytes = slice_of(p->bytes, p->len)};
    checks_received(s, n, p->from_slot, p->len);
    if (p->twin != 0)
        receive_twin(s, n, p, &in);
    else
        node_recv(n->node, s->now, &in);
}

bool link_arrive(struct sim *s, struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    if (e->kind == EVENT_REFUSED) {
        if (n->up)
            node_recv(
                n->node, s->now,
                &(struct node_in){.kind = NODE_IN_UNREACHABLE, .from = link_addr((uint16_t)e->a)});
        return n->up;
    }
    const struct packet *p = e->p;
    struct link *l = link_at(s, p->from, n->i);
    l->queued -= l->queued > 0;
    if (!n->up || n->slot != p->to_slot || l->cut) {
        s->counters.lost++;
        if (!n->up && !l->cut)
            send_nowhere(s, p->from, p->to_slot);
        return false;
    }
    receive(s, n, p);
    return true;
}
