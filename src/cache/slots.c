#include "cache/slots.h"

#include <assert.h>

#include "cache/mix.h"

void slots_init(struct slots *s, struct slot *at, uint32_t n, uint64_t seed)
{
    assert(n >= 8);
    *s = (struct slots){.at = at, .n = n, .seed = seed};
}

bool slots_full(const struct slots *s)
{
    return s->used >= s->n - s->n / 8;
}

static uint32_t home_of(const struct slots *s, uint32_t fingerprint)
{
    return (uint32_t)((uint64_t)fingerprint * s->n >> 32);
}

static uint32_t after(const struct slots *s, uint32_t i)
{
    return i + 1 == s->n ? 0 : i + 1;
}

/** Steps from one slot forward to another. */
static uint32_t distance(const struct slots *s, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + s->n - from;
}

struct probe slots_probe(const struct slots *s, uint64_t hash)
{
    const uint32_t fingerprint = (uint32_t)mix_hash(hash, s->seed);
    return (struct probe){.fingerprint = fingerprint, .i = home_of(s, fingerprint)};
}

bool slots_next(const struct slots *s, struct probe *p)
{
    for (;;) {
        const struct slot *slot = &s->at[p->i];
        if (slot->where == 0)
            return false;
        p->slot_i = p->i;
        p->i = after(s, p->i);
        if (slot->fingerprint == p->fingerprint) {
            p->offset = slot->where - 1;
            return true;
        }
    }
}

void slots_add(struct slots *s, uint64_t hash, uint32_t offset)
{
    assert(!slots_full(s));
    const uint32_t fingerprint = (uint32_t)mix_hash(hash, s->seed);
    uint32_t i = home_of(s, fingerprint);
    while (s->at[i].where != 0)
        i = after(s, i);
    s->at[i] = (struct slot){.fingerprint = fingerprint, .where = offset + 1};
    s->used++;
}

void slots_move(struct slots *s, uint32_t slot_i, uint32_t offset)
{
    assert(s->at[slot_i].where != 0);
    s->at[slot_i].where = offset + 1;
}

void slots_remove(struct slots *s, struct probe *p)
{
    uint32_t hole = p->slot_i;
    assert(s->at[hole].where != 0);
    for (uint32_t i = after(s, hole); s->at[i].where != 0; i = after(s, i)) {
        const uint32_t home = home_of(s, s->at[i].fingerprint);
        /* A slot may fill the hole only if the hole is not before its home on the way to it. */
        if (distance(s, home, i) < distance(s, hole, i))
            continue;
        s->at[hole] = s->at[i];
        hole = i;
    }
    s->at[hole].where = 0;
    s->used--;
    p->i = p->slot_i;
}
