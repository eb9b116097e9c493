#include "spread/recent.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define RECORD_MAX 255 /* a record that would be longer goes without its name */
#define NAME_EXTRA 3   /* lengths in front of the name's two parts */

static struct recent_slot *slot_of(const struct recent *r, uint64_t n)
{
    return &r->slots[n & (r->slots_max - 1)];
}

bool spread_recent_init(struct recent *r, struct arena *arena, uint32_t slots_max,
                        uint32_t bytes_max)
{
    assert(slots_max > 0 && (slots_max & (slots_max - 1)) == 0);
    *r = (struct recent){.slots_max = slots_max, .bytes_max = bytes_max};
    r->slots = arena_take(arena, slots_max, sizeof(*r->slots));
    r->bytes = arena_take(arena, bytes_max, 1);
    return r->slots != NULL && r->bytes != NULL;
}

/** Bytes of d's record without its name: see wire/dots.h. */
static uint64_t record_bytes(const struct dot *d)
{
    uint64_t bytes = 3 + 8 + d->more.len;
    if (d->kind == DOT_PUT)
        bytes += sizeof(d->digest);
    if (d->kind == DOT_PREFIX)
        bytes += sizeof(d->prefix_len);
    if (d->kind == DOT_NOSTORE || d->kind == DOT_BEGIN)
        bytes += sizeof(d->ms);
    if (d->subject_epoch != 0)
        bytes += sizeof(d->subject_epoch) + sizeof(d->subject_seq);
    return d->has_version ? bytes + sizeof(d->version) : bytes;
}

static uint64_t name_bytes(const struct dot *d)
{
    return (uint64_t)d->name.ns.len + d->name.target.len;
}

static bool name_fits(const struct recent *r, const struct dot *d)
{
    return d->more.len + name_bytes(d) <= r->bytes_max &&
           record_bytes(d) + NAME_EXTRA + name_bytes(d) <= RECORD_MAX;
}

static void put_bytes(struct recent *r, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(r->bytes + r->bytes_at % r->bytes_max, bytes.at, bytes.len);
    r->bytes_at += bytes.len;
}

/** Copy the slices of d behind the newest ones, never split over the ring's end. */
static void put_slices(struct recent *r, struct recent_slot *slot, const struct dot *d, bool named)
{
    const uint64_t len = d->more.len + (named ? name_bytes(d) : 0);
    const uint64_t offset = len == 0 ? 0 : r->bytes_at % r->bytes_max;
    if (offset + len > r->bytes_max)
        r->bytes_at += r->bytes_max - offset;
    slot->bytes_at = r->bytes_at;
    slot->more_len = (uint16_t)d->more.len;
    if (len > 0)
        put_bytes(r, d->more);
    slot->dot.name.known = named;
    if (!named)
        return;
    slot->ns_len = (uint16_t)d->name.ns.len;
    slot->target_len = (uint16_t)d->name.target.len;
    slot->bytes_total += NAME_EXTRA + name_bytes(d);
    if (len > 0) {
        put_bytes(r, d->name.ns);
        put_bytes(r, d->name.target);
    }
}

void spread_recent_put(struct recent *r, uint64_t n, const struct dot *d)
{
    assert(n > 0 && (r->newest == 0 || n == r->newest + 1));
    assert(d->more.len <= UINT16_MAX);
    const uint64_t before = r->newest == 0 ? 0 : slot_of(r, r->newest)->bytes_total;
    const bool named = d->name.known && name_fits(r, d);
    struct recent_slot *slot = slot_of(r, n);
    *slot = (struct recent_slot){.dot = *d,
                                 .bytes_total = before + record_bytes(d),
                                 .more_lost = d->more.len > r->bytes_max};
    slot->dot.name = (struct dot_name){0};
    slot->dot.more = (struct slice){0};
    if (!slot->more_lost)
        put_slices(r, slot, d, named);
    r->names_lost += d->name.known && !named;
    if (r->first == 0)
        r->first = n;
    r->newest = n;
}

uint64_t spread_recent_oldest(const struct recent *r)
{
    return r->newest - r->first < r->slots_max ? r->first : r->newest - r->slots_max + 1;
}

static const struct recent_slot *kept_slot(const struct recent *r, uint64_t n)
{
    assert(n != 0 && n >= spread_recent_oldest(r) && n <= r->newest);
    return slot_of(r, n);
}

static bool overwritten(const struct recent *r, const struct recent_slot *slot)
{
    return r->bytes_at - slot->bytes_at > r->bytes_max;
}

bool spread_recent_whole(const struct recent *r, uint64_t n)
{
    const struct recent_slot *slot = kept_slot(r, n);
    return !slot->more_lost && (slot->more_len == 0 || !overwritten(r, slot));
}

struct dot spread_recent_get(const struct recent *r, uint64_t n)
{
    const struct recent_slot *slot = kept_slot(r, n);
    struct dot d = slot->dot;
    if (overwritten(r, slot))
        d.name.known = false;
    if (overwritten(r, slot) || (slot->more_len == 0 && !d.name.known))
        return d;
    const uint8_t *at = r->bytes_max == 0 ? r->bytes : r->bytes + slot->bytes_at % r->bytes_max;
    d.more = slice_of(at, slot->more_len);
    if (!d.name.known)
        return d;
    d.name.ns = slice_of(at + slot->more_len, slot->ns_len);
    d.name.target = slice_of(at + slot->more_len + slot->ns_len, slot->target_len);
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
    return last->bytes_total - first->bytes_total + record_bytes(&first->dot) + first->more_len;
}
