/* swim/suspect.c - from a failed probe to DEAD, with time to object in between. */
#include "swim/machine.h"

/* Below this size everybody looks for himself at once when he hears of a suspicion; above, about as
 * many as this do: confirmations come quickly and a suspect is never pinged by a thousand. */
#define WITNESSES 8

static bool has_accused(const struct member *m, uint64_t accuser)
{
    for (uint32_t i = 0; i < m->accusers_n; i++) {
        if (m->accusers[i] == accuser)
            return true;
    }
    return false;
}

/** An accuser counts once, and only while we hold it ALIVE itself: ourselves always. */
static bool counts(const struct swim *s, const struct member *m, uint64_t accuser)
{
    if (accuser == 0 || m->accusers_n == MEMBER_ACCUSERS_MAX || has_accused(m, accuser))
        return false;
    if (accuser == s->roster.at[SLOT_SELF].id)
        return true;
    const uint32_t slot = roster_find_live(&s->roster, accuser);
    return slot != SLOT_NONE && s->roster.at[slot].state == SWIM_ALIVE;
}

static void add_accuser(struct swim *s, uint32_t slot, uint64_t accuser)
{
    struct member *m = &s->roster.at[slot];
    if (!counts(s, m, accuser))
        return;
    m->accusers[m->accusers_n++] = accuser;
    rumor_push(&s->rumors, slot, RUMOR_ACCUSE);
}

/** On hearsay look for ourselves; the PING also tells the suspect, who can object at once. */
static void look(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser)
{
    const bool ours = accuser == swim_self(s)->id;
    if (!ours && rng_below(&s->rng, (uint64_t)s->roster.ring.n + 1) >= WITNESSES)
        return;
    check_member(s, now, slot);
    if (!ours)
        probe_urge(s, slot);
}

static void begin(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser)
{
    struct member *m = &s->roster.at[slot];
    const struct swim_member before = outbox_snapshot(s, slot);
    roster_set_state(&s->roster, slot, SWIM_SUSPECT, now);
    m->suspect_since = now;
    m->suspect_n = s->roster.ring.n + 1;
    m->accusers_n = 0;
    s->n.suspicions++;
    rumor_push(&s->rumors, slot, RUMOR_ACCUSE);
    add_accuser(s, slot, accuser);
    outbox_event(s, SWIM_SUSPECTED, slot, &before);
    look(s, now, slot, accuser);
}

void suspect_accuse(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser)
{
    if (s->roster.at[slot].state == SWIM_ALIVE)
        begin(s, now, slot, accuser);
    else
        add_accuser(s, slot, accuser);
}

void suspect_clear(struct swim *s, mono_us now, uint32_t slot)
{
    const struct swim_member before = outbox_snapshot(s, slot);
    s->roster.at[slot].accusers_n = 0;
    roster_set_state(&s->roster, slot, SWIM_ALIVE, now);
    rumor_drop(&s->rumors, slot); /* at this version ALIVE convinces nobody: the subject must */
    s->n.suspicions_refuted++;
    outbox_event(s, SWIM_ALIVE_AGAIN, slot, &before);
}

void suspect_condemn(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser)
{
    struct member *m = &s->roster.at[slot];
    const struct swim_member before = outbox_snapshot(s, slot);
    check_cancel(s, m->id);
    merge_bury(s, now, slot, SWIM_DEAD);
    m->accusers_n = 0;
    if (accuser != 0)
        m->accusers[m->accusers_n++] = accuser;
    s->n.suspicions_died++;
    outbox_event(s, SWIM_FAIL, slot, &before);
    rumor_push(&s->rumors, slot, RUMOR_ACCUSE);
}

/** Confirmations come after the first accusation. */
static uint32_t confirmed(const struct member *m)
{
    return m->accusers_n == 0 ? 0 : m->accusers_n - 1u;
}

bool suspect_agrees(const struct swim *s, uint32_t slot)
{
    const struct member *m = &s->roster.at[slot];
    return has_accused(m, s->roster.at[SLOT_SELF].id) ||
           confirmed(m) >= suspicion_expected(m->suspect_n);
}

/** Cut off ourselves, we wait longer; but not for ever, or the loss of a majority went unseen. */
static mono_us condemn_at(const struct swim *s, const struct member *m)
{
    const uint64_t period = s->times.period_us;
    if (s->isolated)
        return m->suspect_since + 2 * suspicion_max(m->suspect_n, period);
    return m->suspect_since + suspicion_timeout(m->suspect_n, confirmed(m), period);
}

void suspect_tick(struct swim *s, mono_us now)
{
    const struct slot_list *suspects = &s->roster.suspects;
    for (uint32_t i = 0; i < suspects->n && swim_takes_part(s);) {
        const uint32_t slot = suspects->at[i];
        if (condemn_at(s, &s->roster.at[slot]) <= now && outbox_has_room(s))
            suspect_condemn(s, now, slot, swim_self(s)->id); /* the next one moves to place i */
        else
            i++;
    }
}

mono_us suspect_deadline(const struct swim *s)
{
    mono_us due = NEVER;
    if (!swim_takes_part(s) || !outbox_has_room(s))
        return due;
    for (uint32_t i = 0; i < s->roster.suspects.n; i++)
        due = time_min(due, condemn_at(s, &s->roster.at[s->roster.suspects.at[i]]));
    return due;
}

/** Who lost much time knows nothing of the present: suspicions begin anew. */
void suspect_stall(struct swim *s, uint64_t late, mono_us now)
{
    for (uint32_t i = 0; i < s->roster.suspects.n; i++) {
        struct member *m = &s->roster.at[s->roster.suspects.at[i]];
        m->suspect_since = late < s->times.period_us ? m->suspect_since + late : now;
    }
}
