/**
 * ledger/touched.h - healing without content: which buckets may a missing range have touched?
 *
 * A part of ledger/ledger.h. For every bucket of target hashes the ledger remembers the L at which a
 * dot last touched it; whoever misses dots that nobody holds any more needs a barrier only over the
 * buckets that were touched since the first of them was heard of. Never says what a dot did.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/dot.h"
#include "base/err.h"

struct ledger;

#define LEDGER_TOUCHED_MAX 8192 /* bytes of a bitmap at 16 bucket bits */

/**
 * What dots touched since some moment: a superset of what a missing range touched.
 * bits has 2^bucket_bits bits, bit b % 8 of byte b / 8 for bucket b.
 */
struct ledger_touched {
    bool everything; /* a namespace, prefix or the whole cache: the bits say nothing */
    bool tagged;     /* tags, alone or in conjunction: every entry with a tag may be meant */
    uint8_t bucket_bits;
    uint32_t set_n; /* bits set */
    uint8_t bits[LEDGER_TOUCHED_MAX];
};

/**
 * Answer for ranges that are covered here but no longer held: what was touched since just before the
 * first of their dots was first heard of here (never since it was covered: dots that came out of
 * order touched their buckets earlier).
 *
 * Errors: ERR_REFUSED when any dot of any range is not covered here; *out is then unspecified.
 */
MUST_USE enum err ledger_touched(const struct ledger *l, const struct dot_range *ranges, size_t n,
                                 struct ledger_touched *out);

/**
 * As ledger_close(), when it is known what the range touched: only `touched` counts as touched here.
 * The caller must have raised the barriers of these buckets (and of tagged entries) to the returned
 * index BEFORE it lets anything else happen. touched->bucket_bits may be coarser than ours.
 */
uint64_t ledger_close_touched(struct ledger *l, const struct dot_range *range,
                              const struct ledger_touched *touched, uint64_t *closed_n);

/** Everything may have been touched by now: after a barrier over the whole cache that stands for
 *  dots which this node will never be told of (a forgotten origin, a full table, a join). */
void ledger_touch_all(struct ledger *l);
