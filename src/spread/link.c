#include "spread/link.h"

#include <assert.h>
#include <string.h>

#include "spread/spread.h"

/* Copies of each datagram per try: a lost try makes the next one more likely to arrive. */
static const uint8_t copies_of_try[SPREAD_TRIES] = {1, 2, 3, 3, 3, 3};

void spread_link_init(struct link *k, uint64_t id, uint64_t head)
{
    *k = (struct link){
        .id = id,
        .floor = head,
        .sent = head,
        .flushed_at = NEVER,
        .flush_at = NEVER,
        .head_at = NEVER,
        .deadline = NEVER,
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

uint64_t spread_link_rto(const struct link *k, const struct link_times *t)
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
    /* a keeps its tries: with the younger one's, steady traffic would keep a dead link alive. */
    a->next = a->lo;
    a->copies = 0;
    drop_flight(k, 1);
}

void spread_link_flown(struct link *k, const struct link_times *t, mono_us now,
                       const struct dot_range *run)
{
    const uint64_t rto = spread_link_rto(k, t);
    struct flight *newest = k->flights_n > 0 ? &k->flights[k->flights_n - 1] : NULL;
    /* One timer for a quarter of an RTO: the later dots are at most that much early. */
    if (newest != NULL && newest->tries == 0 && now < newest->sent_at + rto / 4) {
        newest->hi = run->hi;
        return;
    }
    if (k->flights_n == FLIGHTS_MAX)
        join_oldest(k);
    k->flights[k->flights_n++] = (struct flight){
        .lo = run->lo, .hi = run->hi, .next = run->lo, .sent_at = now, .due_at = now + rto};
}

/** Skip what is covered at the front of f. false when all of it is. */
static bool trim_flight(const struct link *k, struct flight *f)
{
    if (f->lo <= k->cover.applied)
        f->lo = k->cover.applied + 1;
    while (f->lo <= f->hi && cover_has(&k->cover, f->lo))
        f->lo++;
    if (f->next < f->lo)
        f->next = f->lo;
    return f->lo <= f->hi;
}

void spread_link_ack(struct link *k, const struct cover *c)
{
    const struct cover all = spread_link_join(k->cover, *c);
    if (all.applied == k->cover.applied && all.mask == k->cover.mask)
        return;
    k->cover = all;
    for (uint8_t i = 0; i < k->flights_n;) {
        k->flights[i].tries = 0;
        if (trim_flight(k, &k->flights[i]))
            i++;
        else
            drop_flight(k, i);
    }
}

struct flight *spread_link_due(struct link *k, mono_us now)
{
    for (uint8_t i = 0; i < k->flights_n; i++) {
        if (k->flights[i].due_at <= now)
            return &k->flights[i];
    }
    return NULL;
}

void spread_link_end_try(struct link *k, struct flight *f, const struct link_times *t, mono_us now)
{
    assert(f->tries < SPREAD_TRIES);
    f->tries++;
    f->copies = 0;
    f->next = f->lo;
    f->due_at = now + spread_link_rto(k, t);
}

void spread_link_resent(struct link *k, struct flight *f, const struct link_times *t, mono_us now,
                        uint64_t next)
{
    assert(f->tries < SPREAD_TRIES);
    f->copies++;
    if (f->copies < copies_of_try[f->tries])
        return;
    f->copies = 0;
    f->next = next;
    if (next > f->hi)
        spread_link_end_try(k, f, t, now);
}

bool spread_link_hopeless(const struct flight *f)
{
    return f->tries >= SPREAD_TRIES;
}

void spread_link_fall_behind(struct link *k, mono_us now, uint64_t head)
{
    k->behind = true;
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
