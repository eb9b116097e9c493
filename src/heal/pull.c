#include "heal/pull.h"

#include <assert.h>

#include "heal/lost.h"
#include "heal/touched.h"

#define SOURCES 4 /* the advertiser, the origin, and two random peers, in turn */
#define LATE    8 /* when a gap is overdue, all that will be within this part of T_gap go with it */

static struct pull *find_pull(const struct heal *h, uint64_t epoch)
{
    for (uint32_t i = 0; i < h->pulls_n; i++) {
        if (h->pulls[i].epoch == epoch)
            return &h->pulls[i];
    }
    return NULL;
}

static struct pull *find_or_add_pull(struct heal *h, uint64_t epoch)
{
    struct pull *w = find_pull(h, epoch);
    if (w != NULL || h->pulls_n == h->cfg.pulls_max)
        return w;
    w = &h->pulls[h->pulls_n++];
    *w = (struct pull){.epoch = epoch};
    return w;
}

static void drop_pull(struct heal *h, struct pull *w)
{
    struct heal_peer *streams = heal_find_peer(h, w->stream_to);
    if (streams != NULL)
        streams->stream_until = 0;
    *w = h->pulls[--h->pulls_n];
}

/** Work may outlive its gaps until the next round; make room by dropping what has none. */
static void drop_closed(struct heal *h)
{
    struct origin_view o;
    for (uint32_t i = h->pulls_n; i-- > 0;) {
        if (!ledger_origin(h->ledger, h->pulls[i].epoch, &o) || o.gaps_n == 0)
            drop_pull(h, &h->pulls[i]);
    }
}

void heal_pulls_shown(struct heal *h, uint64_t epoch, uint64_t id)
{
    if (h->pulls_n == h->cfg.pulls_max)
        drop_closed(h);
    struct pull *w = find_or_add_pull(h, epoch);
    if (w != NULL) /* else: all work is taken, and it waits its turn */
        w->advertiser = id;
}

/* ---- one round over the gaps ---- */

static void forget_round(struct pull *w)
{
    w->listed = false;
    w->lo = UINT64_MAX;
    w->ripe_hi = 0;
    w->overdue_hi = 0;
    w->late_hi = 0;
    w->ripe_at = NEVER;
    w->overdue_at = NEVER;
}

/** All gaps of the rounds before are closed: what was tried and voted then says nothing now. */
static void begin_anew(struct pull *w)
{
    w->tries = 0;
    w->progress = false;
    w->lost_n = 0;
}

/** Add gap g to what this round knows of its origin. */
static void note_gap(const struct heal *h, mono_us now, struct pull *w, const struct gap *g)
{
    const mono_us ripe_at = g->opened_at + h->cfg.pull_grace_us;
    w->lo = g->lo < w->lo ? g->lo : w->lo;
    w->hi = g->hi > w->hi ? g->hi : w->hi;
    w->ripe_at = time_min(w->ripe_at, ripe_at);
    w->overdue_at = time_min(w->overdue_at, g->opened_at + h->cfg.t_gap_us);
    if (ripe_at <= now && g->hi > w->ripe_hi)
        w->ripe_hi = g->hi;
    if (g->opened_at + h->cfg.t_gap_us <= now && g->hi > w->overdue_hi)
        w->overdue_hi = g->hi;
    if (g->opened_at + h->cfg.t_gap_us - h->cfg.t_gap_us / LATE <= now && g->hi > w->late_hi)
        w->late_hi = g->hi;
}

/** Keep work for the origins listed in h->gaps, and for no others: the table is never too small. When
 *  more origins than that have gaps they take turns: none is ever left out for good. */
static void list_gaps(struct heal *h, mono_us now)
{
    const size_t gaps_n = ledger_gap_turn(h->ledger, &h->gap_slot, h->gaps, h->cfg.pulls_max);
    for (uint32_t i = 0; i < h->pulls_n; i++)
        forget_round(&h->pulls[i]);
    for (size_t i = 0; i < gaps_n; i++) {
        struct pull *w = find_pull(h, h->gaps[i].epoch);
        if (w != NULL && !w->listed && w->hi != 0 && h->gaps[i].lo > w->hi)
            begin_anew(w);
        if (w != NULL)
            w->listed = true;
    }
    for (uint32_t i = h->pulls_n; i-- > 0;) {
        if (!h->pulls[i].listed)
            drop_pull(h, &h->pulls[i]);
    }
    for (size_t i = 0; i < gaps_n; i++) {
        struct pull *w = find_or_add_pull(h, h->gaps[i].epoch);
        assert(w != NULL);
        if (!w->listed)
            forget_round(w);
        w->listed = true;
        note_gap(h, now, w, &h->gaps[i]);
    }
}

/** Is a gap of any origin to be closed now because it has outlived T_gap? */
static bool is_overdue(const struct heal *h, mono_us now)
{
    for (uint32_t i = 0; i < h->pulls_n; i++) {
        if (h->pulls[i].overdue_hi != 0 && h->pulls[i].close_next <= now)
            return true;
    }
    return false;
}

/**
 * Everything up to the end of an old gap goes, since coverage grows in order. What would be overdue in a
 * moment goes with what is: who hears heads of many origins and gets no dots raises its barriers together
 * a few times a second, and not one for each of them.
 */
static void plan_close(struct heal *h, mono_us now, struct pull *w)
{
    if (w->late_hi == 0 || w->close_next > now)
        return;
    w->close_next = now + h->cfg.pull_min_us;
    w->close_due = true;
    w->close_reason = HEAL_T_GAP;
    w->close_range = (struct dot_range){.epoch = w->epoch, .lo = w->lo, .hi = w->late_hi};
}

/** Enough peers said that they no longer hold a part, and none answered by buckets meanwhile. */
static void plan_close_lost(struct heal *h, mono_us now, struct pull *w)
{
    struct dot_range lost;
    if (w->close_due || !heal_lost_take(h, now, w, &lost))
        return;
    if (ledger_missing(h->ledger, lost, &lost, 1) == 0)
        return;
    w->close_due = true;
    w->close_reason = HEAL_LOST;
    w->close_range = lost;
}

static bool is_fresh_source(const struct pull *w, uint64_t id)
{
    return id != w->target && (w->lost_n == 0 || !heal_lost_voted(&w->lost[0], id));
}

/** A random peer, rather one that was not asked just now and did not say that it has nothing. */
static struct heal_peer *pick_random(struct heal *h, const struct pull *w)
{
    if (h->peers_n == 0)
        return NULL;
    const uint32_t start = (uint32_t)rng_below(&h->rng, h->peers_n);
    for (uint32_t i = 0; i < h->peers_n; i++) {
        struct heal_peer *p = &h->peers[(start + i) % h->peers_n];
        if (is_fresh_source(w, p->id))
            return p;
    }
    return &h->peers[start];
}

static struct heal_peer *source_at(struct heal *h, const struct pull *w, uint32_t step)
{
    if (step == 0)
        return heal_find_peer(h, w->advertiser);
    struct heal_peer *origin = heal_find_origin(h, w->epoch);
    if (step == 1)
        return origin != NULL && origin->id == w->advertiser ? NULL : origin;
    return pick_random(h, w);
}

/** Whom to ask now: the last source while it gives, else the next one in order. NULL: nobody. */
static struct heal_peer *pick_source(struct heal *h, struct pull *w)
{
    struct heal_peer *last = heal_find_peer(h, w->target);
    if (w->progress && last != NULL)
        return last;
    struct heal_peer *p = NULL;
    for (uint32_t i = 0; i < SOURCES && p == NULL; i++)
        p = source_at(h, w, w->tries++ % SOURCES);
    return p;
}

void heal_pulls_stream(struct heal *h, mono_us now, struct pull *w, struct heal_peer *p,
                       const struct dot_range *r)
{
    if (p->stream_until > now)
        return;
    const bool was = heal_peer_ready(p);
    p->stream_due = true;
    p->stream_until = now + STREAM_WAIT_US;
    p->stream_range = *r;
    w->stream_to = p->id;
    heal_recount(h, p, was);
}

/** Dots that w misses up to ripe_hi; counting stops past max. */
static uint64_t count_missing(const struct heal *h, const struct pull *w, uint64_t max)
{
    struct dot_range runs[PEER_RANGES_MAX];
    uint64_t n = 0;
    uint64_t lo = w->lo;
    size_t runs_n = PEER_RANGES_MAX;
    while (runs_n == PEER_RANGES_MAX && n <= max) {
        runs_n = ledger_missing(h->ledger, (struct dot_range){w->epoch, lo, w->ripe_hi}, runs,
                                PEER_RANGES_MAX);
        for (size_t i = 0; i < runs_n; i++)
            n += runs[i].hi - runs[i].lo + 1;
        if (runs_n > 0)
            lo = runs[runs_n - 1].hi + 1;
    }
    return n;
}

/**
 * Ask p for a stream as well when the round's questions to it outgrow a datagram answer. Datagrams go
 * on meanwhile: healing must not depend on TCP getting through.
 */
static void plan_stream(struct heal *h, mono_us now, struct pull *w, struct heal_peer *p)
{
    const uint64_t max = (uint64_t)h->cfg.answer_datagrams * (ANSWER_BYTES / DOT_BYTES);
    if (p->owed_at != now)
        p->owed = 0;
    p->owed_at = now;
    p->owed += count_missing(h, w, max);
    if (p->owed > max)
        heal_pulls_stream(h, now, w, p, &(struct dot_range){w->epoch, w->lo, w->ripe_hi});
}

static void plan_ask(struct heal *h, mono_us now, struct pull *w)
{
    if (w->ripe_hi == 0 || w->next_at > now)
        return;
    if (w->fed_until > now) { /* what is asked for now is on its way */
        w->next_at = w->fed_until;
        return;
    }
    struct heal_peer *p = pick_source(h, w);
    const uint64_t wait = p == NULL ? 0 : 2 * p->srtt_us;
    w->next_at = now + (wait > h->cfg.pull_min_us ? wait : h->cfg.pull_min_us);
    w->progress = false;
    w->ask_to = p == NULL ? 0 : p->id;
    if (p == NULL)
        return;
    w->target = p->id;
    w->asked_at = now;
    w->ask_next = w->lo;
    w->ask_hi = w->ripe_hi;
    w->ask_left = h->cfg.answer_datagrams;
    plan_stream(h, now, w, p);
}

void heal_pulls_plan(struct heal *h, mono_us now)
{
    if (ledger_gaps(h->ledger) == 0 && h->pulls_n == 0) {
        h->plan_at = NEVER;
        return;
    }
    list_gaps(h, now);
    /* Gaps opened from now on are seen before their grace is over. */
    h->plan_at = h->pulls_n == 0 ? NEVER : now + h->cfg.pull_grace_us;
    const bool overdue = is_overdue(h, now);
    for (uint32_t i = 0; i < h->pulls_n; i++) {
        struct pull *w = &h->pulls[i];
        if (overdue)
            plan_close(h, now, w);
        plan_close_lost(h, now, w);
        plan_ask(h, now, w);
        h->plan_at = time_min(h->plan_at, time_max(w->next_at, w->ripe_at));
        h->plan_at = time_min(h->plan_at, time_max(w->close_next, w->overdue_at));
    }
}

/* ---- what comes back ---- */

void heal_pulls_progress(struct heal *h, mono_us now, const struct dot *d, bool streamed)
{
    struct pull *w = find_pull(h, d->epoch);
    if (w == NULL)
        return;
    if (!w->progress && w->target != 0)
        spans_add(&h->waits, now - w->asked_at);
    w->progress = true;
    if (streamed)
        w->fed_until = now + FED_US;
}

void heal_pulls_gone(struct heal *h, mono_us now, struct heal_peer *p, const struct dot_range *r)
{
    struct pull *w = find_pull(h, r->epoch);
    struct dot_range missing;
    if (w == NULL || r->lo > r->hi || ledger_missing(h->ledger, *r, &missing, 1) == 0)
        return;
    if (w->target == p->id)
        w->progress = false; /* the rest must come from somebody else */
    heal_touched_ask(h, now, w, p, r);
    heal_lost_vote(w, now, p->id, r);
    plan_close_lost(h, now, w);
}

/* ---- what goes out ---- */

static void count_barrier(struct heal *h, enum heal_reason reason)
{
    if (reason == HEAL_T_GAP)
        h->counters.broad_t_gap++;
    else
        h->counters.broad_lost++;
}

bool heal_pulls_poll_close(struct heal *h, struct heal_out *out)
{
    for (uint32_t i = 0; i < h->pulls_n; i++) {
        struct pull *w = &h->pulls[i];
        if (!w->close_due)
            continue;
        w->close_due = false;
        *out = (struct heal_out){
            .kind = HEAL_CLOSE, .range = w->close_range, .reason = w->close_reason};
        count_barrier(h, w->close_reason);
        return true;
    }
    return false;
}

/** Append what w misses now; w is done when the ranges had room for all, or after its last message. */
static void append_missing(const struct heal *h, struct pull *w, struct peer_ranges *ranges)
{
    const size_t room = PEER_RANGES_MAX - ranges->n;
    const size_t n = ledger_missing(h->ledger, (struct dot_range){w->epoch, w->ask_next, w->ask_hi},
                                    &ranges->at[ranges->n], room);
    ranges->n += n;
    w->ask_left--;
    if (n < room || w->ask_left == 0)
        w->ask_to = 0;
    else
        w->ask_next = ranges->at[ranges->n - 1].hi + 1;
}

uint64_t heal_pulls_poll_ask(struct heal *h)
{
    uint64_t to = 0;
    struct peer_ranges *ranges = &heal_msg(h, PEER_PULL)->args.ranges;
    for (uint32_t i = 0; i < h->pulls_n && ranges->n < PEER_RANGES_MAX; i++) {
        struct pull *w = &h->pulls[i];
        if (w->ask_to == 0 || (ranges->n > 0 && w->ask_to != to))
            continue;
        to = w->ask_to;
        append_missing(h, w, ranges);
    }
    if (ranges->n == 0)
        return 0;
    h->counters.pulls++;
    return to;
}
