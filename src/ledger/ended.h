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
 * Free the slot of an origin that ended; its final sequence goes to the ring of retired origins, still
 * counts in the vector hash, and answers ledger_covered(). The oldest of a full ring is forgotten.
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

/** How many origins were ever retired here: the number of the newest ring entry; 0 = none. */
uint32_t ledger_retired_n(const struct ledger *l);

/** How many of them were forgotten: entries 1..n are not in the ring any more. */
uint32_t ledger_forgotten_n(const struct ledger *l);

/** The ring entry of a number; false when it is forgotten, or heard from again, or not yet given. */
bool ledger_retired_at(const struct ledger *l, uint32_t number, struct retired *out);

/** Take over a retired origin of a donor: only before READY, with an empty cache. A known origin is
 *  adopted up to `last` instead. Errors: ERR_REFUSED (own epoch, epoch 0). */
MUST_USE enum err ledger_adopt_retired(struct ledger *l, const struct retired *r);
