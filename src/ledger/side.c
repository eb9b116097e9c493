#include "ledger/side.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* What comes before the bytes of `more`. */
struct part_head {
    uint64_t subject_epoch;
    uint64_t subject_seq;
    struct hash128 digest;
    uint32_t ms;
    uint32_t more_len;
};

bool ledger_side_init(struct arena *arena, struct side *side, uint32_t size)
{
    uint8_t *bytes = arena_take(arena, size, 1);
    if (bytes == NULL)
        return false;
    *side = (struct side){.bytes = bytes, .size = size};
    return true;
}

bool ledger_side_needed(const struct dot *d)
{
    return d->more.len > 0 || d->ms != 0 || d->subject_epoch != 0 || d->subject_seq != 0;
}

uint64_t ledger_side_add(struct side *side, const struct dot *d)
{
    assert(d->more.len <= UINT32_MAX);
    const struct part_head head = {.subject_epoch = d->subject_epoch,
                                   .subject_seq = d->subject_seq,
                                   .digest = d->digest,
                                   .ms = d->ms,
                                   .more_len = (uint32_t)d->more.len};
    const uint64_t len = sizeof head + d->more.len;
    if (len > side->size)
        return LEDGER_SIDE_LOST;
    const uint64_t left = side->size - side->written % side->size;
    if (left < len) /* a part is lent as one slice: it never wraps around */
        side->written += left;
    uint8_t *at = &side->bytes[side->written % side->size];
    memcpy(at, &head, sizeof head);
    if (d->more.len > 0)
        memcpy(at + sizeof head, d->more.at, d->more.len);
    side->written += len;
    return side->written - len;
}

bool ledger_side_get(const struct side *side, uint64_t position, struct dot *out)
{
    if (position == LEDGER_SIDE_LOST || side->written - position > side->size)
        return false;
    const uint8_t *at = &side->bytes[position % side->size];
    struct part_head head;
    memcpy(&head, at, sizeof head);
    out->subject_epoch = head.subject_epoch;
    out->subject_seq = head.subject_seq;
    out->digest = head.digest;
    out->ms = head.ms;
    out->more = slice_of(at + sizeof head, head.more_len);
    return true;
}
