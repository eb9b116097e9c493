#include "spread/recent.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define RECORD_MAX 255 /* a record that would be longer goes without its name */
#define NAME_EXTRA 3   /* lengths in front of the name's two parts */

static struct recent_slot *slot_of(const struct recent *r, uint64_t seq)
{
    return &r->slots[seq & (r->slots_max - 1)];
}

bool spread_recent_init(struct recent *r, struct arena *arena, uint32_t slots_max,
                        uint32_t names_max)
{
    assert(slots_max > 0 && (slots_max & (slots_max - 1)) == 0);
    *r = (struct recent){.slots_max = slots_max, .names_max = names_max};
    r->slots = arena_take(arena, slots_max, sizeof(*r->slots));
    r->names = arena_take(arena, names_max, 1);
    return r->slots != NULL && r->names != NULL;
}

/** Bytes of d's record without its name: see wire/dots.h. */
static uint64_t record_bytes(const struct dot *d)
{
    uint64_t bytes = 3 + 8;
    if (d->kind == DOT_PUT)
        bytes += sizeof(d->digest);
    if (d->kind == DOT_PREFIX)
        bytes += 2;
    return d->has_version ? bytes + 8 : bytes;
}

static bool name_fits(const struct recent *r, const struct dot *d)
{
    const uint64_t len = (uint64_t)d->name.ns.len + d->name.target.len;
    return len <= r->names_max && record_bytes(d) + NAME_EXTRA + len <= RECORD_MAX;
}

/** Copy the name of d behind the newest one; a name is never split over the ring's end. */
static void put_name(struct recent *r, struct recent_slot *slot, const struct dot *d)
{
    const uint64_t len = (uint64_t)d->name.ns.len + d->name.target.len;
    const uint64_t offset = len == 0 ? 0 : r->names_at % r->names_max;
    if (offset + len > r->names_max)
        r->names_at += r->names_max - offset;
    slot->name_at = r->names_at;
    slot->ns_len = (uint16_t)d->name.ns.len;
    slot->target_len = (uint16_t)d->name.target.len;
    slot->dot.name.known = true;
    if (len == 0)
        return;
    uint8_t *at = r->names + r->names_at % r->names_max;
    if (slot->ns_len > 0)
        memcpy(at, d->name.ns.at, slot->ns_len);
    if (slot->target_len > 0)
        memcpy(at + slot->ns_len, d->name.target.at, slot->target_len);
    r->names_at += len;
}

void spread_recent_put(struct recent *r, const struct dot *d)
{
    assert(r->newest == 0 || d->seq == r->newest + 1);
    assert(d->seq > 0);
    const uint64_t before = r->newest == 0 ? 0 : slot_of(r, r->newest)->bytes_total;
    struct recent_slot *slot = slot_of(r, d->seq);
    *slot = (struct recent_slot){.dot = *d, .bytes_total = before + record_bytes(d)};
    slot->dot.name = (struct dot_name){0};
    if (d->name.known && name_fits(r, d)) {
        put_name(r, slot, d);
        slot->bytes_total += NAME_EXTRA + (uint64_t)slot->ns_len + slot->target_len;
    } else if (d->name.known) {
        r->names_lost++;
    }
    if (r->first == 0)
        r->first = d->seq;
    r->newest = d->seq;
}

uint64_t spread_recent_oldest(const struct recent *r)
{
    return r->newest - r->first < r->slots_max ? r->first : r->newest - r->slots_max + 1;
}

struct dot spread_recent_get(const struct recent *r, uint64_t seq)
{
    assert(seq != 0 && seq >= spread_recent_oldest(r) && seq <= r->newest);
    const struct recent_slot *slot = slot_of(r, seq);
    struct dot d = slot->dot;
    if (!d.name.known)
        return d;
    if (r->names_at - slot->name_at > r->names_max) { /* overwritten by newer names */
        d.name.known = false;
        return d;
    }
    const uint8_t *at = r->names_max == 0 ? r->names : r->names + slot->name_at % r->names_max;
    d.name.ns = slice_of(at, slot->ns_len);
    d.name.target = slice_of(at + slot->ns_len, slot->target_len);
    return d;
}

uint64_t spread_recent_bytes(const struct recent *r, uint64_t after)
{
    if (after >= r->newest)
        return 0;
    const uint64_t oldest = spread_recent_oldest(r);
    const struct recent_slot *last = slot_of(r, r->newest);
    if (after >= oldest)
        return last->bytes_total - slot_of(r, after)->bytes_total;
    const struct recent_slot *first = slot_of(r, oldest);
    return last->bytes_total - first->bytes_total + record_bytes(&first->dot);
}
