/* swim/merge.c - records of others: what is believed, and what follows from it. */
#include "swim/machine.h"

/* --- what may be believed --- */

/** Is gen believable on hearsay, by our clock and the highest known? */
static bool believes_gen(struct swim *s, mono_us now, uint64_t gen, uint64_t known)
{
    const uint64_t clock = s->started_gen + (now - s->started_at) / US_PER_MS;
    const uint64_t base = clock > known ? clock : known;
    if (gen <= base || gen - base <= GEN_AHEAD_MS)
        return true;
    s->n.generation_refused++;
    return false;
}

static bool believes_ver(struct swim *s, uint32_t ver, uint32_t known)
{
    if (ver <= known || ver - known <= VERSION_JUMP)
        return true;
    s->n.generation_refused++;
    return false;
}

static bool is_well_formed(const struct peer_record *r)
{
    return r->name.len >= 1 && r->name.len <= PEER_NAME_MAX && r->state >= PEER_ALIVE &&
           r->state <= PEER_LEFT && addr_known(&r->addr) && r->addr.port != 0 && r->gen < GEN_MAX &&
           r->epoch != 0;
}

/** Is the record the subject's own word: of the very run whose proven packet brought it? */
static bool is_own_word(const struct heard *h, const struct peer_record *r, uint64_t id)
{
    return h != NULL && h->from->proven && h->from->id == id && h->from->epoch == r->epoch &&
           h->msg->gen == r->gen;
}

/** One record on its way into the table. */
struct telling {
    const struct heard *heard;
    const struct peer_record *r;
    uint64_t id;
    bool own_word;
};

static bool is_believable(struct swim *s, mono_us now, const struct telling *t, uint32_t slot)
{
    if (t->own_word)
        return true;
    const struct member *m = slot == SLOT_NONE ? NULL : &s->roster.at[slot];
    const bool same_run = m != NULL && m->gen == t->r->gen;
    return believes_gen(s, now, t->r->gen, m == NULL ? 0 : m->gen) &&
           believes_ver(s, t->r->ver, same_run ? m->ver : 0);
}

static uint64_t accuser_id(struct swim *s, const struct peer_record *r)
{
    return r->accuser.len == 0 ? 0 : swim_id_of(s, r->accuser);
}

/* --- into and out of the table --- */

void merge_forget(struct swim *s, uint32_t slot)
{
    probe_abandon(s, slot);
    check_cancel(s, s->roster.at[slot].id);
    rumor_drop(&s->rumors, slot);
    roster_drop(&s->roster, slot);
}

static void forget_tombstone(struct swim *s, uint32_t slot)
{
    struct swim_member before = outbox_snapshot(s, slot);
    outbox_event(s, SWIM_FORGOTTEN, slot, &before);
    merge_forget(s, slot);
}

/** Make room for one tombstone more. */
static void bury_oldest(struct swim *s)
{
    if (s->roster.tombs.n < s->roster.tombs_max)
        return;
    s->n.tombstones_dropped++;
    forget_tombstone(s, s->roster.tombs.at[0]);
}

static mono_us kept_until(const struct swim *s, const struct member *m)
{
    const uint64_t keep = m->state == SWIM_LEFT ? s->times.left_keep_us : s->times.dead_keep_us;
    return m->state_since + keep;
}

void merge_reap(struct swim *s, mono_us now)
{
    if (now < s->reap_at)
        return;
    const struct slot_list *tombs = &s->roster.tombs;
    s->reap_at = NEVER;
    for (uint32_t i = 0; i < tombs->n;) {
        const uint32_t slot = tombs->at[i];
        const mono_us until = kept_until(s, &s->roster.at[slot]);
        if (until <= now && outbox_has_room(s)) {
            forget_tombstone(s, slot); /* the next one moves to place i */
            continue;
        }
        s->reap_at = time_min(s->reap_at, time_max(until, now + s->times.period_us));
        i++;
    }
}

void merge_bury(struct swim *s, mono_us now, uint32_t slot, enum swim_state state)
{
    struct member *m = &s->roster.at[slot];
    probe_abandon(s, slot);
    if (m->state != SWIM_DEAD && m->state != SWIM_LEFT) {
        m->hearsay = m->state == SWIM_CANDIDATE;
        bury_oldest(s);
    }
    roster_set_state(&s->roster, slot, state, now);
    s->reap_at = time_min(s->reap_at, kept_until(s, m));
}

static void copy_facts(struct member *m, const struct peer_record *r)
{
    m->addr = r->addr;
    m->caps = r->caps;
    m->meta = meta_of(r);
    m->epoch = r->epoch;
}

/** Who passed a record on may be of a version that keeps no metadata: it is taken from the next teller. */
static void complete(struct member *m, const struct peer_record *r)
{
    if (m->meta.len == 0 && r->ver == m->ver)
        m->meta = meta_of(r);
}

/** Take a record's incarnation and facts, whatever was held before. */
static void adopt(struct swim *s, uint32_t slot, const struct peer_record *r)
{
    roster_set_claim(&s->roster, slot, r->gen, r->ver);
    copy_facts(&s->roster.at[slot], r);
}

/** What was measured of a run says nothing about the next. */
static void reset_run(struct member *m)
{
    m->srtt_us = 0;
    m->rttvar_us = 0;
    m->last_ack_at = 0;
    m->view_hash = 0;
    m->differ_since = 0;
    m->accusers_n = 0;
    m->latest_probe = PROBE_NONE;
}

/* --- unknown names --- */

/**
 * Hearsay makes candidates only: a member is who answered. The dead are remembered without ado, but
 * not told on: who forgot them would learn of them anew from whoever learned later, without end.
 */
static void meet(struct swim *s, mono_us now, const struct telling *t)
{
    const bool gone = t->r->state == PEER_DEAD || t->r->state == PEER_LEFT;
    if (!gone && !roster_has_room(&s->roster)) {
        s->n.members_full++;
        return;
    }
    if (gone)
        bury_oldest(s);
    const uint32_t slot = roster_add(&s->roster, t->id, t->r->name);
    adopt(s, slot, t->r);
    s->roster.at[slot].hearsay = gone;
    roster_enter(&s->roster, slot, gone ? (enum swim_state)t->r->state : SWIM_CANDIDATE, now);
    if (gone)
        s->reap_at = time_min(s->reap_at, kept_until(s, &s->roster.at[slot]));
}

void merge_admit(struct swim *s, mono_us now, uint32_t slot)
{
    struct member *m = &s->roster.at[slot];
    const struct swim_member before = outbox_snapshot(s, slot);
    const bool first = s->roster.ring.n == 0;
    roster_set_state(&s->roster, slot, SWIM_ALIVE, now);
    m->announced = true;
    outbox_event(s, SWIM_JOIN, slot, &before);
    rumor_push(&s->rumors, slot, RUMOR_ALIVE);
    if (first && !s->sync.ever)
        fullsync_want(s, m->id);
}

/** The news of a candidate: only newer claims and farewells matter before it has answered. */
static void amend_candidate(struct swim *s, mono_us now, uint32_t slot, const struct peer_record *r)
{
    const struct member *m = &s->roster.at[slot];
    const bool newer = r->gen > m->gen || (r->gen == m->gen && r->ver > m->ver);
    if (r->state == PEER_LEFT && (newer || r->gen == m->gen)) {
        adopt(s, slot, r);
        check_cancel(s, m->id);
        merge_bury(s, now, slot, SWIM_LEFT);
    } else if (newer) {
        adopt(s, slot, r);
    }
}

/* --- a newer run of a known name --- */

/** The same process under a raised generation is no replacement. */
static enum swim_event_kind event_of_run(const struct swim_member *before, uint64_t epoch)
{
    if (before->epoch != epoch)
        return SWIM_REPLACED;
    return before->state == SWIM_ALIVE ? SWIM_UPDATE : SWIM_ALIVE_AGAIN;
}

/** The new run takes the old one's place at once, at whatever address: no death, no join. */
static void supersede(struct swim *s, mono_us now, uint32_t slot, const struct peer_record *r)
{
    struct member *m = &s->roster.at[slot];
    if (!member_live(m) && !roster_has_room(&s->roster)) {
        s->n.members_full++;
        return;
    }
    const struct swim_member before = outbox_snapshot(s, slot);
    const bool joins = !m->announced;
    probe_abandon(s, slot);
    check_cancel(s, m->id);
    adopt(s, slot, r);
    reset_run(m);
    roster_set_state(&s->roster, slot, SWIM_ALIVE, now);
    m->state_since = now;
    m->announced = true;
    outbox_event(s, joins ? SWIM_JOIN : event_of_run(&before, r->epoch), slot, &before);
    rumor_push(&s->rumors, slot, RUMOR_REFUTE);
}

void merge_settle(struct swim *s, mono_us now, const struct check *c)
{
    const uint32_t slot = roster_find(&s->roster, c->id);
    if (slot == SLOT_NONE)
        return;
    const struct member *m = &s->roster.at[slot];
    if (m->gen > c->gen || (m->gen == c->gen && m->ver >= c->ver))
        return; /* overtaken by a record */
    const struct peer_record r = {.name = member_name(m),
                                  .gen = c->gen,
                                  .ver = c->ver,
                                  .state = PEER_ALIVE,
                                  .addr = c->addr,
                                  .caps = c->caps,
                                  .epoch = c->epoch,
                                  .meta = slice_of(c->meta.bytes, c->meta.len)};
    supersede(s, now, slot, &r);
    if (member_live(m))
        probe_lives(s, now, slot);
}

/** Of those who left, or whom we never knew alive, hearsay of a newer run is checked first. */
static void hear_new_run(struct swim *s, mono_us now, uint32_t slot, const struct telling *t)
{
    struct member *m = &s->roster.at[slot];
    const bool gone = t->r->state == PEER_DEAD || t->r->state == PEER_LEFT;
    if (!m->announced && gone) {
        adopt(s, slot, t->r);
        m->hearsay = true;
        merge_bury(s, now, slot, (enum swim_state)t->r->state);
        return;
    }
    if (!m->announced) {
        check_claim(s, now, t->id, t->r);
        return;
    }
    if (t->r->state == PEER_LEFT) {
        adopt(s, slot, t->r);
        merge_left(s, now, slot);
        return;
    }
    supersede(s, now, slot, t->r);
    if (!member_live(m) || m->gen != t->r->gen)
        return;
    check_member(s, now, slot);
    if (t->r->state != PEER_ALIVE)
        suspect_accuse(s, now, slot, accuser_id(s, t->r));
}

/* --- the same run --- */

/** The subject raised its version: whatever was said before is answered. */
static void renew(struct swim *s, mono_us now, uint32_t slot, const struct peer_record *r)
{
    struct member *m = &s->roster.at[slot];
    const struct swim_member before = outbox_snapshot(s, slot);
    if (!member_live(m) && !roster_has_room(&s->roster)) {
        s->n.members_full++;
        return;
    }
    const struct swim_meta meta = meta_of(r);
    const bool changed =
        m->caps != r->caps || !addr_eq(&m->addr, &r->addr) || !meta_eq(&m->meta, &meta);
    adopt(s, slot, r);
    m->accusers_n = 0;
    s->n.suspicions_refuted += before.state == SWIM_SUSPECT ? 1 : 0;
    roster_set_state(&s->roster, slot, SWIM_ALIVE, now);
    if (!m->announced)
        outbox_event(s, SWIM_JOIN, slot, &before);
    else if (before.state != SWIM_ALIVE)
        outbox_event(s, SWIM_ALIVE_AGAIN, slot, &before);
    else if (changed)
        outbox_event(s, SWIM_UPDATE, slot, &before);
    m->announced = true;
    rumor_push(&s->rumors, slot, before.state == SWIM_ALIVE ? RUMOR_ALIVE : RUMOR_REFUTE);
}

void merge_left(struct swim *s, mono_us now, uint32_t slot)
{
    struct member *m = &s->roster.at[slot];
    const struct swim_member before = outbox_snapshot(s, slot);
    check_cancel(s, m->id);
    merge_bury(s, now, slot, SWIM_LEFT);
    m->accusers_n = 0;
    if (m->announced)
        outbox_event(s, SWIM_LEAVE, slot, &before);
    m->announced = false;
    if (!m->hearsay)
        rumor_push(&s->rumors, slot, RUMOR_ACCUSE);
}

/** DEAD from a live, proven peer is enough when we hold as much against the member ourselves. */
static bool is_final(const struct swim *s, uint32_t slot, const struct telling *t)
{
    if (t->r->state != PEER_DEAD || t->heard == NULL || s->isolated)
        return false;
    const uint32_t teller = roster_find_live(&s->roster, t->heard->from->id);
    return teller != SLOT_NONE && s->roster.at[teller].state == SWIM_ALIVE &&
           suspect_agrees(s, slot);
}

/** A remote DEAD is merged as SUSPECT, so that the subject can still answer (memberlist's rule). */
static void hear_accusation(struct swim *s, mono_us now, uint32_t slot, const struct telling *t)
{
    const struct member *m = &s->roster.at[slot];
    const uint64_t accuser = accuser_id(s, t->r);
    if (!member_live(m))
        return;
    if (m->state == SWIM_ALIVE && accuser == swim_self(s)->id)
        return; /* our own accusation comes back after we took it back */
    if (m->state == SWIM_SUSPECT && is_final(s, slot, t))
        suspect_condemn(s, now, slot, accuser);
    else
        suspect_accuse(s, now, slot, accuser == swim_self(s)->id ? 0 : accuser);
}

static void hear_same_run(struct swim *s, mono_us now, uint32_t slot, const struct telling *t)
{
    struct member *m = &s->roster.at[slot];
    const struct claim held = {.ver = m->ver, .state = (enum swim_state)m->state};
    const struct claim told = {.ver = t->r->ver, .state = (enum swim_state)t->r->state};
    complete(m, t->r);
    const bool repeats = told.ver == held.ver && held.state == SWIM_SUSPECT &&
                         (told.state == SWIM_SUSPECT || told.state == SWIM_DEAD);
    if (repeats) {
        hear_accusation(s, now, slot, t);
        return;
    }
    if (!claim_wins(held, told))
        return;
    if (told.state == SWIM_LEFT) {
        adopt(s, slot, t->r);
        merge_left(s, now, slot);
        return;
    }
    if (held.state == SWIM_DEAD && told.state == SWIM_DEAD) {
        adopt(s, slot, t->r);
        return;
    }
    if (!m->announced) {
        check_claim(s, now, t->id, t->r); /* a tombstone of hearsay: hearsay cannot raise it */
        return;
    }
    if (told.ver > held.ver)
        renew(s, now, slot, t->r);
    if (told.state != SWIM_ALIVE && m->ver == told.ver)
        hear_accusation(s, now, slot, t);
}

/* --- entry --- */

/** Two runs of equal generation are told apart by their epochs, alike on every node. */
static bool is_newer_run(const struct member *m, const struct peer_record *r)
{
    return r->gen > m->gen || (r->gen == m->gen && r->epoch > m->epoch);
}

/** Somebody holds an older run to be there: the end of a newer one is news again, though it was only
 *  told to us. Its subject, if it lives with a clock set back, must hear of it in order to outrank it. */
static void contradict(struct member *m, const struct peer_record *r)
{
    if (r->state == PEER_ALIVE || r->state == PEER_SUSPECT)
        m->hearsay = false;
}

static void merge_known(struct swim *s, mono_us now, uint32_t slot, const struct telling *t)
{
    struct member *m = &s->roster.at[slot];
    if (!slice_eq(member_name(m), t->r->name)) {
        s->n.records_refused++; /* two names of one id: the first stays */
        return;
    }
    if (m->state == SWIM_CANDIDATE)
        amend_candidate(s, now, slot, t->r);
    else if (is_newer_run(m, t->r))
        hear_new_run(s, now, slot, t);
    else if (t->r->gen == m->gen && t->r->epoch == m->epoch)
        hear_same_run(s, now, slot, t);
    else
        contradict(m, t->r);
}

void merge_record(struct swim *s, mono_us now, const struct heard *h, const struct peer_record *r)
{
    s->n.records_in++;
    if (!is_well_formed(r) || !outbox_has_room(s)) {
        s->n.records_refused++;
        return;
    }
    const struct telling t = {.heard = h, .r = r, .id = swim_id_of(s, r->name)};
    if (t.id == swim_self(s)->id) {
        if (slice_eq(r->name, member_name(swim_self(s))))
            identity_claimed(s, now, r);
        return;
    }
    struct telling told = t;
    told.own_word = is_own_word(h, r, t.id);
    const uint32_t slot = roster_find(&s->roster, t.id);
    if (!is_believable(s, now, &told, slot)) {
        s->n.records_refused++;
        return;
    }
    if (slot == SLOT_NONE)
        meet(s, now, &told);
    else
        merge_known(s, now, slot, &told);
}

/** A join PING may be a replay: its record makes a candidate or a claim, and the answer decides. */
void merge_join(struct swim *s, mono_us now, const struct heard *h)
{
    if (h->msg->records_n != 1)
        return;
    const struct peer_record *r = &h->msg->records[0];
    const struct telling t = {.heard = h, .r = r, .id = h->from->id, .own_word = true};
    if (!is_well_formed(r) || swim_id_of(s, r->name) != t.id || r->state != PEER_ALIVE ||
        r->gen != h->msg->gen || r->epoch != h->from->epoch) {
        s->n.records_refused++;
        return;
    }
    s->n.records_in++;
    const uint32_t slot = roster_find(&s->roster, t.id);
    if (slot == SLOT_NONE)
        meet(s, now, &t);
    else if (s->roster.at[slot].state == SWIM_CANDIDATE)
        amend_candidate(s, now, slot, r);
    else if (is_newer_run(&s->roster.at[slot], r))
        check_claim(s, now, t.id, r);
}
