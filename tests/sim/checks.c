#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "world.h"

#define BODY       PACKET_HEAD
#define ARRAY_OF   0x9B /* a body is an array of 11 elements, or of 12 with padding */
#define LOOK_EVERY 64   /* events between two full looks at the members */

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

/* The highest (generation, version) that any process of this name ever took. */
static void issued(const struct sim *s, uint32_t about, struct checks_member *out)
{
    *out = (struct checks_member){0};
    for (uint32_t i = 0; i < s->runs_n; i++) {
        const struct oracle_run *run = &s->runs[i];
        const bool same = strcmp(s->nodes[run->node].name, s->nodes[about].name) == 0;
        if (same && is_higher(run->generation, run->version, out->generation, out->version)) {
            out->generation = run->generation;
            out->version = run->version;
        }
    }
}

static void check_member(struct sim *s, struct sim_node *n, const struct swim_member *m)
{
    const uint32_t about = sim_named(s, m->name);
    struct checks_member most;
    if (about == UINT32_MAX) {
        sim_fail(s, "n%u holds a member that never was", n->i);
        return;
    }
    struct checks_member *was = &n->checks.members[about];
    issued(s, about, &most);
    if (is_higher(m->generation, m->version, most.generation, most.version))
        sim_fail(s, "n%u knows n%u at generation %llu version %u, which it never took", n->i, about,
                 (unsigned long long)m->generation, m->version);
    const bool higher = is_higher(m->generation, m->version, was->generation, was->version);
    if (was->known && is_gone(was->state) && !is_gone(m->state) && !higher)
        sim_fail(s, "n%u brings n%u back to life without a higher incarnation", n->i, about);
    if (was->known && is_higher(was->generation, was->version, m->generation, m->version))
        sim_fail(s, "n%u goes back to an older incarnation of n%u", n->i, about);
    if (m->self && (m->state == SWIM_DEAD || m->state == SWIM_SUSPECT))
        sim_fail(s, "n%u does not hold itself alive", n->i);
    *was = (struct checks_member){true, m->state, m->generation, m->version};
}

static void check_members(struct sim *s, struct sim_node *n, const struct node_view *v)
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

/* ---- the whole node ---- */

static void check_caps(struct sim *s, struct sim_node *n, const struct node_view *v)
{
    const bool kept = v->members <= s->cfg.nodes + 8 + 64 && v->origins <= s->cfg.origins_max &&
                      v->log_n <= s->cfg.log_max && v->gaps <= 8 * v->origins;
    if (!kept)
        sim_fail(s, "n%u: a table is past its limit", n->i);
}

static void check_idle(struct sim *s, struct sim_node *n)
{
    struct checks *c = &n->checks;
    if (s->wake[n->i] > s->now) {
        c->idle_ticks = 0;
        return;
    }
    c->idle_ticks = c->idle_at == s->now ? c->idle_ticks + 1 : 1;
    c->idle_at = s->now;
    if (c->idle_ticks > 3)
        sim_fail(s, "n%u: its deadline stays in the past", n->i);
}

void checks_after(struct sim *s, struct sim_node *n)
{
    struct checks *c = &n->checks;
    struct node_view v;
    struct oracle_run *run = &s->runs[n->run];
    node_inspect(n->node, &v);
    if (is_higher(v.generation, v.version, run->generation, run->version)) {
        run->generation = v.generation;
        run->version = v.version;
    }
    if (v.index < c->index)
        sim_fail(s, "n%u: the index went back", n->i);
    /* A closing without content covers dots and raises no index. */
    if (v.index != c->index || v.vector_hash != c->vector_hash || v.gaps != c->gaps)
        oracle_look(s, n);
    if (c->told || v.view_hash != c->view_hash || c->events % LOOK_EVERY == 0) {
        forget_members(s, n);
        check_members(s, n, &v);
        check_caps(s, n, &v);
    }
    check_idle(s, n);
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
    if (bytes.len < BODY + 2 || bytes.at[BODY] < ARRAY_OF || bytes.at[BODY] > ARRAY_OF + 1)
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
    sim_fail(s, "n%u sends what cannot be read", n->i);
    return NULL;
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
    if (++c->probes[i].relays > CHECKS_RELAYS_MAX)
        sim_fail(s, "n%u asks more than %u relays for one probe", n->i, CHECKS_RELAYS_MAX);
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
    debt->answered += bytes.len;
    if (debt->answered > debt->received)
        sim_fail(s, "n%u answers %llu B to an unproven address that sent %llu B", n->i,
                 (unsigned long long)debt->answered, (unsigned long long)debt->received);
}

void checks_datagram(struct sim *s, struct sim_node *n, uint16_t slot, struct slice bytes)
{
    if (bytes.len > NODE_DATAGRAM_MAX)
        sim_fail(s, "n%u sends a datagram of %zu B", n->i, bytes.len);
    if (s->cfg.sealed)
        return;
    const uint8_t type = checks_type(bytes);
    if (type == PEER_PING_REQ)
        count_relay(s, n, bytes);
    if ((type == PEER_ACK || type == PEER_NOT_ME) && slot != 0)
        count_answer(s, n, slot, bytes);
}

void checks_received(struct sim *s, struct sim_node *n, uint16_t slot, uint64_t len)
{
    (void)s;
    n->debts[slot].received += len;
}

/* ---- when all is quiet ---- */

/* What is wrong with b alone, or in comparison with a, which may be NULL. */
static const char *unsettled(const struct node_view *a, const struct node_view *b)
{
    if (b->state != NODE_READY)
        return "is not ready";
    if (b->gaps > 0)
        return "has open gaps";
    if (b->isolated)
        return "feels isolated";
    if (a != NULL && a->view_hash != b->view_hash)
        return "differs in its members";
    return a != NULL && a->vector_hash != b->vector_hash ? "differs in its vector" : NULL;
}

const char *checks_unsettled(struct sim *s)
{
    static char text[160];
    struct node_view first;
    bool any = false;
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if (!s->nodes[i].up)
            continue;
        const struct node_view v = sim_view(s, i);
        const char *wrong = unsettled(any ? &first : NULL, &v);
        if (wrong != NULL) {
            snprintf(text, sizeof text, "n%u %s", i, wrong);
            return text;
        }
        if (!any)
            first = v;
        any = true;
    }
    return NULL;
}
