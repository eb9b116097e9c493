/* swim/seed.c - addresses without names, and members held DEAD: the two ways back together. */
#include "swim/machine.h"

#define SEEDS_AT_ONCE 3

/* --- contacts --- */

static bool is_listed_at(const struct swim *s, const struct slot_list *list,
                         const struct addr *addr)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (addr_eq(&s->roster.at[list->at[i]].addr, addr))
            return true;
    }
    return false;
}

/** The address of somebody DEAD or LEFT is worth a try: a new run may be there. */
static bool is_worth_contact(const struct swim *s, const struct addr *addr)
{
    if (!addr_known(addr) || addr->port == 0 || swim_is_own_addr(s, addr))
        return false;
    for (uint32_t i = 0; i < CONTACTS_MAX; i++) {
        if (s->contacts[i].open && addr_eq(&s->contacts[i].addr, addr))
            return false;
    }
    return !is_listed_at(s, &s->roster.ring, addr) && !is_listed_at(s, &s->roster.candidates, addr);
}

static void send_join(struct swim *s, const struct addr *addr, uint64_t challenge)
{
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_PING,
                                    .join = true,
                                    .with_own = true,
                                    .addr = *addr,
                                    .challenge = challenge});
}

void seed_knock(struct swim *s, const struct addr *addr)
{
    send_join(s, addr, swim_challenge(s));
}

/** A challenge for each try: what answers the first one may be dead when the second is sent. */
static void send_contact(struct swim *s, mono_us now, struct contact *c)
{
    const uint64_t challenge = swim_challenge(s);
    c->challenges[c->tries++] = challenge;
    c->due_at = now + swim_ping_timeout(s, NULL);
    send_join(s, &c->addr, challenge);
}

static void close_contact(struct swim *s, struct contact *c)
{
    c->open = false;
    s->contacts_n--;
}

static void open_contact(struct swim *s, mono_us now, const struct addr *addr)
{
    for (uint32_t i = 0; i < CONTACTS_MAX; i++) {
        struct contact *c = &s->contacts[i];
        if (c->open)
            continue;
        *c = (struct contact){.open = true, .addr = *addr};
        s->contacts_n++;
        s->n.seeds_contacted++;
        send_contact(s, now, c);
        return;
    }
}

void swim_seed(struct swim *s, mono_us now, const struct addr *addrs, size_t n)
{
    const struct addr *chosen[SEEDS_AT_ONCE];
    uint64_t seen = 0;
    health_enter(s, now);
    for (size_t i = 0; i < n; i++) { /* reservoir sampling: each has the same chance */
        if (!is_worth_contact(s, &addrs[i]))
            continue;
        const uint64_t place = seen < SEEDS_AT_ONCE ? seen : rng_below(&s->rng, seen + 1);
        if (place < SEEDS_AT_ONCE)
            chosen[place] = &addrs[i];
        seen++;
    }
    for (uint64_t i = 0; i < SEEDS_AT_ONCE && i < seen && swim_takes_part(s); i++) {
        if (is_worth_contact(s, chosen[i])) /* the same address may be listed twice */
            open_contact(s, now, chosen[i]);
    }
}

bool seed_ack(struct swim *s, const struct heard *h)
{
    for (uint32_t i = 0; i < CONTACTS_MAX; i++) {
        struct contact *c = &s->contacts[i];
        if (!c->open || c->answered ||
            !swim_is_among(c->challenges, c->tries, h->msg->args.ack.challenge))
            continue;
        c->answered = true;
        c->tries = 0;
        c->id = h->from->id;
        return true;
    }
    return false;
}

/** A contact that has become a member by other ways needs no sync of its own. */
static bool is_member_now(const struct swim *s, const struct contact *c)
{
    return s->sync.ever && roster_find_live(&s->roster, c->id) != SLOT_NONE;
}

const struct contact *seed_waiting(const struct swim *s)
{
    for (uint32_t i = 0; i < CONTACTS_MAX && s->contacts_n > 0; i++) {
        const struct contact *c = &s->contacts[i];
        if (c->open && c->answered && !is_member_now(s, c))
            return c;
    }
    return NULL;
}

void seed_synced(struct swim *s, uint64_t id, bool ok)
{
    for (uint32_t i = 0; i < CONTACTS_MAX; i++) {
        struct contact *c = &s->contacts[i];
        if (!c->open || !c->answered || c->id != id)
            continue;
        c->tries++;
        if (ok || c->tries >= TRIES_MAX)
            close_contact(s, c);
    }
}

static bool is_given_up(const struct swim *s, const struct contact *c)
{
    return c->tries >= TRIES_MAX || !swim_takes_part(s);
}

static void tick_contact(struct swim *s, mono_us now, struct contact *c)
{
    const bool over = c->answered ? is_member_now(s, c) : now >= c->due_at && is_given_up(s, c);
    if (over)
        close_contact(s, c);
    else if (!c->answered && now >= c->due_at)
        send_contact(s, now, c);
}

/* --- members held DEAD --- */

static uint32_t random_dead(struct swim *s)
{
    const struct slot_list *tombs = &s->roster.tombs;
    uint32_t found = SLOT_NONE, seen = 0;
    for (uint32_t i = 0; i < tombs->n; i++) {
        if (s->roster.at[tombs->at[i]].state != SWIM_DEAD)
            continue;
        seen++;
        if (rng_below(&s->rng, seen) == 0)
            found = tombs->at[i];
    }
    return found;
}

static void reconnect(struct swim *s, mono_us now)
{
    s->reconnect_at = now + rng_jitter(&s->rng, s->times.reconnect_us, 20);
    const uint32_t slot = swim_takes_part(s) ? random_dead(s) : SLOT_NONE;
    if (slot == SLOT_NONE)
        return;
    s->n.reconnects++;
    check_member(s, now, slot);
}

void seed_tick(struct swim *s, mono_us now)
{
    for (uint32_t i = 0; i < CONTACTS_MAX && s->contacts_n > 0; i++) {
        if (s->contacts[i].open)
            tick_contact(s, now, &s->contacts[i]);
    }
    if (now >= s->reconnect_at)
        reconnect(s, now);
}

mono_us seed_deadline(const struct swim *s)
{
    mono_us due = s->roster.tombs.n > 0 ? s->reconnect_at : NEVER;
    for (uint32_t i = 0; i < CONTACTS_MAX && s->contacts_n > 0; i++) {
        if (s->contacts[i].open && !s->contacts[i].answered)
            due = time_min(due, s->contacts[i].due_at);
    }
    return due;
}

void seed_stall(struct swim *s, uint64_t late)
{
    for (uint32_t i = 0; i < CONTACTS_MAX; i++)
        s->contacts[i].due_at += late;
}
