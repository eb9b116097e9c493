/* swim/check.c - single PINGs out of turn: candidates, suspects, the dead who speak, newer runs. */
#include <assert.h>

#include "swim/machine.h"

static struct check *find_check(struct swim *s, uint64_t id)
{
    for (uint32_t i = 0; i < CHECKS_MAX && s->checks_n > 0; i++) {
        if (s->checks[i].open && s->checks[i].id == id)
            return &s->checks[i];
    }
    return NULL;
}

static struct check *free_check(struct swim *s)
{
    for (uint32_t i = 0; i < CHECKS_MAX; i++) {
        if (!s->checks[i].open)
            return &s->checks[i];
    }
    return NULL;
}

static void close_check(struct swim *s, struct check *c)
{
    c->open = false;
    s->checks_n--;
}

void check_cancel(struct swim *s, uint64_t id)
{
    struct check *c = find_check(s, id);
    if (c != NULL)
        close_check(s, c);
}

/** Begin a check of id; NULL when one is under way, was just done, or the table is full. */
static struct check *open_check(struct swim *s, uint64_t id, enum check_kind kind)
{
    if (!swim_takes_part(s) || find_check(s, id) != NULL)
        return NULL;
    struct check *c = free_check(s);
    if (c == NULL)
        return NULL;
    *c = (struct check){.open = true, .kind = kind, .id = id};
    s->checks_n++;
    return c;
}

/** Every try bears a challenge of its own, which is no older than the try; late answers count, too. */
static void send_check(struct swim *s, mono_us now, struct check *c)
{
    const uint32_t slot = roster_find(&s->roster, c->id);
    const struct member *m = slot == SLOT_NONE ? NULL : &s->roster.at[slot];
    const bool at_home = c->kind == CHECK_MEMBER;
    assert(!at_home || m != NULL); /* expire() sends nothing to who was forgotten */
    const uint64_t wait = swim_ping_timeout(s, at_home ? m : NULL);
    const uint64_t challenge = swim_challenge(s);
    assert(c->tries < TRIES_MAX);
    c->challenges[c->tries++] = challenge;
    c->sent_at = now;
    c->due_at = now + wait;
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_PING,
                                    .id = c->id,
                                    .named = m == NULL ? 0 : c->id,
                                    .addr = at_home ? m->addr : c->addr,
                                    .challenge = challenge,
                                    .may_carry = at_home && member_live(m)});
    if (at_home && m->state == SWIM_CANDIDATE && c->tries > 1)
        (void)probe_ask(s, slot, challenge, wait);
}

void check_member(struct swim *s, mono_us now, uint32_t slot)
{
    const struct member *m = &s->roster.at[slot];
    struct check *c = open_check(s, m->id, CHECK_MEMBER);
    if (c == NULL)
        return;
    c->tries_max = m->state == SWIM_CANDIDATE ? TRIES_MAX : 1;
    send_check(s, now, c);
}

void check_stranger(struct swim *s, mono_us now, const struct swim_from *from)
{
    struct check *c = open_check(s, from->id, CHECK_STRANGER);
    if (c == NULL)
        return;
    c->tries_max = 2;
    c->addr = from->addr;
    send_check(s, now, c);
}

void check_claim(struct swim *s, mono_us now, uint64_t id, const struct peer_record *r)
{
    struct check *c = find_check(s, id);
    if (c != NULL && c->kind == CHECK_CLAIM && c->gen >= r->gen && c->ver >= r->ver)
        return;
    if (c != NULL)
        close_check(s, c); /* what is claimed now is newer */
    c = open_check(s, id, CHECK_CLAIM);
    if (c == NULL)
        return;
    c->tries_max = TRIES_MAX;
    c->addr = r->addr;
    c->gen = r->gen;
    c->epoch = r->epoch;
    c->ver = r->ver;
    c->caps = r->caps;
    c->meta = meta_of(r);
    send_check(s, now, c);
}

/* --- answers --- */

/** The claimed run itself answered, so its claim is its own word now. */
static void settle(struct swim *s, mono_us now, struct check *c, const struct heard *h)
{
    const struct check claim = *c;
    if (h->msg->gen != c->gen || h->from->epoch != c->epoch)
        return;
    c->done = true;
    merge_settle(s, now, &claim);
}

/** An answer of another run than the one we hold leaves the check open: the next may bring more. */
static void take_direct(struct swim *s, mono_us now, struct check *c, const struct heard *h)
{
    if (c->kind == CHECK_CLAIM) {
        settle(s, now, c, h);
        return;
    }
    const uint32_t slot =
        roster_find(&s->roster, c->id); /* a stranger's record may have come along */
    const bool same = slot != SLOT_NONE && s->roster.at[slot].gen == h->msg->gen;
    c->done = same || c->kind == CHECK_STRANGER;
    if (!same)
        return;
    if (c->tries == 1) {
        member_measure(&s->roster.at[slot], now - c->sent_at);
        spans_add(&s->round_trips, now - c->sent_at);
    }
    probe_lives(s, now, slot);
}

bool check_ack(struct swim *s, mono_us now, const struct heard *h)
{
    for (uint32_t i = 0; i < CHECKS_MAX && s->checks_n > 0; i++) {
        struct check *c = &s->checks[i];
        if (!c->open || !swim_is_among(c->challenges, c->tries, h->msg->args.ack.challenge))
            continue;
        const uint32_t slot = roster_find(&s->roster, c->id);
        if (h->from->id == c->id)
            take_direct(s, now, c, h);
        else if (c->kind == CHECK_MEMBER && slot != SLOT_NONE)
            probe_lives(s, now, slot); /* a relay reached it */
        return true;
    }
    return false;
}

/* --- time --- */

static void expire(struct swim *s, mono_us now, struct check *c)
{
    const uint32_t slot = roster_find(&s->roster, c->id);
    const bool orphaned = slot == SLOT_NONE && c->kind != CHECK_STRANGER;
    if (!c->done && !orphaned && c->tries < c->tries_max && swim_takes_part(s)) {
        send_check(s, now, c);
        return;
    }
    close_check(s, c);
    if (c->done || slot == SLOT_NONE || c->tries < c->tries_max)
        return;
    if (s->roster.at[slot].state == SWIM_CANDIDATE)
        merge_forget(s, slot); /* hearsay that nobody stood up for */
}

static bool has_check(const struct swim *s, uint64_t id)
{
    for (uint32_t i = 0; i < CHECKS_MAX && s->checks_n > 0; i++) {
        if (s->checks[i].open && s->checks[i].id == id)
            return true;
    }
    return false;
}

/** Is a candidate waiting for a check, with room for one? */
static bool is_hungry(const struct swim *s)
{
    const struct slot_list *waiting = &s->roster.candidates;
    if (waiting->n == 0 || !swim_takes_part(s) || s->checks_n == CHECKS_MAX)
        return false;
    for (uint32_t i = 0; i < waiting->n && i <= s->checks_n; i++) {
        if (!has_check(s, s->roster.at[waiting->at[i]].id))
            return true;
    }
    return false;
}

/** A burst of candidates, then a pause: a big view must not be pinged all at once. */
static void feed_candidates(struct swim *s, mono_us now)
{
    if (now < s->checks_at || !is_hungry(s))
        return;
    uint32_t begun = 0;
    const struct slot_list *waiting = &s->roster.candidates;
    for (uint32_t i = 0; i < waiting->n && begun < CHECKS_BURST; i++) {
        if (has_check(s, s->roster.at[waiting->at[i]].id))
            continue;
        check_member(s, now, waiting->at[i]);
        begun++;
    }
    s->checks_at = now + s->times.gossip_us / 2;
}

void check_tick(struct swim *s, mono_us now)
{
    uint32_t left = s->checks_n; /* an expiry may close others, too */
    for (uint32_t i = 0; i < CHECKS_MAX && left > 0; i++) {
        if (!s->checks[i].open)
            continue;
        left--;
        if (now >= s->checks[i].due_at)
            expire(s, now, &s->checks[i]);
    }
    feed_candidates(s, now);
}

mono_us check_deadline(const struct swim *s)
{
    mono_us due = is_hungry(s) ? s->checks_at : NEVER;
    uint32_t left = s->checks_n;
    for (uint32_t i = 0; left > 0; i++) {
        if (!s->checks[i].open)
            continue;
        due = time_min(due, s->checks[i].due_at);
        left--;
    }
    return due;
}

void check_stall(struct swim *s, uint64_t late)
{
    for (uint32_t i = 0; i < CHECKS_MAX; i++) {
        s->checks[i].sent_at += late;
        s->checks[i].due_at += late;
    }
}
