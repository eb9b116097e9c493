#include "heal/lost.h"

#define HOLDERS_MIN 3 /* the origin and two others */

bool heal_lost_voted(const struct lost *l, uint64_t id)
{
    for (uint32_t i = 0; i < l->voters_n; i++) {
        if (l->voters[i] == id)
            return true;
    }
    return false;
}

static bool origin_voted(const struct heal *h, const struct pull *w, const struct lost *l)
{
    const struct heal_peer *origin = heal_find_origin(h, w->epoch);
    return origin != NULL && heal_lost_voted(l, origin->id);
}

static bool all_voted(const struct heal *h, const struct lost *l)
{
    if (h->peers_n == 0 || h->peers_n > VOTERS_MAX)
        return false;
    for (uint32_t i = 0; i < h->peers_n; i++) {
        if (!heal_lost_voted(l, h->peers[i].id))
            return false;
    }
    return true;
}

static bool is_lost(const struct heal *h, const struct pull *w, const struct lost *l)
{
    return (l->voters_n >= HOLDERS_MIN && origin_voted(h, w, l)) || all_voted(h, l);
}

static void add_voter(struct lost *l, uint64_t id)
{
    if (!heal_lost_voted(l, id) && l->voters_n < VOTERS_MAX)
        l->voters[l->voters_n++] = id;
}

/**
 * The watched range that shares a part with r, cut down to that part. A range that was cut off is
 * asked for again, and its votes are collected again. NULL when none shares anything.
 */
static struct lost *narrow(struct pull *w, const struct dot_range *r)
{
    for (uint32_t i = 0; i < w->lost_n; i++) {
        struct lost *l = &w->lost[i];
        if (r->hi < l->lo || l->hi < r->lo)
            continue;
        l->lo = r->lo > l->lo ? r->lo : l->lo;
        l->hi = r->hi < l->hi ? r->hi : l->hi;
        return l;
    }
    return NULL;
}

static struct lost *watch(struct pull *w, mono_us now, const struct dot_range *r)
{
    struct lost *l = narrow(w, r);
    if (l != NULL || w->lost_n == LOST_MAX)
        return l; /* without room the range is left to T_gap */
    l = &w->lost[w->lost_n++];
    *l = (struct lost){.lo = r->lo, .hi = r->hi, .since = now};
    return l;
}

void heal_lost_vote(struct pull *w, mono_us now, uint64_t id, const struct dot_range *r)
{
    struct lost *l = watch(w, now, r);
    if (l != NULL)
        add_voter(l, id);
}

/** Did a stream to one of the voters have its time since, without closing the range? */
static bool was_stream_tried(const struct heal *h, mono_us now, const struct lost *l)
{
    for (uint32_t i = 0; i < l->voters_n; i++) {
        const struct heal_peer *p = heal_find_peer(h, l->voters[i]);
        if (p != NULL && p->stream_until > l->since && p->stream_until <= now)
            return true;
    }
    return false;
}

static bool were_buckets_awaited(const struct heal *h, mono_us now, const struct lost *l)
{
    return now - l->since >= LOST_WAIT_US || was_stream_tried(h, now, l);
}

bool heal_lost_take(const struct heal *h, mono_us now, struct pull *w, struct dot_range *r)
{
    for (uint32_t i = 0; i < w->lost_n; i++) {
        struct lost *l = &w->lost[i];
        if (!is_lost(h, w, l) || !were_buckets_awaited(h, now, l))
            continue;
        *r = (struct dot_range){.epoch = w->epoch, .lo = l->lo, .hi = l->hi};
        *l = w->lost[--w->lost_n];
        return true;
    }
    return false;
}
