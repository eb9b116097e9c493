/**
 * ledger/side.h - the parts of logged dots that few of them have, in a ring of bytes.
 *
 * Tags of a conjunction, the bitmap of a burst, quarantine times and subjects, and whatever else does
 * not fit a record of the log. The newest bytes push out the oldest. Never says which dot a part
 * belongs to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"

#define LEDGER_SIDE_LOST UINT64_MAX /* the position of a part that was never held */

struct side {
    uint8_t *bytes;
    uint64_t size;
    uint64_t written; /* position of the next byte */
};

/** Make an empty ring of `size` bytes, which may be 0; false when it does not fit. */
bool ledger_side_init(struct arena *arena, struct side *side, uint32_t size);

/** Has d a part that a record of the log has no room for? */
bool ledger_side_needed(const struct dot *d);

/** Copy that part of d. Returns: its position, LEDGER_SIDE_LOST when it is longer than the ring. */
uint64_t ledger_side_add(struct side *side, const struct dot *d);

/** Put the part at this position back into out, `more` lent until the next add; false when it is gone. */
bool ledger_side_get(const struct side *side, uint64_t position, struct dot *out);
