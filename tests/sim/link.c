#include "link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define LN_UNIT      1024 /* logarithms in 1,024ths */
#define LN_2         710
#define TAIL_PER     2000 /* one datagram of so many is late by a lot, where delay is a fault */
#define TAIL_MEAN_US (2 * US_PER_SEC)
#define HINT_US      US_PER_MS
#define FLIPS_MAX    8
#define SHORT_LEN    160 /* sealed worlds cannot tell messages apart but by their length */
#define COPIES       4096
#define CLASS_AT     3   /* of a packet: its class */
#define ASTRAY       300 /* permille of the replays that go to anybody */

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
    return &s->links[(size_t)from * s->all + to];
}

bool link_is_cut(const struct link *l)
{
    return l->cut || l->cuts > 0;
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
    for (size_t i = 0; i < (size_t)s->all * s->all; i++) {
        struct link *l = &s->links[i];
        const struct link was = *l;
        *l = *values;
        l->cut = was.cut;
        l->cuts = was.cuts;
        l->queued = was.queued;
        l->free_at = was.free_at;
        l->clogged_until = was.clogged_until;
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

/* ---- copies ---- */

static void copies_room(struct copies *c, uint32_t n)
{
    uint32_t room = COPIES;
    if (c->at != NULL)
        return;
    while (room < n)
        room *= 2;
    c->at = calloc(room, sizeof *c->at);
    assert(c->at != NULL);
    c->mask = room - 1;
}

/* Who believed it; NULL when that was forgotten, or it has no copies. */
static uint32_t *believer_of(struct copies *c, uint32_t number)
{
    if (number == 0 || c->at[number & c->mask].number != number)
        return NULL;
    return &c->at[number & c->mask].believer;
}

static uint32_t new_copy(struct copies *c)
{
    copies_room(c, COPIES);
    c->n++;
    c->at[c->n & c->mask] = (struct copy){.number = c->n, .believer = RUN_ANY};
    return c->n;
}

/* ---- the recorder ---- */

void link_record(struct sim *s, uint32_t permille, uint32_t max)
{
    struct recorder *r = &s->recorder;
    r->permille = permille;
    if (r->ring != NULL)
        return;
    r->ring = calloc(max, sizeof(struct packet *));
    assert(r->ring != NULL);
    r->max = max;
    copies_room(&s->copies, 2 * max); /* what was recorded is older than what is under way */
}

void link_fini(struct sim *s)
{
    struct recorder *r = &s->recorder;
    for (uint32_t i = 0; i < r->max; i++)
        free(r->ring[i]);
    free(r->ring);
    free(s->copies.at);
    *r = (struct recorder){0};
    s->copies = (struct copies){0};
}

static struct packet *packet_new(const struct packet *head, const uint8_t *bytes)
{
    struct packet *p = malloc(sizeof *p + head->len);
    assert(p != NULL);
    *p = *head;
    memcpy(p->bytes, bytes, head->len);
    return p;
}

static void record(struct sim *s, const struct packet *head, struct slice bytes)
{
    struct recorder *r = &s->recorder;
    struct packet **place = &r->ring[r->n++ % r->max];
    free(*place);
    *place = packet_new(head, bytes.at);
    (*place)->fate = PACKET_REPLAYED;
}

/* The network sends it from where it came from, to whatever address the node has now. */
void link_replay(struct sim *s, uint32_t to)
{
    struct recorder *r = &s->recorder;
    const uint32_t kept = r->n < r->max ? r->n : r->max;
    if (kept == 0)
        return;
    const struct packet *old = r->ring[rng_below(&s->replay_rng, kept)];
    struct packet *p = packet_new(old, old->bytes);
    p->to_slot = s->nodes[to].slot;
    s->counters.replayed++;
    sim_plan(s, s->now + link_exponential(&s->replay_rng, US_PER_MS), EVENT_DATAGRAM, to)->p = p;
}

static void replay_some(struct sim *s)
{
    struct rng *r = &s->replay_rng;
    const struct recorder *rec = &s->recorder;
    if (rec->n == 0 || !rng_chance(r, rec->permille))
        return;
    const uint32_t kept = rec->n < rec->max ? rec->n : rec->max;
    uint32_t to = rec->ring[rng_below(r, kept)]->meant_for;
    if (rng_chance(r, ASTRAY) || to == FOR_ANYBODY)
        to = (uint32_t)rng_below(r, s->all);
    link_replay(s, to);
}

/* ---- sending ---- */

/* Time on the wire, on the way, and in a clog. */
static mono_us arrival(struct sim *s, struct link *l, uint32_t len)
{
    if (l->us_per_kib > 0) {
        l->free_at = time_max(l->free_at, s->now) + (uint64_t)len * l->us_per_kib / 1024;
        return time_max(l->free_at + link_delay(s, l), l->clogged_until);
    }
    return time_max(s->now + link_delay(s, l), l->clogged_until);
}

static void send_copy(struct sim *s, const struct packet *head, struct slice bytes, uint32_t to)
{
    struct link *l = link_at(s, head->from, to);
    if (l->queued >= l->capacity) {
        s->counters.overflowed++;
        return;
    }
    struct packet *p = packet_new(head, bytes.at);
    l->queued++;
    sim_plan(s, arrival(s, l, p->len), EVENT_DATAGRAM, to)->p = p;
}

/* Besides the whole one, or instead of it, some bits or a tail of it arrive. Returns: does the whole
 * one arrive? */
static bool send_damaged(struct sim *s, const struct packet *head, struct slice bytes, uint32_t to)
{
    struct rng *r = &s->flip_rng;
    struct packet damaged = *head;
    struct link *l = link_at(s, head->from, to);
    damaged.fate = PACKET_DAMAGED;
    damaged.copy = 0;
    if (rng_chance(r, 200))
        damaged.len = (uint32_t)rng_below(r, head->len);
    struct packet *p = packet_new(&damaged, bytes.at);
    const uint64_t flips = damaged.len < head->len ? 0 : 1 + rng_below(r, FLIPS_MAX);
    for (uint64_t i = 0; i < flips; i++) {
        const uint64_t at = rng_below(r, damaged.len);
        p->bytes[at] ^= (uint8_t)(1U << rng_below(r, 8));
    }
    if (memcmp(p->bytes, bytes.at, p->len) == 0 && p->len == head->len)
        p->bytes[0] ^= 1; /* two flips of one bit */
    l->queued++;
    s->counters.damaged++;
    sim_plan(s, arrival(s, l, p->len), EVENT_DATAGRAM, to)->p = p;
    return rng_chance(r, 500);
}

/* Where nobody has the address, the host may still be there to say so. */
static void send_nowhere(struct sim *s, uint32_t from, uint16_t slot)
{
    if (s->cfg.hints && slot != 0)
        sim_plan(s, s->now + HINT_US, EVENT_REFUSED, from)->a = slot;
}

static bool is_burst(struct sim *s, struct link *l)
{
    if (l->burst_len == 0)
        return false;
    /* In the long run `burst` of 1,000 datagrams meet a bad link. */
    if (l->bad)
        l->bad = rng_below(&s->loss_rng, l->burst_len) > 0;
    else
        l->bad = rng_below(&s->loss_rng, 1000ULL * l->burst_len) < l->burst;
    return l->bad;
}

static bool is_filtered(const struct sim *s, const struct link *l, struct slice bytes)
{
    if (l->types == 0)
        return false;
    return s->cfg.sealed ? bytes.len < SHORT_LEN : (l->types >> checks_type(bytes) & 1) != 0;
}

static bool is_too_long(struct sim *s, const struct link *l, uint32_t from, uint16_t slot,
                        size_t len)
{
    if (l->mtu == 0 || len <= l->mtu)
        return false;
    s->counters.too_long++;
    if (l->mtu_told)
        sim_plan(s, s->now + HINT_US, EVENT_TOO_BIG, from)->a = slot;
    return true;
}

static bool is_lost(struct sim *s, struct link *l, struct slice bytes)
{
    return link_is_cut(l) || is_burst(s, l) || is_filtered(s, l, bytes) ||
           (l->loss > 0 && rng_chance(&s->loss_rng, l->loss));
}

/* Number what has copies, and record it. */
static void number_copies(struct sim *s, struct packet *head, bool twice, struct slice bytes)
{
    if (twice || s->recorder.max > 0)
        head->copy = new_copy(&s->copies);
    if (s->recorder.max > 0)
        record(s, head, bytes);
}

void link_send(struct sim *s, uint32_t from, const struct addr *to, struct slice bytes)
{
    const uint16_t slot = link_slot(to);
    struct sim_node *n = &s->nodes[from];
    s->counters.datagrams++;
    n->datagrams++;
    s->counters.datagram_bytes += bytes.len;
    checks_datagram(s, n, slot, bytes);
    if (slot == 0 || s->owner[slot] == 0) {
        send_nowhere(s, from, slot);
        return;
    }
    const uint32_t target = s->owner[slot] - 1U;
    struct link *l = link_at(s, from, target);
    struct packet head = {.len = (uint32_t)bytes.len,
                          .from = from,
                          .from_slot = n->slot,
                          .to_slot = slot,
                          .meant_for = s->shared[slot] ? FOR_ANYBODY : target};
    const bool twice = l->dup > 0 && rng_chance(&s->dup_rng, l->dup);
    number_copies(s, &head, twice, bytes);
    if (s->recorder.max > 0)
        replay_some(s);
    if (is_lost(s, l, bytes) || is_too_long(s, l, from, slot, bytes.len)) {
        s->counters.lost++;
        return;
    }
    if (l->flip > 0 && rng_chance(&s->flip_rng, l->flip) && !send_damaged(s, &head, bytes, target))
        return;
    s->counters.duplicated += twice;
    if (twice)
        send_copy(s, &head, bytes, target);
    send_copy(s, &head, bytes, target);
}

/* ---- arriving ---- */

static uint64_t dropped(const struct node_counters *c)
{
    return c->dropped_size + c->dropped_malformed + c->dropped_version + c->dropped_key +
           c->dropped_plain + c->dropped_unauthentic + c->dropped_replay + c->dropped_decode +
           c->dropped_unproven + c->dropped_peers_full + c->own_packets;
}

/* Is everything as it was, but counters of what was dropped? */
static bool is_same(const struct node_view *a, const struct node_view *b)
{
    return a->index == b->index && a->head == b->head && a->view_hash == b->view_hash &&
           a->vector_hash == b->vector_hash && a->gaps == b->gaps && a->log_n == b->log_n &&
           a->state == b->state && a->lhm == b->lhm && a->isolated == b->isolated &&
           a->members == b->members && a->origins == b->origins && a->version == b->version &&
           a->node.dots_in == b->node.dots_in && memcmp(&a->swim, &b->swim, sizeof a->swim) == 0 &&
           memcmp(&a->ledger, &b->ledger, sizeof a->ledger) == 0 &&
           memcmp(&a->spread, &b->spread, sizeof a->spread) == 0 &&
           memcmp(&a->heal, &b->heal, sizeof a->heal) == 0;
}

/* Why it must change nothing at all here, whatever came before; CHECKS when it may. Only the first
 * word to an address is not sealed for one node alone. */
static enum check must_fail(const struct sim *s, const struct sim_node *n, const struct packet *p)
{
    const bool to_anybody = p->len > CLASS_AT && p->bytes[CLASS_AT] == PACKET_JOIN;
    if (s->nodes[p->from].foreign != n->foreign)
        return CHECK_S7;
    if (p->fate == PACKET_DAMAGED ||
        (p->meant_for != n->i && p->meant_for != FOR_ANYBODY && !to_anybody))
        return CHECK_S6;
    return CHECKS;
}

/* A packet that has copies, or should not be there at all. */
static void receive_odd(struct sim *s, struct sim_node *n, const struct packet *p,
                        const struct node_in *in)
{
    const enum check inert = must_fail(s, n, p);
    struct node_view before;
    struct node_view after;
    node_inspect(n->node, &before);
    node_recv(n->node, sim_local(s, n->i), in);
    node_inspect(n->node, &after);
    const bool believed = dropped(&after.node) == dropped(&before.node);
    uint32_t *believer = believer_of(&s->copies, p->copy);
    if (inert != CHECKS)
        sim_checked(s, inert);
    if (inert != CHECKS && (believed || !is_same(&before, &after)))
        sim_violate(s, inert, "n%u: a datagram of n%u that is %s changed something", n->i, p->from,
                    p->fate == PACKET_DAMAGED ? "damaged" : "not for it");
    if (inert != CHECKS || believer == NULL)
        return;
    if (*believer != n->run) {
        *believer = believed ? n->run : *believer;
        return;
    }
    s->counters.copies_refused++;
    sim_checked(s, CHECK_S4);
    sim_checked(s, CHECK_I8);
    if (believed)
        sim_violate(s, CHECK_S4, "n%u believed a datagram of n%u twice", n->i, p->from);
    if (before.index != after.index || before.view_hash != after.view_hash ||
        before.vector_hash != after.vector_hash || before.node.dots_in != after.node.dots_in)
        sim_violate(s, CHECK_I8, "n%u: a second copy of a datagram of n%u changed something", n->i,
                    p->from);
}

static void receive(struct sim *s, struct sim_node *n, const struct packet *p)
{
    const struct node_in in = {.kind = NODE_IN_DATAGRAM,
                               .from = link_addr(p->from_slot),
                               .bytes = slice_of(p->bytes, p->len)};
    checks_received(s, n, p->from_slot, p->len);
    if (p->copy != 0 || p->fate != PACKET_WHOLE || s->nodes[p->from].foreign != n->foreign)
        receive_odd(s, n, p, &in);
    else
        node_recv(n->node, sim_local(s, n->i), &in);
}

/* Word of the network: nobody is there, or it was too long. */
static bool hint(struct sim *s, const struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    const struct node_in in = {.kind =
                                   e->kind == EVENT_REFUSED ? NODE_IN_UNREACHABLE : NODE_IN_TOO_BIG,
                               .from = link_addr((uint16_t)e->a)};
    if (n->up)
        node_recv(n->node, sim_local(s, n->i), &in);
    return n->up;
}

void link_forget(struct sim *s, const struct event *e)
{
    const struct packet *p = e->p;
    struct link *l = link_at(s, p->from, e->node);
    if (p->fate != PACKET_REPLAYED)
        l->queued -= l->queued > 0;
}

bool link_arrive(struct sim *s, struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    if (e->kind != EVENT_DATAGRAM)
        return hint(s, e);
    const struct packet *p = e->p;
    struct link *l = link_at(s, p->from, n->i);
    const bool again = p->fate == PACKET_REPLAYED;
    link_forget(s, e);
    if (!n->up || n->slot != p->to_slot || (link_is_cut(l) && !again)) {
        s->counters.lost++;
        if (!n->up && !link_is_cut(l) && !again)
            send_nowhere(s, p->from, p->to_slot);
        return false;
    }
    receive(s, n, p);
    return true;
}
