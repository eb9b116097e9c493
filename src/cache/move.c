/**
 * Moving items within their queue: so that the bytes of dead ones become a free unit again, or to vacate
 * a unit.
 *
 * What lives in some segments that follow each other is copied to new ones, which take their places in
 * the queue: so nobody's turn changes. The last of the new ones is filled up from the next old one. Where
 * the dead bytes of a few neighbours are more than a unit, a unit is free in the end, for little copying.
 * Source: Rosenblum and Ousterhout, "The design and implementation of a log-structured file system"
 * (1992), 3.4, for cleaning where most is dead.
 */
#include <assert.h>
#include <string.h>

#include "cache/shard.h"

#define DEAD_SHARE 8 /* one byte in so many may be dead before anything is moved for it */
#define RUN_MAX    8 /* segments that are moved together */

void shard_copy(struct shard *s, struct item *it, const struct probe *p, uint32_t to, unsigned freq)
{
    const uint64_t len = item_len(it);
    uint32_t where;
    memcpy(segments_append_to(&s->segments, to, len, &where), it, len);
    shard_note_end(s, where, item_expires(it));
    item_mark(it, ITEM_DEAD);
    segments_kill(&s->segments, p->where, len);
    slots_move(&s->slots, p, where, freq);
}

uint64_t shard_effort(const struct shard *s)
{
    return RUN_MAX * s->segments.unit_len;
}

/* ---- choosing ---- */

/** Is it one unit, and are all of its items short enough to be copied under the lock? */
static bool is_movable(const struct segments *g, uint32_t first)
{
    const struct unit *u = &g->units[first];
    return u->state == UNIT_HEAD && u->units == 1 && !u->is_long;
}

/** Neighbours, from the oldest on. */
struct run {
    uint32_t first; /* unit */
    uint32_t n;
    uint64_t dead; /* bytes */
};

static uint64_t dead_in(const struct segments *g, uint32_t first)
{
    return g->units[first].used - g->units[first].live;
}

/** Dead bytes from which moving is sure to win a unit, though no segment will be filled to its end. */
static uint64_t enough(const struct segments *g)
{
    return g->unit_len + g->unit_len / 8;
}

/** Leave out what is older than need be. */
static void shorten(const struct segments *g, struct run *run)
{
    while (run->n > RUN_MAX || (run->n > 1 && run->dead - dead_in(g, run->first) >= enough(g))) {
        run->dead -= dead_in(g, run->first);
        run->first = g->units[run->first].newer - 1;
        run->n--;
    }
}

/** Make *best the shortest run of a queue that is worth it, if it is shorter than *best. */
static void search(const struct segments *g, enum queue queue, struct run *best)
{
    struct run run = {.n = 0};
    for (uint32_t at = g->lines[queue].oldest; at != 0; at = g->units[at - 1].newer) {
        if (!is_movable(g, at - 1) || segments_is_open(g, at - 1)) {
            run = (struct run){.n = 0};
            continue;
        }
        run.first = run.n == 0 ? at - 1 : run.first;
        run.dead += dead_in(g, at - 1);
        run.n++;
        shorten(g, &run);
        if (run.dead >= enough(g) && run.n < best->n)
            *best = run;
    }
}

/* ---- moving ---- */

static uint32_t find_free(const struct shard *s)
{
    return segments_find(&s->segments, 1, s->clearing.first, s->clearing.units);
}

/** Open a segment for what lives in `from`, in front of it; false when no unit is free. */
static bool open_before(struct shard *s, uint32_t from)
{
    const uint32_t to = find_free(s);
    if (to == UINT32_MAX)
        return false;
    segments_insert(&s->segments, from, to);
    s->moving.to = to;
    s->moving.to_born = s->segments.units[to].born;
    return true;
}

/** Stop; a new segment to which nothing came goes again. */
static void stop(struct shard *s)
{
    struct segments *g = &s->segments;
    s->moving.active = false;
    if (segments_is(g, s->moving.to, s->moving.to_born) && g->units[s->moving.to].live == 0)
        segments_free(g, s->moving.to);
}

static bool begin(struct shard *s, uint32_t from, uint32_t n)
{
    if (s->moving.active)
        stop(s);
    if (!open_before(s, from))
        return false;
    s->moving.active = true;
    s->moving.from = segments_walk(&s->segments, from);
    s->moving.left = n;
    return true;
}

/** Begin where it is worth it; a vain search is not repeated before some segment was opened. */
static bool begin_where_worth(struct shard *s)
{
    const struct segments *g = &s->segments;
    if (g->used - g->live < (g->n - g->index_n) * g->unit_len / DEAD_SHARE ||
        s->moving.vain == g->born || find_free(s) == UINT32_MAX)
        return false;
    struct run best = {.n = RUN_MAX + 1};
    search(g, QUEUE_MAIN, &best);
    search(g, QUEUE_SMALL, &best);
    if (best.n <= RUN_MAX && begin(s, best.first, best.n))
        return true;
    s->moving.vain = g->born;
    return false;
}

/** Turn to the segment behind the new one; false when there is none that can be moved. */
static bool turn_to_next(struct shard *s)
{
    const struct segments *g = &s->segments;
    const uint32_t newer = g->units[s->moving.to].newer;
    s->moving.left -= s->moving.left > 0;
    if (newer == 0 || !is_movable(g, newer - 1) || segments_is_open(g, newer - 1))
        return false;
    s->moving.from = segments_walk(g, newer - 1);
    return true;
}

/** Move an item; false when there is no room for it, or none is to be made for those that are left. */
static bool move_item(struct shard *s, struct item *it, uint32_t where)
{
    if (!segments_takes(&s->segments, s->moving.to, item_len(it)) &&
        (s->moving.left == 0 || !open_before(s, s->moving.from.first)))
        return false;
    const struct probe p = shard_slot_of(s, it, where);
    shard_copy(s, it, &p, s->moving.to, slots_freq(&s->slots, &p));
    s->counts.moved++;
    return true;
}

/** One item, or the end of one segment. */
static void step(struct shard *s, mono_us now)
{
    uint32_t where;
    if (!segments_is(&s->segments, s->moving.to, s->moving.to_born)) {
        stop(s);
        return;
    }
    struct item *it = segments_next(&s->segments, &s->moving.from, &where);
    if (it == NULL) {
        if (!turn_to_next(s))
            stop(s);
        return;
    }
    /* As with every copy: not without having asked all barriers (see sweep.c). */
    if ((item_flags(it) & ITEM_DEAD) == 0 && !shard_remove_if_dead(s, it, where, now) &&
        !move_item(s, it, where))
        stop(s);
}

bool shard_compact(struct shard *s, mono_us now)
{
    if (!s->moving.active && !begin_where_worth(s))
        return false;
    step(s, now);
    return true;
}

bool shard_vacate(struct shard *s, uint32_t unit, mono_us now)
{
    struct segments *g = &s->segments;
    const bool begun = s->moving.active && s->moving.from.first == unit &&
                       segments_is(g, unit, s->moving.from.born);
    if (!is_movable(g, unit))
        return false;
    if (!begun) {
        segments_seal(g, unit);
        if (g->units[unit].state != UNIT_FREE && !begin(s, unit, 1))
            return false;
    }
    if (s->moving.active)
        step(s, now);
    return true;
}
