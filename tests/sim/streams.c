#include "streams.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define RETRY_US  (100 * US_PER_MS) /* how often the mouth of a cut link is tried */
#define RESEND_US (200 * US_PER_MS) /* what a lost segment costs */

/** Bytes on their way to one end; none at all: the other end closed. */
struct sim_frame {
    struct sim_frame *next;
    mono_us at;
    struct oracle_entry *said; /* when there are entries in it; see gifts.h */
    uint32_t len;
    uint8_t bytes[];
};

static void free_frame(struct sim_frame *f)
{
    free(f->said);
    free(f);
}

static uint64_t name_of(const struct conns *t, const struct conn *c)
{
    return (uint64_t)c->generation << 32 | (uint64_t)(c - t->at);
}

static struct conn *named(struct conns *t, uint64_t name)
{
    struct conn *c = &t->at[name & (CONNS_MAX - 1)];
    return c->used && c->generation == name >> 32 ? c : NULL;
}

static struct conn *find(struct sim *s, uint32_t node, uint32_t id, uint32_t *end)
{
    for (uint32_t i = 0; i < s->conns.n; i++) {
        struct conn *c = &s->conns.at[i];
        for (*end = 0; c->used && *end < 2; (*end)++)
            if (c->open[*end] && c->node[*end] == node && c->id[*end] == id)
                return c;
    }
    return NULL;
}

static void drop_frames(struct conn *c, uint32_t end)
{
    while (c->first[end] != NULL) {
        struct sim_frame *f = c->first[end];
        c->first[end] = f->next;
        free_frame(f);
    }
    c->last[end] = NULL;
}

static void release(struct conn *c)
{
    drop_frames(c, 0);
    drop_frames(c, 1);
    *c = (struct conn){.generation = c->generation + 1};
}

static void close_end(struct conn *c, uint32_t end)
{
    c->open[end] = false;
    drop_frames(c, end);
    if (!c->open[1 - end])
        release(c);
}

void conns_free(struct conns *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        release(&c->at[i]);
}

/* Since when has the process at an end been able to give the connection up? */
static mono_us awake_since(const struct sim *s, const struct conn *c, uint32_t end)
{
    const struct sim_node *n = &s->nodes[c->node[end]];
    if (!c->open[end] || !n->up || n->run != c->run[end])
        return 0; /* nobody is there who could */
    return n->frozen ? s->now : n->thawed_at;
}

void conns_audit(struct sim *s)
{
    for (uint32_t i = 0; i < s->conns.n; i++) {
        const struct conn *c = &s->conns.at[i];
        if (!c->used)
            continue;
        sim_checked(s, CHECK_L5);
        const mono_us awake = time_max(awake_since(s, c, 0), awake_since(s, c, 1));
        if (time_max(c->moved_at, awake) + IDLE_US < s->now)
            sim_violate(s, CHECK_L5, "a stream between n%u and n%u stays, though nothing is said",
                        c->node[0], c->node[1]);
    }
}

static void plan(struct sim *s, struct conn *c, mono_us at, enum event_kind kind, uint32_t end)
{
    struct event *e = sim_plan(s, at, kind, c->node[end]);
    c->moved_at = s->now;
    e->a = name_of(&s->conns, c);
    e->b = end;
    e->run = c->run[end];
}

static struct conn *take_conn(struct conns *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (!t->at[i].used)
            return &t->at[i];
    if (t->n == CONNS_MAX)
        abort(); /* more connections than any cluster here may have */
    return &t->at[t->n++];
}

static bool is_cut(struct sim *s, const struct conn *c)
{
    return link_is_cut(link_at(s, c->node[0], c->node[1])) ||
           link_is_cut(link_at(s, c->node[1], c->node[0]));
}

void conn_open(struct sim *s, uint32_t node, uint32_t id, const struct addr *to)
{
    const uint16_t slot = link_slot(to);
    struct conn *c = take_conn(&s->conns);
    const uint32_t generation = c->generation;
    const bool somebody = slot != 0 && s->owner[slot] != 0;
    *c = (struct conn){.used = true, .generation = generation, .moved_at = s->now};
    c->node[0] = node;
    c->run[0] = s->nodes[node].run;
    c->id[0] = id;
    c->open[0] = true;
    c->node[1] = somebody ? s->owner[slot] - 1U : node;
    if (!somebody || is_cut(s, c)) {
        plan(s, c, s->now + CONNECT_WAIT_US, EVENT_STREAM_FAIL, 0);
        return;
    }
    c->run[1] = RUN_ANY;
    plan(s, c, s->now + link_delay(s, link_at(s, node, c->node[1])), EVENT_CONNECT, 1);
}

static uint64_t frame_delay(struct sim *s, const struct conn *c, uint32_t end)
{
    const struct link *l = link_at(s, c->node[1 - end], c->node[end]);
    uint64_t delay = link_delay(s, l);
    while (l->loss > 0 && rng_chance(&s->stream_rng, l->loss))
        delay += RESEND_US;
    return s->now + delay > l->clogged_until ? delay : l->clogged_until - s->now;
}

/* Put bytes on their way to an end, behind what is on its way; takes said. */
static void add_frame(struct sim *s, struct conn *c, uint32_t end, struct slice bytes,
                      struct oracle_entry *said)
{
    struct sim_frame *f = malloc(sizeof *f + bytes.len);
    assert(f != NULL);
    *f = (struct sim_frame){
        .at = s->now + frame_delay(s, c, end), .said = said, .len = (uint32_t)bytes.len};
    if (bytes.len > 0)
        memcpy(f->bytes, bytes.at, bytes.len);
    if (c->first[end] == NULL) {
        c->first[end] = c->last[end] = f;
        plan(s, c, f->at, EVENT_FRAME, end);
        return;
    }
    f->at = time_max(f->at, c->last[end]->at);
    c->last[end]->next = f;
    c->last[end] = f;
}

void conn_send(struct sim *s, uint32_t node, uint32_t id, struct slice bytes,
               struct oracle_entry *said)
{
    uint32_t end = 0;
    struct conn *c = find(s, node, id, &end);
    s->counters.frames++;
    if (c != NULL && c->open[1 - end])
        add_frame(s, c, 1 - end, bytes, said);
    else
        free(said);
}

void conn_hangup(struct sim *s, uint32_t node, uint32_t id)
{
    uint32_t end = 0;
    struct conn *c = find(s, node, id, &end);
    if (c == NULL)
        return;
    if (c->open[1 - end])
        add_frame(s, c, 1 - end, (struct slice){0}, NULL);
    close_end(c, end);
}

void conn_crash(struct sim *s, uint32_t node, bool told)
{
    for (uint32_t i = 0; i < s->conns.n; i++) {
        struct conn *c = &s->conns.at[i];
        for (uint32_t end = 0; c->used && end < 2; end++) {
            if (!c->open[end] || c->node[end] != node)
                continue;
            if (told && c->open[1 - end])
                add_frame(s, c, 1 - end, (struct slice){0}, NULL);
            close_end(c, end);
        }
    }
}

static bool tell(struct sim *s, const struct conn *c, uint32_t end, enum node_in_kind kind)
{
    struct sim_node *n = &s->nodes[c->node[end]];
    const struct node_in in = {
        .kind = kind, .conn = c->id[end], .from = link_addr(s->nodes[c->node[1 - end]].slot)};
    if (!n->up || n->run != c->run[end])
        return false;
    node_recv(n->node, sim_local(s, n->i), &in);
    return true;
}

/* The kernel of the host accepts, also for a process that sleeps. */
static void accept_conn(struct sim *s, struct conn *c)
{
    struct sim_node *n = &s->nodes[c->node[1]];
    if (!n->up || is_cut(s, c)) {
        plan(s, c, s->now + CONNECT_WAIT_US, EVENT_STREAM_FAIL, 0);
        return;
    }
    c->run[1] = n->run;
    c->id[1] = NODE_INBOUND | (++s->conns.inbound & ~NODE_INBOUND);
    c->open[1] = true;
    plan(s, c, s->now, EVENT_STREAM_UP, 1);
    plan(s, c, s->now + link_delay(s, link_at(s, c->node[1], c->node[0])), EVENT_STREAM_UP, 0);
}

/* A connection whose frames found a cut for too long breaks at both ends. */
static bool break_conn(struct sim *s, struct conn *c, uint32_t end)
{
    drop_frames(c, end);
    if (c->open[1 - end])
        plan(s, c, s->now, EVENT_STREAM_FAIL, 1 - end);
    const bool touched = tell(s, c, end, NODE_IN_STREAM_DOWN);
    close_end(c, end);
    return touched;
}

static bool deliver(struct sim *s, struct conn *c, uint32_t end)
{
    struct sim_frame *f = c->first[end];
    struct sim_node *n = &s->nodes[c->node[end]];
    bool touched = n->up && n->run == c->run[end];
    c->moved_at = s->now;
    c->first[end] = f->next;
    if (f->next == NULL)
        c->last[end] = NULL;
    else
        plan(s, c, time_max(s->now, f->next->at), EVENT_FRAME, end);
    if (f->len == 0) {
        touched = tell(s, c, end, NODE_IN_STREAM_DOWN);
        close_end(c, end);
    } else if (touched) {
        const struct node_in in = {
            .kind = NODE_IN_STREAM, .conn = c->id[end], .bytes = slice_of(f->bytes, f->len)};
        gifts_before(s, n);
        node_recv(n->node, sim_local(s, n->i), &in);
        gifts_after(s, n, f->said);
    }
    free_frame(f);
    return touched;
}

static bool try_frame(struct sim *s, struct conn *c, uint32_t end)
{
    if (c->first[end] == NULL)
        return false;
    if (!is_cut(s, c)) {
        c->stuck_at[end] = 0;
        return deliver(s, c, end);
    }
    if (c->stuck_at[end] == 0)
        c->stuck_at[end] = s->now;
    if (s->now >= c->stuck_at[end] + STUCK_US)
        return break_conn(s, c, end);
    plan(s, c, s->now + RETRY_US, EVENT_FRAME, end);
    return false;
}

bool conn_event(struct sim *s, struct event *e)
{
    struct conn *c = named(&s->conns, e->a);
    const uint32_t end = (uint32_t)e->b;
    bool touched = false;
    if (c == NULL)
        return false;
    if (e->kind == EVENT_CONNECT) {
        accept_conn(s, c);
        return false;
    }
    if (!c->open[end])
        return false;
    switch (e->kind) {
    case EVENT_STREAM_UP:
        return tell(s, c, end, NODE_IN_STREAM_UP);
    case EVENT_STREAM_FAIL:
        touched = tell(s, c, end, NODE_IN_STREAM_DOWN);
        close_end(c, end);
        return touched;
    default:
        return try_frame(s, c, end);
    }
}
