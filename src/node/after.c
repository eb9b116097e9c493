#include "node/after.h"

#include <assert.h>

struct record {
    struct stamp stamp;
    uint64_t g;
};

struct after {
    struct record at[AFTER_MAX]; /* a ring */
    uint64_t added;
    uint64_t
        dropped_g; /* the smallest g that made room while its stamp was not covered; 0 = none */
    struct after_counters counters;
};

struct after *after_new(struct arena *arena)
{
    struct after *t = arena_take(arena, 1, sizeof *t);
    if (t == NULL)
        return NULL;
    *t = (struct after){0};
    return t;
}

/** The last sequence is covered, so it was heard, so whatever is missing below it is an open gap. */
static bool is_covered(const struct ledger *l, const struct stamp *s)
{
    struct dot_range first;
    const struct dot_range all = {.epoch = s->epoch, .lo = s->seq - s->count + 1, .hi = s->seq};
    return ledger_covered(l, s->epoch, s->seq) && ledger_missing(l, all, &first, 1) == 0;
}

static const struct record *find(const struct after *t, const struct stamp *s)
{
    for (size_t i = 0; i < AFTER_MAX; i++) {
        const struct record *r = &t->at[i];
        if (r->stamp.epoch == s->epoch && r->stamp.seq == s->seq && r->stamp.count == s->count)
            return r;
    }
    return NULL;
}

/** A read may still be on its way with the index of a record that makes room. */
static void drop(struct after *t, const struct ledger *l, const struct record *r)
{
    t->counters.dropped++;
    if (!is_covered(l, &r->stamp) && (t->dropped_g == 0 || r->g < t->dropped_g))
        t->dropped_g = r->g;
}

static const struct record *add(struct after *t, struct ledger *l, const struct stamp *s)
{
    struct record *r = &t->at[t->added++ % AFTER_MAX];
    if (r->stamp.epoch != 0)
        drop(t, l, r);
    t->counters.recorded++;
    *r = (struct record){.stamp = *s, .g = ledger_advance(l)};
    return r;
}

bool after_ask(struct after *t, struct ledger *l, const struct stamp *s, uint64_t *min_index,
               bool *fresh)
{
    assert(s->epoch != 0 && s->count >= 1 && s->seq >= s->count);
    const struct record *r = NULL;
    const bool covered = is_covered(l, s);
    if (!covered)
        r = find(t, s);
    if (fresh != NULL)
        *fresh = !covered && r == NULL;
    if (covered)
        return true;
    if (r == NULL)
        r = add(t, l, s);
    *min_index = r->g;
    return false;
}

uint64_t after_floor(const struct after *t, const struct ledger *l)
{
    uint64_t floor = t->dropped_g;
    for (size_t i = 0; i < AFTER_MAX; i++) {
        const struct record *r = &t->at[i];
        if (r->stamp.epoch == 0 || is_covered(l, &r->stamp))
            continue;
        if (floor == 0 || r->g < floor)
            floor = r->g;
    }
    return floor;
}

struct after_counters after_counters(const struct after *t)
{
    return t->counters;
}
