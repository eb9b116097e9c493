/* swim/outbox.c - what leaves the machine: queued small, written when it is polled. */
#include <string.h>

#include "swim/machine.h"

#define EVENTS_SPARE 8 /* more than one message causes beside its records */

void outbox_send(struct swim *s, const struct intent *i)
{
    struct outbox *o = &s->out;
    if (o->intents_n == o->intents_max) {
        s->n.sends_dropped++;
        return;
    }
    o->intents[(o->intents_at + o->intents_n) % o->intents_max] = *i;
    o->intents_n++;
}

void outbox_ping(struct swim *s, uint64_t named, const struct addr *addr, uint64_t challenge)
{
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_PING,
                                    .id = named,
                                    .named = named,
                                    .addr = *addr,
                                    .challenge = challenge});
}

bool outbox_has_room(const struct swim *s)
{
    return s->out.events_n + EVENTS_SPARE <= EVENTS_MAX;
}

static struct slice keep_name(uint8_t *room, struct slice name)
{
    if (name.len > 0)
        memcpy(room, name.at, name.len);
    return slice_of(room, name.len);
}

void outbox_event(struct swim *s, enum swim_event_kind kind, uint32_t slot,
                  const struct swim_member *before)
{
    struct outbox *o = &s->out;
    if (o->events_n == EVENTS_MAX) {
        s->n.events_dropped++;
        return;
    }
    struct event *e = &o->events[(o->events_at + o->events_n) % EVENTS_MAX];
    o->events_n++;
    e->kind = kind;
    e->before = *before;
    e->after = outbox_snapshot(s, slot);
    e->after.name = keep_name(e->name, e->after.name);
    e->after.accuser = keep_name(e->accuser, e->after.accuser);
    e->before.name = e->after.name;
    e->before.accuser = slice_of(NULL, 0);
}

/* --- members as others see them --- */

/** The name of the i-th accuser, empty when it has been forgotten. */
static struct slice accuser_name(const struct swim *s, const struct member *m, uint32_t i)
{
    if (m->accusers_n == 0)
        return slice_of(NULL, 0);
    const uint32_t slot = roster_find(&s->roster, m->accusers[i % m->accusers_n]);
    return slot == SLOT_NONE ? slice_of(NULL, 0) : member_name(&s->roster.at[slot]);
}

struct swim_member outbox_snapshot(const struct swim *s, uint32_t slot)
{
    const struct member *m = &s->roster.at[slot];
    return (struct swim_member){.id = m->id,
                                .name = member_name(m),
                                .addr = m->addr,
                                .state = (enum swim_state)m->state,
                                .generation = m->gen,
                                .version = m->ver,
                                .epoch = m->epoch,
                                .caps = m->caps,
                                .meta = m->meta,
                                .srtt_us = m->srtt_us,
                                .last_ack_at = m->last_ack_at,
                                .state_since = m->state_since,
                                .accusers_n = m->accusers_n,
                                .accuser = accuser_name(s, m, 0),
                                .view_hash = slot == SLOT_SELF ? s->roster.view_hash : m->view_hash,
                                .data_age_ms = m->data_age_ms,
                                .self = slot == SLOT_SELF};
}

bool outbox_may_tell(const struct swim *s, uint32_t slot, uint64_t to)
{
    const struct member *m = &s->roster.at[slot];
    if ((m->state == SWIM_DEAD || m->state == SWIM_LEFT) && m->hearsay)
        return false;
    /* Its subject has to hear it even so: its new run may have to outrank an earlier one. */
    return !s->isolated || m->id == to || (m->state != SWIM_SUSPECT && m->state != SWIM_DEAD);
}

/** Metadata of those who live; of the dead nobody asks. Lends it from the table. */
static void write_meta(const struct swim *s, const struct member *m, struct peer_record *r)
{
    if (m->meta.len == 0)
        return;
    r->meta = slice_of(m->meta.bytes, m->meta.len);
    r->meta_hash = (uint32_t)hash_bytes(&s->roster.hkey, r->meta);
}

struct peer_record outbox_record(const struct swim *s, uint32_t slot, uint32_t turn)
{
    const struct member *m = &s->roster.at[slot];
    struct peer_record r = {.name = member_name(m),
                            .gen = m->gen,
                            .ver = m->ver,
                            .state = m->state,
                            .addr = m->addr,
                            .caps = m->caps,
                            .epoch = m->epoch};
    if (member_live(m) || m->state == SWIM_CANDIDATE)
        write_meta(s, m, &r);
    if (m->state == SWIM_SUSPECT || m->state == SWIM_DEAD)
        r.accuser = accuser_name(s, m, turn); /* so that every accuser becomes known */
    return r;
}

/* --- writing --- */

/** What the receiver is believed to be (Lifeguard IV.C, the buddy system). */
static struct peer_you believed(const struct swim *s, uint32_t slot)
{
    const struct member *m = &s->roster.at[slot];
    uint8_t state = m->state;
    if (state == SWIM_CANDIDATE || (state == SWIM_SUSPECT && s->isolated))
        state = PEER_ALIVE;
    return (struct peer_you){.known = true, .state = state, .gen = m->gen, .ver = m->ver};
}

static void write_ping(const struct swim *s, const struct intent *i, struct peer_ping *ping)
{
    ping->challenge = i->challenge;
    ping->lhm = s->lhm;
    ping->to_gen = i->to_gen;
    const uint32_t slot = i->named == 0 ? SLOT_NONE : roster_find(&s->roster, i->named);
    if (slot == SLOT_NONE)
        return;
    ping->to_name = member_name(&s->roster.at[slot]);
    if (slot != SLOT_SELF)
        ping->you = believed(s, slot);
}

static void write_ack(const struct swim *s, mono_us now, const struct intent *i,
                      struct peer_ack *ack)
{
    const uint64_t age_ms = (now - s->heartbeat_at) / US_PER_MS;
    ack->challenge = i->echo;
    ack->has_own = i->has_own;
    ack->own = i->has_own ? i->challenge : 0;
    ack->data_age_ms = age_ms < UINT32_MAX ? (uint32_t)age_ms : UINT32_MAX;
}

/** False when the member to ask about is no longer known. */
static bool write_ping_req(const struct swim *s, const struct intent *i, struct peer_ping_req *req)
{
    const uint32_t slot = roster_find(&s->roster, i->named);
    if (slot == SLOT_NONE)
        return false;
    const struct member *m = &s->roster.at[slot];
    *req = (struct peer_ping_req){.challenge = i->challenge,
                                  .name = member_name(m),
                                  .gen = m->gen,
                                  .addr = m->addr,
                                  .budget_ms = i->budget_ms};
    return true;
}

static void write_reply(const struct swim *s, const struct intent *i, struct peer_reply *reply)
{
    const struct member *self = &s->roster.at[SLOT_SELF];
    *reply = (struct peer_reply){.challenge = i->echo, .reason = i->reason};
    if (i->type == PEER_NOT_ME) {
        reply->name = member_name(self);
        reply->gen = self->gen;
    }
}

/** Write the message of an intent. False when it has lost its meaning. */
static bool write_message(struct swim *s, mono_us now, const struct intent *i)
{
    struct peer_msg *m = &s->out.msg;
    memset(&m->args, 0, sizeof m->args);
    m->type = i->type;
    m->head = 0;
    m->vector_hash = 0;
    m->has_echo = false;
    m->echo = 0;
    m->records_n = 0;
    m->dots = slice_of(NULL, 0);
    m->covers = slice_of(NULL, 0);
    swim_header(s, m);
    if (i->with_own)
        m->records[m->records_n++] = swim_own_record(s);
    if (i->type == PEER_PING)
        write_ping(s, i, &m->args.ping);
    else if (i->type == PEER_ACK)
        write_ack(s, now, i, &m->args.ack);
    else if (i->type == PEER_NACK || i->type == PEER_NOT_ME)
        write_reply(s, i, &m->args.reply);
    return i->type != PEER_PING_REQ || write_ping_req(s, i, &m->args.ping_req);
}

static bool poll_event(struct swim *s, struct swim_out *out)
{
    struct outbox *o = &s->out;
    if (o->events_n == 0)
        return false;
    const struct event *e = &o->events[o->events_at];
    o->events_at = (o->events_at + 1) % EVENTS_MAX;
    o->events_n--;
    *out = (struct swim_out){
        .kind = SWIM_EVENT, .event = e->kind, .member = e->after, .before = e->before};
    return true;
}

bool swim_poll(struct swim *s, mono_us now, struct swim_out *out)
{
    struct outbox *o = &s->out;
    if (poll_event(s, out))
        return true;
    while (o->intents_n > 0) {
        const struct intent i = o->intents[o->intents_at];
        o->intents_at = (o->intents_at + 1) % o->intents_max;
        o->intents_n--;
        out->kind = (enum swim_out_kind)i.kind;
        out->id = i.id;
        out->addr = i.addr;
        out->join = i.join;
        out->may_carry = i.may_carry;
        out->challenge = i.challenge;
        if (i.kind != SWIM_SEND)
            return true;
        out->msg = &o->msg;
        if (write_message(s, now, &i))
            return true;
    }
    return false;
}
