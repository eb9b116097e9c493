/* swim/view.c - what the owner may look at: members, hashes, records, counters. */
#include <assert.h>
#include <string.h>

#include "swim/machine.h"

void swim_header(const struct swim *s, struct peer_msg *m)
{
    const struct member *self = &s->roster.at[SLOT_SELF];
    m->gen = self->gen;
    m->ver = self->ver;
    m->view_hash = s->roster.view_hash;
}

struct peer_record swim_own_record(const struct swim *s)
{
    return outbox_record(s, SLOT_SELF, 0);
}

uint64_t swim_view_hash(const struct swim *s)
{
    return s->roster.view_hash;
}

size_t swim_members(const struct swim *s)
{
    return s->roster.listed.n;
}

struct swim_member swim_member_at(const struct swim *s, size_t i)
{
    assert(i < s->roster.listed.n);
    return outbox_snapshot(s, s->roster.listed.at[i]);
}

bool swim_find(const struct swim *s, uint64_t id, struct swim_member *out)
{
    const uint32_t slot = roster_find(&s->roster, id);
    if (slot == SLOT_NONE || s->roster.at[slot].state == SWIM_CANDIDATE)
        return false;
    *out = outbox_snapshot(s, slot);
    return true;
}

bool swim_find_name(const struct swim *s, struct slice name, struct swim_member *out)
{
    return swim_find(s, swim_hash_name(s, name), out) && slice_eq(out->name, name);
}

size_t swim_alive(const struct swim *s)
{
    return s->roster.ring.n + (s->leave.on ? 0u : 1u);
}

bool swim_muted(const struct swim *s)
{
    return s->muted || s->returning;
}

bool swim_isolated(const struct swim *s)
{
    return s->isolated;
}

uint64_t swim_suspicion_max_us(const struct swim *s)
{
    return suspicion_max(swim_alive(s), s->times.period_us);
}

uint8_t swim_lhm(const struct swim *s)
{
    return s->lhm;
}

struct swim_counters swim_counters(const struct swim *s)
{
    return s->n;
}

struct spans swim_round_trips(const struct swim *s)
{
    return s->round_trips;
}

/* --- the digest --- */

static uint32_t bucket_of(const struct member *m)
{
    return (uint32_t)(m->id % STREAM_BUCKETS); /* an id is a hash of the name */
}

void swim_digest(const struct swim *s, uint64_t buckets[STREAM_BUCKETS])
{
    memset(buckets, 0, STREAM_BUCKETS * sizeof(uint64_t));
    for (uint32_t i = 0; i < s->roster.listed.n; i++) {
        const struct member *m = &s->roster.at[s->roster.listed.at[i]];
        buckets[bucket_of(m)] ^= member_digest(&s->roster, m);
    }
}

static bool is_wanted(const struct swim *s, uint32_t slot, const uint8_t *bitmap, uint64_t to)
{
    const struct member *m = &s->roster.at[slot];
    if (m->id == 0 || m->state == SWIM_CANDIDATE || !outbox_may_tell(s, slot, to))
        return false;
    const uint32_t bucket = bucket_of(m);
    return (bitmap[bucket / 8] >> (bucket % 8) & 1) != 0;
}

size_t swim_records(const struct swim *s, const uint8_t bitmap[STREAM_BUCKETS / 8],
                    struct peer_record *out, size_t cap, struct swim_telling *telling)
{
    size_t n = 0;
    for (; telling->at < s->roster.slots_max; telling->at++) {
        if (!is_wanted(s, (uint32_t)telling->at, bitmap, telling->to))
            continue;
        if (n == cap)
            return n;
        out[n++] = outbox_record(s, (uint32_t)telling->at, 0);
    }
    telling->at = 0;
    return n;
}
