/* swim/relay.c - probes for others: ping the target, pass its answer on, or say that there is none. */
#include "swim/machine.h"

#define BUDGET_MAX_MS 30000u

static void pass_on(struct swim *s, const struct relayed *r, enum peer_type type, uint8_t reason)
{
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = (uint8_t)type,
                                    .id = r->asker,
                                    .addr = r->asker_addr,
                                    .echo = r->asker_challenge,
                                    .reason = reason,
                                    .may_carry = true});
}

static void close_relay(struct swim *s, struct relayed *r)
{
    r->open = false;
    s->relays_n--;
}

static struct relayed *free_relay(struct swim *s)
{
    for (uint32_t i = 0; i < RELAYS_MAX; i++) {
        if (!s->relays[i].open)
            return &s->relays[i];
    }
    return NULL;
}

/** Our own address of the target is better unless the asker knows a newer run of it. */
static void start(struct swim *s, mono_us now, struct relayed *r, const struct peer_ping_req *req)
{
    const struct member *m = &s->roster.at[roster_find(&s->roster, r->target)];
    const uint32_t asked_ms = req->budget_ms < BUDGET_MAX_MS ? req->budget_ms : BUDGET_MAX_MS;
    const uint64_t budget_us = asked_ms * US_PER_MS;
    r->open = true;
    r->challenge = swim_challenge(s);
    r->nack_at = now + budget_us * 8 / 10; /* Lifeguard IV.A: the NACK must still be in time */
    r->ends_at = now + budget_us;
    const bool asker_knows_better = req->gen > m->gen && addr_known(&req->addr);
    outbox_ping(s, r->target, asker_knows_better ? &req->addr : &m->addr, r->challenge);
}

void relay_asked(struct swim *s, mono_us now, const struct heard *h)
{
    const struct peer_ping_req *req = &h->msg->args.ping_req;
    struct relayed r = {.asker = h->from->id,
                        .asker_addr = h->from->addr,
                        .asker_challenge = req->challenge,
                        .target = swim_id_of(s, req->name),
                        .target_gen = req->gen};
    const uint32_t slot = roster_find(&s->roster, r.target);
    struct relayed *room = free_relay(s);
    if (!swim_takes_part(s) || room == NULL) {
        pass_on(s, &r, PEER_NACK, NACK_BUSY);
    } else if (slot == SLOT_NONE || slot == SLOT_SELF) {
        pass_on(s, &r, PEER_NACK, NACK_UNKNOWN);
    } else {
        start(s, now, &r, req);
        *room = r;
        s->relays_n++;
    }
}

bool relay_ack(struct swim *s, const struct heard *h)
{
    for (uint32_t i = 0; i < RELAYS_MAX && s->relays_n > 0; i++) {
        struct relayed *r = &s->relays[i];
        if (!r->open || r->challenge != h->msg->args.ack.challenge || r->target != h->from->id)
            continue;
        if (h->msg->gen == r->target_gen) { /* another run's life proves nothing */
            close_relay(s, r);
            pass_on(s, r, PEER_ACK, 0);
        }
        return true;
    }
    return false;
}

/** A late answer is still passed on: after the NACK the asker waits for a fifth of its budget. */
void relay_tick(struct swim *s, mono_us now)
{
    uint32_t left = s->relays_n;
    for (uint32_t i = 0; i < RELAYS_MAX && left > 0; i++) {
        struct relayed *r = &s->relays[i];
        if (!r->open)
            continue;
        left--;
        if (!r->nacked && now >= r->nack_at) {
            r->nacked = true;
            pass_on(s, r, PEER_NACK, NACK_TIMEOUT);
        }
        if (now >= r->ends_at)
            close_relay(s, r);
    }
}

mono_us relay_deadline(const struct swim *s)
{
    mono_us due = NEVER;
    uint32_t left = s->relays_n;
    for (uint32_t i = 0; left > 0; i++) {
        const struct relayed *r = &s->relays[i];
        if (!r->open)
            continue;
        due = time_min(due, r->nacked ? r->ends_at : r->nack_at);
        left--;
    }
    return due;
}

void relay_stall(struct swim *s, uint64_t late)
{
    for (uint32_t i = 0; i < RELAYS_MAX; i++) {
        s->relays[i].nack_at += late;
        s->relays[i].ends_at += late;
    }
}
