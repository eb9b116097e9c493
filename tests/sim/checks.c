#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "swim/suspicion.h"

#include "world.h"

#define BODY         PACKET_HEAD
#define ARRAY_OF     0x9B /* a body is an array of 11 elements, or of 12 with padding */
#define DRIFT        1000 /* clocks that run fast: one part in so many, and more */
#define LOOK_EVERY   64   /* events between two full looks at the members */
#define RUN_AT       16   /* in a packet */
#define KEY_AT       4
#define COUNTER_AT   32
#define ENCODE_EVERY 16 /* datagrams of which one is read and written again */

void checks_begin(struct sim *s, struct sim_node *n)
{
    struct checks_member *members = n->checks.members;
    memset(members, 0, s->cfg.nodes * sizeof *members);
    memset(n->debts, 0, SIM_SLOTS * sizeof *n->debts);
    n->checks = (struct checks){.members = members, .told = true};
}

/* ---- members ---- */

static bool is_gone(enum swim_state state)
{
    return state == SWIM_DEAD || state == SWIM_LEFT;
}

static bool is_higher(uint64_t gen, uint32_t ver, uint64_t than_gen, uint32_t than_ver)
{
    return gen > than_gen || (gen == than_gen && ver > than_ver);
}

/* A process has raised its own incarnation. */
static void note_own(struct sim *s, const struct sim_node *n, const struct node_pulse *v)
{
    struct checks_member *most = &s->nodes[n->namesake].most;
    s->runs[n->run].generation = v->generation;
    s->runs[n->run].version = v->version;
    if (!is_higher(v->generation, v->version, most->generation, most->version))
        return;
    most->generation = v->generation;
    most->version = v->version;
}

/* Was this epoch one of ours? */
static void check_epoch(struct sim *s, const struct sim_node *n, uint32_t about, uint64_t epoch)
{
    const uint32_t run = oracle_run_of(s, epoch);
    sim_checked(s, CHECK_S7);
    if (run == UINT32_MAX)
        sim_violate(s, CHECK_S1, "n%u knows a run of n%u that never was", n->i, about);
    else if (s->nodes[s->runs[run].node].foreign)
        sim_violate(s, CHECK_S7, "n%u takes a run of another cluster for n%u", n->i, about);
    else if (s->nodes[s->runs[run].node].namesake != about && !s->runs[run].cloned)
        sim_violate(s, CHECK_S1, "n%u takes a run of n%u for n%u", n->i, s->runs[run].node, about);
}

/* Two processes of one name may have one generation; each counts its own versions. */
static bool is_other_run(const struct checks_member *was, const struct swim_member *m)
{
    return m->generation == was->generation && m->epoch > was->epoch && was->epoch != 0;
}

static void check_member(struct sim *s, struct sim_node *n, const struct swim_member *m)
{
    const uint32_t about = sim_named(s, m->name);
    if (about == UINT32_MAX) {
        sim_violate(s, CHECK_S7, "n%u holds a member that never was one of us", n->i);
        return;
    }
    const struct checks_member *most = &s->nodes[about].most;
    struct checks_member *was = &n->checks.members[about];
    sim_checked(s, CHECK_S1);
    if (is_higher(m->generation, m->version, most->generation, most->version))
        sim_violate(s, CHECK_S1, "n%u knows n%u at generation %llu version %u, which it never took",
                    n->i, about, (unsigned long long)m->generation, m->version);
    const bool higher =
        is_other_run(was, m) || is_higher(m->generation, m->version, was->generation, was->version);
    sim_checked_if(s, CHECK_S11, was->known && is_gone(was->state));
    sim_checked_if(s, CHECK_S2, was->known);
    sim_checked_if(s, CHECK_S3, m->self);
    if (was->known && is_gone(was->state) && !is_gone(m->state) && !higher)
        sim_violate(s, CHECK_S11,
                    "n%u brings n%u back to life: state %d at %llu.%u after state %d at %llu.%u",
                    n->i, about, (int)m->state, (unsigned long long)m->generation, m->version,
                    (int)was->state, (unsigned long long)was->generation, was->version);
    if (was->known && m->generation == was->generation && m->epoch < was->epoch && m->epoch != 0)
        sim_violate(s, CHECK_S11, "n%u goes back to the other process of n%u at one incarnation",
                    n->i, about);
    else if (was->known && !is_other_run(was, m) &&
             is_higher(was->generation, was->version, m->generation, m->version))
        sim_violate(s, CHECK_S2, "n%u goes back to an older incarnation of n%u", n->i, about);
    if (m->self && (m->state == SWIM_DEAD || m->state == SWIM_SUSPECT))
        sim_violate(s, CHECK_S3, "n%u does not hold itself alive", n->i);
    if (m->epoch != 0 && m->epoch != was->epoch)
        check_epoch(s, n, about, m->epoch);
    *was = (struct checks_member){true, m->state, m->generation, m->version, m->epoch};
}

static void check_members(struct sim *s, struct sim_node *n, const struct node_pulse *v)
{
    for (size_t i = 0; i < v->members && !s->failed; i++) {
        struct node_member m;
        node_member_at(n->node, i, &m);
        check_member(s, n, &m.swim);
    }
}

/* A member that was forgotten may come back as it likes. */
static void forget_members(struct sim *s, struct sim_node *n)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        struct sim_tally *forgotten = sim_events(s, n->i, i, SWIM_FORGOTTEN);
        if (forgotten->n > 0 && forgotten->last_at == s->now)
            n->checks.members[i].known = false;
    }
}

/* How much of the fastest clock's time goes by in so much of the world's, and a little. */
static uint64_t fastest_us(const struct sim *s, uint64_t us)
{
    int64_t ppm = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        ppm = ppm < s->nodes[i].rate_ppm ? s->nodes[i].rate_ppm : ppm;
    return us + us / DRIFT + us * (uint64_t)ppm / 1000000;
}

void checks_failed(struct sim *s, const struct sim_node *n, uint32_t about)
{
    sim_checked(s, CHECK_GRACE);
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        const struct sim_tally *doubt = sim_events(s, i, about, SWIM_SUSPECTED);
        const uint64_t lasted_us = doubt->n > 0 ? s->now - doubt->last_at : 0;
        if (fastest_us(s, lasted_us) >= suspicion_min(1, CHECKS_PERIOD_US))
            return;
    }
    sim_violate(s, CHECK_GRACE, "n%u holds n%u DEAD, and nobody has suspected it for long", n->i,
                about);
}

/* ---- the whole node ---- */

static void check_caps(struct sim *s, struct sim_node *n, const struct node_pulse *v)
{
    sim_checked(s, CHECK_I10);
    const bool kept =
        v->members <= s->cfg.nodes && /* there are no other names, and none is held twice */
        v->origins <= s->cfg.origins_max && v->log_n <= s->cfg.log_max && v->gaps <= 8 * v->origins;
    if (!kept)
        sim_violate(s, CHECK_I10, "n%u: a table is past its limit", n->i);
}

void checks_idle(struct sim *s, struct sim_node *n)
{
    struct checks *c = &n->checks;
    sim_checked(s, CHECK_S16);
    if (s->wake[n->i] > s->now) {
        c->idle_ticks = 0;
        return;
    }
    c->idle_ticks = c->idle_at == s->now ? c->idle_ticks + 1 : 1;
    c->idle_at = s->now;
    if (c->idle_ticks > 3)
        sim_violate(s, CHECK_S16, "n%u: its deadline stays in the past", n->i);
}

void checks_after(struct sim *s, struct sim_node *n)
{
    struct checks *c = &n->checks;
    const struct node_pulse v = node_pulse(n->node);
    note_own(s, n, &v);
    sim_checked(s, CHECK_I7);
    if (v.index < c->index)
        sim_violate(s, CHECK_I7, "n%u: the index went back", n->i);
    /* A closing without content covers dots and raises no index. */
    if (v.index != c->index || v.vector_hash != c->vector_hash || v.gaps != c->gaps)
        oracle_look(s, n);
    if (c->told || v.view_hash != c->view_hash || c->events % LOOK_EVERY == 0) {
        forget_members(s, n);
        check_members(s, n, &v);
        check_caps(s, n, &v);
    }
    checks_idle(s, n);
    c->index = v.index;
    c->vector_hash = v.vector_hash;
    c->gaps = v.gaps;
    c->view_hash = v.view_hash;
    c->told = false;
    c->events++;
}

/* ---- datagrams ---- */

uint8_t checks_type(struct slice bytes)
{
    if (bytes.len < BODY + 2 || bytes.at[BODY] < ARRAY_OF || bytes.at[BODY] > ARRAY_OF + 3)
        return 0;
    return bytes.at[BODY + 1];
}

/* Read a plain packet; NULL, and a failure, when it cannot be read. Lends a static message. */
static const struct peer_msg *read_message(struct sim *s, const struct sim_node *n,
                                           struct slice bytes)
{
    static struct peer_msg m;
    const struct slice body = slice_of(bytes.at + BODY, bytes.len - PACKET_OVERHEAD);
    if (peer_decode(s->codec, body, &m) == OK)
        return &m;
    sim_violate(s, CHECK_S20, "n%u sends what cannot be read", n->i);
    return NULL;
}

/* What was read is written again. Padding, one more element at the end, is no part of a message. */
static void check_encoding(struct sim *s, const struct sim_node *n, struct slice bytes)
{
    uint8_t again[PEER_BODY_MAX];
    size_t len = 0;
    const struct slice body = slice_of(bytes.at + BODY, bytes.len - PACKET_OVERHEAD);
    const struct peer_msg *m = read_message(s, n, bytes);
    sim_checked(s, CHECK_S20);
    if (m == NULL)
        return;
    const bool padded = body.at[0] == ARRAY_OF + 1 || body.at[0] == ARRAY_OF + 3;
    const bool same = peer_encode(m, again, sizeof again, &len) == OK &&
                      (padded ? len <= body.len : len == body.len) &&
                      again[0] + padded == body.at[0] &&
                      memcmp(again + 1, body.at + 1, len - 1) == 0;
    if (!same)
        sim_violate(s, CHECK_S20, "n%u sends a message of type %u that encodes otherwise", n->i,
                    m->type);
}

/* Sealed, or not, as its mode says. Returns: the id of the key. */
static uint32_t check_mode(struct sim *s, const struct sim_node *n, struct slice bytes)
{
    const bool seals = mode_seals(mode_settle(n->crypto, s->ring.n > 0));
    struct reader r = reader_of(slice_of(bytes.at + KEY_AT, 4));
    const uint32_t id = read_u32(&r);
    sim_checked(s, CHECK_S18);
    if (seals != (id != 0))
        sim_violate(s, CHECK_S18, "n%u seals with key %08x", n->i, id);
    return id;
}

/* The first key of its ring seals. Streams go on under the key that they began with. */
static void check_key(struct sim *s, const struct sim_node *n, struct slice bytes)
{
    const uint32_t id = check_mode(s, n, bytes);
    if (id != node_sealing_key(n->node))
        sim_violate(s, CHECK_S18, "n%u seals with key %08x", n->i, id);
}

/* Counters rise from one packet of a process to the next, datagrams and frames alike. */
static void check_counter(struct sim *s, const struct sim_node *n, struct slice bytes)
{
    struct oracle_run *run = &s->runs[n->run];
    struct reader r = reader_of(slice_of(bytes.at + COUNTER_AT, 8));
    const uint64_t counter = read_u64(&r);
    sim_checked(s, CHECK_S5);
    if (counter <= run->counter || memcmp(bytes.at + RUN_AT, n->run_bytes.bytes, RUN_LEN) != 0)
        sim_violate(s, CHECK_S5, "n%u seals counter %llu after %llu", n->i,
                    (unsigned long long)counter, (unsigned long long)run->counter);
    run->counter = counter;
}

static void count_relay(struct sim *s, struct sim_node *n, struct slice bytes)
{
    struct checks *c = &n->checks;
    const struct peer_msg *m = read_message(s, n, bytes);
    if (m == NULL)
        return;
    const uint64_t challenge = m->args.ping_req.challenge;
    uint32_t i = 0;
    while (i < CHECKS_PROBES && (c->probes[i].challenge != challenge || c->probes[i].at != s->now))
        i++;
    if (i == CHECKS_PROBES) {
        i = c->probes_n++ % CHECKS_PROBES;
        c->probes[i].challenge = challenge;
        c->probes[i].at = s->now;
        c->probes[i].relays = 0;
    }
    sim_checked(s, CHECK_RELAYS);
    if (++c->probes[i].relays > CHECKS_RELAYS_MAX)
        sim_violate(s, CHECK_RELAYS, "n%u asks more than %u relays for one probe", n->i,
                    CHECKS_RELAYS_MAX);
}

/* What an unproven address is answered is at most what it sent. An ACK that asks for no proof goes to
 * a proven run. */
static void count_answer(struct sim *s, struct sim_node *n, uint16_t slot, struct slice bytes)
{
    struct checks_debt *debt = &n->debts[slot];
    if (debt->proven)
        return;
    const struct peer_msg *m = read_message(s, n, bytes);
    if (m == NULL || (m->type == PEER_ACK && !m->args.ack.has_own)) {
        debt->proven = true;
        return;
    }
    sim_checked(s, CHECK_S14);
    debt->answered += bytes.len;
    if (debt->answered > debt->received)
        sim_violate(s, CHECK_S14, "n%u answers %llu B to an unproven address that sent %llu B",
                    n->i, (unsigned long long)debt->answered, (unsigned long long)debt->received);
}

static void note_ping(struct sim *s, struct sim_node *n, uint16_t slot)
{
    if (slot != 0 && s->owner[slot] != 0)
        n->pinged |= 1ULL << (s->owner[slot] - 1);
}

void checks_datagram(struct sim *s, struct sim_node *n, uint16_t slot, struct slice bytes)
{
    sim_checked(s, CHECK_DATAGRAM);
    if (bytes.len > NODE_DATAGRAM_MAX)
        sim_violate(s, CHECK_DATAGRAM, "n%u sends a datagram of %zu B", n->i, bytes.len);
    check_counter(s, n, bytes);
    check_key(s, n, bytes);
    if (s->cfg.sealed || n->foreign)
        return;
    const uint8_t type = checks_type(bytes);
    if (s->counters.datagrams % ENCODE_EVERY == 0)
        check_encoding(s, n, bytes);
    if (type == PEER_PING)
        note_ping(s, n, slot);
    if (type == PEER_PING_REQ)
        count_relay(s, n, bytes);
    if ((type == PEER_ACK || type == PEER_NOT_ME) && slot != 0)
        count_answer(s, n, slot, bytes);
}

void checks_frame(struct sim *s, struct sim_node *n, struct slice bytes)
{
    check_counter(s, n, bytes);
    (void)check_mode(s, n, bytes);
}

void checks_received(struct sim *s, struct sim_node *n, uint16_t slot, uint64_t len)
{
    (void)s;
    n->debts[slot].received += len;
}

/* ---- now and then ---- */

/* Whom the other cluster knows: nobody of ours. Names may be equal, runs are not. */
static void audit_foreign(struct sim *s, const struct sim_node *n)
{
    const struct node_view v = sim_view(s, n->i);
    for (size_t i = 0; i < v.members; i++) {
        struct node_member m;
        node_member_at(n->node, i, &m);
        const uint32_t run = m.swim.epoch == 0 ? UINT32_MAX : oracle_run_of(s, m.swim.epoch);
        if (run != UINT32_MAX && !s->nodes[s->runs[run].node].foreign)
            sim_violate(s, CHECK_S7, "the other cluster knows a run of n%u", s->runs[run].node);
    }
}

static void audit_memory(struct sim *s, const struct sim_node *n)
{
    struct cache_stats stats;
    cache_stats(n->cache, &stats);
    sim_checked(s, CHECK_I10);
    if (stats.used_bytes > stats.budget_bytes || stats.fixed_bytes > stats.budget_bytes)
        sim_violate(s, CHECK_I10, "n%u: the cache holds %llu B of %llu", n->i,
                    (unsigned long long)stats.used_bytes, (unsigned long long)stats.budget_bytes);
}

void checks_audit(struct sim *s)
{
    for (uint32_t i = 0; i < s->all && !s->failed; i++) {
        const struct sim_node *n = &s->nodes[i];
        if (n->up && n->foreign)
            audit_foreign(s, n);
        else if (n->up)
            audit_memory(s, n);
    }
}
