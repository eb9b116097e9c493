/**
 * ledger/sums.h - running digests: do two nodes that covered the same know the same?
 *
 * A part of ledger/ledger.h. One sequence must name one dot on every node; the sums of two nodes over
 * the same sequences differ when it does not. Never says which dot differs, and never repairs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct ledger;

/** Sum mod 2^64 of a keyed hash of (epoch, seq, kind class, target hash) over lo+1..hi. */
struct ledger_sum {
    uint64_t epoch;
    uint64_t lo;
    uint64_t hi;
    uint64_t sum;
};

/** The newest sum of the i-th origin, between two of its checkpoints; false when there is none: too
 *  few dots, or some were covered without content. */
bool ledger_sum_at(const struct ledger *l, size_t i, struct ledger_sum *out);

/** Compare with what another node sums up, and count a difference. OK: equal. ERR_CONFLICT: the same sequences name different
 *  dots. ERR_UNKNOWN: this node cannot tell. */
MUST_USE enum err ledger_sum_check(struct ledger *l, const struct ledger_sum *theirs);
