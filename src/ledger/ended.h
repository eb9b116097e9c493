/**
 * ledger/ended.h - origins that ended: their slots are freed, their last sequence is remembered.
 *
 * A part of ledger/ledger.h. An origin never comes back under the same epoch, but what it issued may
 * still be missing elsewhere: the ring of retired origins says how far each one went. Never decides
 * when an origin has ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/time.h"

struct ledger;

/**
 * The member of this origin is there (false), or is not (true): the time since when it is gone runs
 * from the first call that says so. Unknown epochs: nothing.
 */
void ledger_gone(struct ledger *l, mono_us now, uint64_t epoch, bool gone);

/**
 * Free the slot of an origin that ended; its final sequence goes to the ring of retired origins and
 * answers ledger_covered(). The ring's retired_max entries with the highest epochs count in the vector
 * hash, as many others are remembered without; past that the one that was retired first is forgotten.
 *
 * What is still missing of it is closed without content: *barrier is then the index to which the
 * caller must have raised its whole-cache barrier before anything else happens; else 0.
 * Errors: ERR_REFUSED (our own epoch), ERR_UNKNOWN (no such origin): nothing changed.
 */
MUST_USE enum err ledger_retire(struct ledger *l, uint64_t epoch, uint64_t *barrier);

/** One retired origin: all its dots up to `last` are covered here. */
struct retired {
    uint64_t epoch;
    uint64_t last;
};

/** Somebody retired this origin with this last sequence: ledger_origin_at() shows `ended` once nothing
 *  of it is missing here. Our own origin, and those without a slot: nothing. */
void ledger_ended(struct ledger *l, uint64_t epoch, uint64_t last);

/** How many origins somebody retired of which something is missing here up to that last sequence. Who
 *  retired one may cease to count it: then two vectors are equal, and what is missing is missing. */
uint32_t ledger_unended_n(const struct ledger *l);

/** The member of a retired origin is there after all: the origin gets its slot again. Others, or
 *  without a slot that could be freed: nothing. */
void ledger_return(struct ledger *l, uint64_t epoch);

/** Would an origin that has no slot count in the vector hash once it is retired? Not when enough with
 *  higher epochs do. */
bool ledger_would_count(const struct ledger *l, uint64_t epoch);

/** How many origins were ever retired here: the number of the newest ring entry; 0 = none. */
uint32_t ledger_retired_n(const struct ledger *l);

/** Take a number for what is no origin here, and does not count. Returns: it. */
uint32_t ledger_retired_number(struct ledger *l);

/** What that number was taken for is forgotten. */
void ledger_retired_drop(struct ledger *l, uint32_t number);

/** The newest number whose entry ceased to count in the vector hash; 0 = none. Entries of lower numbers
 *  may still count. */
uint32_t ledger_uncounted_n(const struct ledger *l);

/** The newest number whose entry was forgotten: up to it entries may be missing in the ring. */
uint32_t ledger_forgotten_n(const struct ledger *l);

/** The ring entry with the least number past *number, which is set to it; false when there is none. */
bool ledger_retired_past(const struct ledger *l, uint32_t *number, struct retired *out);

/**
 * What a joiner is told of the ring, one entry after the other: first what does not count in the vector
 * hash and was retired not long ago, then what counts, each in the order of epochs. The rest is left out:
 * to who begins now it is as good as forgotten.
 *
 * epoch, counted: where the last call ended, moved on; 0 and false to begin.
 * Returns: false when there is no more.
 */
bool ledger_retired_legacy(const struct ledger *l, uint64_t *epoch, bool *counted,
                           struct retired *out);

/** Take over a retired origin of a donor: only before READY, with an empty cache. A known origin is
 *  adopted up to `last` instead. Errors: ERR_REFUSED (own epoch, epoch 0). */
MUST_USE enum err ledger_adopt_retired(struct ledger *l, const struct retired *r);
