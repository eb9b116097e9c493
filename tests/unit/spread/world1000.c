#include "world1000.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define NODES    1000
#define ORIGIN   0
#define HALF_RTT 250ULL
#define COVER_US 500ULL     /* a cover waits that long for company */
#define LAZY_US  (20 * MS)  /* a cover of relayed dots may wait that long for the origin */
#define GRACE_US (5 * MS)   /* between hearing of a dot and pulling it */
#define OTHER_US (200 * MS) /* until a packet leaves for another reason */
#define EVENTS   65536
#define ROUND    64 /* dots for which the relays stay the same */

enum event_kind {
    DOT,       /* from `from` arrives at `to` */
    DOT_RELAY, /* the same, to be passed on */
    HEAD,      /* of the origin, alone */
    PULL,      /* `to` asks the origin for what it still lacks */
    COVER      /* of member `from` arrives at `to` */
};

struct event {
    mono_us at;
    uint64_t order;
    uint16_t from;
    uint16_t to;
    uint8_t kind;
};

/** Gilbert and Elliott's: in its bad state a link loses everything. */
struct chain {
    bool bad;
};

struct member {
    uint64_t id;
    struct rig rig; /* s is NULL while it never had to relay */
    struct chain up;
    struct chain down;
    uint64_t has; /* newest dot */
    mono_us acked_at;
    mono_us free_at; /* when it has sent all that it had to */
    uint16_t acked_to;
    bool dead;
};

struct world1000 {
    struct member members[NODES];
    uint16_t nodes;
    struct event heap[EVENTS];
    uint32_t heap_n;
    uint64_t order;
    mono_us now;
    struct rng rng;
    struct weather weather;
    uint32_t kill_n;
    uint32_t told_n;
    uint64_t sent_n;
    uint64_t origin_sent_n;
    uint64_t heads_n;
    uint64_t seq;
    mono_us last_at;
};

/* ---- time ---- */

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void swap(struct event *a, struct event *b)
{
    const struct event c = *a;
    *a = *b;
    *b = c;
}

static void push(struct world1000 *w, struct event e)
{
    cr_assert_lt(w->heap_n, (uint32_t)EVENTS);
    e.order = w->order++;
    uint32_t i = w->heap_n++;
    w->heap[i] = e;
    for (; i > 0 && earlier(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct event pop(struct world1000 *w)
{
    const struct event first = w->heap[0];
    w->heap[0] = w->heap[--w->heap_n];
    uint32_t i = 0;
    while (2 * i + 1 < w->heap_n) {
        uint32_t least = 2 * i + 1;
        if (least + 1 < w->heap_n && earlier(&w->heap[least + 1], &w->heap[least]))
            least++;
        if (!earlier(&w->heap[least], &w->heap[i]))
            break;
        swap(&w->heap[least], &w->heap[i]);
        i = least;
    }
    return first;
}

/* ---- the network ---- */

/** Is the next packet of this direction lost? Bursts: leave the bad state in one of `burst` packets,
 *  enter it as often as gives the same share of losses. */
static bool lost(struct world1000 *w, struct chain *chain)
{
    const uint32_t loss = w->weather.loss;
    if (w->weather.burst <= 1)
        return rng_chance(&w->rng, loss);
    const uint64_t scale = 1000000;
    const uint64_t leave = scale / w->weather.burst;
    const uint64_t enter = leave * loss / (1000 - loss);
    const bool turns = rng_below(&w->rng, scale) < (chain->bad ? leave : enter);
    chain->bad = chain->bad != turns;
    return chain->bad;
}

static uint16_t find(const struct world1000 *w, uint64_t id)
{
    uint16_t i = 0;
    while (w->members[i].id != id)
        i++;
    return i;
}

static void send_cover(struct world1000 *w, uint16_t from, uint16_t to, mono_us at)
{
    if (!lost(w, &w->members[to].down))
        push(w, (struct event){.at = at + HALF_RTT, .from = from, .to = to, .kind = COVER});
}

/* A datagram leaves when those before it have left. */
static void send(struct world1000 *w, uint16_t i, uint16_t to, enum event_kind kind)
{
    struct member *m = &w->members[i];
    m->free_at = time_max(m->free_at, w->now) + w->weather.send_us;
    if (!lost(w, &m->up))
        push(w, (struct event){
                    .at = m->free_at + HALF_RTT, .from = i, .to = to, .kind = (uint8_t)kind});
}

static void take_outputs(struct world1000 *w, uint16_t i)
{
    struct member *m = &w->members[i];
    struct spread_out out;
    while (spread_poll(m->rig.s, w->now, ROOM, &out)) {
        struct dots_reader r = dots_reader_of(out.dots);
        struct dot d;
        if (!dots_next(&r, &d)) {
            w->heads_n++;
            send(w, i, find(w, out.to), HEAD);
            continue;
        }
        cr_assert_eq(d.seq, w->seq);
        cr_assert(i == ORIGIN || !d.relay, "relays do not ask for relaying");
        w->sent_n++;
        w->origin_sent_n += i == ORIGIN;
        send(w, i, find(w, out.to), d.relay ? DOT_RELAY : DOT);
    }
}

/* ---- nodes ---- */

static void start_spread(struct world1000 *w, uint16_t i)
{
    struct spread_cfg cfg = small_cfg();
    cfg.links_max = NODES;
    cfg.self_id = w->members[i].id;
    cfg.epoch = i == ORIGIN ? SELF : SELF + i;
    cfg.relay_max = 64;
    w->members[i].rig = make(&cfg);
    for (uint16_t j = 0; j < w->nodes; j++) {
        if (j == i)
            continue;
        cr_assert_eq(spread_link_up(w->members[i].rig.s, w->now, w->members[j].id, 0), OK);
        spread_rtt(w->members[i].rig.s, w->members[j].id, 2 * HALF_RTT);
    }
}

static void forward(struct world1000 *w, uint16_t i)
{
    struct member *m = &w->members[i];
    const struct dot d = {
        .epoch = SELF, .seq = w->seq, .kind = DOT_KEY, .hash = w->seq * 3, .relay = true};
    if (m->rig.s == NULL) {
        m->dead = w->kill_n > 0;
        w->kill_n -= m->dead;
        if (m->dead)
            return;
        start_spread(w, i);
    }
    spread_relay(m->rig.s, w->now, w->members[ORIGIN].id, &d);
    take_outputs(w, i);
}

static void on_dot(struct world1000 *w, const struct event *e)
{
    struct member *m = &w->members[e->to];
    if (e->kind == DOT_RELAY && !m->dead)
        forward(w, e->to);
    if (m->dead)
        return;
    if (m->has < w->seq)
        w->last_at = w->now;
    m->has = w->seq;
    if (m->acked_at == w->now && m->acked_to == e->from)
        return; /* one packet says it for all copies */
    m->acked_at = w->now;
    m->acked_to = e->from;
    send_cover(w, e->to, e->from, w->now + COVER_US);
    if (e->from != ORIGIN)
        send_cover(w, e->to, ORIGIN, w->now + LAZY_US);
}

static void on_head(struct world1000 *w, const struct event *e)
{
    const struct member *m = &w->members[e->to];
    if (m->dead)
        return;
    if (m->has == w->seq)
        send_cover(w, e->to, ORIGIN, w->now + OTHER_US);
    else
        push(w, (struct event){.at = w->now + GRACE_US, .to = e->to, .kind = PULL});
}

static void on_pull(struct world1000 *w, const struct event *e)
{
    if (w->members[e->to].has == w->seq || lost(w, &w->members[ORIGIN].down))
        return;
    w->sent_n++;
    w->origin_sent_n++;
    if (!lost(w, &w->members[ORIGIN].up))
        push(w, (struct event){.at = w->now + 2 * HALF_RTT, .to = e->to, .kind = DOT});
}

static void on_cover(struct world1000 *w, const struct event *e)
{
    struct spread *s = w->members[e->to].rig.s;
    const struct cover c = {.epoch = SELF, .applied = w->members[e->from].has};
    if (e->to == ORIGIN)
        spread_cover(s, w->now, w->members[e->from].id, &c);
    else
        spread_cover_relayed(s, w->now, w->members[e->from].id, &c);
}

/* ---- running ---- */

static mono_us next_time(const struct world1000 *w)
{
    mono_us at = w->heap_n > 0 ? w->heap[0].at : NEVER;
    for (uint16_t i = 0; i < w->nodes; i++) {
        if (w->members[i].rig.s != NULL)
            at = time_min(at, spread_deadline(w->members[i].rig.s));
    }
    return at;
}

static void step(struct world1000 *w)
{
    while (w->heap_n > 0 && w->heap[0].at <= w->now) {
        const struct event e = pop(w);
        void (*const on[])(struct world1000 *, const struct event *) = {[DOT] = on_dot,
                                                                        [DOT_RELAY] = on_dot,
                                                                        [HEAD] = on_head,
                                                                        [PULL] = on_pull,
                                                                        [COVER] = on_cover};
        on[e.kind](w, &e);
    }
    for (uint16_t i = 0; i < w->nodes; i++) {
        if (w->members[i].rig.s != NULL && spread_deadline(w->members[i].rig.s) <= w->now)
            take_outputs(w, i);
    }
}

static bool everybody_has(const struct world1000 *w)
{
    for (uint16_t i = 1; i < w->nodes; i++) {
        if (w->members[i].has < w->seq && !w->members[i].dead)
            return false;
    }
    return true;
}

/** Relays change from round to round: only those of one are kept, for the memory that they need. */
static void drop_relays(struct world1000 *w)
{
    for (uint16_t i = 1; i < w->nodes; i++) {
        drop(&w->members[i].rig);
        w->members[i].rig = (struct rig){0};
    }
}

struct told world1000_tell(struct world1000 *w, const struct weather *weather, uint32_t active)
{
    struct rig *origin = &w->members[ORIGIN].rig;
    w->weather = *weather;
    w->sent_n = 0;
    w->origin_sent_n = 0;
    w->heads_n = 0;
    w->now += US_PER_SEC;
    if (++w->told_n % ROUND == 0)
        drop_relays(w);
    const mono_us begin = w->now;
    spread_active(origin->s, active);
    issue(origin, w->now, 1);
    w->seq = origin->seq;
    for (mono_us at = w->now; at != NEVER && at < begin + 2 * US_PER_SEC; at = next_time(w)) {
        w->now = at;
        step(w);
    }
    cr_assert(everybody_has(w));
    return (struct told){.last_us = w->last_at - begin,
                         .copies_e3 = w->sent_n * 1000 / (w->nodes - 1U),
                         .heads = w->heads_n,
                         .origin_sent = w->origin_sent_n};
}

void world1000_kill_relays(struct world1000 *w, uint32_t n)
{
    w->kill_n = n;
}

struct world1000 *world1000_new(uint64_t seed, uint32_t nodes)
{
    cr_assert(nodes >= 2 && nodes <= NODES);
    struct world1000 *w = calloc(1, sizeof *w);
    cr_assert_not_null(w);
    rng_init(&w->rng, seed);
    w->nodes = (uint16_t)nodes;
    for (uint16_t i = 0; i < w->nodes; i++)
        w->members[i].id = rng_next(&w->rng) | 1;
    start_spread(w, ORIGIN);
    return w;
}

void world1000_free(struct world1000 *w)
{
    for (uint16_t i = 0; i < w->nodes; i++)
        drop(&w->members[i].rig);
    free(w);
}
