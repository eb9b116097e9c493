#include "spread/spread.h"

#include <assert.h>

#include "spread/datagram.h"
#include "spread/link.h"
#include "spread/recent.h"
#include "wire/peer.h"

#define FULL_BYTES 1000 /* records that fill a datagram beside its header fields */
#define HOT_BYTES  (PEER_BODY_MAX / 4)

struct spread {
    struct spread_cfg cfg;
    struct link_times times;
    struct recent recent;
    struct link *links;
    uint32_t slots_n; /* slots ever used: what loops must look at */
    uint32_t cursor;  /* the slot that spread_poll looks at first */
    uint32_t busy_n;  /* links with a deadline */
    mono_us deadline; /* not later than any link's; too early after an acknowledgement */
    uint64_t head;    /* our newest sequence */
    struct spread_counters counters;
    uint8_t buf[PEER_BODY_MAX];
};

struct spread *spread_new(struct arena *arena, const struct spread_cfg *cfg)
{
    assert(cfg->epoch != 0 && cfg->links_max > 0);
    struct spread *s = arena_take(arena, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    *s = (struct spread){.cfg = *cfg, .deadline = NEVER};
    s->times = (struct link_times){
        .flush_us = cfg->flush_us, .rto_min_us = cfg->rto_min_us, .behind_us = cfg->behind_us};
    s->links = arena_take(arena, cfg->links_max, sizeof(*s->links));
    if (s->links == NULL ||
        !spread_recent_init(&s->recent, arena, cfg->recent_max, cfg->names_bytes))
        return NULL;
    return s;
}

static struct link *find_link(const struct spread *s, uint64_t id)
{
    for (uint32_t i = 0; i < s->slots_n; i++) {
        if (s->links[i].id == id)
            return &s->links[i];
    }
    return NULL;
}

/** The first free slot; NULL when there is none. */
static struct link *free_slot(struct spread *s)
{
    struct link *reused = find_link(s, 0);
    if (reused != NULL || s->slots_n == s->cfg.links_max)
        return reused;
    return &s->links[s->slots_n++];
}

/** The timers of k may have moved: keep the deadlines true. Idle links must cost nothing. */
static void retime(struct spread *s, struct link *k)
{
    const mono_us at = spread_link_deadline(k);
    if (k->deadline == NEVER && at != NEVER)
        s->busy_n++;
    if (k->deadline != NEVER && at == NEVER)
        s->busy_n--;
    k->deadline = at;
    s->deadline = s->busy_n == 0 ? NEVER : time_min(s->deadline, at);
}

/** Make the deadline exact again: acknowledgements only ever leave it too early. */
static void settle_deadline(struct spread *s)
{
    s->deadline = NEVER;
    for (uint32_t i = 0; i < s->slots_n; i++)
        s->deadline = time_min(s->deadline, s->links[i].deadline);
}

enum err spread_link_up(struct spread *s, mono_us now, uint64_t id, uint64_t head)
{
    (void)now; /* nothing is due for a new link: the member learns our head from any packet */
    assert(id != 0);
    if (find_link(s, id) != NULL)
        return OK;
    struct link *k = free_slot(s);
    if (k == NULL) {
        s->counters.links_full++;
        return ERR_FULL;
    }
    spread_link_init(k, id, head);
    if (head > s->head)
        s->head = head;
    return OK;
}

void spread_link_down(struct spread *s, uint64_t id)
{
    assert(id != 0);
    struct link *k = find_link(s, id);
    if (k == NULL)
        return;
    spread_link_init(k, 0, 0);
    s->busy_n = 0;
    for (uint32_t i = 0; i < s->slots_n; i++)
        s->busy_n += s->links[i].deadline != NEVER;
    settle_deadline(s);
}

void spread_rtt(struct spread *s, uint64_t id, uint64_t srtt_us)
{
    assert(id != 0);
    struct link *k = find_link(s, id);
    if (k != NULL && srtt_us > 0)
        k->srtt_us = srtt_us;
}

static void fall_behind(struct spread *s, struct link *k, mono_us now)
{
    spread_link_fall_behind(k, now, s->head);
    s->counters.behinds++;
}

/** Does the dot that just left the ring still wait for k? Then only healing can bring it there. */
static bool lost_from_ring(const struct spread *s, const struct link *k)
{
    const uint64_t oldest = spread_recent_oldest(&s->recent);
    const uint64_t dropped = oldest - 1;
    return dropped >= s->recent.first && dropped > k->floor && !cover_has(&k->cover, dropped);
}

static void offer(struct spread *s, struct link *k, mono_us now)
{
    k->hot[s->head % HOT_WINDOW] = 0;
    if (k->behind)
        return;
    if (lost_from_ring(s, k))
        fall_behind(s, k, now);
    else
        spread_link_offer(k, &s->times, now,
                          spread_recent_bytes(&s->recent, k->sent) >= FULL_BYTES);
    retime(s, k);
}

void spread_issue(struct spread *s, mono_us now, const struct dot *d)
{
    assert(d->epoch == s->cfg.epoch);
    assert(d->seq > s->head);
    spread_recent_put(&s->recent, d);
    s->head = d->seq;
    for (uint32_t i = 0; i < s->slots_n; i++) {
        if (s->links[i].id != 0)
            offer(s, &s->links[i], now);
    }
}

/** Cut the bits of dots that we never issued off a cover whose applied is honest. */
static struct cover clip(const struct cover *c, uint64_t head)
{
    struct cover clipped = *c;
    const uint64_t past = head - c->applied; /* bits 0..past-2 name dots up to head */
    if (past < 2)
        clipped.mask = 0;
    else if (past - 1 < 64)
        clipped.mask &= ((uint64_t)1 << (past - 1)) - 1;
    return clipped;
}

/** A link is pushed to again when the member has what it was told of, and the ring has the rest. */
static bool caught_up(const struct spread *s, const struct link *k)
{
    if (!k->behind || k->cover.applied < k->advertised)
        return false;
    return k->cover.applied >= s->head || k->cover.applied + 1 >= spread_recent_oldest(&s->recent);
}

void spread_cover(struct spread *s, mono_us now, uint64_t id, const struct cover *c)
{
    assert(id != 0);
    struct link *k = find_link(s, id);
    if (k == NULL || c->epoch != s->cfg.epoch)
        return;
    if (c->applied > s->head) {
        s->counters.covers_refused++;
        return;
    }
    const struct cover honest = clip(c, s->head);
    spread_link_ack(k, &honest);
    if (caught_up(s, k))
        spread_link_catch_up(k, now, s->head);
    retime(s, k);
}

/** Write the next datagram of unsent dots. false when it came out empty: all are covered by now. */
static bool write_flush(struct spread *s, struct link *k, mono_us now, struct dots_writer *w)
{
    const uint64_t sent_before = k->sent;
    const struct run run = {.lo = k->sent + 1, .hi = s->head, .named = true};
    uint64_t n = 0;
    const uint64_t next = spread_write_run(&s->recent, k, &run, w, &n);
    if (next <= run.lo)
        return false;
    if (n > 0) {
        const struct dot_range flown = {.epoch = s->cfg.epoch, .lo = run.lo, .hi = next - 1};
        spread_link_flown(k, &s->times, now, &flown);
        s->counters.dots_sent += n;
    }
    if (n > 0 && next > run.hi)
        s->counters.dots_trailing += spread_write_trailing(&s->recent, k, sent_before, w);
    k->sent = next - 1;
    if (next > run.hi) {
        k->flush_at = NEVER;
        k->flushed_at = now;
    }
    return n > 0;
}

/** Write the current datagram of a running try. */
static bool write_try(struct spread *s, struct link *k, mono_us now, struct dots_writer *w)
{
    struct flight *f;
    while ((f = spread_link_due(k, now)) != NULL) {
        const struct run run = {.lo = f->next, .hi = f->hi, .named = false};
        uint64_t n = 0;
        const uint64_t next = spread_write_run(&s->recent, k, &run, w, &n);
        s->counters.dots_resent += n;
        if (n > 0)
            spread_link_resent(k, f, &s->times, now, next);
        if (n > 0 || next <= run.hi)
            return n > 0;
        spread_link_end_try(k, f, &s->times, now); /* the rest was covered meanwhile */
    }
    return false;
}

/** Bring k up to now: a flight without tries left makes it fall behind. */
static void expire(struct spread *s, struct link *k, mono_us now)
{
    for (uint8_t i = 0; i < k->flights_n; i++) {
        if (k->flights[i].due_at <= now && spread_link_hopeless(&k->flights[i])) {
            fall_behind(s, k, now);
            return;
        }
    }
}

static bool take_head(struct spread *s, struct link *k, mono_us now)
{
    if (k->head_at > now)
        return false;
    k->head_at = now + s->cfg.behind_us;
    k->advertised = s->head;
    s->counters.heads++;
    return true;
}

/** Write what k owes at now into w, new dots first. false when it owes nothing any more. */
static bool take_datagram(struct spread *s, struct link *k, mono_us now, struct dots_writer *w)
{
    bool taken = k->flush_at <= now && write_flush(s, k, now, w);
    if (!taken)
        taken = write_try(s, k, now, w);
    s->counters.flushes += taken;
    return taken;
}

static bool take_output(struct spread *s, struct link *k, mono_us now, size_t room,
                        struct spread_out *out)
{
    struct dots_writer w = dots_writer_of(s->buf, room < sizeof(s->buf) ? room : sizeof(s->buf));
    expire(s, k, now);
    const bool taken = k->behind ? take_head(s, k, now) : take_datagram(s, k, now, &w);
    retime(s, k);
    if (taken)
        *out = (struct spread_out){.to = k->id, .dots = dots_slice(&w)};
    return taken;
}

void spread_tick(struct spread *s, mono_us now)
{
    if (s->deadline > now)
        return;
    for (uint32_t i = 0; i < s->slots_n; i++) {
        if (s->links[i].deadline > now)
            continue;
        expire(s, &s->links[i], now);
        retime(s, &s->links[i]);
    }
    settle_deadline(s);
}

bool spread_poll(struct spread *s, mono_us now, size_t room, struct spread_out *out)
{
    if (s->deadline > now)
        return false;
    for (uint32_t i = 0; i < s->slots_n; i++) {
        const uint32_t slot = (s->cursor + i) % s->slots_n;
        struct link *k = &s->links[slot];
        if (k->deadline > now || !take_output(s, k, now, room, out))
            continue;
        s->cursor = (slot + 1) % s->slots_n;
        return true;
    }
    settle_deadline(s);
    return false;
}

mono_us spread_deadline(const struct spread *s)
{
    return s->deadline;
}

void spread_piggyback(struct spread *s, uint64_t id, struct dots_writer *w)
{
    assert(id != 0);
    struct link *k = find_link(s, id);
    if (k != NULL && !k->behind)
        s->counters.dots_hot += spread_write_hot(&s->recent, k, w, HOT_BYTES);
}

static bool link_covers(const struct link *k, uint64_t lo, uint64_t hi)
{
    if (k->cover.applied >= hi)
        return true;
    if (hi - k->cover.applied > 65) /* past what the mask can say */
        return false;
    uint64_t seq = lo > k->cover.applied ? lo : k->cover.applied + 1;
    while (seq <= hi && cover_has(&k->cover, seq))
        seq++;
    return seq > hi;
}

bool spread_all_covered_range(const struct spread *s, uint64_t lo, uint64_t hi)
{
    for (uint32_t i = 0; i < s->slots_n; i++) {
        if (s->links[i].id != 0 && !link_covers(&s->links[i], lo, hi))
            return false;
    }
    return true;
}

bool spread_all_covered(const struct spread *s, uint64_t seq)
{
    return spread_all_covered_range(s, seq, seq);
}

bool spread_link(const struct spread *s, uint64_t id, struct spread_view *out)
{
    assert(id != 0);
    const struct link *k = find_link(s, id);
    if (k == NULL)
        return false;
    *out = (struct spread_view){
        .applied = k->cover.applied, .sent = k->sent, .srtt_us = k->srtt_us, .behind = k->behind};
    return true;
}

struct spread_counters spread_counters(const struct spread *s)
{
    struct spread_counters counters = s->counters;
    counters.names_lost = s->recent.names_lost;
    return counters;
}
