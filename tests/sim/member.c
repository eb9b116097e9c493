#include "member.h"

#include <assert.h>
#include <stdlib.h>

#define LOOK_US  (10 * US_PER_MS)
#define AGREE_US (20 * US_PER_SEC)

/* ---- taps ---- */

/* Whom the next step touches: as sim_step() decides it, sockets before timers. */
static void show_next(struct sim *s, const struct member_tap *tap)
{
    uint32_t waking = 0;
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        if (s->wake[i] < s->wake[waking])
            waking = i;
    if (s->queue.n > 0 && queue_next_at(&s->queue) <= s->wake[waking])
        tap->before(s, tap->ctx, s->queue.heap[0].event->node, s->queue.heap[0].event);
    else
        tap->before(s, tap->ctx, waking, NULL);
}

static mono_us next_at(const struct sim *s)
{
    mono_us at = queue_next_at(&s->queue);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        at = time_min(at, s->wake[i]);
    return at;
}

void member_run(struct sim *s, uint64_t us, const struct member_tap *tap)
{
    const mono_us end = s->now + us;
    if (tap == NULL) {
        sim_run(s, us);
        return;
    }
    while (!s->failed && next_at(s) <= end) {
        show_next(s, tap);
        sim_step(s);
    }
    s->now = time_max(s->now, end);
}

bool member_within(struct sim *s, uint64_t limit_us, sim_predicate *holds, void *ctx,
                   const char *claim)
{
    for (uint64_t us = 0; us < limit_us && !s->failed && !holds(s, ctx); us += LOOK_US)
        sim_run(s, LOOK_US);
    return story_within(s, 0, holds, ctx, claim);
}

void member_lose(struct event *e)
{
    struct packet *p = e->p;
    assert(e->kind == EVENT_DATAGRAM);
    p->to_slot = 0; /* nobody has this address */
}

void member_refuse_streams(struct sim *s, uint32_t i, uint32_t down)
{
    for (uint32_t at = 0; at < CONNS_MAX; at++) {
        struct conn *c = &s->conns.at[at];
        if (c->used && !c->open[1] && c->open[0] && (c->node[0] == i || c->node[1] == i))
            c->node[1] = down;
    }
}

/* ---- voices ---- */

void member_say(struct sim *s, struct member_voice *v, uint32_t to, struct peer_msg *m)
{
    struct packet_ctx ctx;
    uint8_t body[PEER_BODY_MAX];
    uint8_t bytes[NODE_DATAGRAM_MAX];
    size_t len = 0;
    const struct sim_node *n = &s->nodes[v->from];
    const struct slice cluster = slice_text(v->cluster == NULL ? SIM_CLUSTER : v->cluster);
    const struct oracle_run *run = &s->runs[n->run];
    if (s->failed)
        return;
    m->gen = run->generation;
    m->ver = m->ver == 0 ? run->version : m->ver;
    m->view_hash = sim_view(s, to).view_hash;
    m->vector_hash = sim_view(s, to).vector_hash;
    packet_ctx_init(&ctx, &s->ring, cluster, hash_node_id(cluster, slice_text(n->name)),
                    &n->run_bytes);
    ctx.mode = v->plain ? SEAL_OFF : SEAL_BY_RING;
    const enum err err = peer_encode(m, body, sizeof body, &len);
    assert(err == OK);
    if (m->type == PEER_PING)
        len = peer_pad(body, len, SWIM_JOIN_LEN);
    const struct packet_out what = {
        .class = v->class,
        .channel = CHANNEL_UDP,
        .dest = v->class == PACKET_JOIN ? 0 : hash_node_id(cluster, slice_text(s->nodes[to].name)),
        .counter = ++v->counter,
        .body = slice_of(body, len)};
    const size_t sealed = packet_seal(&ctx, &what, bytes, sizeof bytes);
    checks_received(s, &s->nodes[to], n->slot, sealed);
    sim_input(s, to,
              &(struct node_in){.kind = NODE_IN_DATAGRAM,
                                .from = link_addr(n->slot),
                                .bytes = slice_of(bytes, sealed)});
}

struct peer_record member_own_record(const struct sim *s, uint32_t i)
{
    const struct sim_node *n = &s->nodes[i];
    const struct oracle_run *run = &s->runs[n->run];
    return (struct peer_record){.name = slice_text(n->name),
                                .gen = run->generation,
                                .ver = run->version,
                                .state = PEER_ALIVE,
                                .addr = link_addr(n->slot),
                                .epoch = run->epoch};
}

/* ---- looking ---- */

static uint64_t doubt_of(struct sim *s, uint32_t i)
{
    uint64_t longest = 0;
    const size_t members = sim_view(s, i).members;
    for (size_t at = 0; at < members; at++) {
        struct node_member m;
        node_member_at(s->nodes[i].node, at, &m);
        const uint32_t about = sim_named(s, m.swim.name);
        if (m.swim.state == SWIM_SUSPECT && about != UINT32_MAX && s->nodes[about].up)
            longest = time_max(longest, s->now - m.swim.state_since);
    }
    return longest;
}

uint64_t member_doubt_us(struct sim *s)
{
    uint64_t longest = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[i].up)
            longest = time_max(longest, doubt_of(s, i));
    return longest;
}

uint32_t member_events(struct sim *s)
{
    uint32_t n = 0;
    for (uint32_t kind = 0; kind < SIM_EVENTS; kind++)
        n += sim_events_all(s, UINT32_MAX, (enum swim_event_kind)kind);
    return n;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

uint64_t member_nth(uint64_t *at, uint32_t n, uint32_t i)
{
    assert(i < n);
    qsort(at, n, sizeof *at, compare);
    return at[i];
}

uint64_t member_crash_once(struct sim *s, uint32_t victim, uint64_t limit_us)
{
    struct story_about about = {.member = victim, .state = SWIM_DEAD};
    sim_run(s, rng_below(&s->boot_rng, US_PER_SEC));
    const mono_us began_at = s->now;
    sim_crash(s, victim, rng_chance(&s->boot_rng, 500));
    story_within(s, limit_us, story_all_hold, &about, "DEAD everywhere");
    const uint64_t took = s->now - began_at;
    if (s->failed)
        return 0;
    sim_boot(s, victim);
    story_within(s, AGREE_US, sim_settled, NULL, "back again");
    return s->failed ? 0 : took;
}
