#include "spread/fan.h"

#include <assert.h>

#include "spread/datagram.h"

#define FULL_BYTES 1000 /* records that fill a datagram beside its header fields */

bool spread_fan_init(struct fan *f, struct arena *arena, const struct spread_cfg *cfg,
                     uint32_t slots_max)
{
    f->links_max = cfg->links_max;
    f->deadline = NEVER;
    f->links = arena_take(arena, cfg->links_max, sizeof(*f->links));
    f->due = arena_take(arena, cfg->links_max, sizeof(*f->due));
    if (f->links == NULL || f->due == NULL)
        return false;
    return spread_recent_init(&f->recent, arena, slots_max, cfg->names_bytes);
}

/** Make the deadline exact again: acknowledgements only ever leave it too early. */
static void settle_deadline(struct fan *f)
{
    f->deadline = NEVER;
    for (uint32_t i = 0; i < f->slots_n; i++)
        f->deadline = time_min(f->deadline, f->due[i]);
}

/* Idle links must cost nothing. */
void spread_fan_retime(struct fan *f, uint32_t i)
{
    const mono_us at = spread_link_deadline(&f->links[i]);
    if (f->due[i] == NEVER && at != NEVER)
        f->busy_n++;
    if (f->due[i] != NEVER && at == NEVER)
        f->busy_n--;
    f->due[i] = at;
    f->deadline = f->busy_n == 0 ? NEVER : time_min(f->deadline, at);
}

void spread_fan_assign(struct fan *f, uint32_t i, uint64_t id, uint64_t head)
{
    assert(i < f->links_max);
    for (; f->slots_n <= i; f->slots_n++)
        f->due[f->slots_n] = NEVER;
    spread_link_init(&f->links[i], id, head);
    if (f->forgets)
        spread_link_skip(&f->links[i], head);
    spread_fan_retime(f, i);
    settle_deadline(f);
}

static void forget(struct fan *f, struct link *k)
{
    const uint64_t srtt_us = k->srtt_us;
    spread_link_init(k, k->id, f->head);
    spread_link_skip(k, f->head);
    k->srtt_us = srtt_us;
    f->counters->relay_given_up++;
}

static void give_up(struct fan *f, struct link *k, mono_us now)
{
    if (f->forgets) {
        forget(f, k);
        return;
    }
    spread_link_fall_behind(k, now, f->head);
    f->roles_stale = true;
    f->counters->behinds++;
}

/** Does k still wait for dot n, which nobody can send any more? */
static bool lacks(const struct link *k, uint64_t n)
{
    return k->id != 0 && n > k->floor && !spread_link_has(k, n);
}

/** The ring dropped dot n. Relays only: of our own dots, the link that lacks it falls behind. */
static void skip_dropped(struct fan *f, uint64_t n)
{
    bool lacked = false;
    for (uint32_t i = 0; i < f->slots_n; i++) {
        if (!lacks(&f->links[i], n))
            continue;
        lacked = true;
        spread_link_skip(&f->links[i], n);
        spread_fan_retime(f, i);
    }
    f->counters->relay_dropped += lacked;
}

void spread_fan_put(struct fan *f, uint64_t n, const struct dot *d)
{
    spread_recent_put(&f->recent, n, d);
    f->head = n;
    const uint64_t dropped = spread_recent_oldest(&f->recent) - 1;
    if (f->forgets && dropped > 0)
        skip_dropped(f, dropped);
}

/** Does the dot that just left the ring still wait for k? Then only healing can bring it there. */
static bool lost_from_ring(const struct fan *f, const struct link *k)
{
    const uint64_t dropped = spread_recent_oldest(&f->recent) - 1;
    return dropped >= f->recent.first && lacks(k, dropped);
}

/** Bring k up to the newest dot. false when pushing it is over. */
static bool accepts(struct fan *f, struct link *k, mono_us now)
{
    k->hot[f->head % HOT_WINDOW] = 0;
    if (!k->behind && lost_from_ring(f, k))
        give_up(f, k, now);
    return !k->behind;
}

void spread_fan_offer(struct fan *f, uint32_t i, mono_us now, bool relay)
{
    struct link *k = &f->links[i];
    if (accepts(f, k, now)) {
        k->relays = k->relays || relay;
        spread_link_offer(k, &f->times, now,
                          spread_recent_bytes(&f->recent, k->sent) >= FULL_BYTES);
    }
    spread_fan_retime(f, i);
}

/** Leave the newest dot to relays; on a link that has unsent ones it goes with them. */
static void leave(struct fan *f, uint32_t i, mono_us now, const struct flight *how)
{
    struct link *k = &f->links[i];
    if (k->sent + 1 < f->head && !k->behind) {
        spread_fan_offer(f, i, now, false);
        return;
    }
    if (accepts(f, k, now)) {
        struct flight flight = *how;
        flight.lo = f->head;
        flight.hi = f->head;
        k->sent = f->head;
        spread_link_flown(k, &f->times, now, &flight);
    }
    spread_fan_retime(f, i);
}

void spread_fan_hold(struct fan *f, uint32_t i, mono_us now)
{
    leave(f, i, now, &(struct flight){.kind = FLIGHT_HELD});
}

void spread_fan_back_up(struct fan *f, uint32_t i, mono_us now, uint32_t primary)
{
    leave(f, i, now, &(struct flight){.kind = FLIGHT_BACKUP, .primary = primary});
}

/** A link is pushed to again when the member has what it was told of, and the ring has the rest. */
static bool caught_up(const struct fan *f, const struct link *k)
{
    if (!k->behind || k->cover.applied < k->advertised)
        return false;
    return k->cover.applied >= f->head || k->cover.applied + 1 >= spread_recent_oldest(&f->recent);
}

void spread_fan_ack(struct fan *f, uint32_t i, mono_us now, const struct cover *c)
{
    struct link *k = &f->links[i];
    spread_link_ack(k, c);
    if (caught_up(f, k)) {
        spread_link_catch_up(k, now, f->head);
        f->roles_stale = true;
    }
    spread_fan_retime(f, i);
}

/* ---- output ---- */

static void end_flush(struct link *k, mono_us now)
{
    k->flush_at = NEVER;
    k->flushed_at = now;
    k->relays = false;
}

/** Write the next datagram of unsent dots. false when nothing is left to say: all are covered by now. */
static bool write_flush(struct fan *f, struct link *k, mono_us now, struct dots_writer *w)
{
    const uint64_t sent_before = k->sent;
    const struct run run = {.lo = k->sent + 1, .hi = f->head, .named = true, .relay = k->relays};
    const struct written done = spread_write_run(&f->recent, k, &run, w);
    if (done.next == run.lo && run.lo <= run.hi) /* no room for one record */
        return false;
    const bool said = done.n + done.left > 0;
    if (said) {
        const struct flight flown = {.lo = run.lo,
                                     .hi = done.next - 1,
                                     .kind = run.relay ? FLIGHT_ASKED : FLIGHT_SENT,
                                     .relay = run.relay};
        spread_link_flown(k, &f->times, now, &flown);
        f->counters->dots_sent += done.n;
        f->counters->dots_left += done.left;
    }
    if (done.n > 0 && done.next > run.hi)
        f->counters->dots_trailing += spread_write_trailing(&f->recent, k, sent_before, w);
    k->sent = done.next - 1;
    f->counters->heads += done.n == 0 && said;
    if (done.next > run.hi)
        end_flush(k, now);
    return said;
}

/** Is f a backup's flight of which the primary relay has everything by now? Then let it wait. */
static bool needs_no_backup(const struct fan *f, const struct flight *flight)
{
    const struct link *primary = &f->links[flight->primary];
    return flight->kind == FLIGHT_BACKUP && primary->id != 0 &&
           spread_link_has_all(primary, flight->lo, flight->hi);
}

/** Is the running try of a flight the first time that its dots are sent? */
static bool is_first(const struct flight *flight)
{
    return flight->kind == FLIGHT_HELD || flight->kind == FLIGHT_BACKUP;
}

/** Begin, or go on with, a try: a backup that is sent to becomes a relay. */
static struct run begin_try(struct fan *f, struct flight *flight)
{
    if (flight->kind == FLIGHT_BACKUP && !flight->relay) {
        flight->relay = true;
        f->counters->backups_asked++;
    }
    f->counters->held_sent += flight->kind == FLIGHT_HELD && flight->next == flight->lo;
    return (struct run){
        .lo = flight->next, .hi = flight->hi, .named = is_first(flight), .relay = flight->relay};
}

static void count_try(struct fan *f, const struct flight *flight, const struct written *done)
{
    if (is_first(flight))
        f->counters->dots_sent += done->n;
    else
        f->counters->dots_resent += done->n;
    f->counters->dots_left += done->left;
    f->counters->heads += done->n == 0 && done->left > 0;
}

/** Write the current datagram of a running try. */
static bool write_try(struct fan *f, struct link *k, mono_us now, struct dots_writer *w)
{
    struct flight *flight;
    while ((flight = spread_link_due(k, now)) != NULL) {
        if (needs_no_backup(f, flight)) {
            spread_link_hold(k, flight, &f->times);
            continue;
        }
        const struct run run = begin_try(f, flight);
        const struct written done = spread_write_run(&f->recent, k, &run, w);
        count_try(f, flight, &done);
        const bool said = done.n + done.left > 0;
        if (said)
            spread_link_resent(k, flight, &f->times, now, done.next);
        if (said || done.next <= run.hi)
            return said;
        spread_link_end_try(k, flight, &f->times, now); /* the rest was covered meanwhile */
    }
    return false;
}

/** Bring slot i up to now: a flight without tries left ends the pushing. */
static void expire(struct fan *f, uint32_t i, mono_us now)
{
    struct link *k = &f->links[i];
    for (uint8_t at = 0; at < k->flights_n; at++) {
        if (k->flights[at].due_at <= now && spread_link_hopeless(&k->flights[at])) {
            give_up(f, k, now);
            return;
        }
    }
}

static bool take_head(struct fan *f, struct link *k, mono_us now)
{
    if (k->head_at > now)
        return false;
    k->head_at = now + f->times.behind_us;
    k->advertised = f->head;
    f->counters->heads++;
    return true;
}

/** Write what k owes at now into w, new dots first. false when it owes nothing any more. */
static bool take_datagram(struct fan *f, struct link *k, mono_us now, struct dots_writer *w)
{
    bool taken = k->flush_at <= now && write_flush(f, k, now, w);
    if (!taken)
        taken = write_try(f, k, now, w);
    f->counters->flushes += taken;
    return taken;
}

static bool take_output(struct fan *f, uint32_t i, mono_us now, struct dots_writer *w)
{
    struct link *k = &f->links[i];
    expire(f, i, now);
    const bool taken = k->behind ? take_head(f, k, now) : take_datagram(f, k, now, w);
    spread_fan_retime(f, i);
    return taken;
}

void spread_fan_tick(struct fan *f, mono_us now)
{
    if (f->deadline > now)
        return;
    for (uint32_t i = 0; i < f->slots_n; i++) {
        if (f->due[i] > now)
            continue;
        expire(f, i, now);
        spread_fan_retime(f, i);
    }
    settle_deadline(f);
}

bool spread_fan_poll(struct fan *f, mono_us now, struct dots_writer *w, uint64_t *to)
{
    if (f->deadline > now)
        return false;
    for (uint32_t n = 0; n < f->slots_n; n++) {
        const uint32_t i = f->cursor + n < f->slots_n ? f->cursor + n : f->cursor + n - f->slots_n;
        if (f->due[i] > now || !take_output(f, i, now, w))
            continue;
        f->cursor = i + 1 < f->slots_n ? i + 1 : 0;
        *to = f->links[i].id;
        return true;
    }
    settle_deadline(f);
    return false;
}
