#include "spread/link.h"

#include <assert.h>
#include <string.h>

#include "spread/spread.h"

/* Copies of a flight per try: a lost try makes the next one more likely to arrive. The first try has
 * two already: of 1,000 members ten lose a first transmission at 1 % loss, and with a single copy each
 * tenth fan-out would need a second RTO for one of them. */
static const uint8_t copies_of_try[SPREAD_TRIES] = {2, 2, 3, 3, 3, 3};

void spread_link_init(struct link *k, uint64_t id, uint64_t head)
{
    if (k->wide != NULL)
        memset(k->wide, 0, k->wide_max / 8);
    *k = (struct link){
        .wide = k->wide,
        .wide_max = k->wide_max,
        .id = id,
        .floor = head,
        .sent = head,
        .flushed_at = NEVER,
        .flush_at = NEVER,
        .head_at = NEVER,
    };
}

struct cover spread_link_join(struct cover a, struct cover b)
{
    const struct cover low = a.applied <= b.applied ? a : b;
    struct cover all = a.applied <= b.applied ? b : a;
    const uint64_t step = all.applied - low.applied;
    if (step < 64)
        all.mask |= low.mask >> step;
    /* The bit in front of the shifted mask names applied + 1, which closes up to it. */
    bool next = step >= 1 && step <= 64 && (low.mask >> (step - 1) & 1) != 0;
    while (next) {
        all.applied++;
        next = (all.mask & 1) != 0;
        all.mask >>= 1;
    }
    return all;
}

bool spread_link_has(const struct link *k, uint64_t n)
{
    if (k->wide == NULL || n <= k->cover.applied)
        return cover_has(&k->cover, n);
    const uint64_t bit = n % k->wide_max;
    return n - k->cover.applied < k->wide_max && (k->wide[bit / 64] >> bit % 64 & 1) != 0;
}

bool spread_link_has_all(const struct link *k, uint64_t lo, uint64_t hi)
{
    if (k->cover.applied >= hi)
        return true;
    if (k->wide == NULL && hi - k->cover.applied > 65) /* past what the mask can say */
        return false;
    uint64_t n = lo > k->cover.applied ? lo : k->cover.applied + 1;
    while (n <= hi && spread_link_has(k, n))
        n++;
    return n > hi;
}

/** RTO of the link: max(2 x srtt, rto_min_us). */
static uint64_t rto_us(const struct link *k, const struct link_times *t)
{
    return 2 * k->srtt_us > t->rto_min_us ? 2 * k->srtt_us : t->rto_min_us;
}

/** How long dots may wait for company after a flush. An unknown round trip does not shorten it. */
static uint64_t coalesce_us(const struct link *k, const struct link_times *t)
{
    return k->srtt_us > 0 && k->srtt_us / 2 < t->flush_us ? k->srtt_us / 2 : t->flush_us;
}

void spread_link_offer(struct link *k, const struct link_times *t, mono_us now, bool full)
{
    if (k->flush_at == NEVER) {
        const bool idle = k->flushed_at == NEVER || now - k->flushed_at >= coalesce_us(k, t);
        k->flush_at = idle ? now : k->flushed_at + coalesce_us(k, t);
    }
    if (full)
        k->flush_at = time_min(k->flush_at, now);
}

static void drop_flight(struct link *k, uint8_t at)
{
    k->flights_n--;
    memmove(&k->flights[at], &k->flights[at + 1],
            (size_t)(k->flights_n - at) * sizeof(k->flights[0]));
}

/** Make room by joining the two oldest flights: their dots are adjacent. */
static void join_oldest(struct link *k)
{
    struct flight *a = &k->flights[0];
    const struct flight *b = &k->flights[1];
    a->hi = b->hi;
    a->due_at = time_min(a->due_at, b->due_at);
    a->kind = a->kind == b->kind && a->primary == b->primary ? a->kind : FLIGHT_SENT;
    a->relay = a->relay && b->relay;
    /* a keeps its tries, and the copies of the one that runs: begun anew by every join, a try would
     * never end, and steady traffic would keep a dead link alive. */
    a->next = a->lo;
    drop_flight(k, 1);
}

static uint64_t patience_us(const struct link *k, const struct link_times *t)
{
    const uint64_t least = 4 * rto_us(k, t);
    return least > t->patience_us ? least : t->patience_us;
}

/** May the dots of f join the youngest flight? They are then at most a quarter of its time early. */
static bool joins(const struct flight *newest, const struct flight *f, mono_us now, uint64_t wait)
{
    return newest->tries == 0 && newest->kind == f->kind && newest->relay == f->relay &&
           newest->primary == f->primary && now < newest->sent_at + wait / 4;
}

/** A member has answered by then, if it does. It lets its cover wait for company too, but only half as
 *  long as we let dots wait. */
static uint64_t heard_us(const struct link *k, const struct link_times *t)
{
    return k->srtt_us + t->flush_us * 3 / 4;
}

/** Between two copies: time enough to hear that the first arrived, and a burst of losses is over. */
static uint64_t copy_gap_us(const struct link *k, const struct link_times *t)
{
    const uint64_t quarter = rto_us(k, t) / 4;
    return heard_us(k, t) < quarter ? heard_us(k, t) : quarter;
}

/** Until a relay that did not answer is asked again: seven times in an RTO at most, and never before its
 *  answer can be here. */
static uint64_t ask_gap_us(const struct link *k, const struct link_times *t)
{
    if (k->srtt_us == 0)
        return rto_us(k, t) / 4;
    const uint64_t eighth = rto_us(k, t) / 8;
    return heard_us(k, t) > eighth ? heard_us(k, t) : eighth;
}

/** Until something happens to a flight of this kind that nobody answers. */
static uint64_t wait_us(const struct link *k, const struct link_times *t, uint8_t kind)
{
    if (kind == FLIGHT_HELD)
        return patience_us(k, t);
    return kind == FLIGHT_ASKED ? ask_gap_us(k, t) : rto_us(k, t);
}

void spread_link_flown(struct link *k, const struct link_times *t, mono_us now,
                       const struct flight *f)
{
    const uint64_t wait = wait_us(k, t, f->kind);
    struct flight *newest = k->flights_n > 0 ? &k->flights[k->flights_n - 1] : NULL;
    if (newest != NULL && joins(newest, f, now, wait)) {
        newest->hi = f->hi;
        return;
    }
    if (k->flights_n == FLIGHTS_MAX)
        join_oldest(k);
    k->flights[k->flights_n++] = (struct flight){.lo = f->lo,
                                                 .hi = f->hi,
                                                 .next = f->lo,
                                                 .sent_at = now,
                                                 .due_at = now + wait,
                                                 .primary = f->primary,
                                                 .kind = f->kind,
                                                 .relay = f->relay};
}

bool spread_link_relays(const struct link *k, uint64_t n)
{
    for (uint8_t i = 0; i < k->flights_n; i++) {
        if (k->flights[i].lo <= n && n <= k->flights[i].hi)
            return k->flights[i].relay;
    }
    return false;
}

/** Skip what is covered at the front of f. false when all of it is. */
static bool trim_flight(const struct link *k, struct flight *f)
{
    if (f->lo <= k->cover.applied)
        f->lo = k->cover.applied + 1;
    while (f->lo <= f->hi && spread_link_has(k, f->lo))
        f->lo++;
    if (f->next < f->lo)
        f->next = f->lo;
    return f->lo <= f->hi;
}

static void trim_flights(struct link *k)
{
    for (uint8_t i = 0; i < k->flights_n;) {
        if (trim_flight(k, &k->flights[i]))
            i++;
        else
            drop_flight(k, i);
    }
}

void spread_link_acked(struct link *k)
{
    for (uint8_t i = 0; i < k->flights_n; i++)
        k->flights[i].tries = 0;
    trim_flights(k);
}

void spread_link_ack(struct link *k, const struct cover *c)
{
    const struct cover all = spread_link_join(k->cover, *c);
    if (all.applied == k->cover.applied && all.mask == k->cover.mask)
        return;
    k->cover = all;
    spread_link_acked(k);
}

/** Move the contiguous part over the next dot, whose bit makes room for a later one. */
static void step(struct link *k)
{
    const uint64_t bit = ++k->cover.applied % k->wide_max;
    k->wide[bit / 64] &= ~((uint64_t)1 << bit % 64);
}

static void advance(struct link *k)
{
    while (spread_link_has(k, k->cover.applied + 1))
        step(k);
}

void spread_link_mark(struct link *k, uint64_t n)
{
    assert(k->wide != NULL);
    if (n <= k->cover.applied || n - k->cover.applied >= k->wide_max)
        return;
    k->wide[n % k->wide_max / 64] |= (uint64_t)1 << n % k->wide_max % 64;
    advance(k);
}

void spread_link_skip(struct link *k, uint64_t n)
{
    assert(k->wide != NULL);
    if (n <= k->cover.applied)
        return;
    if (n - k->cover.applied >= k->wide_max) {
        memset(k->wide, 0, k->wide_max / 8);
        k->cover.applied = n;
    }
    while (k->cover.applied < n)
        step(k);
    advance(k);
    trim_flights(k);
}

struct flight *spread_link_due(struct link *k, mono_us now)
{
    for (uint8_t i = 0; i < k->flights_n; i++) {
        if (k->flights[i].due_at <= now)
            return &k->flights[i];
    }
    return NULL;
}

/** When the next try of f begins, whose last copy leaves now. */
static mono_us next_try_at(const struct link *k, const struct flight *f, const struct link_times *t,
                           mono_us now)
{
    if (f->kind == FLIGHT_ASKED)
        return time_max(f->sent_at + rto_us(k, t), now + ask_gap_us(k, t));
    const uint64_t passed = f->copies > 1 ? (f->copies - 1) * copy_gap_us(k, t) : 0;
    return now + rto_us(k, t) - passed;
}

void spread_link_end_try(struct link *k, struct flight *f, const struct link_times *t, mono_us now)
{
    assert(f->tries < SPREAD_TRIES);
    f->due_at = next_try_at(k, f, t, now);
    if (f->kind == FLIGHT_SENT) /* else it was the first transmission */
        f->tries++;
    f->kind = FLIGHT_SENT;
    f->copies = 0;
    f->next = f->lo;
}

/** When the next copy of the running try is due; NEVER when it had all. */
static mono_us next_copy_at(const struct link *k, const struct flight *f,
                            const struct link_times *t, mono_us now)
{
    const mono_us again_at = now + ask_gap_us(k, t);
    if (f->kind == FLIGHT_ASKED)
        return again_at < f->sent_at + rto_us(k, t) ? again_at : NEVER;
    const bool more = f->kind == FLIGHT_SENT && f->copies < copies_of_try[f->tries];
    return more ? now + copy_gap_us(k, t) : NEVER;
}

/** The backup was asked: it is a relay like any other from now on. */
static void become_asked(struct link *k, struct flight *f, const struct link_times *t, mono_us now)
{
    f->kind = FLIGHT_ASKED;
    f->primary = 0;
    f->sent_at = now;
    f->copies = 0;
    f->next = f->lo;
    f->due_at = now + ask_gap_us(k, t);
}

void spread_link_resent(struct link *k, struct flight *f, const struct link_times *t, mono_us now,
                        uint64_t next)
{
    assert(f->tries < SPREAD_TRIES);
    f->next = next;
    if (next <= f->hi)
        return;
    if (f->kind == FLIGHT_BACKUP) {
        become_asked(k, f, t, now);
        return;
    }
    f->copies++;
    const mono_us copy_at = next_copy_at(k, f, t, now);
    if (copy_at == NEVER) {
        spread_link_end_try(k, f, t, now);
        return;
    }
    f->next = f->lo;
    f->due_at = copy_at;
}

void spread_link_hold(struct link *k, struct flight *f, const struct link_times *t)
{
    assert(f->kind == FLIGHT_BACKUP);
    f->kind = FLIGHT_HELD;
    f->primary = 0;
    f->relay = false;
    f->copies = 0;
    f->next = f->lo;
    f->due_at = f->sent_at + patience_us(k, t);
}

bool spread_link_hopeless(const struct flight *f)
{
    return f->tries >= SPREAD_TRIES;
}

void spread_link_fall_behind(struct link *k, mono_us now, uint64_t head)
{
    k->behind = true;
    k->relays = false;
    k->flights_n = 0;
    k->flush_at = NEVER;
    k->head_at = now;
    k->advertised = head;
}

void spread_link_catch_up(struct link *k, mono_us now, uint64_t head)
{
    assert(k->behind && k->cover.applied >= k->sent);
    k->behind = false;
    k->head_at = NEVER;
    k->sent = k->cover.applied;
    k->flush_at = head > k->sent ? now : NEVER;
}

mono_us spread_link_deadline(const struct link *k)
{
    mono_us at = time_min(k->flush_at, k->head_at);
    for (uint8_t i = 0; i < k->flights_n; i++)
        at = time_min(at, k->flights[i].due_at);
    return at;
}
