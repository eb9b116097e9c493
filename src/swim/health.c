/* swim/health.c - doubts about ourselves: local health, isolation, lost time (Lifeguard IV.A). */
#include "swim/machine.h"

#define STALL_LHM_MAX 3

void health_worse(struct swim *s, uint32_t by)
{
    const uint32_t sum = s->lhm + by;
    s->lhm = sum < LHM_MAX ? (uint8_t)sum : LHM_MAX;
}

void health_better(struct swim *s)
{
    if (s->lhm > 0)
        s->lhm--;
}

static void tell(struct swim *s, enum swim_event_kind kind)
{
    const struct swim_member self = outbox_snapshot(s, SLOT_SELF);
    outbox_event(s, kind, SLOT_SELF, &self);
}

/**
 * The latest probe of each distinct member counts, of at least two: a window over all probes would
 * mute a healthy node of three whose one peer died.
 */
void health_judge(struct swim *s)
{
    const struct roster *t = &s->roster;
    uint32_t ok = 0, failed = 0;
    for (uint32_t i = 0; i < t->ring.n; i++) {
        ok += t->at[t->ring.at[i]].latest_probe == PROBE_OK ? 1 : 0;
        failed += t->at[t->ring.at[i]].latest_probe == PROBE_FAILED ? 1 : 0;
    }
    const bool cut_off = failed > ok;
    if (!s->isolated && cut_off && ok + failed >= 2) {
        s->isolated = true;
        s->n.isolations++;
        tell(s, SWIM_ISOLATED);
    } else if (s->isolated && !cut_off && ok > 0) {
        s->isolated = false;
        tell(s, SWIM_CONNECTED);
    }
}

/**
 * Time lost by ourselves must not be held against others. Being late by a stall moves every open
 * deadline by that much, and the probe that was open ends without a verdict.
 */
void health_enter(struct swim *s, mono_us now)
{
    const mono_us seen_at = s->seen_at;
    s->seen_at = time_max(seen_at, now);
    if (now <=
        seen_at + STALL_US) /* nearly always, and then nobody needs to ask for the deadline */
        return;
    /* What became due only by the last call could not be done before it. */
    const mono_us planned = time_max(swim_deadline(s), seen_at);
    if (now <= planned || now - planned <= STALL_US)
        return;
    const uint64_t late = now - planned;
    const uint64_t lost = late / s->times.period_us;
    s->n.stalls++;
    health_worse(s, lost == 0 ? 1 : lost < STALL_LHM_MAX ? (uint32_t)lost : STALL_LHM_MAX);
    if (s->round.open)
        s->round_at = now;
    probe_abandon(s, SLOT_NONE);
    check_stall(s, late);
    relay_stall(s, late);
    suspect_stall(s, late, now);
    identity_stall(s, late);
    seed_stall(s, late);
}
